/** Roads for a region of an engine of a test: those of a small made-up city around the scene. */
import { hashIn } from '../../src/roads/array-blob.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { RoadStore } from '../../src/store/roads/road-store.ts'
import { seeded } from '../../tools/shared/random.ts'
import { SCENE, type Site } from './engine.ts'

/** An engine that runs takes them within some seconds. */
export async function layRoads(site: Site, region: string): Promise<void> {
  const outcome = generatedCity({ centre: SCENE, columns: 24, rows: 24, random: seeded(4) })
  if (!outcome.ok) throw new Error(outcome.message)
  const graph = encodeGraph(outcome.graph)
  const made = buildHierarchy(outcome.graph, outcome.graph.timesMs.get(WAY_DRIVEN)!)
  const hierarchy = encodeHierarchy(made, graph, WAY_DRIVEN)
  const database = openDatabase(site.databaseUrl)
  try {
    const network = { graph, hierarchy, sha256: hashIn(graph), nodes: 1, arcs: 1, report: {} }
    await new RoadStore(database, Date.now).add(region, network, null)
  } finally {
    await database.destroy()
  }
}
