/** Letting held actors go on: what each decides, and that the events alone make the state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallState, evolveCall } from '../../src/domain/call.ts'
import { driverKey, tripKey } from '../../src/domain/entity.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { releaseCall, releaseTrip, releaseUnit } from '../../src/domain/release.ts'
import type { TripState } from '../../src/domain/trip/trip.ts'
import { evolveTrip } from '../../src/domain/trip/trip-fold.ts'
import type { DriverState } from '../../src/domain/unit/driver.ts'
import { evolveDriver } from '../../src/domain/unit/driver-fold.ts'

const META = { position: 90, recordedAtMs: 9_000 }
const NEED = { levelOfCare: 'als', capabilities: [] } as const
const UNIT = { unitId: 'A1', callSign: 'Medic 1', levelOfCare: 'als', capabilities: [], homeStation: null } as const
const SITE = { lonDeg: 174, latDeg: -36, priority: 2, receivedAtMs: 1_000 } as const

const unit = (): DriverState =>
  evolveDriver(null, { type: 'UnitRegistered', v: 1, entity: driverKey('A1'), ...UNIT }, META)
const trip = (changes: Partial<TripState> = {}): TripState => ({
  ...evolveTrip(
    null,
    { type: 'TripCreated', v: 1, entity: tripKey('r.t'), tripId: 'r.t', callId: 'r.c', need: NEED, ...SITE },
    META,
  ),
  ...changes,
})
const call = (changes: Partial<CallState> = {}): CallState => ({
  ...{ callId: 'r.c', problem: null, needs: [NEED], tripIds: ['r.t'], state: 'open', version: 3, ...SITE },
  ...changes,
})
const only = (decision: ReturnType<typeof releaseUnit>): DomainEvent => {
  assert.ok(decision.ok)
  assert.equal(decision.events.length, 1)
  return decision.events[0]!
}

test('a unit begins off duty and without work, whatever it was', () => {
  const event = only(releaseUnit(unit(), [trip({ phase: 'closed', unitId: 'A1' })]))
  const busy = { ...unit(), crew: 'anna', status: 'assigned' as const, retired: true as const }
  const after = evolveDriver(busy, event, META)
  assert.deepEqual([after.status, after.crew, after.work, after.callSign], ['off-duty', null, null, 'Medic 1'])
  assert.equal(after.retired, true, 'the service gave it up')
  assert.deepEqual(evolveDriver(null, event, META), unit())
})

test('a unit is not released while a trip says that it has it: a person has to end that first', () => {
  const decision = releaseUnit(unit(), [trip({ phase: 'transporting', unitId: 'A1' })])
  assert.ok(!decision.ok)
  assert.deepEqual(
    [decision.refusal.code, decision.refusal.details],
    ['unit-has-trip', { unitId: 'A1', tripId: 'r.t' }],
  )
})

test('a trip begins anew in the queue, where its call is now, and frees the unit that works on it', () => {
  const held = trip({ phase: 'en-route', unitId: 'A1', round: 3, asked: ['A1'] })
  const worker: DriverState = {
    ...unit(),
    crew: 'anna',
    work: { tripId: 'r.t', offerId: null, mode: 'offered', phase: 'en-route' },
    status: 'en-route',
  }
  const event = only(releaseTrip(held, call({ latDeg: -37, priority: 1 }), worker, 'pending'))
  const after = evolveTrip(held, event, META)
  assert.deepEqual(after, trip({ latDeg: -37, priority: 1, enteredAtMs: held.receivedAtMs }))
  assert.deepEqual(evolveTrip(null, event, META), after)
  assert.equal(evolveDriver(worker, event, META).status, 'available')
})

test('a unit at the scene or with a patient on board stands down when its trip is released', () => {
  for (const phase of ['on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred'] as const) {
    const work = { tripId: 'r.t', offerId: null, mode: 'offered', phase } as const
    const worker: DriverState = { ...unit(), crew: 'anna', work, status: 'on-scene' }
    const event = only(releaseTrip(trip({ phase, unitId: 'A1' }), call(), worker, 'cancelled'))
    assert.equal(evolveDriver(worker, event, META).status, 'standing-down', phase)
  }
})

test('a trip that is released as cancelled is over, and one of an ended call can be nothing else', () => {
  const after = evolveTrip(null, only(releaseTrip(trip(), null, null, 'cancelled')), META)
  assert.deepEqual([after.phase, after.pendingSinceMs, after.times.cancelled], ['cancelled', null, 9_000])
  const ended = releaseTrip(trip(), call({ state: 'cancelled' }), null, 'pending')
  assert.ok(!ended.ok)
  assert.equal(ended.refusal.code, 'wrong-phase')
})

test('a call is open while it has a trip that is not known to be over', () => {
  const of = (...itsTrips: TripState[]) => evolveCall(null, only(releaseCall(call(), itsTrips)), META)
  assert.deepEqual(of(trip()), { ...call(), version: 90 })
  assert.equal(of().state, 'open')
  assert.equal(of(trip({ phase: 'closed' })).state, 'closed')
  assert.equal(of(trip({ phase: 'cancelled' })).state, 'cancelled')
})
