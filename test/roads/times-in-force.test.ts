import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Priority } from '../../src/domain/vocabulary.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { HierarchyKeeper } from '../../src/roads/hierarchy/hierarchy-keeper.ts'
import { HierarchyNearest } from '../../src/roads/hierarchy/hierarchy-nearest.ts'
import { RoadRanking } from '../../src/roads/nearest/road-ranking.ts'
import { RoadUnits } from '../../src/roads/nearest/road-units.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import { LocalHours } from '../../src/roads/times/local-hours.ts'
import { type RoadZone, RoadZones } from '../../src/roads/times/road-zones.ts'
import { TimesInForce } from '../../src/roads/times/times-in-force.ts'
import { problemOfModel, type TravelModel, USUAL_TRAVEL_MODEL } from '../../src/roads/times/travel-model.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { assertSame, fleetCases, fleetOf, plainRanking } from './fleets.ts'
import { classed, given, graphWith, type PlainTimes, plainWay } from './networks.ts'

/** A Wednesday, 0:00 in UTC. */
const MIDNIGHT_MS = Date.UTC(2026, 5, 10)
const HOUR_MS = 3_600_000
const MODEL: TravelModel = {
  bands: [
    {
      name: 'peak',
      spans: [{ weekdays: [3], fromMin: 8 * 60, untilMin: 9 * 60 }],
      isPeak: true,
      ordinary: { otherwise: 1.5, byClass: { main: 2 } },
      siren: { otherwise: 1.25 },
    },
    {
      name: 'night',
      spans: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], fromMin: 0, untilMin: 6 * 60 }],
      isPeak: false,
      ordinary: { otherwise: 0.8 },
      siren: { otherwise: 1, byClass: { motorway: 0.5 } },
    },
  ],
  sirenFactor: 1.6,
  sirenShare: { 1: 1, 2: 0.5, 3: 0, 4: 0, 5: 0 },
}

/** What a reader of the model would compute with pencil and paper. */
function expectedMs(graph: RoadGraph, priority: Priority, hour: number, arc: number): number {
  const roadClass = graph.classes[graph.arcClass[arc]!]!
  const [usual, siren, peak] = ['ordinary', 'siren', 'peak'].map(way => graph.timesMs.get(way)?.[arc])
  const [isPeak, isNight] = [hour === 8, hour < 6]
  let slow = usual! * (isPeak ? (roadClass === 'main' ? 2 : 1.5) : isNight ? 0.8 : 1)
  if (isPeak && peak !== undefined) slow = peak
  const quick = (siren ?? usual! / 1.6) * (isPeak ? 1.25 : isNight && roadClass === 'motorway' ? 0.5 : 1)
  const share = priority === 1 ? 1 : priority === 2 ? 0.5 : 0
  return Math.max(1, Math.round(slow + share * (quick - slow)))
}

interface Zone {
  readonly arcs: readonly number[]
  readonly fromHour: number
  readonly hours: number | null
  readonly slowBy: number | null
}

function expectedTimes(graph: RoadGraph, zones: readonly Zone[], priority: Priority, hour: number): PlainTimes {
  const holding = zones.filter(({ fromHour, hours }) => fromHour <= hour && (hours === null || hour < fromHour + hours))
  const ms: number[] = []
  const throughMs: (number | null)[] = []
  for (let arc = 0; arc < graph.arcCount; arc++) {
    const on = holding.filter(({ arcs }) => arcs.includes(arc))
    const slow = Math.max(1, ...on.map(({ slowBy }) => slowBy ?? 1))
    const isClosed = on.some(({ slowBy }) => slowBy === null)
    const plainMs = expectedMs(graph, priority, hour, arc)
    ms.push(isClosed ? plainMs : Math.round(plainMs * slow))
    throughMs.push(isClosed ? null : ms[arc]!)
  }
  return { ms, throughMs }
}

const zoneOf = (zoneId: string, { arcs, fromHour, hours, slowBy }: Zone): RoadZone => ({
  zoneId,
  fromMs: MIDNIGHT_MS + fromHour * HOUR_MS,
  untilMs: hours === null ? null : MIDNIGHT_MS + (fromHour + hours) * HOUR_MS,
  slowBy,
  where: { arcs },
})

test('who is first, and by which way, follows hour, priority, closures and slow zones at the very next question', () => {
  const worlds = fleetCases(14).chain(world =>
    fc.record({
      world: classed(world.graph).map(graph => ({ ...world, graph })),
      steps: fc.array(
        fc.record({
          zoneId: fc.constantFrom('z1', 'z2', 'z3'),
          zone: fc.option(
            fc.record({
              arcs: fc.array(fc.nat(world.graph.arcCount - 1), { minLength: 1, maxLength: 6 }),
              fromHour: fc.integer({ min: 0, max: 12 }),
              hours: fc.option(fc.integer({ min: 1, max: 12 })),
              slowBy: fc.option(fc.integer({ min: 1, max: 20 })),
            }),
          ),
          hour: fc.integer({ min: 0, max: 12 }),
          priority: fc.constantFrom<Priority>(1, 2, 3),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  )
  fc.assert(
    fc.property(worlds, ({ world, steps }) => {
      const { graph, reports, gone, places, k } = world
      const zones = new RoadZones(graph)
      const travel = new TimesInForce(graph, zones, { model: MODEL, timeZone: 'UTC' })
      const ranking = new RoadRanking(graph, travel.at({ priority: 1, atMs: MIDNIGHT_MS }))
      const routes = new RouteSearch(graph)
      for (const { unitId, position } of reports) ranking.place(unitId, position)
      for (const unitId of gone) ranking.remove(unitId)
      const fleet = fleetOf(world)
      const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
      const there = new Map<string, Zone>()
      for (const { zoneId, zone, hour, priority } of steps) {
        if (zone === null) assert.equal(zones.remove(zoneId), there.delete(zoneId))
        else {
          assert.deepEqual(zones.put(zoneOf(zoneId, zone)), { ok: true, arcs: new Set(zone.arcs).size })
          there.set(zoneId, zone)
        }
        const right = expectedTimes(graph, [...there.values()], priority, hour)
        const now = travel.at({ priority, atMs: MIDNIGHT_MS + hour * HOUR_MS })
        for (const to of places) {
          const query = { to, k, addedTo: (unitId: string) => added.get(unitId)!, maxNodes: Number.MAX_SAFE_INTEGER }
          assertSame(ranking.nearest(query, now).units, plainRanking(graph, fleet, to, right).slice(0, k))
          for (const { position } of fleet.slice(0, 3)) {
            const { ms } = plainWay(graph, position, to, right)
            assert.equal(routes.route(position, to, now)?.driveMs ?? Infinity, ms)
          }
        }
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})

test('a hierarchy of times with closures finds what plain search finds by them', () => {
  const worlds = fleetCases(14).chain(world =>
    fc.tuple(fc.constant(world), fc.array(fc.nat(world.graph.arcCount - 1), { minLength: 1, maxLength: 5 })),
  )
  fc.assert(
    fc.property(worlds, ([world, arcs]) => {
      const { graph, places, k } = world
      const zone: Zone = { arcs, fromHour: 0, hours: null, slowBy: null }
      const zones = new RoadZones(graph)
      zones.put(zoneOf('flood', zone))
      const travel = new TimesInForce(graph, zones, { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
      const now = travel.at({ priority: 3, atMs: MIDNIGHT_MS + 12 * HOUR_MS })
      const ms = [...graph.timesMs.get('ordinary')!]
      const right = { ms, throughMs: ms.map((each, arc) => (arcs.includes(arc) ? null : each)) }
      const fleet = fleetOf(world)
      const units = new RoadUnits(graph)
      for (const { unitId, position } of fleet) units.place(unitId, position)
      const nearest = new HierarchyNearest(units, now, buildHierarchy(graph, now.throughMs))
      const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
      for (const to of places) {
        const query = { to, k, addedTo: (unitId: string) => added.get(unitId)! }
        assertSame(nearest.nearest(query), plainRanking(graph, fleet, to, right).slice(0, k))
      }
    }),
    { numRuns: times(100, 2_000) },
  )
})

const STREET = graphWith(
  [
    [0, 0],
    [10, 0],
    [20, 0],
    [30, 0],
  ],
  [0, 1, 2].flatMap(node => [given(node, node + 1), given(node + 1, node)]),
)
const arcTo = (from: number, to: number): number => {
  const x = (node: number) => Math.round((STREET.lonDeg[node]! - 10) * 1_000)
  return [...STREET.arcHead.keys()].find(arc => x(STREET.arcTail[arc]!) === from && x(STREET.arcHead[arc]!) === to)!
}

test('who stands on a closed road drives off it, a place on it is reached, and nobody drives through', () => {
  const zones = new RoadZones(STREET)
  const travel = new TimesInForce(STREET, zones, { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
  const at = (from: number, to: number, share: number) => ({ arc: arcTo(from, to), share, isEitherWay: true })
  const noon = { priority: 3, atMs: MIDNIGHT_MS + 12 * HOUR_MS } as const
  const routes = new RouteSearch(STREET)
  const drive = (from: ReturnType<typeof at>, to: ReturnType<typeof at>) =>
    routes.route(from, to, travel.at(noon))?.driveMs ?? null
  assert.equal(drive(at(0, 1, 0.5), at(2, 3, 0.5)), 20_000)
  zones.put({ zoneId: 'fire', fromMs: 0, untilMs: null, slowBy: null, where: { arcs: [arcTo(1, 2), arcTo(2, 1)] } })
  assert.equal(drive(at(0, 1, 0.5), at(2, 3, 0.5)), null)
  assert.equal(drive(at(0, 1, 0.5), at(1, 2, 0.5)), 10_000)
  assert.equal(drive(at(1, 2, 0.5), at(0, 1, 0.5)), 10_000)
  assert.equal(drive(at(1, 2, 0.25), at(1, 2, 0.75)), 5_000)
})

test('the same times are the same object until something changes, and a zone that is over changes nothing any more', () => {
  const zones = new RoadZones(STREET)
  const travel = new TimesInForce(STREET, zones, { model: MODEL, timeZone: 'UTC' })
  const at = (hour: number, priority: Priority = 3) => travel.at({ priority, atMs: MIDNIGHT_MS + hour * HOUR_MS })
  const noon = at(12)
  assert.equal(at(13), noon)
  assert.notEqual(at(8), noon)
  assert.notEqual(at(12, 1), noon)
  assert.equal(at(12), noon)
  zones.put(zoneOf('z', { arcs: [0], fromHour: 14, hours: 2, slowBy: 2 }))
  assert.equal(at(12), noon)
  const slow = at(14)
  assert.deepEqual([slow.ms[0], noon.ms[0], slow.ms[1]], [20_000, 10_000, 10_000])
  assert.equal(at(15), slow)
  assert.equal(at(16), noon)
  assert.ok(slow.ms.buffer instanceof SharedArrayBuffer)
})

test('hours are local, before, in and after summer time, and also where clocks differ by three quarters of an hour', () => {
  const at = (timeZone: string, iso: string) => new LocalHours(timeZone).at(Date.parse(iso))
  assert.deepEqual(at('Europe/Berlin', '2026-03-29T00:59:00Z'), { weekday: 7, minute: 105 })
  assert.deepEqual(at('Europe/Berlin', '2026-03-29T01:00:00Z'), { weekday: 7, minute: 180 })
  assert.deepEqual(at('Europe/Berlin', '2026-10-25T01:05:00Z'), { weekday: 7, minute: 120 })
  assert.deepEqual(at('Asia/Kathmandu', '2026-06-10T18:20:00Z'), { weekday: 4, minute: 0 })
  assert.deepEqual(at('America/Los_Angeles', '2026-06-11T06:59:59Z'), { weekday: 3, minute: 23 * 60 + 45 })
  assert.throws(() => at('Europe/Nowhere', '2026-06-10T00:00:00Z'), RangeError)
})

test('the usual model says what its sources say', () => {
  const graph = { ...STREET, classes: ['freeway'] }
  const travel = new TimesInForce(graph, new RoadZones(graph), { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
  const ms = (hour: number, priority: Priority) => travel.at({ priority, atMs: MIDNIGHT_MS + hour * HOUR_MS }).ms[0]
  assert.deepEqual(
    [12, 8, 23].map(hour => ms(hour, 3)),
    [10_000, 12_800, 10_000],
  )
  assert.deepEqual(
    [12, 8, 23].map(hour => ms(hour, 1)),
    [7_500, 7_500, 9_600],
  )
  assert.equal(problemOfModel(USUAL_TRAVEL_MODEL), null)
})

test('a model that is none, and a zone that is none, are refused with what would be right', () => {
  const [band] = MODEL.bands
  const wrong: [TravelModel, RegExp][] = [
    [{ ...MODEL, sirenFactor: 0.5 }, /sirenFactor is 0.5; it goes from 1/],
    [{ ...MODEL, sirenShare: { ...MODEL.sirenShare, 4: 2 } }, /priority 4 is 2/],
    [{ ...MODEL, bands: [{ ...band!, ordinary: { otherwise: 0 } }] }, /factor 0; factors go from 0.2 to 5/],
    [{ ...MODEL, bands: [{ ...band!, siren: { otherwise: 1, byClass: { main: 9 } } }] }, /factor 9/],
    [{ ...MODEL, bands: [{ ...band!, spans: [{ weekdays: [0], fromMin: 0, untilMin: 15 }] }] }, /weekdays are 1 to 7/],
    [{ ...MODEL, bands: [{ ...band!, spans: [{ weekdays: [1], fromMin: 30, untilMin: 15 }] }] }, /later behind/],
    [{ ...MODEL, bands: Array.from({ length: 17 }, () => band!) }, /17 bands/],
  ]
  for (const [model, problem] of wrong) {
    assert.match(problemOfModel(model)!, problem)
    assert.throws(() => new TimesInForce(STREET, new RoadZones(STREET), { model, timeZone: 'UTC' }), RangeError)
  }
  const zones = new RoadZones(STREET)
  const zone: RoadZone = { zoneId: 'z', fromMs: 0, untilMs: null, slowBy: null, where: { arcs: [0] } }
  const refusals: [Partial<RoadZone>, RegExp][] = [
    [{ untilMs: 0 }, /ends before it begins/],
    [{ fromMs: Number.NaN }, /ends before it begins/],
    [{ slowBy: 0.5 }, /takes 0.5 times/],
    [{ slowBy: 21 }, /takes 21 times/],
    [{ where: { arcs: [STREET.arcCount] } }, /this network has 0 to 5/],
    [{ where: { arcs: [0.5] } }, /names arc 0.5/],
    [{ where: { area: [{ lonDeg: 1, latDeg: 1 }] } }, /has 1 corners; an area has 3/],
    [{ where: { area: [1, 2, 3].map(lonDeg => ({ lonDeg, latDeg: 91 })) } }, /not on the globe/],
  ]
  for (const [part, problem] of refusals) {
    const outcome = zones.put({ ...zone, ...part })
    assert.ok(!outcome.ok)
    assert.match(outcome.message, problem)
  }
  assert.equal(zones.size, 0)
  for (let index = 0; index < 1_000; index++) assert.ok(zones.put({ ...zone, zoneId: `z${index}` }).ok)
  assert.deepEqual(zones.put(zone), { ok: false, message: 'There are 1000 zones already: remove those that are over.' })
  assert.ok(zones.put({ ...zone, zoneId: 'z7', slowBy: 2 }).ok)
})

test('while a thread makes the hierarchy of other times the search answers, and both answer the same', async () => {
  const random = seeded(4)
  const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 26, rows: 26, random })
  assert.ok(outcome.ok)
  const { graph } = outcome
  const somewhere = () => ({ arc: Math.floor(random() * graph.arcCount), share: random(), isEitherWay: true })
  const zones = new RoadZones(graph)
  const travel = new TimesInForce(graph, zones, { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
  const now = () => travel.at({ priority: 1, atMs: MIDNIGHT_MS })
  const ranking = new RoadRanking(graph, now())
  for (const unitId of ['M1', 'M2', 'M3']) ranking.place(unitId, somewhere())
  const failures: unknown[] = []
  const keeper = new HierarchyKeeper(ranking, sharedBytes(encodeGraph(graph)), error => failures.push(error))
  const query = { to: somewhere(), k: 3, addedTo: () => 0, maxNodes: Number.MAX_SAFE_INTEGER }
  const told = () => {
    const { units, by } = ranking.nearest(query)
    return { by, units: units.map(({ unitId, driveMs }) => `${unitId} ${driveMs}`) }
  }
  keeper.use(now())
  const first = told()
  assert.equal(first.by, 'search')
  await keeper.settled()
  assert.deepEqual(told(), { ...first, by: 'hierarchy' })
  // The bridges are closed: what was made is of no use, and its successor is taken when it is there.
  const bridges = [...graph.arcName.keys()].filter(arc => graph.names[graph.arcName[arc]!]!.startsWith('Bridge'))
  assert.ok(zones.put({ zoneId: 'flood', fromMs: 0, untilMs: null, slowBy: null, where: { arcs: bridges } }).ok)
  keeper.use(now())
  const detour = told()
  assert.equal(detour.by, 'search')
  assert.notDeepEqual(detour.units, first.units)
  keeper.use(now())
  await keeper.settled()
  assert.deepEqual(told(), { ...detour, by: 'hierarchy' })
  // One that is no longer wanted ends, and is not taken.
  zones.remove('flood')
  keeper.use(now())
  keeper.stop()
  await keeper.settled()
  assert.deepEqual([told().by, failures], ['search', []])
  const cutOff = new HierarchyKeeper(ranking, sharedBytes(encodeGraph(graph).slice(0, -8)), error =>
    failures.push(error),
  )
  cutOff.use(now())
  await cutOff.settled()
  assert.match(String(failures), /damaged|cut off/)
})
