/** A made-up city around the scene, and how a running engine comes to go by it. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashIn } from '../../../src/roads/array-blob.ts'
import { generatedCity } from '../../../src/roads/city.ts'
import type { RoadGraph } from '../../../src/roads/graph.ts'
import { encodeGraph } from '../../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../../src/roads/road-times.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { RoadStore } from '../../../src/store/roads/road-store.ts'
import { seeded } from '../../../tools/shared/random.ts'
import { within } from '../../support/within.ts'
import { PLACE, type Speaker } from './stage.ts'

/** Some kilometres from side to side, with one street that has a name. */
export function cityHere(): RoadGraph {
  const outcome = generatedCity({
    centre: { lonDeg: PLACE.lonE7 / 1e7, latDeg: PLACE.latE7 / 1e7 },
    ...{ columns: 24, rows: 24, random: seeded(4) },
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

/** Until the desk's region goes by a version of its roads; undefined: by the straight line. */
export const roadsTaken = (desk: Speaker, version: number | undefined) =>
  within(
    `the roads are those of version ${version}`,
    (async () => {
      for (;;) {
        const { result } = await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 1, null)
        if (result.roadsVersion === version) return
        await sleep(50)
      }
    })(),
  )
