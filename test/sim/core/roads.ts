/** The roads of the simulated region as its database has them: the city's streets, made ready for engines. */
import type { RoadSource } from '../../../src/actors/road-news.ts'
import { buildHierarchy } from '../../../src/roads/hierarchy/build.ts'
import { NetworkBuilder } from '../../../src/roads/network-builder.ts'
import { WAY_DRIVEN } from '../../../src/roads/road-times.ts'
import { type PreparedRoads, prepared } from '../../../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../../../src/roads/travel/road-travel.ts'
import { BLOCK_M, type Point, positionOf } from '../world/city.ts'
import type { Street } from '../world/streets.ts'

/** So few that some of a decision's times come from the search, and some from the hierarchy. */
const STEPS_A_PLACE = 400

export function preparedStreets(streets: readonly Street[]): PreparedRoads {
  const builder = new NetworkBuilder([WAY_DRIVEN])
  const nodes = new Map<string, number>()
  const nodeAt = (point: Point): number => {
    const key = `${point.xM} ${point.yM}`
    const known = nodes.get(key)
    if (known !== undefined) return known
    const { lonDeg, latDeg } = positionOf(point)
    const node = builder.addNode(lonDeg, latDeg)
    nodes.set(key, node)
    return node
  }
  const of = { lengthM: BLOCK_M, name: '', isThrough: false, bends: [], source: 'the city' }
  for (const { from, to, roadClass, ms, backMs } of streets) {
    builder.addArc({ ...of, roadClass, tail: nodeAt(from), head: nodeAt(to), seconds: [ms / 1_000] })
    builder.addArc({ ...of, roadClass, tail: nodeAt(to), head: nodeAt(from), seconds: [backMs / 1_000] })
  }
  const outcome = builder.build()
  if (!outcome.ok) throw new Error(outcome.message)
  const { graph } = outcome
  return prepared(graph, buildHierarchy(graph, graph.timesMs.get(WAY_DRIVEN)!))
}

/** Input: how a process asks its database. */
export function simulatedRoads(
  region: string,
  roads: PreparedRoads,
  call: <T>(run: () => Promise<T>) => Promise<T>,
): RoadSource {
  const version = 1
  return {
    standing: () => call(() => Promise.resolve(new Map([[region, { version, sha256: 'of the city' }]]))),
    load: () => call(() => Promise.resolve(new RoadTravel(roads, version, { stepsAPlace: STEPS_A_PLACE }))),
  }
}
