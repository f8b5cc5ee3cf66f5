/** Roads of a made-up city for the bench's region, as an import stores them. */
import { hashIn } from '../src/roads/array-blob.ts'
import { generatedCity } from '../src/roads/city.ts'
import { encodeGraph } from '../src/roads/graph-codec.ts'
import { buildHierarchy } from '../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../src/roads/road-times.ts'
import { openDatabase } from '../src/store/postgres/database.ts'
import { RoadStore } from '../src/store/roads/road-store.ts'
import { FLEET_CENTRE } from './fleet.ts'
import { REGION } from './region.ts'

/** Of streets 120 m apart: twelve kilometres from side to side. */
const STREETS = 100

export async function layCity(databaseUrl: string, random: () => number): Promise<void> {
  const made = generatedCity({ centre: FLEET_CENTRE, columns: STREETS, rows: STREETS, random })
  if (!made.ok) throw new Error('The made-up city cannot be built.')
  const { graph: city } = made
  const graph = encodeGraph(city)
  const hierarchy = encodeHierarchy(buildHierarchy(city, city.timesMs.get(WAY_DRIVEN)!), graph, WAY_DRIVEN)
  const database = openDatabase(databaseUrl)
  try {
    const network = { graph, hierarchy, sha256: hashIn(graph), nodes: 1, arcs: 1, report: {} }
    await new RoadStore(database, Date.now).add(REGION, network, null)
  } finally {
    await database.destroy()
  }
}
