/** What comes of what the wheels say: times beside those of people, phases where the policy lets it, and alarms. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { pastEtaAtMs, wheelsCame } from '../../../src/domain/trip/by-wheels.ts'
import { correctTime } from '../../../src/domain/trip/correction.ts'
import { reportPhase } from '../../../src/domain/trip/trip-work.ts'
import { NO_WHEELS, type Sight, type Wheels } from '../../../src/domain/unit/unit-wheels.ts'
import { ARRIVAL_MODES, type ArrivalMode, type ReportablePhase } from '../../../src/domain/vocabulary.ts'
import { given, on, START_MS, type World } from '../../support/given-when-then.ts'
import { closed, policyOf, reached, timedOut, untilAssigned, untilOffered } from '../../support/scenario.ts'

const S = 1_000
const NOW = START_MS + 80 * S

const sight = (seconds: number, more: Partial<Sight> = {}): Sight => ({
  ...{ atMs: START_MS + seconds * S, provedAtMs: START_MS + (seconds + 15) * S, isSure: false, isAgain: false },
  ...more,
})
const last = { fixedAtMs: NOW, lonDeg: 0, latDeg: 0, accuracyM: null, speedMps: null }
const rolled = (seen: Sight | null): Wheels => ({
  ...NO_WHEELS,
  last,
  setOut: { from: { lonDeg: 0, latDeg: 0 }, awaySinceMs: null, seen },
})
const arrived = (seen: Sight): Wheels => ({ ...NO_WHEELS, last, atScene: { sinceMs: seen.atMs, seen, isAgain: false } })
const brought = (seen: Sight): Wheels => ({
  ...NO_WHEELS,
  atDestination: { sinceMs: seen.atMs, seen, isAgain: false },
})
const OF_TRIP = { tripId: 'T-1', homeSinceMs: null }
const came = (world: World, now: Wheels, arrivals: ArrivalMode = 'suggest', nowMs = NOW, late: Wheels | null = null) =>
  wheelsCame(world.trip('T-1'), { ...OF_TRIP, now, late }, policyOf('ordered', { arrivals }), nowMs)
const told = (events: readonly DomainEvent[]) =>
  events.map(event =>
    event.type === 'TripTimeNoted'
      ? `${event.time} ${event.cause} ${(event.happenedAtMs - START_MS) / S}`
      : event.type === 'TripPhaseReached'
        ? `phase ${event.phase} ${event.cause} ${(event.happenedAtMs - START_MS) / S}`
        : event.type === 'TripAlarmRaised' || event.type === 'TripAlarmCleared'
          ? `${event.type === 'TripAlarmRaised' ? 'raised' : 'cleared'} ${event.alarm}`
          : event.type,
  )
const pressed = (world: World, phase: ReportablePhase, seconds: number) => {
  const command = { type: 'report-phase', tripId: 'T-1', phase, happenedAtMs: START_MS + seconds * S } as const
  const decision = reportPhase(world.trip('T-1'), 'A1', command)
  assert.ok(decision.ok)
  return world.record(decision.events)
}
const kept = (world: World, time: 'on-scene' | 'en-route') => world.trip('T-1').responses[0]!.times[time]

describe('modes', () => {
  test('off: nothing is made of it; suggest: a time beside, and no phase; automatic: the time, and once it is sure the phase', () => {
    const { world } = given(...untilAssigned())
    const sure = sight(40, { isSure: true })
    assert.deepEqual(
      ARRIVAL_MODES.map(mode => told(came(world, arrived(sure), mode))),
      [[], ['on-scene geofence 40'], ['on-scene geofence 40']],
    )
    world.record(came(world, arrived(sure)))
    assert.equal(world.trip('T-1').phase, 'assigned')
    assert.deepEqual(told(came(world, arrived(sure))), [], 'it is said once')
    assert.deepEqual(told(came(world, arrived(sight(40)), 'automatic')), [], 'not sure yet')
    const reachedIt = came(world, arrived(sure), 'automatic')
    assert.deepEqual(told(reachedIt), ['phase on-scene geofence 40'])
    world.record(reachedIt)
    assert.deepEqual([world.trip('T-1').phase, world.driver('A1').status], ['on-scene', 'on-scene'])
    assert.deepEqual(kept(world, 'on-scene'), {
      atMs: START_MS + 40 * S,
      cause: 'geofence',
      wheelsAtMs: START_MS + 40 * S,
    })
  })

  test('an order that is not acknowledged is not moved by the wheels', () => {
    const { world } = given(...untilOffered('ordered'))
    assert.deepEqual(came(world, rolled(sight(30, { isSure: true })), 'automatic'), [])
  })

  test('the wheels never say that a patient is on board: that a unit left the scene is a time, whatever the mode', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
    const seen = sight(60, { isSure: true })
    const left: Wheels = { ...NO_WHEELS, left: { from: last, awaySinceMs: null, seen } }
    const noted = came(world, left, 'automatic')
    assert.deepEqual(told(noted), ['left-scene geofence 60'])
    assert.deepEqual(told(came(world.record(noted), left, 'automatic')), [])
  })

  test('with a patient on board a unit arrives at its destination', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'transporting'))
    const seen = brought(sight(70, { isSure: true }))
    world.record(came(world, seen, 'automatic'))
    assert.deepEqual(told(came(world, seen, 'automatic')), ['phase at-destination geofence 70'])
  })
})

describe('a person and the wheels', () => {
  test("the crew's time wins, whichever came first, and both are kept", () => {
    const first = pressed(given(...untilAssigned()).world, 'on-scene', 30)
    first.record(came(first, arrived(sight(40))))
    const then = given(...untilAssigned()).world
    pressed(then.record(came(then, arrived(sight(40)))), 'on-scene', 30)
    const both = { atMs: START_MS + 30 * S, cause: 'driver', wheelsAtMs: START_MS + 40 * S }
    assert.deepEqual([kept(first, 'on-scene'), kept(then, 'on-scene')], [both, both])
    assert.equal(then.trip('T-1').times['on-scene'], both.atMs)
  })

  test('a button behind a phase by the wheels puts its own moment into the times of the trip', () => {
    const { world } = given(...untilAssigned())
    const sure = arrived(sight(40, { isSure: true }))
    world.record(came(world, sure, 'automatic'))
    world.record(came(world, sure, 'automatic'))
    pressed(world, 'on-scene', 44)
    assert.equal(world.trip('T-1').times['on-scene'], START_MS + 44 * S)
    assert.deepEqual(kept(world, 'on-scene'), {
      atMs: START_MS + 44 * S,
      cause: 'driver',
      wheelsAtMs: START_MS + 40 * S,
    })
    pressed(world, 'on-scene', 50)
    assert.equal(kept(world, 'on-scene')?.otherAtMs, START_MS + 50 * S, 'then the first word stands')
  })

  test('a correction stands above both, and keeps what the wheels said', () => {
    const { world } = given(...untilAssigned())
    world.record(came(world, arrived(sight(40))))
    const newAtMs = START_MS + 35 * S
    const correction = { type: 'correct-time', tripId: 'T-1', unitId: 'A1', time: 'on-scene', newAtMs } as const
    const corrected = correctTime(world.trip('T-1'), { ...correction, reason: 'radio-log' }, NOW)
    assert.ok(corrected.ok)
    world.record(corrected.events)
    world.record(came(world, arrived(sight(60, { isAgain: true }))))
    const { atMs, wheelsAtMs, corrected: why } = kept(world, 'on-scene')!
    assert.deepEqual([atMs, wheelsAtMs, why], [newAtMs, START_MS + 40 * S, 'radio-log'])
  })

  test('what the wheels say is no sign of a person, and no reason to doubt one', () => {
    const { world } = given(...untilAssigned())
    world.record(came(world, rolled(sight(40))))
    const command = { type: 'report-phase', tripId: 'T-1', phase: 'on-scene', happenedAtMs: START_MS + 35 * S } as const
    const decision = reportPhase(world.trip('T-1'), 'A1', command)
    assert.ok(decision.ok && !('implausible' in decision.events[0]!), 'a crew that was there before it "set out"')

    const silent = given(...untilOffered('ordered'), timedOut('T-1', 'A1', 'O-1'))
    const noted = { type: 'TripTimeNoted', v: 1, entity: 'trip/T-1', tripId: 'T-1', unitId: 'A1' } as const
    const byCause = (cause: 'geofence' | 'driver'): DomainEvent => ({
      ...{ ...noted, time: 'at-station', happenedAtMs: NOW, cause },
    })
    assert.equal(on(silent.world, byCause('geofence')).world.driver('A1').noContact, 'T-1')
    assert.equal(on(silent.world, byCause('driver')).world.driver('A1').noContact, undefined)
  })
})

describe('back at a station', () => {
  const home = (homeSinceMs: number | null, setOut: Sight | null = sight(20), arrivals: ArrivalMode = 'suggest') => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'en-route'), closed('T-1', 'A1'))
    const wheels = { tripId: 'T-1', now: rolled(setOut), late: null, homeSinceMs }
    return told(wheelsCame(world.trip('T-1'), wheels, policyOf('ordered', { arrivals }), NOW))
  }

  test('a unit that rolled for its trip and has left it is back when it stands at a station; it is a time, and said once', () => {
    assert.deepEqual(home(START_MS + 60 * S), ['at-station geofence 60'])
    assert.deepEqual(home(START_MS + 60 * S, sight(20), 'off'), [])
    assert.deepEqual(home(null), [])
    const { world } = given(...untilAssigned(), closed('T-1', 'A1'))
    const wheels = { tripId: 'T-1', now: rolled(sight(20)), late: null, homeSinceMs: START_MS + 60 * S }
    const again = () => wheelsCame(world.trip('T-1'), wheels, policyOf('ordered', { arrivals: 'automatic' }), NOW)
    world.record(again())
    assert.equal(world.trip('T-1').responses[0]!.times['at-station']?.cause, 'geofence')
    assert.deepEqual(again(), [])
  })

  test('who never left the station is not back at it, nor is a unit of another trip', () => {
    assert.deepEqual(home(START_MS + 60 * S, null), [])
    assert.deepEqual(home(START_MS + 19 * S), [], 'it stood there before it rolled')
    const { world } = given(...untilAssigned(), closed('T-1', 'A1'))
    const other = { tripId: 'T-2', now: rolled(sight(20)), late: null, homeSinceMs: START_MS + 60 * S }
    assert.deepEqual(wheelsCame(world.trip('T-1'), other, policyOf('ordered', { arrivals: 'suggest' }), NOW), [])
  })
})

describe('evidence', () => {
  test('a proof that comes late is told with the moment of its fixes, and marked; one of half an hour ago is none', () => {
    const { world } = given(...untilAssigned())
    const seen = sight(40)
    const [late] = came(world, NO_WHEELS, 'suggest', seen.provedAtMs + 31 * S, arrived(seen))
    assert.ok(late?.type === 'TripTimeNoted' && late.lateEvidence === true && late.happenedAtMs === seen.atMs)
    assert.deepEqual(came(world, arrived(seen), 'suggest', seen.provedAtMs + 1_801 * S), [])
    const [prompt] = came(world, arrived(seen), 'suggest', seen.provedAtMs + 30 * S)
    assert.ok(prompt !== undefined && !('lateEvidence' in prompt))
  })

  test('late evidence never takes a trip back', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'transporting'))
    const sure = arrived(sight(40, { isSure: true }))
    world.record(came(world, NO_WHEELS, 'automatic', NOW + 60 * S, sure))
    assert.deepEqual(came(world, NO_WHEELS, 'automatic', NOW + 60 * S, sure), [])
    assert.equal(world.trip('T-1').phase, 'transporting')
  })

  test('what was proved before the crew was told is no evidence, nor what lies before a moment of the crew that it follows', () => {
    const { world } = given(...untilAssigned())
    assert.deepEqual(came(world, arrived(sight(-20))), [])
    const [told] = came(world, arrived(sight(-10)))
    assert.ok(told?.type === 'TripTimeNoted')
    assert.equal(told.happenedAtMs, world.trip('T-1').responses[0]!.offeredAtMs, 'it was there when it was told')
    pressed(world, 'en-route', 50)
    assert.deepEqual(came(world, arrived(sight(40))), [])
  })

  test('an arrival that the unit itself took back by leaving gives way to the next one, until somebody has told it', () => {
    const { world } = given(...untilAssigned())
    world.record(came(world, arrived(sight(20))))
    assert.deepEqual(told(came(world, arrived(sight(40)))), [], 'as after a start, where a fold begins anew')
    world.record(came(world, arrived(sight(60, { isAgain: true }))))
    assert.equal(kept(world, 'on-scene')?.wheelsAtMs, START_MS + 60 * S)
    pressed(world, 'on-scene', 61)
    assert.deepEqual(came(world, arrived(sight(80, { isAgain: true }))), [])
  })
})

describe('alarms', () => {
  const alarm = (kind: 'no-movement' | 'standing' | 'turned-away' | 'past-eta'): DomainEvent => ({
    ...{ type: 'TripAlarmRaised', v: 1, entity: 'trip/T-1', tripId: 'T-1', alarm: kind, unitId: 'A1', severity: 1 },
  })
  const enRoute = () => given(...untilAssigned(), reached('T-1', 'A1', 'en-route'))
  /** Has stood since then, so far from the scene. */
  const stood = (sinceS: number, metres: number): Wheels => ({
    ...{ ...NO_WHEELS, last: { ...last, fixedAtMs: START_MS + 400 * S }, nearestM: metres },
    stand: { at: last, sinceMs: START_MS + sinceS * S },
  })

  test('no-movement ends when the unit rolls, without any button', () => {
    const { world } = given(...untilAssigned(), alarm('no-movement'))
    assert.deepEqual(told(came(world, rolled(null), 'off')), [])
    assert.deepEqual(told(came(world, rolled(sight(40)), 'off')), ['cleared no-movement'])
  })

  test('a unit on its way that stands for three minutes short of the scene raises standing, and ends it by moving', () => {
    const { world } = enRoute()
    assert.deepEqual(told(came(world, stood(221, 900), 'off')), [])
    assert.deepEqual(told(came(world, stood(220, 900), 'off')), ['raised standing'])
    assert.deepEqual(told(came(world, stood(220, 89), 'off')), [], 'it is as good as there')
    assert.deepEqual(told(came(on(world, alarm('standing')).world, stood(390, 800), 'off')), ['cleared standing'])
  })

  test('a unit stands on its way from when its crew has set out; before, it does not move', () => {
    const { world } = given(...untilAssigned())
    assert.deepEqual(told(came(world, stood(0, 900), 'off')), [])
    const waited = given(...untilAssigned())
    waited.world.record([reached('T-1', 'A1', 'en-route')], START_MS + 300 * S)
    assert.deepEqual(told(came(waited.world, stood(0, 900), 'off')), [], 'said a hundred seconds ago')
  })

  test('a unit that turns away raises turned-away, and half of the way back ends it', () => {
    const { world } = enRoute()
    const away = (awayM: number): Wheels => ({ ...NO_WHEELS, last, nearestM: 700, awayM })
    assert.deepEqual(told(came(world, away(999), 'off')), [])
    assert.deepEqual(told(came(world, away(1_000), 'off')), ['raised turned-away'])
    on(world, alarm('turned-away'))
    assert.deepEqual(told(came(world, away(500), 'off')), [])
    assert.deepEqual(told(came(world, away(499), 'off')), ['cleared turned-away'])
  })

  test('past-eta is due from when the crew was told, by the time by road and three minutes more; arriving ends it', () => {
    const { world } = enRoute()
    const trip = world.trip('T-1')
    assert.equal(pastEtaAtMs(trip, policyOf('ordered'), NOW), null, 'nobody said by road when it would be there')
    const responses = [{ ...trip.responses[0]!, etaMs: 240 * S }]
    const due = { ...trip, responses }
    assert.equal(pastEtaAtMs(due, policyOf('ordered'), NOW), responses[0]!.offeredAtMs + 420 * S)
    assert.equal(pastEtaAtMs({ ...due, phase: 'on-scene' }, policyOf('ordered'), NOW), null)
    assert.deepEqual(told(came(on(world, alarm('past-eta')).world, arrived(sight(40)), 'off')), ['cleared past-eta'])
  })

  test('a step of the trip ends the alarms of the way', () => {
    const { world } = given(
      ...untilAssigned(),
      ...(['no-movement', 'standing', 'turned-away', 'past-eta'] as const).map(alarm),
    )
    assert.deepEqual(on(world, reached('T-1', 'A1', 'on-scene')).world.trip('T-1').alarms, [])
  })
})
