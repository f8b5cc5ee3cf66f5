/** Travel times as a choice of units asks for them: exact beside plain search, bounded, the same again for the same states. */
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import fc from 'fast-check'
import type { Approach, Drive, Driving } from '../../src/domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../src/domain/fix.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { Finder } from '../../src/finder/finder.ts'
import { soonest } from '../../src/finder/soonest.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { timesOf, WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { prepared } from '../../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../../src/roads/travel/road-travel.ts'
import { seeded } from '../../tools/shared/random.ts'
import { networks, plainWay } from './networks.ts'

/** Noon of a Wednesday, without siren: the ordinary times. */
const DRIVE: Drive = { priority: null, atMs: Date.UTC(2026, 5, 10, 12) }
const DRIVING: Driving = { policy: DEFAULT_POLICY, timeZone: 'UTC' }
const AT_ONCE = { turnoutMs: 0, unsureMs: 0 }
type Settings = ConstructorParameters<typeof RoadTravel>[2]
const travelOn = (graph: RoadGraph, bounds?: Settings) =>
  new RoadTravel(prepared(graph, buildHierarchy(graph, timesOf(graph, WAY_DRIVEN)!.ms)), 1, bounds)
const fixAt = (place: Position, more: Partial<PlacedFix> = {}): PlacedFix => ({
  ...{ seq: 1, fixedAtMs: 0, accuracyM: null, speedMps: null, headingDeg: null, streamId: 's', ...more },
  ...{ lonDeg: place.lonDeg, latDeg: place.latDeg },
})

function approachTo(travel: RoadTravel, place: Position): Approach {
  const approach = travel.look(DRIVING).to(place, DRIVE)
  assert.ok(typeof approach === 'object', `${approach}`)
  return approach
}

/** As plain search has it between the places on the road; null where the unit is on none. */
function plainMs(graph: RoadGraph, fix: PlacedFix, place: Position): number | null {
  const snapper = new RoadSnapper(graph)
  const headingDeg = fix.speedMps !== null && fix.speedMps >= 2 ? fix.headingDeg : null
  const from = snapper.snap({ ...fix, isAddress: false, headingDeg, former: null })
  const to = snapper.snap({ ...place, isAddress: true, headingDeg: null, former: null })
  return from === null ? null : plainWay(graph, from, to!).ms
}

const points = fc.record({
  lonDeg: fc.integer({ min: -2, max: 62 }).map(x => 10 + x * 1e-4),
  latDeg: fc.integer({ min: -2, max: 62 }).map(y => 50 + y * 1e-4),
})
const fixes = fc
  .tuple(points, fc.option(fc.integer({ min: 0, max: 359 })), fc.option(fc.integer({ min: 0, max: 9 })))
  .map(([place, headingDeg, speedMps]) => fixAt(place, { headingDeg, speedMps }))

describe('a time', () => {
  test('is that of plain search, by the search, by the hierarchy and where one takes over from the other', () => {
    fc.assert(
      fc.property(networks(), fc.array(fixes, { minLength: 1, maxLength: 8 }), points, (graph, from, place) => {
        for (const stepsAPlace of [0, 1, 3, 1_000]) {
          const approach = travelOn(graph, { stepsAPlace }).look(DRIVING).to(place, DRIVE)
          if (typeof approach === 'string') return void assert.equal(approach, 'place-off-road')
          for (const fix of from) {
            const ms = plainMs(graph, fix, place)
            if (ms === null) {
              assert.equal(approach.driveMs(fix, Infinity), 'off-road')
              continue
            }
            assert.equal(approach.driveMs(fix, Infinity), ms)
            assert.equal(approach.driveMs(fix, ms), ms, 'just within')
            assert.equal(approach.driveMs(fix, ms - 1), Infinity, 'just beyond')
            assert.ok(approach.leastMs(distanceM(fix, place)) <= ms, 'the bound is one')
          }
        }
      }),
    )
  })

  test('is the same when another place was asked for in between, in the same look or another one', () => {
    const [graph] = fc.sample(networks(), { numRuns: 1, seed: 7 })
    const travel = travelOn(graph!, { stepsAPlace: 3 })
    const [a, b] = [
      { lonDeg: 10.001, latDeg: 50.001 },
      { lonDeg: 10.004, latDeg: 50.003 },
    ]
    const from = fixAt({ lonDeg: 10.002, latDeg: 50.004 })
    const look = travel.look(DRIVING)
    const [toA, toB] = [look.to(a, DRIVE) as Approach, look.to(b, DRIVE) as Approach]
    for (const other of [toB, approachTo(travel, b)]) {
      assert.equal(toA.driveMs(from, Infinity), plainMs(graph!, from, a))
      assert.equal(other.driveMs(from, Infinity), plainMs(graph!, from, b))
    }
  })

  test('cannot be said for a place or a unit that is on no road', () => {
    const [graph] = fc.sample(networks(), { numRuns: 1, seed: 7 })
    const away = { lonDeg: 10.02, latDeg: 50 }
    assert.equal(travelOn(graph!).look(DRIVING).to(away, DRIVE), 'place-off-road')
    assert.equal(approachTo(travelOn(graph!), { lonDeg: 10, latDeg: 50 }).driveMs(fixAt(away), Infinity), 'off-road')
  })
})

const random = seeded(5)
const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 24, rows: 24, random })
assert.ok(outcome.ok)
const city = outcome.graph
const somewhere = () => {
  const node = Math.floor(random() * city.nodeCount)
  return { lonDeg: city.lonDeg[node]! + random() * 4e-4, latDeg: city.latDeg[node]! + random() * 4e-4 }
}

/** As long as some of these units drive. */
const delayOf = (unitId: string) => {
  const number = unitId.length + (unitId.codePointAt(1) ?? 0)
  return { turnoutMs: 10_000 + (number % 3) * 30_000, unsureMs: number % 4 === 0 ? 45_000 : 0 }
}

describe('the soonest units', () => {
  test('are those of plain looking at all of them, whatever few or many there are', () => {
    const travel = travelOn(city, { stepsAPlace: 300 })
    for (const count of [0, 1, 3, 40, 200]) {
      const finder = new Finder()
      const fixOf = new Map(Array.from({ length: count }, (_, index) => [`M${index}`, fixAt(somewhere())]))
      // One far from any road, and one that may not go.
      if (count > 3) fixOf.set('OFF', fixAt({ lonDeg: 7.2, latDeg: 51 }))
      for (const [unitId, fix] of fixOf) finder.place(unitId, 'als', 'available', fix.lonDeg, fix.latDeg)
      for (let asked = 0; asked < 3; asked++) {
        const place = somewhere()
        const ports = {
          approach: approachTo(travel, place),
          startOf: (unitId: string) => ({ fix: fixOf.get(unitId)!, ...delayOf(unitId) }),
          leastDelayMs: 10_000,
          straightLineSpeedMps: 10,
        }
        const all = [...fixOf]
          .filter(([unitId]) => unitId !== 'M1')
          .map(([unitId, fix]) => ({
            unitId,
            driveMs: unitId === 'OFF' ? Math.round((distanceM(place, fix) / 10) * 1_000) : plainCityMs(fix, place),
          }))
          .map(({ unitId, driveMs }) => ({
            unitId,
            etaMs: driveMs + delayOf(unitId).turnoutMs + delayOf(unitId).unsureMs,
          }))
          .sort((a, b) => a.etaMs - b.etaMs || (a.unitId < b.unitId ? -1 : 1))
        const query = { ...place, levels: ['als'] as const, accept: (unitId: string) => unitId !== 'M1' }
        const told = (k: number, withinMs = Infinity) =>
          soonest(finder, { ...query, k, withinMs }, ports).map(({ unitId, etaMs }) => ({ unitId, etaMs }))
        assert.deepEqual(told(5), all.slice(0, 5))
        const middle = all[Math.floor(all.length / 2)]?.etaMs ?? 0
        assert.deepEqual(
          told(Infinity, middle),
          all.filter(({ etaMs }) => etaMs <= middle),
        )
        if (count > 3 && asked === 0)
          assert.equal(
            soonest(finder, { ...query, k: Infinity }, ports).find(({ unitId }) => unitId === 'OFF')?.estimated,
            'off-road',
          )
      }
    }
  })

  test('end without the rest after so many that may not go', () => {
    const finder = new Finder()
    const fix = fixAt(somewhere())
    for (let index = 0; index < 50; index++) finder.place(`M${index}`, 'als', 'available', fix.lonDeg, fix.latDeg)
    let asked = 0
    const accept = () => {
      asked += 1
      return false
    }
    const ports = {
      approach: approachTo(travelOn(city), fix),
      startOf: () => ({ fix, ...AT_ONCE }),
      leastDelayMs: 0,
      straightLineSpeedMps: 10,
    }
    assert.deepEqual(soonest(finder, { ...fix, k: 1, levels: ['als'], accept, visitsMax: 9 }, ports), [])
    assert.equal(asked, 10)
  })
})

test('a look that has cost as much as one may goes on by estimates, and to no further place; the next look is whole again', () => {
  const travel = travelOn(city, { stepsAPlace: 50, stepsALook: 300 })
  const [place, other, far] = [somewhere(), somewhere(), fixAt(somewhere())]
  const look = travel.look(DRIVING)
  const approach = look.to(place, DRIVE) as Approach
  const told = Array.from({ length: 40 }, () => approach.driveMs(fixAt(somewhere()), Infinity))
  assert.ok(told.some(ms => typeof ms === 'number') && told.includes('not-reached'), `${told}`)
  assert.equal(look.to(other, DRIVE), 'too-many-searches')
  const finder = new Finder()
  finder.place('FAR', 'als', 'available', far.lonDeg, far.latDeg)
  const ports = { approach, startOf: () => ({ fix: far, ...AT_ONCE }), leastDelayMs: 0, straightLineSpeedMps: 1_000 }
  const [found] = soonest(finder, { ...place, k: 1, levels: ['als'], accept: () => true }, ports)
  assert.equal(found?.estimated, 'not-reached')
  assert.equal(found?.etaMs, approach.reachedMs, 'no sooner than what the search has gone through')
  assert.equal(typeof approachTo(travelOn(city), other).driveMs(far, Infinity), 'number')
})

const citySnapper = new RoadSnapper(city)
function plainCityMs(fix: PlacedFix, place: Position): number {
  const from = citySnapper.snap({ ...fix, isAddress: false, headingDeg: null, former: null })
  const to = citySnapper.snap({ ...place, isAddress: true, headingDeg: null, former: null })
  return plainWay(city, from!, to!).ms
}
