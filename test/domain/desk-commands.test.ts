/** What a dispatcher may do beside entering calls: amend and cancel them, choose units, and speak for crews on the radio. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { amendCall, cancelCall } from '../../src/domain/call.ts'
import type { AmendCall, CloseTrip, ReportPhase, SetUnitStatus } from '../../src/domain/commands.ts'
import { BrokenInvariant } from '../../src/domain/decision.ts'
import { whyNotFit } from '../../src/domain/dispatch/override.ts'
import { WaitingTrips } from '../../src/domain/dispatch/waiting-trips.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { overrideAssignment, withdrawUnit } from '../../src/domain/trip/trip-desk.ts'
import { reportByRadio } from '../../src/domain/trip/trip-work.ts'
import { setUnitStatus } from '../../src/domain/unit/crew-duty.ts'
import { isBound } from '../../src/domain/unit/driver.ts'
import { DISPATCH_MODES, REPORTABLE_PHASES } from '../../src/domain/vocabulary.ts'
import { given, type World } from '../support/given-when-then.ts'
import {
  called,
  cancelled,
  closed,
  HAPPENED_MS,
  offered,
  onDuty,
  PLACE,
  policyOf,
  reached,
  registered,
  timedOut,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../support/scenario.ts'

/** A trip of call C-1 that was cancelled while it was pending. */
const alsoCancelled = (tripId: string): DomainEvent => ({ ...cancelled(tripId, null), callId: 'C-1' }) as DomainEvent
const LATER_MS = HAPPENED_MS + 60_000
const tripsOf = (world: World) => world.call('C-1').tripIds.map(tripId => world.trip(tripId))
const amend = (changes: Omit<AmendCall, 'type' | 'callId'>) => (world: World) =>
  amendCall(world.call('C-1'), tripsOf(world), { type: 'amend-call', callId: 'C-1', ...changes })
const cancel = (world: World) =>
  cancelCall(world.call('C-1'), tripsOf(world), { type: 'cancel-call', callId: 'C-1', reason: 'caller-cancelled' })
const assign = (unitId: string) => (world: World) =>
  overrideAssignment(world.trip('T-1'), unitId, 'closer-unit', 'dana')
const withdraw = (world: World) =>
  withdrawUnit(world.trip('T-1'), { type: 'withdraw-unit', tripId: 'T-1', reason: 'vehicle-fault' })
const says = (phase: ReportPhase['phase']) => (world: World) => {
  const command: ReportPhase = { type: 'report-phase', tripId: 'T-1', phase, happenedAtMs: LATER_MS }
  return reportByRadio(world.trip('T-1'), command)
}
const isDone = (world: World) => {
  const command = { type: 'close-trip', tripId: 'T-1', disposition: 'refused', happenedAtMs: LATER_MS } as const
  return reportByRadio(world.trip('T-1'), command satisfies CloseTrip)
}
const set = (status: SetUnitStatus['status']) => (world: World) => {
  const reason = status === 'unavailable' ? 'breakdown' : null
  const command: SetUnitStatus = { type: 'set-unit-status', unitId: 'A1', status, reason, happenedAtMs: LATER_MS }
  return setUnitStatus(world.driver('A1'), command, false)
}

describe('amending a call', () => {
  test('a new place and priority are those of its open trips, too, and change their order in the queue', () => {
    const { when } = given(called(['T-1', 'T-2']), [alsoCancelled('T-2')], called(['T-3'], 'C-3', 2))
    const after = when(amend({ lonDeg: 175, latDeg: -37, priority: 3 })).thenEvents({
      type: 'CallAmended',
      callId: 'C-1',
      lonDeg: 175,
      latDeg: -37,
      priority: 3,
      problem: '9-E-1',
      tripIds: ['T-1'],
      detailsReplaced: false,
    })
    for (const state of [after.call('C-1'), after.trip('T-1')]) {
      assert.deepEqual([state.lonDeg, state.latDeg, state.priority], [175, -37, 3])
      assert.equal(state.version, after.position)
    }
    assert.deepEqual([after.trip('T-2').lonDeg, after.trip('T-2').priority], [PLACE.lonDeg, 1])
    const queue = new WaitingTrips().among([after.trip('T-1'), after.trip('T-3')], false, policyOf('ordered'), 0)
    assert.deepEqual(
      queue.map(({ tripId }) => tripId),
      ['T-3', 'T-1'],
    )
  })

  test('what is not named stays, a problem can be taken away, and the response clock is not touched', () => {
    const after = given(...untilAssigned())
      .when(amend({ problem: null }))
      .thenEvents({ type: 'CallAmended', problem: null })
    assert.deepEqual([after.call('C-1').problem, after.call('C-1').priority], [null, 1])
    assert.equal(after.trip('T-1').phase, 'assigned')
    assert.equal(after.trip('T-1').receivedAtMs, after.call('C-1').receivedAtMs)
  })

  test('personal data stands in no event, and its replacement is told even when nothing else changes', () => {
    const details = { callerName: 'the caller', phone: '021 555', address: '1 Queen St', notes: null }
    for (const given_ of [details, null]) {
      const after = given(called(['T-1'])).when(amend({ details: given_ }))
      const world = after.thenEvents({ type: 'CallAmended', detailsReplaced: true })
      assert.ok(!JSON.stringify(world.states()).includes('Queen'))
    }
  })

  test('nothing happens when nothing changes', () => {
    given(called(['T-1']))
      .when(amend({ ...PLACE }))
      .thenEvents()
  })

  test('who says how urgent it is has triaged it, also where that is what it was', () => {
    const after = given(called(['T-1']))
      .when(amend({ priority: 1 }))
      .thenEvents({ type: 'CallAmended', priority: 1, triaged: true })
    assert.equal(after.trip('T-1').triagedAtMs, after.nowMs)
  })

  test('a call that has ended is not amended, nor cancelled again', () => {
    const end = given(called(['T-1']))
      .when(cancel)
      .thenEvents({ type: 'TripCancelled' })
    assert.equal(end.trip('T-1').phase, 'cancelled')
    const callEnded = [{ type: 'CallCancelled', v: 1, entity: 'call/C-1', callId: 'C-1' } as const]
    given(called(['T-1']), [cancelled('T-1', null)], callEnded)
      .when(amend({ priority: 2 }))
      .thenRefused('wrong-phase')
    given(called(['T-1']), [cancelled('T-1', null)], callEnded)
      .when(cancel)
      .thenRefused('wrong-phase')
  })
})

describe('cancelling a call', () => {
  test('every trip that has not ended is cancelled, and its unit is free', () => {
    const after = given(
      onDuty('A1'),
      called(['T-1', 'T-2', 'T-3'], 'C-1'),
      [offered('T-1', 'A1', 'O-1', 'ordered')],
      [alsoCancelled('T-3')],
    )
      .when(cancel)
      .thenEvents(
        { type: 'TripCancelled', tripId: 'T-1', unitId: 'A1', inPhase: 'offered', reason: 'caller-cancelled' },
        { type: 'TripCancelled', tripId: 'T-2', unitId: null, inPhase: 'pending', cause: 'dispatcher' },
      )
    assert.equal(after.driver('A1').status, 'available')
  })
})

describe('choosing a unit', () => {
  test('a pending trip is taken out of the queue for the unit, and its order binds that one', () => {
    const after = given(onDuty('A1'), called(['T-1']))
      .when(assign('A1'))
      .thenEvents({
        type: 'AssignmentOverridden',
        unitId: 'A1',
        fromUnitId: null,
        inPhase: 'pending',
        reason: 'closer-unit',
      })
    assert.equal(after.trip('T-1').insistedUnitId, 'A1')
    after.record([offered('T-1', 'A1', 'O-9', 'ordered')])
    assert.deepEqual([after.trip('T-1').unitId, after.trip('T-1').phase], ['A1', 'offered'])
    assert.equal(after.trip('T-1').insistedUnitId, 'A1')
  })

  for (const mode of DISPATCH_MODES) {
    test(`a trip leaves the unit that was asked (${mode}) or works on it, which is free or stands down`, () => {
      for (const [history, left] of [
        [untilOffered(mode), 'available'],
        [untilAssigned(mode), 'available'],
        [[...untilAssigned(mode), [reached('T-1', 'A1', 'on-scene')]], 'standing-down'],
      ] as const) {
        const after = given(...history, onDuty('A2'))
          .when(assign('A2'))
          .thenEvents({ type: 'AssignmentOverridden', unitId: 'A2', fromUnitId: 'A1' })
        assert.deepEqual([after.driver('A1').status, after.driver('A1').work], [left, null])
        assert.deepEqual([after.trip('T-1').phase, after.trip('T-1').unitId], ['pending', null])
        after.record([offered('T-1', 'A2', 'O-9', 'ordered')])
        assert.deepEqual([after.trip('T-1').unitId, isBound(after.driver('A2'))], ['A2', true])
        assert.deepEqual(
          Object.keys(after.trip('T-1').times),
          ['pending', 'offered'],
          'the times are those of the new unit',
        )
        assert.deepEqual(after.trip('T-1').asked, ['A1', 'A2'])
      }
    })
  }

  test('a unit that has the trip already keeps it; an offer to it becomes an order', () => {
    given(...untilAssigned())
      .when(assign('A1'))
      .thenEvents()
    given(...untilOffered('ordered'))
      .when(assign('A1'))
      .thenEvents()
    const after = given(...untilOffered('offered'))
      .when(assign('A1'))
      .thenEvents({ type: 'AssignmentOverridden', unitId: 'A1', fromUnitId: 'A1' })
    after.record([offered('T-1', 'A1', 'O-9', 'ordered')])
    assert.equal(after.trip('T-1').unitId, 'A1')
    assert.deepEqual(after.trip('T-1').asked, ['A1'])
  })

  test('a trip with a patient on board, or that has ended, is not given to another', () => {
    given(...untilAssigned(), [reached('T-1', 'A1', 'transporting')])
      .when(assign('A2'))
      .thenRefused('wrong-phase')
    given(...untilAssigned(), [closed('T-1', 'A1')])
      .when(assign('A2'))
      .thenRefused('wrong-phase')
    given(called(['T-1']), [cancelled('T-1', null)])
      .when(assign('A2'))
      .thenRefused('wrong-phase')
  })

  test('a unit without crew, at rest or bound to another trip is not fit; one with an unanswered offer is', () => {
    const fitness = (...records: readonly DomainEvent[][]) => whyNotFit(given(...records).world.driver('A1'), 'T-1')
    assert.equal(fitness(onDuty('A1')), null)
    assert.equal(fitness([registered('A1')])?.code, 'unit-not-fit')
    assert.equal(fitness(onDuty('A1'), [unavailable('A1')])?.details?.status, 'unavailable')
    const other = [onDuty('A1'), called(['T-2'])]
    assert.equal(fitness(...other, [offered('T-2', 'A1', 'O-2', 'ordered')])?.details?.tripId, 'T-2')
    assert.equal(fitness(...other, [offered('T-2', 'A1', 'O-2', 'offered')]), null)
    assert.equal(fitness(...untilAssigned()), null, 'bound to this very trip')
  })

  test('an insistence ends with the order', () => {
    const overridden = given(onDuty('A1'), called(['T-1']))
      .when(assign('A1'))
      .thenEvents({ type: 'AssignmentOverridden' })
    overridden.record([offered('T-1', 'A1', 'O-9', 'ordered')]).record([timedOut('T-1', 'A1', 'O-9')])
    assert.equal(overridden.trip('T-1').insistedUnitId, null)
  })
})

describe('withdrawing a unit', () => {
  for (const mode of DISPATCH_MODES) {
    test(`the trip goes back to the queue, the unit is free and was asked in this round (${mode})`, () => {
      for (const history of [untilOffered(mode), untilAssigned(mode)]) {
        const after = given(...history)
          .when(withdraw)
          .thenEvents({ type: 'UnitWithdrawn', unitId: 'A1', reason: 'vehicle-fault' })
        const trip = after.trip('T-1')
        assert.deepEqual(
          [trip.phase, trip.unitId, trip.offer, trip.round, trip.asked],
          ['pending', null, null, 1, ['A1']],
        )
        assert.notEqual(trip.pendingSinceMs, null)
        assert.equal(after.driver('A1').status, 'available')
      }
    })
  }

  test('nobody is withdrawn from a trip that is pending, has a patient on board, or has ended', () => {
    given(called(['T-1']))
      .when(withdraw)
      .thenRefused('wrong-phase')
    for (const phase of ['transporting', 'at-destination', 'transferred'] as const) {
      given(...untilAssigned(), [reached('T-1', 'A1', phase)])
        .when(withdraw)
        .thenRefused('wrong-phase')
    }
    given(...untilAssigned(), [closed('T-1', 'A1')])
      .when(withdraw)
      .thenRefused('wrong-phase')
  })

  test('the log cannot say that a unit lost a trip that it did not have', () => {
    const { world } = given(...untilAssigned(), onDuty('A2'))
    const wrong = { v: 1, entity: 'trip/T-1', tripId: 'T-1', inPhase: 'assigned', reason: 'other' } as const
    assert.throws(() => world.record([{ type: 'UnitWithdrawn', ...wrong, unitId: 'A2' }]), BrokenInvariant)
    assert.throws(
      () => world.record([{ type: 'AssignmentOverridden', ...wrong, unitId: 'A2', fromUnitId: null }]),
      BrokenInvariant,
    )
  })
})

describe('speaking for a crew on the radio', () => {
  test('each phase is recorded with the dispatcher as its cause', () => {
    for (const phase of REPORTABLE_PHASES) {
      const after = given(...untilAssigned())
        .when(says(phase))
        .thenEvents({ type: 'TripPhaseReached', unitId: 'A1', phase, cause: 'dispatcher', happenedAtMs: LATER_MS })
      assert.equal(after.trip('T-1').times[phase], LATER_MS)
    }
  })

  for (const mode of DISPATCH_MODES) {
    test(`what a crew says of an unanswered trip also says that it took it, and nobody knows when (${mode})`, () => {
      const after = given(...untilOffered(mode))
        .when(says('en-route'))
        .thenEvents(
          { type: 'OfferAccepted', offerId: 'O-1', unitId: 'A1', cause: 'dispatcher', implied: true },
          { type: 'TripPhaseReached', phase: 'en-route', cause: 'dispatcher', missed: [] },
        )
      assert.equal(after.driver('A1').status, 'en-route')
      const { times, responses } = after.trip('T-1')
      assert.deepEqual([times.assigned, times['en-route']], [undefined, LATER_MS])
      assert.deepEqual(responses[0]!.times.acknowledged, { atMs: null, cause: 'dispatcher', why: 'implied' })
      given(...untilOffered(mode))
        .when(isDone)
        .thenEvents({ type: 'OfferAccepted' }, { type: 'TripClosed', disposition: 'refused', cause: 'dispatcher' })
    })
  }

  test('a trip moves forward only, also by radio; one that nobody has, or that has ended, does not move', () => {
    const behind = given(...untilAssigned(), [reached('T-1', 'A1', 'on-scene')])
      .when(says('en-route'))
      .thenEvents({ type: 'TripTimeNoted', time: 'en-route', cause: 'dispatcher' })
    assert.equal(behind.trip('T-1').phase, 'on-scene')
    given(called(['T-1']))
      .when(says('en-route'))
      .thenRefused('wrong-phase')
    given(...untilAssigned(), [closed('T-1', 'A1')])
      .when(says('on-scene'))
      .thenRefused('wrong-phase')
    given(called(['T-1']), [cancelled('T-1', null)])
      .when(isDone)
      .thenRefused('wrong-phase')
  })

  test("a unit's status is set with the dispatcher as its cause", () => {
    given(onDuty('A1'))
      .when(set('unavailable'))
      .thenEvents({ type: 'UnitBecameUnavailable', cause: 'dispatcher', reason: 'vehicle-fault' })
    given(onDuty('A1'), [unavailable('A1')])
      .when(set('available'))
      .thenEvents({ type: 'UnitBecameAvailable', cause: 'dispatcher' })
    given(onDuty('A1')).when(set('available')).thenEvents()
  })

  test('off duty signs the crew off, and is nothing new for a unit without one', () => {
    const after = given(onDuty('A1'))
      .when(set('off-duty'))
      .thenEvents({ type: 'CrewSignedOff', principal: 'crew of A1', cause: 'dispatcher', happenedAtMs: LATER_MS })
    assert.equal(after.driver('A1').status, 'off-duty')
    given(registered('A1')).when(set('off-duty')).thenEvents()
  })

  test('any other status signs a crew on by voice where there is none, but to no unit that was given up', () => {
    const on = { type: 'CrewSignedOn', principal: '-voice', cause: 'dispatcher', happenedAtMs: LATER_MS } as const
    given(registered('A1')).when(set('available')).thenEvents(on)
    const rests = { type: 'UnitBecameUnavailable', cause: 'dispatcher', reason: 'vehicle-fault' } as const
    given(registered('A1')).when(set('unavailable')).thenEvents(on, rests)
    const retired: DomainEvent = { type: 'UnitRetired', v: 1, entity: 'driver/A1', unitId: 'A1' }
    given(registered('A1'), [retired]).when(set('available')).thenRefused('unit-retired')
  })

  test('a bound unit keeps its status; an unanswered offer goes back to the desk', () => {
    for (const status of ['available', 'unavailable', 'off-duty'] as const) {
      given(...untilAssigned())
        .when(set(status))
        .thenRefused('unit-has-trip')
      given(...untilOffered('ordered'))
        .when(set(status))
        .thenRefused('unit-has-trip')
    }
    given(...untilOffered('offered'))
      .when(set('off-duty'))
      .thenEvents({ type: 'OfferRevoked', reason: 'crew-signed-off' }, { type: 'CrewSignedOff' })
  })
})
