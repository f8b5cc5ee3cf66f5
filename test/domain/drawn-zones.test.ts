/** Closed and slow roads: what may be drawn, what stands then, and when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CloseRoads } from '../../src/domain/commands.ts'
import { deadlineCame } from '../../src/domain/dispatch/deadlines.ts'
import { closeRoads, reopenRoads, ZONES_MAX, zoneEnds } from '../../src/domain/drawn-zones.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { evolveRegion, quietRegion, type RegionState } from '../../src/domain/region-state.ts'
import type { RoadsThere } from '../../src/domain/zone.ts'

const NOW_MS = 1_700_000_000_000
const MIN = 60_000
const QUIET = quietRegion('sf')
const LINE: CloseRoads = {
  type: 'close-roads',
  kind: 'line',
  points: [
    { lonDeg: 1, latDeg: 2 },
    { lonDeg: 1.1, latDeg: 2 },
  ],
  ...{ slowPercent: null, fromAtMs: null, untilAtMs: null, reason: 'flood' },
}
const HERE: RoadsThere = { arcs: 4, room: 100 }

function draw(region: RegionState, zoneId: string, changes: Partial<CloseRoads> = {}): RegionState {
  const decision = closeRoads(region, { ...LINE, ...changes }, zoneId, () => HERE, NOW_MS)
  assert.ok(decision.ok)
  const meta = { position: region.version + 1, recordedAtMs: NOW_MS }
  return decision.events.reduce((state, event) => evolveRegion(state, event, meta), region)
}
const refusalOf = (changes: Partial<CloseRoads>, region = QUIET, there: RoadsThere | null = HERE) => {
  const decision = closeRoads(region, { ...LINE, ...changes }, 'z', () => there, NOW_MS)
  return decision.ok ? null : [decision.refusal.code, decision.refusal.details?.path]
}

test('roads are closed from now on until somebody says so, or in a span, and stand beside those that are closed already', () => {
  const region = draw(draw(QUIET, 'z1'), 'z2', {
    fromAtMs: NOW_MS + MIN,
    untilAtMs: NOW_MS + 2 * MIN,
    slowPercent: 250,
  })
  assert.deepEqual(
    region.zones?.map(({ zoneId, fromAtMs, untilAtMs, slowPercent }) => [zoneId, fromAtMs, untilAtMs, slowPercent]),
    [
      ['z1', NOW_MS, null, null],
      ['z2', NOW_MS + MIN, NOW_MS + 2 * MIN, 250],
    ],
  )
  assert.deepEqual(zoneEnds(region), [{ zoneId: 'z2', dueMs: NOW_MS + 2 * MIN }])
})

test('what makes no sense is refused with its field: an end before its begin or in years, no road there, more than fits', () => {
  assert.equal(refusalOf({}), null)
  assert.equal(refusalOf({}, QUIET, null), null, 'a region without roads keeps it for when it has some')
  assert.deepEqual(refusalOf({ untilAtMs: NOW_MS }), ['invalid-field', 'zone.untilAtMs'])
  assert.deepEqual(refusalOf({ fromAtMs: NOW_MS + 2, untilAtMs: NOW_MS + 2 }), ['invalid-field', 'zone.untilAtMs'])
  assert.deepEqual(refusalOf({ untilAtMs: NOW_MS + 900 * 86_400_000 }), ['invalid-field', 'zone.untilAtMs'])
  assert.deepEqual(refusalOf({ fromAtMs: NOW_MS + 367 * 86_400_000 }), ['invalid-field', 'zone.fromAtMs'])
  const far = [LINE.points[0]!, { lonDeg: 1, latDeg: 2.95 }]
  assert.deepEqual(refusalOf({ points: far }), ['invalid-field', 'zone.points'], 'more than 100 km')
  assert.equal(refusalOf({ kind: 'area', points: [...far, { lonDeg: 3, latDeg: 2 }] }), null)
  assert.deepEqual(refusalOf({}, QUIET, { arcs: 0, room: 9 }), ['invalid-field', 'zone.points'])
  assert.deepEqual(refusalOf({}, QUIET, { arcs: 10, room: 9 }), ['invalid-field', 'zone.points'])
})

test('a region has so many zones at most, and takes another one once one has ended', () => {
  let region = QUIET
  for (let index = 0; index < ZONES_MAX; index++) region = draw(region, `z${index}`)
  assert.deepEqual(refusalOf({}, region), ['too-many-zones', undefined])
  const decision = reopenRoads(region, { type: 'reopen-roads', zoneId: 'z7' })
  assert.ok(decision.ok)
  const after = evolveRegion(region, decision.events[0]!, { position: 1, recordedAtMs: NOW_MS })
  assert.equal(after.zones?.length, ZONES_MAX - 1)
  assert.equal(refusalOf({}, after), null)
  const again = reopenRoads(after, { type: 'reopen-roads', zoneId: 'z7' })
  assert.equal(again.ok ? null : again.refusal.code, 'unknown-zone')
})

test('a zone ends by itself when its time is over, and not before, nor twice', () => {
  const region = draw(QUIET, 'z1', { untilAtMs: NOW_MS + MIN })
  const came = (state: RegionState, atMs: number) => {
    const states = { region: () => state } as unknown as Parameters<typeof deadlineCame>[1]
    const deadline = { kind: 'road-zone-over', regionId: 'sf', zoneId: 'z1' } as const
    return deadlineCame(deadline, states, DEFAULT_POLICY, 0, atMs)
  }
  assert.deepEqual(came(region, NOW_MS + MIN - 1), [])
  const events = came(region, NOW_MS + MIN)
  assert.ok(Array.isArray(events))
  assert.deepEqual(
    events.map(event => [event.type, event.zoneId, event.cause]),
    [['RoadsReopened', 'z1', 'system']],
  )
  const after = evolveRegion(region, events[0], { position: 2, recordedAtMs: NOW_MS })
  assert.deepEqual([after.zones, came(after, NOW_MS + MIN)], [[], []])
})

test('alarms of the region leave its zones as they are, as the same list', () => {
  const region = draw(QUIET, 'z1')
  const silent = { silentUnits: 0, ofUnits: 9 }
  const after = evolveRegion(
    region,
    { type: 'RegionAlarmCleared', v: 1, entity: 'region/sf', regionId: 'sf', alarm: 'mass-app-lost', ...silent },
    { position: 2, recordedAtMs: NOW_MS },
  )
  assert.equal(after.zones, region.zones)
})
