/** The rules of a trip's phases, buttons and ends. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BrokenInvariant } from '../../../src/domain/decision.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { isEnded } from '../../../src/domain/trip/trip.ts'
import { cancelTrip } from '../../../src/domain/trip/trip-desk.ts'
import { closeTrip, reportPhase } from '../../../src/domain/trip/trip-work.ts'
import { isBound } from '../../../src/domain/unit/driver.ts'
import {
  CANCEL_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  type Disposition,
  REPORTABLE_PHASES,
  type ReportablePhase,
  type TripPhase,
  WORK_PHASES,
} from '../../../src/domain/vocabulary.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  accepted,
  called,
  cancelled,
  closed,
  declined,
  HAPPENED_MS,
  offered,
  onDuty,
  PLACE,
  reached,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const LATER_MS = HAPPENED_MS + 60_000
const press =
  (phase: ReportablePhase, unitId = 'A1') =>
  (world: World) =>
    reportPhase(world.trip('T-1'), unitId, { type: 'report-phase', tripId: 'T-1', phase, happenedAtMs: LATER_MS })
const close =
  (disposition: Disposition, unitId = 'A1') =>
  (world: World) =>
    closeTrip(world.trip('T-1'), unitId, { type: 'close-trip', tripId: 'T-1', disposition, happenedAtMs: LATER_MS })
const cancel = (world: World) =>
  cancelTrip(world.trip('T-1'), { type: 'cancel-trip', tripId: 'T-1', reason: 'caller-cancelled' })

/** Records up to a phase of work on T-1 by A1. */
const until = (phase: (typeof WORK_PHASES)[number], mode: 'ordered' | 'offered' = 'offered'): DomainEvent[][] =>
  phase === 'assigned' ? untilAssigned(mode) : [...untilAssigned(mode), [reached('T-1', 'A1', phase)]]

test('a fresh trip waits in the queue from the moment its record was written', () => {
  const { world } = given(called(['T-1']))
  const trip = world.trip('T-1')
  assert.deepEqual([trip.phase, trip.unitId, trip.offer, trip.round], ['pending', null, null, 1])
  assert.deepEqual([trip.pendingSinceMs, trip.times], [world.nowMs, { pending: world.nowMs }])
  assert.equal(trip.receivedAtMs, START_MS)
})

describe('buttons', () => {
  test('a button takes the trip to any later phase and never back', () => {
    for (const from of WORK_PHASES) {
      for (const to of REPORTABLE_PHASES) {
        const attempt = given(...until(from)).when(press(to))
        if (WORK_PHASES.indexOf(to) > WORK_PHASES.indexOf(from)) {
          const after = attempt.thenEvents({
            type: 'TripPhaseReached',
            phase: to,
            cause: 'driver',
            happenedAtMs: LATER_MS,
          })
          assert.equal(after.trip('T-1').phase, to)
          assert.equal(after.trip('T-1').times[to], LATER_MS)
        } else assert.equal(attempt.thenEvents({ type: 'TripTimeNoted', cause: 'driver' }).trip('T-1').phase, from)
      }
    }
  })

  const skips: [TripPhase, ReportablePhase, TripPhase[]][] = [
    ['assigned', 'en-route', []],
    ['assigned', 'on-scene', ['en-route']],
    ['assigned', 'transporting', ['en-route', 'on-scene']],
    ['assigned', 'transferred', ['en-route', 'on-scene', 'transporting', 'at-destination']],
    ['en-route', 'at-patient', ['on-scene']],
    ['on-scene', 'transporting', []],
    ['at-patient', 'at-destination', ['transporting']],
    ['at-destination', 'transferred', []],
  ]
  for (const [from, to, missed] of skips) {
    test(`from ${from} to ${to} the phases missed are: ${missed.join(', ') || 'none'}`, () => {
      const after = given(...until(from as (typeof WORK_PHASES)[number]))
        .when(press(to))
        .thenEvents({ type: 'TripPhaseReached', missed })
      assert.deepEqual(after.trip('T-1').missed, missed)
      for (const phase of missed) assert.equal(after.trip('T-1').times[phase], undefined)
    })
  }

  test('a button needs a trip that was accepted', () => {
    given(...untilOffered('ordered'))
      .when(press('en-route'))
      .thenRefused('wrong-phase')
    given(...untilOffered('offered'))
      .when(press('en-route'))
      .thenRefused('wrong-phase')
    given(onDuty('A1'), called(['T-1']))
      .when(press('en-route'))
      .thenRefused('not-your-trip')
  })

  test('a button for the trip of another unit is refused', () => {
    given(...untilAssigned())
      .when(press('en-route', 'A2'))
      .thenRefused('not-your-trip')
    given(...untilAssigned())
      .when(close('refused', 'A2'))
      .thenRefused('not-your-trip')
  })

  test('a trip that has ended takes no button', () => {
    for (const end of [closed('T-1', 'A1'), cancelled('T-1', 'A1')]) {
      given(...untilAssigned(), end)
        .when(press('on-scene'))
        .thenRefused('wrong-phase')
      given(...untilAssigned(), end)
        .when(close('transported'))
        .thenRefused('wrong-phase')
    }
  })
})

describe('closing', () => {
  for (const disposition of DISPOSITIONS) {
    test(`a trip is closed as ${disposition} from every phase of work, and its unit is free`, () => {
      for (const phase of WORK_PHASES) {
        const after = given(...until(phase))
          .when(close(disposition))
          .thenEvents({ type: 'TripClosed', disposition, callId: 'C-1', unitId: 'A1' })
        const trip = after.trip('T-1')
        assert.deepEqual([trip.phase, trip.disposition, trip.times.closed], ['closed', disposition, LATER_MS])
        assert.deepEqual([after.driver('A1').status, isBound(after.driver('A1'))], ['available', false])
      }
    })
  }

  test('a transport that was not reported to its end misses the rest of its phases', () => {
    const missedFrom = (phase: (typeof WORK_PHASES)[number]) =>
      given(...until(phase))
        .when(close('transported'))
        .thenEvents({ type: 'TripClosed' })
        .trip('T-1').missed
    const all = ['en-route', 'on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred']
    assert.deepEqual(missedFrom('assigned'), all)
    assert.deepEqual(missedFrom('on-scene'), ['at-patient', 'transporting', 'at-destination', 'transferred'])
    assert.deepEqual(missedFrom('at-patient'), ['transporting', 'at-destination', 'transferred'])
    assert.deepEqual(missedFrom('at-destination'), ['at-patient', 'transferred'])
    assert.deepEqual(missedFrom('transferred'), ['at-patient'])
  })

  test('any other ending is judged on reaching the scene, and the patient where there was one', () => {
    for (const disposition of DISPOSITIONS.filter(other => other !== 'transported')) {
      const missedFrom = (phase: (typeof WORK_PHASES)[number]) =>
        given(...until(phase))
          .when(close(disposition))
          .thenEvents({ type: 'TripClosed' })
          .trip('T-1').missed
      const without = ['no-patient-found', 'cancelled-on-scene', 'no-patient-contact', 'non-patient', 'assist']
      const patient = without.includes(disposition) ? [] : ['at-patient']
      assert.deepEqual(missedFrom('assigned'), ['en-route', 'on-scene', ...patient])
      assert.deepEqual(missedFrom('en-route'), ['on-scene', ...patient])
      for (const phase of WORK_PHASES.slice(2))
        assert.deepEqual(missedFrom(phase), phase === 'at-patient' ? [] : patient, phase)
    }
  })

  test('a phase is marked missed once, however far the buttons jump', () => {
    const after = given(...untilAssigned())
      .when(press('on-scene'))
      .thenEvents({ type: 'TripPhaseReached', missed: ['en-route'] })
    const decision = close('transported')(after)
    assert.ok(decision.ok)
    after.record(decision.events)
    assert.deepEqual(after.trip('T-1').missed, [
      'en-route',
      'at-patient',
      'transporting',
      'at-destination',
      'transferred',
    ])
  })

  test('what was told beside is not missed at the end', () => {
    const { world } = given(...until('transporting'))
    for (const decide of [press('at-patient'), press('at-destination'), press('transferred'), close('transported')]) {
      const decision = decide(world)
      world.record(decision.ok ? decision.events : [])
    }
    assert.deepEqual(world.trip('T-1').missed, [])
  })

  test('a trip that nobody accepted cannot be closed', () => {
    given(...untilOffered('ordered'))
      .when(close('refused'))
      .thenRefused('wrong-phase')
    given(...untilOffered('offered'))
      .when(close('refused'))
      .thenRefused('wrong-phase')
  })
})

describe('cancelling', () => {
  const BEFORE_TRANSPORT = WORK_PHASES.slice(0, WORK_PHASES.indexOf('transporting'))
  for (const mode of DISPATCH_MODES) {
    test(`a dispatcher cancels before a patient is on board; a unit at the scene stands down, others are free (${mode})`, () => {
      const pasts: [TripPhase, string | null, DomainEvent[][]][] = [
        ['pending', null, [onDuty('A1'), called(['T-1'])]],
        ['offered', 'A1', untilOffered(mode)],
        ...BEFORE_TRANSPORT.map((phase): [TripPhase, string, DomainEvent[][]] => [phase, 'A1', until(phase, mode)]),
      ]
      for (const [inPhase, unitId, past] of pasts) {
        const after = given(...past)
          .when(cancel)
          .thenEvents({ type: 'TripCancelled', inPhase, unitId, reason: 'caller-cancelled', cause: 'dispatcher' })
        const trip = after.trip('T-1')
        assert.deepEqual(
          [trip.phase, trip.cancelReason, trip.offer, trip.pendingSinceMs],
          ['cancelled', 'caller-cancelled', null, null],
        )
        assert.equal(trip.times.cancelled, after.nowMs)
        const isThere = inPhase === 'on-scene' || inPhase === 'at-patient'
        const { status, work } = after.driver('A1')
        assert.deepEqual([status, work], [isThere ? 'standing-down' : 'available', null], inPhase)
      }
      for (const phase of WORK_PHASES.slice(BEFORE_TRANSPORT.length)) {
        given(...until(phase, mode))
          .when(cancel)
          .thenRefused('wrong-phase')
      }
    })
  }

  test('a trip that went back to the queue is cancelled without a unit', () => {
    given(...untilOffered('offered'), declined('T-1', 'A1', 'O-1'))
      .when(cancel)
      .thenEvents({ type: 'TripCancelled', inPhase: 'pending', unitId: null })
  })

  test('a trip that has ended cannot be cancelled', () => {
    for (const end of [closed('T-1', 'A1'), cancelled('T-1', 'A1')]) {
      const { world, when } = given(...untilAssigned(), end)
      assert.equal(isEnded(world.trip('T-1')), true)
      when(cancel).thenRefused('wrong-phase')
    }
  })

  test('every cancel reason is kept as it was given', () => {
    for (const reason of CANCEL_REASONS) {
      const after = given(called(['T-1']))
        .when(world => cancelTrip(world.trip('T-1'), { type: 'cancel-trip', tripId: 'T-1', reason }))
        .thenEvents({ type: 'TripCancelled', reason })
      assert.equal(after.trip('T-1').cancelReason, reason)
    }
  })
})

describe('alarms', () => {
  const alarm = (alarm: string): DomainEvent =>
    ({ type: 'TripAlarmRaised', v: 1, entity: 'trip/T-1', tripId: 'T-1', alarm, unitId: null }) as DomainEvent

  const UNSERVED = ['no-eligible-unit', 'round-exhausted', 'rounds-over', 'waiting-long']

  test('an offer ends the alarms of a trip that nobody could take', () => {
    const { world } = given(onDuty('A1'), called(['T-1']), ...UNSERVED.map(alarm))
    assert.deepEqual(world.trip('T-1').alarms, UNSERVED)
    world.record([offered('T-1', 'A1', 'O-1')])
    assert.deepEqual(world.trip('T-1').alarms, [])
  })

  test('an unacknowledged order stays an alarm until it is acknowledged or taken back', () => {
    const raised = () => given(...untilOffered('ordered'), alarm('unacknowledged')).world
    assert.deepEqual(raised().trip('T-1').alarms, ['unacknowledged'])
    assert.deepEqual(
      raised()
        .record([accepted('T-1', 'A1', 'O-1')])
        .trip('T-1').alarms,
      [],
    )
    assert.deepEqual(
      raised()
        .record([cancelled('T-1', 'A1')])
        .trip('T-1').alarms,
      [],
    )
  })

  test('movement ends the alarm for standing still', () => {
    const { world } = given(...untilAssigned(), alarm('no-movement'))
    assert.deepEqual(world.trip('T-1').alarms, ['no-movement'])
    assert.deepEqual(world.record([reached('T-1', 'A1', 'en-route')]).trip('T-1').alarms, [])
  })

  test('a trip that has ended has no alarms, and gets none', () => {
    const { world } = given(...untilAssigned(), alarm('no-movement'), closed('T-1', 'A1'))
    assert.deepEqual(world.trip('T-1').alarms, [])
    assert.throws(() => world.record([alarm('no-movement')]), BrokenInvariant)
  })
})

describe('events that cannot have happened', () => {
  const impossible: [string, DomainEvent[][], DomainEvent][] = [
    ['a trip that was never created', [onDuty('A1')], cancelled('T-9', null)],
    ['a trip created twice', [called(['T-1'])], called(['T-1'])[1]!],
    ['an offer of an offered trip', [...untilOffered(), onDuty('A2')], offered('T-1', 'A2', 'O-2')],
    ['an offer of an accepted trip', [...untilAssigned(), onDuty('A2')], offered('T-1', 'A2', 'O-2')],
    ['an offer of an ended trip', [...untilAssigned(), [closed('T-1', 'A1')]], offered('T-1', 'A1', 'O-2')],
    ['a step back', until('on-scene'), reached('T-1', 'A1', 'en-route')],
    ['the same phase twice', until('on-scene'), reached('T-1', 'A1', 'on-scene')],
    ['a phase reported by another unit', [...untilAssigned(), onDuty('A2')], reached('T-1', 'A2', 'en-route')],
    ['closing what nobody accepted', untilOffered('ordered'), closed('T-1', 'A1')],
    ['closing twice', [...untilAssigned(), [closed('T-1', 'A1')]], closed('T-1', 'A1')],
    ['cancelling twice', [...untilAssigned(), [cancelled('T-1', 'A1')]], cancelled('T-1', 'A1')],
    ['cancelling what was closed', [...untilAssigned(), [closed('T-1', 'A1')]], cancelled('T-1', null)],
  ]
  for (const [name, past, event] of impossible) {
    test(`${name} breaks an invariant`, () => {
      const { world } = given(...past)
      assert.throws(() => world.record([event]), BrokenInvariant)
    })
  }

  test('a trip keeps the place and need of its call', () => {
    const trip = given(called(['T-1'])).world.trip('T-1')
    assert.deepEqual([trip.lonDeg, trip.latDeg, trip.callId], [PLACE.lonDeg, PLACE.latDeg, 'C-1'])
  })
})
