/** Roads for a region of an engine of a test: those of a small made-up city around the scene. */
import assert from 'node:assert/strict'
import { hashIn } from '../../src/roads/array-blob.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { RoadStore } from '../../src/store/roads/road-store.ts'
import { seeded } from '../../tools/shared/random.ts'
import { SCENE, type Site } from './engine.ts'

/** Some kilometres from side to side, with one street that has a name. */
export function cityHere(): RoadGraph {
  const outcome = generatedCity({
    ...{ centre: SCENE, columns: 24, rows: 24, random: seeded(4) },
  })
  assert.ok(outcome.ok)
  const { graph } = outcome
  return { ...graph, names: ['', 'Queen Street'], arcName: graph.arcName.map((_, arc) => (arc < 40 ? 1 : 0)) }
}

/** As an import stores it. */
export function networkOf(city: RoadGraph) {
  const graph = encodeGraph(city)
  const hierarchy = encodeHierarchy(buildHierarchy(city, city.timesMs.get(WAY_DRIVEN)!), graph, WAY_DRIVEN)
  return { graph, hierarchy, sha256: hashIn(graph), nodes: 1, arcs: 1, report: {} }
}

export async function inRoadStore<Result>(
  databaseUrl: string,
  work: (store: RoadStore) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(databaseUrl)
  try {
    return await work(new RoadStore(database, Date.now))
  } finally {
    await database.destroy()
  }
}

/** An engine that runs takes them within some seconds. */
export async function layRoads(site: Site, region: string): Promise<void> {
  await inRoadStore(site.databaseUrl, store => store.add(region, networkOf(cityHere()), null))
}
