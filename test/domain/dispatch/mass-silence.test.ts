/** Mass silence: from when on it is one alarm of the region, who is one of it, and when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgeAlarm } from '../../../src/domain/alarms.ts'
import { deadlineCame } from '../../../src/domain/dispatch/deadlines.ts'
import { HeardCount } from '../../../src/domain/dispatch/heard-count.ts'
import { massLooked, massOf, type Silence } from '../../../src/domain/dispatch/mass-silence.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { quietRegion } from '../../../src/domain/region-state.ts'
import { given, START_MS, World } from '../../support/given-when-then.ts'
import { untilAssigned, untilOffered } from '../../support/scenario.ts'

const S = 1_000
const REGION = 'sf'
const policy = { ...DEFAULT_POLICY, massSilencePercent: 30, massSilenceWithinMs: 60 * S, massSilenceUnits: 5 }

/** A fleet whose units are here, and fall silent so many seconds after the start; one moment a unit. */
function fleet(here: number, silentAtS: readonly number[], silence: Silence = 'app') {
  const world = new World()
  const heard = new HeardCount()
  for (let i = 0; i < here; i += 1) heard.add(silence === 'app' ? null : START_MS + 10_000 * S)
  for (const atS of silentAtS) heard.add(START_MS + atS * S)
  const seen = () => ({ region: world.region ?? quietRegion(REGION), silence, heard, isStarting: false })
  const taken = (events: readonly DomainEvent[]) => {
    if (events.length > 0) world.record(events)
    for (const event of events) {
      if (event.type === 'RegionAlarmRaised') heard.watch({ fromMs: event.silentFromMs, toMs: event.silentToMs })
      if (event.type === 'RegionAlarmCleared') heard.watch(null)
    }
    return events
  }
  return {
    world,
    heard,
    /** The unit that fell silent then is told of so much later. */
    toldOf(atS: number, afterS = 30) {
      const events = massOf(START_MS + atS * S, seen(), policy, START_MS + (atS + afterS) * S)
      return events === null ? null : taken(events)
    },
    look: (nowS: number, afterS = 30) =>
      taken(massLooked(START_MS + (nowS - afterS) * S, seen(), policy, START_MS + nowS * S)),
    back(atS: number) {
      heard.remove(START_MS + atS * S)
      heard.add(null)
    },
    goes(atS: number) {
      heard.remove(null)
      heard.add(START_MS + atS * S)
    },
  }
}
const times = (count: number, atS: number) => Array.from({ length: count }, () => atS)

test('given a third of the fleet that fell silent within a minute, when the first of them is told of, then the region has one alarm of severity 1', () => {
  const { toldOf, world } = fleet(70, [...times(15, 100), ...times(15, 130)])
  const [event] = toldOf(100)!
  assert.deepEqual(event, {
    ...{ type: 'RegionAlarmRaised', v: 1, entity: 'region/sf', regionId: REGION, alarm: 'mass-app-lost', severity: 1 },
    ...{ silentFromMs: START_MS + 100 * S, silentToMs: START_MS + 160 * S, silentUnits: 30, ofUnits: 100 },
  })
  assert.deepEqual(
    world.region!.openAlarms.map(({ alarmId, kind, unitId, mass }) => [alarmId, kind, unitId, mass?.silentUnits]),
    [['region/sf/mass-app-lost/1', 'mass-app-lost', null, 30]],
  )
})

test('given one unit fewer, or the same over more than a minute, then each is on its own', () => {
  assert.equal(fleet(71, [...times(15, 100), ...times(14, 130)]).toldOf(100), null)
  assert.equal(fleet(70, [...times(15, 100), ...times(15, 160)]).toldOf(160), null)
  assert.notEqual(fleet(70, [...times(15, 100), ...times(15, 159)]).toldOf(159), null)
})

test('given a small fleet, then no fewer than the least number of units are a mass', () => {
  assert.equal(fleet(1, times(1, 100)).toldOf(100), null)
  assert.equal(fleet(0, times(4, 100)).toldOf(100), null)
  assert.notEqual(fleet(0, times(5, 100)).toldOf(100), null)
})

test('given units that were silent before, then the share is of those that were heard of', () => {
  assert.equal(fleet(35, times(15, 100)).toldOf(100)![0]!.type, 'RegionAlarmRaised')
  const { toldOf, world } = fleet(40, [...times(60, 0), ...times(18, 100)])
  toldOf(100)
  const { mass } = world.region!.openAlarms[0]!
  assert.deepEqual([mass!.silentUnits, mass!.ofUnits], [18, 58])
})

test('given a mass that stands, then its units have no alarm of their own, and one that fell silent long before or after has', () => {
  const { toldOf, goes } = fleet(70, [...times(1, 20), ...times(30, 100)])
  assert.equal(toldOf(20), null)
  toldOf(100)
  assert.deepEqual(toldOf(100), [])
  goes(130)
  assert.deepEqual(toldOf(130), [], 'within the same minute')
  goes(300)
  assert.equal(toldOf(300), null)
})

test('given a mass that stands, then half of it more within a minute is the same alarm', () => {
  const { toldOf, goes, world } = fleet(100, times(50, 100))
  toldOf(100)
  for (let i = 0; i < 14; i += 1) goes(600)
  assert.equal(toldOf(600), null)
  goes(600)
  assert.equal(toldOf(600)![0]!.type, 'RegionAlarmRaised')
  assert.deepEqual(toldOf(600), [])
  const [alarm, ...others] = world.region!.openAlarms
  assert.deepEqual([others.length, alarm!.mass!.silentUnits, alarm!.mass!.silentFromMs], [0, 65, START_MS + 100 * S])
})

test('given a mass that stands, then it is over when fewer than half of what raises it are silent, and does not flutter', () => {
  const { toldOf, back, goes, look, world } = fleet(70, times(30, 100))
  toldOf(100)
  for (let i = 0; i < 15; i += 1) back(100)
  assert.deepEqual(look(200), [])
  // Back and forth at the bound that raises it changes nothing.
  goes(110)
  assert.deepEqual(look(205), [])
  back(110)
  back(100)
  assert.deepEqual(look(210), [
    {
      ...{ type: 'RegionAlarmCleared', v: 1, entity: 'region/sf', regionId: REGION, alarm: 'mass-app-lost' },
      ...{ silentUnits: 14, ofUnits: 100 },
    },
  ])
  assert.equal(world.region!.openAlarms[0]!.goneAtMs, world.nowMs)
  assert.equal(toldOf(100, 200), null, 'who is silent still has an alarm of its own')
})

test('given a mass that is over, when somebody acknowledges its alarm, then it ends, and a new mass is another alarm', () => {
  const { toldOf, back, goes, look, world } = fleet(70, times(30, 100))
  toldOf(100)
  for (let i = 0; i < 30; i += 1) back(100)
  look(200)
  const { alarmId } = world.region!.openAlarms[0]!
  const decision = acknowledgeAlarm(
    world.region!.openAlarms,
    { type: 'acknowledge-alarm', regionId: REGION, alarmId },
    'dana',
  )
  assert.ok(decision.ok)
  world.record(decision.events)
  assert.equal(world.region!.openAlarms.length, 0)
  for (let i = 0; i < 30; i += 1) goes(300)
  toldOf(300)
  assert.notEqual(world.region!.openAlarms[0]!.alarmId, alarmId)
})

test('given a mass of units without a trip, then a look at the fleet finds it', () => {
  const { look, world } = fleet(70, times(30, 100))
  assert.deepEqual(look(125), [], 'nobody has used up its grace')
  assert.equal(look(135)[0]!.type, 'RegionAlarmRaised')
  assert.deepEqual(look(140), [])
  assert.equal(world.region!.openAlarms.length, 1)
})

test('given a mass that a start has found, then half of it raises it anew, and less is its end', () => {
  for (const [silent, type] of [
    [15, 'RegionAlarmRaised'],
    [14, 'RegionAlarmCleared'],
  ] as const) {
    const { toldOf, heard, goes, back, look } = fleet(70, times(30, 100))
    toldOf(100)
    // Since when an app is gone nobody knows after a start.
    heard.watch(null)
    for (let i = 0; i < 30; i += 1) back(100)
    for (let i = 0; i < silent; i += 1) goes(1_000)
    assert.equal(look(1_030)[0]!.type, type)
  }
})

test('given positions, then those count that are older than any that is reported as it should', () => {
  // Lost after 300 s; the largest age of a position that is fresh is 90 s.
  const few = fleet(70, [...times(14, 100), ...times(15, 130)], 'position')
  assert.equal(few.toldOf(100, 300), null)
  const mass = fleet(70, [...times(15, 100), ...times(15, 130)], 'position')
  const [event] = mass.toldOf(100, 300)!
  assert.ok(event?.type === 'RegionAlarmRaised')
  assert.deepEqual([event.alarm, event.silentUnits, event.ofUnits], ['mass-position-lost', 30, 100])
})

/** The unit's app is gone since the start, and so are those of four others of a fleet of six. */
function amidMass(records: readonly (DomainEvent | readonly DomainEvent[])[]) {
  const { world } = given(...records)
  const heard = new HeardCount()
  for (let i = 0; i < 5; i += 1) heard.add(START_MS)
  heard.add(null)
  return (isStarting = false) => {
    const states = {
      driver: (id: string) => world.drivers.get(id),
      trip: (id: string) => world.trips.get(id),
      region: () => undefined,
      isHeld: () => false,
      presence: () => ({ disconnectedSinceMs: START_MS, fix: null }),
      wheels: () => null,
      silence: () => ({ region: quietRegion(REGION), silence: 'app' as const, heard, isStarting }),
    }
    const outcome = deadlineCame({ kind: 'disconnect-grace', unitId: 'A1' }, states, policy, 30 * S, START_MS + 30 * S)
    return outcome === 'match' ? outcome : outcome.map(event => event.type)
  }
}

test('given a trip that a unit of a mass has, when its grace is over, then the alarm of the region takes the place of app-lost', () => {
  const graceOver = amidMass(untilAssigned())
  assert.deepEqual(graceOver(), ['RegionAlarmRaised'])
  assert.deepEqual(graceOver(true), ['TripAlarmRaised'], 'while crews are only coming back nobody looks at the fleet')
})

test('given an offer to a unit of a mass, when its grace is over, then the offer goes on to the next unit all the same', () => {
  const graceOver = amidMass(untilOffered())
  assert.deepEqual(graceOver(), ['RegionAlarmRaised', 'OfferRevoked'])
  assert.deepEqual(graceOver(true), ['OfferRevoked'])
})
