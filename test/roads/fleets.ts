/** Random fleets on random networks, who of them is first by looking at each, and how that is compared with what was found. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { RoadGraph, RoadPosition } from '../../src/roads/graph.ts'
import type { UnitByRoad } from '../../src/roads/nearest/best-units.ts'
import { networks, type PlainTimes, type PlainWay, plainWay, positionsOn } from './networks.ts'

export interface FleetUnit {
  readonly unitId: string
  readonly position: RoadPosition
  /** Below 0: may not be sent. */
  readonly addedMs: number
}

export interface FleetCase {
  readonly graph: RoadGraph
  /** The same unit may come again: it has moved then. */
  readonly reports: readonly FleetUnit[]
  readonly gone: readonly string[]
  readonly places: readonly RoadPosition[]
  readonly k: number
}

export function fleetCases(maxNodes?: number): fc.Arbitrary<FleetCase> {
  return networks(maxNodes).chain(graph => {
    const unitId = fc.integer({ min: 0, max: 14 }).map(number => `M${number}`)
    const addedMs = fc.oneof(fc.constantFrom(0, 0, -1), fc.integer({ min: 0, max: 6_000 }))
    return fc.record({
      graph: fc.constant(graph),
      reports: fc.array(fc.record({ unitId, position: positionsOn(graph), addedMs }), { maxLength: 24 }),
      gone: fc.array(unitId, { maxLength: 3 }),
      places: fc.array(positionsOn(graph), { minLength: 1, maxLength: 4 }),
      k: fc.integer({ min: 1, max: 6 }),
    })
  })
}

/** The units that are there in the end, by their last report. */
export function fleetOf({ reports, gone }: FleetCase): FleetUnit[] {
  const last = new Map(reports.map(report => [report.unitId, report]))
  for (const unitId of gone) last.delete(unitId)
  return [...last.values()]
}

interface Ranked extends FleetUnit {
  readonly way: PlainWay
}

/** All that may be sent, the first to arrive first, of equal ones by id. */
export const plainRanking = (
  graph: RoadGraph,
  fleet: readonly FleetUnit[],
  to: RoadPosition,
  way: string | PlainTimes = 'ordinary',
): Ranked[] =>
  fleet
    .filter(({ addedMs }) => addedMs >= 0)
    .map(unit => ({ ...unit, way: plainWay(graph, unit.position, to, way) }))
    .filter(({ way }) => way.ms < Infinity)
    .sort((a, b) => a.way.ms + a.addedMs - b.way.ms - b.addedMs || (a.unitId < b.unitId ? -1 : 1))

/** To the millisecond; the length of the way is that of one of those that take so long. */
export function assertSame(found: readonly UnitByRoad[], ranked: readonly Ranked[]): void {
  assert.deepEqual(
    found.map(({ unitId, driveMs, addedMs }) => ({ unitId, driveMs, addedMs })),
    ranked.map(({ unitId, way, addedMs }) => ({ unitId, driveMs: way.ms, addedMs })),
  )
  found.forEach(({ roadM }, index) => {
    const { leastCm, mostCm } = ranked[index]!.way
    assert.ok(roadM >= leastCm / 100 - 0.51 && roadM <= mostCm / 100 + 0.51, `${roadM} m, ${leastCm}–${mostCm} cm`)
  })
}
