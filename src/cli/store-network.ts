/** A road network on its way into the store: encoded, its times prepared for quick searches, and stored as one version. */
import { systemClock } from '../base/time.ts'
import { hashIn } from '../roads/array-blob.ts'
import type { RoadGraph } from '../roads/graph.ts'
import { decodeGraph, encodeGraph } from '../roads/graph-codec.ts'
import { prepareHierarchyBytes } from '../roads/hierarchy/prepare.ts'
import type { ImportReport } from '../roads/import/import-report.ts'
import { WAY_DRIVEN } from '../roads/road-times.ts'
import { sharedBytes } from '../roads/thread.ts'
import type { Database } from '../store/postgres/database.ts'
import { RoadStore } from '../store/roads/road-store.ts'
import { auditedByCommandLine } from './audited.ts'

export const roadsIn = (database: Database): RoadStore => new RoadStore(database, () => systemClock.wallMs())

/** The roads that a region goes by; null for none, or none that are kept. Errors: InvalidReference for no such region; DamagedRoads. */
export async function standingGraph(database: Database, region: string): Promise<RoadGraph | null> {
  const [standing] = await roadsIn(database).versions(region)
  const stored = standing?.sha256 == null ? null : await roadsIn(database).read(region, standing.sha256)
  return stored === null ? null : decodeGraph(stored.graph)
}

/** Input: `tell`, of what takes a while. Errors: those of the store and of the thread that prepares. */
export async function storeNetwork(
  database: Database,
  region: string,
  { graph, report }: { readonly graph: RoadGraph; readonly report: ImportReport },
  note: string | null,
  tell: (line: string) => void,
) {
  const bytes = sharedBytes(encodeGraph(graph))
  tell(`Preparing its times for searches (${inMegabytes(bytes.length)}) …`)
  const hierarchy = await prepareHierarchyBytes({ graphBytes: bytes, way: WAY_DRIVEN })
  const size = bytes.length + hierarchy.length
  let toldAt = 0
  const onStored = (stored: number) => {
    if (stored < toldAt && stored < size) return
    tell(`Storing: ${inMegabytes(stored)} of ${inMegabytes(size)} …`)
    toldAt = stored + size / 4
  }
  const { nodeCount: nodes, arcCount: arcs } = graph
  const imported = { graph: bytes, hierarchy, sha256: hashIn(bytes), nodes, arcs, report: factsOf(report) }
  return roadsIn(database).add(region, imported, note, auditedByCommandLine(database), onStored)
}

const inMegabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`

/** As the store keeps it. */
function factsOf({ nodesRead, arcsRead, nodesKept, arcsKept, leftOut, changed }: ImportReport) {
  return { nodesRead, arcsRead, nodesKept, arcsKept, leftOut, changed }
}
