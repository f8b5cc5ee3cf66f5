/** Roads that a dispatcher closes: the very next choice goes by it, over kills and other roads, until it is over; every desk sees it. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { CloseRoads } from '../../../src/domain/commands.ts'
import type { Roads } from '../../../src/domain/dispatch/travel-times.ts'
import type { NearestResult } from '../../../src/protocol/wire/answer-views.ts'
import { buildHierarchy } from '../../../src/roads/hierarchy/build.ts'
import { NetworkBuilder } from '../../../src/roads/network-builder.ts'
import { WAY_DRIVEN } from '../../../src/roads/road-times.ts'
import { prepared } from '../../../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../../../src/roads/travel/road-travel.ts'
import { given } from '../../roads/networks.ts'
import { RegionWorld, SCENE, settle } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const M = 1 / 111_195
const at = (northM: number) => ({ lonDeg: SCENE.lonDeg, latDeg: SCENE.latDeg + northM * M })

/** One street from the scene to the north in blocks of 500 m, 60 s each; so that the scene is not at its end, one to the south. */
function street(version: number): Roads {
  const builder = new NetworkBuilder(['ordinary'])
  const places = [-500, 0, 500, 1_000, 1_500].map(at)
  for (const { lonDeg, latDeg } of places) builder.addNode(lonDeg, latDeg)
  for (let block = 0; block + 1 < places.length; block++)
    for (const [tail, head] of [
      [block, block + 1],
      [block + 1, block],
    ] as const)
      builder.addArc(given(tail, head, { seconds: [60], lengthM: 500 }))
  const outcome = builder.build()
  assert.ok(outcome.ok)
  const { graph } = outcome
  return new RoadTravel(prepared(graph, buildHierarchy(graph, graph.timesMs.get(WAY_DRIVEN)!)), version)
}

async function driveOn(roads: Roads): Promise<void> {
  world.host.driveOn(roads)
  await settle()
}

/** North of the scene to where A1 stands, 1,000 m away: the block in the middle. */
const BLOCK: CloseRoads = {
  type: 'close-roads',
  kind: 'line',
  points: [at(500), at(1_000)],
  ...{ slowPercent: null, fromAtMs: null, untilAtMs: null, reason: 'flood' },
}
const close = async (changes: Partial<CloseRoads> = {}): Promise<string> => {
  const { zoneId } = await world.accepted(world.dispatch({ ...BLOCK, ...changes }))
  return zoneId as string
}
const timeOf = async () => {
  const { units } = await world.query<NearestResult>({ type: 'nearest', ...SCENE, k: 9, levelOfCare: null })
  return units[0]!.estimated ?? units[0]!.etaMs
}
const begin = async () => {
  const turnoutMs = { moving: 0, atPost: 0, stationDay: 0, stationNight: 0 }
  world = await RegionWorld.open({ policy: { turnoutMs, unsurePercent: 0, lostAfterMs: 86_400_000 } })
  await driveOn(street(1))
  await world.onDuty('A1', 1_500)
}

test('the very next question and the very next decision go by what is closed or slow, and open it is as before', async () => {
  await begin()
  assert.equal(await timeOf(), 180_000)
  const slow = await close({ slowPercent: 300 })
  assert.equal(await timeOf(), 60_000 + 180_000 + 60_000)
  const closed = await close()
  assert.equal(await timeOf(), 'cut-off')
  await world.call({ priority: 3 })
  const [offer] = await world.events('OfferMade')
  assert.equal(offer?.decision.candidates[0]?.estimated, 'cut-off', 'the only unit is sent all the same')
  for (const zoneId of [slow, closed]) await world.accepted(world.dispatch({ type: 'reopen-roads', zoneId }))
  const tripId = offer!.tripId
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }))
  assert.equal(await timeOf(), 180_000)
})

test('what is closed stands over a kill, over a drain and for other roads, and for the first roads that a region gets', async () => {
  await begin()
  const zoneId = await close({ slowPercent: 200 })
  assert.equal(await timeOf(), 240_000)
  for (const how of ['crash', 'drain'] as const) {
    await world.restart(how)
    assert.deepEqual(
      world.region.states.regionState.zones?.map(zone => zone.zoneId),
      [zoneId],
    )
    await driveOn(street(2))
    assert.equal(await timeOf(), 240_000, how)
  }
  await driveOn(street(3))
  assert.equal(await timeOf(), 240_000)
  await world.close()
  world = await RegionWorld.open({ policy: { turnoutMs: { moving: 0, atPost: 0, stationDay: 0, stationNight: 0 } } })
  await world.onDuty('A1', 1_500)
  await close()
  await driveOn(street(1))
  assert.equal(await timeOf(), 'cut-off')
})

test('a span begins and ends by the clock, its end is recorded and leaves memory, also when it passed while the engine was down', async () => {
  await begin()
  const nowMs = world.nowMs
  await close({ slowPercent: 200, fromAtMs: nowMs + 60_000, untilAtMs: nowMs + 120_000 })
  assert.equal(await timeOf(), 180_000)
  await world.advance(61_000)
  assert.equal(await timeOf(), 240_000)
  await world.advance(60_000)
  assert.equal(await timeOf(), 180_000)
  assert.deepEqual(world.region.states.regionState.zones, [])
  const [ended] = await world.events('RoadsReopened')
  assert.equal(ended?.cause, 'system')
  await close({ untilAtMs: world.nowMs + 60_000 })
  world.crash()
  await world.advance(600_000)
  await world.start()
  await world.advance(1_000)
  assert.deepEqual(world.region.states.regionState.zones, [])
  assert.equal((await world.events('RoadsReopened')).length, 2)
})

test('a span of many hours ends by its time', async () => {
  await begin()
  await close({ untilAtMs: world.nowMs + 5 * 3_600_000 })
  await world.advance(5 * 3_600_000 - 1_000)
  assert.equal(world.region.states.regionState.zones?.length, 1)
  await world.advance(2_000)
  assert.deepEqual(world.region.states.regionState.zones, [])
})

test('a span ends by the right time when the clock is set', async () => {
  await begin()
  await close({ untilAtMs: world.nowMs + 3_600_000 })
  world.machine.setWall(world.machine.wallMs() + 3_000_000)
  await world.advance(700_000)
  assert.deepEqual(world.region.states.regionState.zones, [])
})

test('where no road lies, and what nobody has closed, is refused, and the same command again has the same zone', async () => {
  await begin()
  const away = [at(90_000), at(91_000)]
  assert.equal(await world.refused(world.dispatch({ ...BLOCK, points: away })), 'invalid-field')
  assert.equal(await world.refused(world.dispatch({ type: 'reopen-roads', zoneId: 'akl.none' })), 'unknown-zone')
  const first = await world.accepted(world.dispatch(BLOCK, 'once'))
  assert.deepEqual(await world.accepted(world.dispatch(BLOCK, 'once')), first)
  assert.equal(world.region.states.regionState.zones?.length, 1)
})

test('every desk sees what is closed: in the snapshot of its board, in its news, and when it asks', async () => {
  await begin()
  const early = world.dispatcher()
  world.host.tell(early, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  assert.equal(early.last('board').length, 6, 'nothing is said where nothing is closed')
  const zoneId = await close({ slowPercent: 150 })
  const [, , events, by] = early.last('board-events')
  assert.deepEqual([events.map(({ type }) => type), by], [['RoadsRestricted'], 'desk-1'])
  const late = world.dispatcher()
  world.host.tell(late, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  const [zone] = late.last('board')[6]!
  assert.deepEqual([zone!.zoneId, zone!.slowPercent, zone!.points.length], [zoneId, 150, 2])
  const asked = (await world.query({ type: 'read-zones' })) as unknown as { items: readonly unknown[] }
  assert.deepEqual(asked.items, [zone])
})
