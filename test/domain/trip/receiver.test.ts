/** Who has the patient of a crew that closed its trip as handed over to another unit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cancelCall, endedCall } from '../../../src/domain/call.ts'
import { accepted as decided } from '../../../src/domain/decision.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { nameReceiver, receiversOf } from '../../../src/domain/trip/receiver.ts'
import type { Disposition } from '../../../src/domain/vocabulary.ts'
import { given, on, type World } from '../../support/given-when-then.ts'
import * as scenario from '../../support/scenario.ts'

const HANDED_OVER: Disposition[] = ['transferred-to-other-unit', 'transported-by-other-unit']
const CALL = { callId: 'C-1' }

/** A call with so many trips, T-1 for unit A1 and so on, none of which has a unit. */
const call = (trips: 1 | 2 | 3) => {
  const numbers = [1, 2, 3].slice(0, trips)
  return given(...numbers.map(n => scenario.onDuty(`A${n}`)), scenario.called(numbers.map(n => `T-${n}`))).world
}
const taken = (n: number): DomainEvent[] => [
  scenario.offered(`T-${n}`, `A${n}`, `O-${n}`),
  scenario.accepted(`T-${n}`, `A${n}`, `O-${n}`),
]
const inPhase = (n: number, phase: Parameters<typeof scenario.reached>[2]) => [
  ...taken(n),
  scenario.reached(`T-${n}`, `A${n}`, phase),
]
const atScene = (n: number) => inPhase(n, 'on-scene')
const closed = (n: number, disposition: Disposition = 'transported') =>
  ({ ...scenario.closed(`T-${n}`, `A${n}`), ...CALL, disposition }) as DomainEvent
const handedOver = (n: number, disposition = HANDED_OVER[0]!) => closed(n, disposition)
const cancelled = (n: number, unitId: string | null) =>
  ({ ...scenario.cancelled(`T-${n}`, unitId), ...CALL }) as DomainEvent
const namedBy = (n: number, toTripId: string): DomainEvent => {
  const word = { tripId: `T-${n}`, ...CALL, toTripId, cause: 'dispatcher' } as const
  return { type: 'ReceiverNamed', v: 1, entity: `trip/T-${n}`, ...word }
}

const tripsOf = (world: World) => world.call('C-1').tripIds.map(id => world.trip(id))
const receivers = (world: World) => decided(...receiversOf(tripsOf(world)))
const end = (world: World) => decided(...endedCall(world.call('C-1'), tripsOf(world)))
const name = (tripId: string, toTripId: string | null) => (world: World) =>
  nameReceiver(world.trip(tripId), tripsOf(world), { type: 'name-receiver', tripId, toTripId })

describe('a trip that was closed as handed over to another unit', () => {
  for (const disposition of HANDED_OVER) {
    test(`as ${disposition} with no other unit keeps its call open, under an alarm of the class of the call`, () => {
      const after = on(call(1), atScene(1), handedOver(1, disposition))
        .when(receivers)
        .thenEvents({ type: 'TripAlarmRaised', alarm: 'receiver-unknown', unitId: 'A1', severity: 1 })
      on(after).when(end).thenEvents()
      // It is raised once.
      on(after).when(receivers).thenEvents()
    })
  }

  test('of any other disposition lacks nobody, and its call ends', () => {
    const after = on(call(1), atScene(1), closed(1)).when(receivers).thenEvents()
    on(after).when(end).thenEvents({ type: 'CallClosed' })
  })

  test('names the one trip whose unit is at the scene or carries, without anybody asked', () => {
    for (const phase of ['on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred'] as const) {
      const after = on(call(3), atScene(1), inPhase(2, phase), taken(3), handedOver(1))
        .when(receivers)
        .thenEvents({ type: 'ReceiverNamed', tripId: 'T-1', toTripId: 'T-2', cause: 'system' })
      assert.equal(after.trip('T-1').handedTo, 'T-2')
      on(after).when(receivers).thenEvents()
    }
  })

  test('names the one trip that was closed as transported', () => {
    on(call(2), atScene(1), atScene(2), closed(2), handedOver(1))
      .when(receivers)
      .thenEvents({ type: 'ReceiverNamed', toTripId: 'T-2' })
  })

  test('with two that can have the patient, or one that is still on its way, is for a person to say', () => {
    const two = on(call(3), atScene(2), atScene(3))
    const underWay = on(call(2), inPhase(2, 'en-route'))
    for (const { world } of [two, underWay]) {
      on(world, atScene(1), handedOver(1))
        .when(receivers)
        .thenEvents({ type: 'TripAlarmRaised', tripId: 'T-1', alarm: 'receiver-unknown' })
    }
  })

  test('gets its receiver once the other crew is at the scene, and the cause of its alarm is gone', () => {
    const alarmed = on(call(2), atScene(1), taken(2), handedOver(1))
      .when(receivers)
      .thenEvents({ type: 'TripAlarmRaised' })
    const after = on(alarmed, scenario.reached('T-2', 'A2', 'on-scene'))
      .when(receivers)
      .thenEvents({ type: 'ReceiverNamed', tripId: 'T-1', toTripId: 'T-2' })
    assert.deepEqual(after.trip('T-1').alarms, [])
    assert.equal(after.trip('T-1').openAlarms[0]!.goneAtMs, after.nowMs)
  })

  test('alarms again when its receiver is cancelled', () => {
    on(call(2), atScene(1), atScene(2), handedOver(1), namedBy(1, 'T-2'), cancelled(2, 'A2'))
      .when(receivers)
      .thenEvents({ type: 'TripAlarmRaised', tripId: 'T-1', alarm: 'receiver-unknown' })
  })

  test('alarms again when its receiver loses its unit, or closes without having met a patient', () => {
    const named = [atScene(1), atScene(2), handedOver(1), namedBy(1, 'T-2')]
    const lost = [[scenario.withdrawn('T-2', 'A2')], [closed(2, 'no-patient-contact')], [closed(2, 'assist')]]
    for (const end of lost) {
      on(call(2), ...named, ...end)
        .when(receivers)
        .thenEvents({ type: 'TripAlarmRaised', tripId: 'T-1', alarm: 'receiver-unknown' })
    }
    const alarmed = on(call(2), ...named, scenario.withdrawn('T-2', 'A2')).when(receivers)
    const again = [scenario.offered('T-2', 'B1', 'O-9'), scenario.accepted('T-2', 'B1', 'O-9')]
    const there = scenario.reached('T-2', 'B1', 'on-scene')
    const after = alarmed.thenEvents({ type: 'TripAlarmRaised' })
    on(after, scenario.onDuty('B1'), ...again)
      .when(receivers)
      .thenEvents()
    on(after, there).when(receivers).thenEvents({ type: 'ReceiverNamed', tripId: 'T-1', toTripId: 'T-2' })
    for (const end of ['transported', 'refused-care', 'treated-on-scene'] as const) {
      on(call(2), ...named, closed(2, end))
        .when(receivers)
        .thenEvents()
    }
  })

  test('of two crews that each say that the other has the patient, one alarms', () => {
    const after = on(call(2), atScene(1), atScene(2), handedOver(1))
      .when(receivers)
      .thenEvents({ type: 'ReceiverNamed', tripId: 'T-1', toTripId: 'T-2' })
    on(after, handedOver(2))
      .when(receivers)
      .thenEvents({ type: 'TripAlarmRaised', tripId: 'T-2', alarm: 'receiver-unknown' })
  })
})

describe('the receiver that a dispatcher names', () => {
  const open = () => on(call(2), atScene(1), handedOver(1)).when(receivers).thenEvents({ type: 'TripAlarmRaised' })

  test('is a trip of the call that has a unit, also one that is on its way', () => {
    const after = on(open(), taken(2))
      .when(name('T-1', 'T-2'))
      .thenEvents({ type: 'ReceiverNamed', toTripId: 'T-2', cause: 'dispatcher' })
    assert.deepEqual(after.trip('T-1').alarms, [])
    on(after).when(name('T-1', 'T-2')).thenEvents()
  })

  test('is nobody of this region where null is said; then the call ends with its last trip', () => {
    const after = on(open(), cancelled(2, null))
      .when(name('T-1', null))
      .thenEvents({ type: 'ReceiverNamed', toTripId: null, cause: 'dispatcher' })
    on(after).when(name('T-1', null)).thenEvents()
    on(after).when(end).thenEvents({ type: 'CallClosed' })
  })

  test('is no trip without a unit, of another call, itself, or one that has the patient from it', () => {
    for (const tripId of ['T-2', 'T-9', 'T-1']) on(open()).when(name('T-1', tripId)).thenRefused('invalid-field')
    on(open(), atScene(2), handedOver(2), namedBy(2, 'T-1')).when(name('T-1', 'T-2')).thenRefused('invalid-field')
  })

  test('is of a trip that was handed over, and of no other', () => {
    on(call(1), atScene(1)).when(name('T-1', null)).thenRefused('wrong-phase')
    on(call(1), atScene(1), closed(1)).when(name('T-1', null)).thenRefused('wrong-phase')
  })

  test('is what a call waits for that somebody cancels whose trips have all ended', () => {
    on(open(), cancelled(2, null))
      .when(world => cancelCall(world.call('C-1'), tripsOf(world), { type: 'cancel-call', ...CALL, reason: 'other' }))
      .thenRefused('wrong-phase')
  })
})
