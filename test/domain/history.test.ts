/** Properties of any history that the deciders allow: states stay consistent, and replay gives them back. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { alarmView, NO_TEXTS, tripView, unitView } from '../../src/actors/region/views.ts'
import type { BoardSnapshot } from '../../src/client/index.ts'
import { KeptBoard } from '../../src/client/kept-board.ts'
import { acknowledgeAlarm, alarmEscalated, alarmLapsed, shelveAlarm } from '../../src/domain/alarms.ts'
import { addNeed, amendCall, cancelCall, endedCall, enterCall } from '../../src/domain/call.ts'
import { accepted, type Decision } from '../../src/domain/decision.ts'
import { alarmRaised } from '../../src/domain/dispatch/alarms.ts'
import { declineOffer } from '../../src/domain/dispatch/given-back.ts'
import { offerMade, offerTimedOut } from '../../src/domain/dispatch/offers.ts'
import { divertedByHand, whyNotFit } from '../../src/domain/dispatch/override.ts'
import { tripKey } from '../../src/domain/entity.ts'
import { TRIP_ALARMS } from '../../src/domain/events/alarm-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { CallId } from '../../src/domain/ids.ts'
import { incidentNoOf } from '../../src/domain/incident-no.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { retireUnit } from '../../src/domain/retire.ts'
import { correctTime } from '../../src/domain/trip/correction.ts'
import { nameReceiver, receiversOf } from '../../src/domain/trip/receiver.ts'
import { untoldOffer } from '../../src/domain/trip/response.ts'
import { isEnded, isWaiting, type TripState, unitOf } from '../../src/domain/trip/trip.ts'
import { cancelTrip, holdTrip, overrideAssignment, resumeTrip, withdrawUnit } from '../../src/domain/trip/trip-desk.ts'
import { evolveTrip } from '../../src/domain/trip/trip-fold.ts'
import { closeTrip, reportByRadio, reportPhase } from '../../src/domain/trip/trip-work.ts'
import { setStatus, setUnitStatus, signOff, signOn } from '../../src/domain/unit/crew-duty.ts'
import { type DriverState, dispatchabilityOf, isBound } from '../../src/domain/unit/driver.ts'
import { acceptOffer, revokedOffer } from '../../src/domain/unit/offer-answers.ts'
import {
  CANCEL_REASONS,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  MARKS,
  REPORTABLE_PHASES,
  RESPONSE_TIMES,
} from '../../src/domain/vocabulary.ts'
import { tripOnWire, unitOnWire } from '../../src/protocol/encode.ts'
import type { AlarmView } from '../../src/protocol/wire/situation-views.ts'
import { DOCUMENT } from '../protocol/document.ts'
import { BoardReader, type BoardUnit } from '../support/board-reader.ts'
import { World } from '../support/given-when-then.ts'
import { BLS, PLACE, policyOf, registered } from '../support/scenario.ts'

const UNITS = ['A1', 'A2', 'A3']
const MAX_CALLS = 4

/** Something that somebody tries; whether it is allowed is for the deciders to say. */
const step = fc.record({
  kind: fc.constantFrom(
    'sign-on',
    'sign-on',
    'sign-off',
    'rest',
    'ready',
    'call',
    'offer',
    'offer',
    'offer',
    'accept',
    'accept',
    'decline',
    'time-out',
    'revoke',
    'alarm',
    'press',
    'press',
    'press',
    'press',
    'close',
    'cancel',
    'hole',
    'import',
    'retire',
    'amend-call',
    'cancel-call',
    'assign',
    'assign',
    'withdraw',
    'hold',
    'divert',
    'add-need',
    'desk-status',
    'radio',
    'notice',
    'correct',
    'alarm-answer',
    'alarm-answer',
    'receiver',
  ),
  unit: fc.constantFrom(...UNITS),
  trip: fc.nat(2 * MAX_CALLS - 1),
  crew: fc.constantFrom('paula', 'quentin'),
  mode: fc.constantFrom(...DISPATCH_MODES),
  phase: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...REPORTABLE_PHASES) },
    { weight: 1, arbitrary: fc.constantFrom(...MARKS) },
  ),
  disposition: fc.constantFrom(...DISPOSITIONS),
  reason: fc.constantFrom(...CANCEL_REASONS),
  alarm: fc.constantFrom(...TRIP_ALARMS),
  backMs: fc.integer({ min: 0, max: 90_000 }),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

interface Record {
  readonly events: readonly DomainEvent[]
  readonly recordedAtMs: number
}

/** Runs the steps, keeps the records that came of them, and looks at the world after each. */
function history(steps: readonly Step[], look: (world: World) => void = () => {}): Record[] {
  const world = new World()
  const records: Record[] = []
  const take = (events: readonly DomainEvent[]) => {
    if (events.length === 0) return
    world.record(events)
    records.push({ events, recordedAtMs: world.nowMs })
    look(world)
  }
  take(UNITS.map(registered))
  for (const [i, each] of steps.entries()) {
    const decision = decide(world, each, i)
    if (decision.ok) take(decision.events)
  }
  return records
}

function decide(world: World, step: Step, i: number): Decision {
  const driver = world.driver(step.unit)
  const happenedAtMs = world.nowMs - step.backMs
  const trip = [...world.trips.values()][step.trip]
  switch (step.kind) {
    case 'sign-on':
      return signOn(driver, { type: 'sign-on', happenedAtMs }, step.crew, undefined)
    case 'sign-off':
      return signOff(driver, { type: 'sign-off', happenedAtMs })
    case 'rest':
      return setStatus(driver, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs })
    case 'ready':
      return setStatus(driver, { type: 'set-status', status: 'available', reason: null, happenedAtMs })
    case 'call': {
      if (world.calls.size === MAX_CALLS) return accepted()
      const needs = step.trip % 2 === 0 ? [BLS] : [BLS, BLS]
      const call = { ...PLACE, priority: 2, problem: null, needs, receivedAtMs: happenedAtMs, details: null } as const
      return accepted(
        ...enterCall(
          { type: 'enter-call', ...call },
          `C-${i}`,
          needs.map((_, n) => `T-${i}-${n}`),
          world.nowMs,
          incidentNoOf({ year: 2023, number: i + 1 }),
        ),
      )
    }
    case 'offer': {
      const pending = [...world.trips.values()].find(isWaiting)
      if (pending === undefined || driver.status !== 'available') return accepted()
      const round = pending.asked.includes(step.unit) ? pending.round + 1 : pending.round
      const seen = { basis: 'straight-line', candidates: [], excluded: { busy: 1 } } as const
      const asked = { unitId: step.unit, offerId: `O-${i}`, round, isByVoice: i % 5 === 0 }
      return accepted(...offerMade(pending, asked, seen, policyOf(step.mode), world.nowMs))
    }
    case 'accept': {
      const held = driver.work === null ? undefined : world.trips.get(driver.work.tripId)
      return acceptOffer(driver, held, driver.work?.offerId ?? 'O-none', { happenedAtMs })
    }
    case 'decline':
      return declineOffer(
        driver,
        {
          type: 'decline-offer',
          offerId: driver.work?.offerId ?? 'O-none',
          reason: DECLINE_REASONS[step.trip % DECLINE_REASONS.length]!,
        },
        world.nowMs,
      )
    case 'time-out':
      return accepted(...(trip === undefined ? [] : offerTimedOut(trip, world.drivers.get(trip.offer?.unitId ?? ''))))
    case 'revoke':
      return accepted(...revokedOffer(driver, 'position-lost'))
    case 'alarm':
      return accepted(...(trip === undefined || isEnded(trip) ? [] : alarmRaised(trip, step.alarm, trip.unitId)))
    case 'hole': {
      const hole = { unitId: step.unit, streamId: `${step.trip}`, fromSeq: 1, toSeq: i + 1 }
      return accepted({ type: 'FixHoleRecorded', v: 1, entity: `driver/${step.unit}`, ...hole })
    }
    case 'import':
      return accepted({ ...registered(step.unit), callSign: `Medic ${i}` } as DomainEvent)
    case 'amend-call':
    case 'cancel-call': {
      const call = [...world.calls.values()][step.trip % MAX_CALLS]
      if (call === undefined) return accepted()
      const { callId } = call
      const trips = call.tripIds.map(id => world.trip(id))
      if (step.kind === 'amend-call') {
        const priority = ((i % 5) + 1) as 1 | 2 | 3 | 4 | 5
        return amendCall(call, trips, { type: 'amend-call', callId, priority, lonDeg: i / 10, latDeg: -i / 10 })
      }
      const decision = cancelCall(call, trips, { type: 'cancel-call', callId, reason: step.reason })
      return withCallStep(world, callId, decision)
    }
    case 'assign': {
      if (trip === undefined || whyNotFit(driver, trip.tripId) !== null) return accepted()
      const decision = overrideAssignment(trip, step.unit, 'closer-unit', step.crew)
      if (!decision.ok || decision.events.length === 0) return decision
      const seen = { basis: 'straight-line', candidates: [], excluded: {} } as const
      const asked = { unitId: step.unit, offerId: `O-${i}`, round: trip.round, isByVoice: false }
      const order = offerMade(trip, asked, seen, policyOf('ordered'), world.nowMs)
      const yielded = driver.work?.tripId === trip.tripId ? [] : revokedOffer(driver, 'overridden')
      return accepted(...yielded, ...decision.events, ...order)
    }
    case 'withdraw':
      if (trip === undefined) return accepted()
      return withdrawUnit(trip, { type: 'withdraw-unit', tripId: trip.tripId, reason: 'other' })
    case 'receiver': {
      const lacking = [...world.trips.values()].find(each => isEnded(each) && each.alarms.length > 0) ?? trip
      if (lacking === undefined) return accepted()
      const { tripId, callId } = lacking
      const trips = world.call(callId).tripIds.map(id => world.trip(id))
      const other = trips[i % trips.length]!.tripId
      const toTripId = i % 3 === 0 || other === tripId ? null : other
      const decision = nameReceiver(lacking, trips, { type: 'name-receiver', tripId, toTripId })
      return withCallStep(world, callId, decision)
    }
    case 'hold':
      if (trip === undefined) return accepted()
      return trip.onHold === undefined ? holdTrip(trip, step.crew) : resumeTrip(trip)
    case 'divert': {
      const to = [...world.trips.values()][step.trip]
      if (trip === undefined || to === undefined || to === trip) return accepted()
      const unitOfTrip = (of: TripState) => world.drivers.get(unitOf(of) ?? '') ?? null
      const [unit, former] = [unitOfTrip(trip), unitOfTrip(to)]
      const decision = divertedByHand(trip, to, former, unit, 'other', step.crew, false, world.nowMs)
      if (!decision.ok) return decision
      const seen = { basis: 'straight-line', candidates: [], excluded: {} } as const
      const asked = { unitId: unit!.unitId, offerId: `O-${i}`, round: to.round, isByVoice: false }
      return accepted(...decision.events, ...offerMade(to, asked, seen, policyOf('ordered'), world.nowMs))
    }
    case 'add-need': {
      const call = trip === undefined ? undefined : world.call(trip.callId)
      if (call === undefined || call.tripIds.length > 4) return accepted()
      return addNeed(call, { type: 'add-need', callId: call.callId, need: BLS }, `T-${i}+`)
    }
    case 'desk-status': {
      const status = (['available', 'unavailable', 'off-duty'] as const)[i % 3]!
      const reason = status === 'unavailable' ? 'other' : null
      return setUnitStatus(driver, { type: 'set-unit-status', unitId: step.unit, status, reason, happenedAtMs }, false)
    }
    case 'radio': {
      if (trip === undefined) return accepted()
      const { tripId } = trip
      return reportByRadio(trip, { type: 'report-phase', tripId, phase: step.phase, happenedAtMs })
    }
    case 'correct': {
      if (trip === undefined) return accepted()
      const time = RESPONSE_TIMES[i % RESPONSE_TIMES.length]!
      const newAtMs = i % 3 === 0 ? null : happenedAtMs
      const correction = { tripId: trip.tripId, unitId: step.unit, time, newAtMs, reason: 'radio-log' } as const
      return correctTime(trip, { type: 'correct-time', ...correction }, world.nowMs)
    }
    case 'notice': {
      if (trip === undefined) return accepted()
      const { tripId, callId } = trip
      const told = untoldOffer(trip)
      if (told === undefined) return accepted()
      const { offerId, unitId } = told
      const notifiedAtMs = i % 5 === 0 ? null : happenedAtMs
      const notified = { tripId, callId, offerId, unitId, notifiedAtMs }
      return accepted({ type: 'UnitNotified', v: 1, entity: `trip/${tripId}`, ...notified })
    }
    case 'alarm-answer': {
      const alarmed = [...world.trips.values(), ...world.drivers.values()].filter(each => each.openAlarms?.length)
      const subject = alarmed[i % alarmed.length]
      if (subject === undefined) return accepted()
      const openAlarms = subject.openAlarms!
      const ofAlarm = 'tripId' in subject ? { tripId: subject.tripId } : { unitId: subject.unitId }
      const { alarmId } = openAlarms[step.trip % openAlarms.length]!
      const kind = (['acknowledge', 'acknowledge', 'shelve', 'escalate', 'lapse'] as const)[i % 5]!
      if (kind === 'acknowledge') {
        return acknowledgeAlarm(openAlarms, { type: 'acknowledge-alarm', ...ofAlarm, alarmId }, step.crew)
      }
      if (kind === 'shelve') {
        const command = { type: 'shelve-alarm', ...ofAlarm, alarmId, forMs: step.backMs } as const
        return shelveAlarm(openAlarms, command, step.crew, DEFAULT_POLICY)
      }
      return accepted(kind === 'escalate' ? alarmEscalated(alarmId) : alarmLapsed(alarmId))
    }
    case 'retire':
      return accepted(...retireUnit(driver, happenedAtMs))
    default: {
      // Mostly the crew's own trip, sometimes another's.
      const own = step.kind === 'cancel' || step.trip === 0 ? undefined : world.trips.get(driver.work?.tripId ?? '')
      const meant = own ?? trip
      return meant === undefined ? accepted() : decideOnTrip(world, step, meant, happenedAtMs)
    }
  }
}

/** A trip's end, with its call's, as one turn records it. */
function decideOnTrip(world: World, step: Step, trip: TripState, happenedAtMs: number): Decision {
  const { tripId } = trip
  if (step.kind === 'press') {
    return reportPhase(trip, step.unit, { type: 'report-phase', tripId, phase: step.phase, happenedAtMs })
  }
  const decision =
    step.kind === 'close'
      ? closeTrip(trip, step.unit, { type: 'close-trip', tripId, disposition: step.disposition, happenedAtMs })
      : cancelTrip(trip, { type: 'cancel-trip', tripId, reason: step.reason })
  return withCallStep(world, trip.callId, decision)
}

/** What a step of its trips means for the call, as one turn records it. */
function withCallStep(world: World, callId: CallId, decision: Decision): Decision {
  if (!decision.ok) return decision
  const call = world.call(callId)
  const meta = { position: world.position + 1, recordedAtMs: world.nowMs }
  const after = (events: readonly DomainEvent[]) => (trip: TripState) =>
    events
      .filter(({ entity }) => entity === tripKey(trip.tripId))
      .reduce((state, each) => evolveTrip(state, each, meta), trip)
  const trips = call.tripIds.map(id => world.trip(id)).map(after(decision.events))
  const received = receiversOf(trips)
  return accepted(...decision.events, ...received, ...endedCall(call, trips.map(after(received))))
}

const MET_NOBODY: readonly string[] = [
  ...['no-patient-found', 'cancelled-on-scene', 'no-patient-contact', 'non-patient', 'assist'],
]

function assertConsistent(world: World): void {
  const drivers = [...world.drivers.values()]
  const holders = (trip: TripState) => drivers.filter(driver => driver.work?.tripId === trip.tripId)
  for (const trip of world.trips.values()) {
    const [holder, ...others] = holders(trip)
    assert.equal(others.length, 0, `${trip.tripId} is on two units`)
    if (isEnded(trip)) assert.equal(holder, undefined, `${trip.tripId} has ended and is still on a unit`)
    else if (trip.phase === 'pending') {
      assert.deepEqual([holder, trip.unitId, trip.offer], [undefined, null, null])
      assert.notEqual(trip.pendingSinceMs, null)
    } else if (trip.phase === 'offered') {
      assert.equal(trip.offer!.unitId, holder?.unitId)
      assert.equal(trip.offer!.offerId, holder?.work?.offerId)
      assert.equal(trip.unitId, trip.offer!.mode === 'ordered' ? holder!.unitId : null)
      assert.ok(trip.asked.includes(holder!.unitId))
    } else assert.equal(trip.unitId, holder?.unitId, `${trip.tripId} is ${trip.phase} and its unit does not know`)
    assert.equal(new Set(trip.missed).size, trip.missed.length)
    for (const phase of trip.missed) assert.equal(trip.times[phase], undefined, `${phase} was missed and has a time`)
    assert.equal(new Set(trip.alarms).size, trip.alarms.length)
  }
  for (const driver of drivers) assertDriverConsistent(world, driver)
  for (const call of world.calls.values()) {
    const phases = call.tripIds.map(id => world.trip(id).phase)
    const trips = call.tripIds.map(id => world.trip(id))
    const hasNone = ({ phase, disposition }: TripState) =>
      phase === 'cancelled' || (disposition !== null && MET_NOBODY.includes(disposition))
    const isLacking = ({ disposition, handedTo }: TripState) =>
      (disposition === 'transferred-to-other-unit' || disposition === 'transported-by-other-unit') &&
      (handedTo === undefined || trips.some(other => other.tripId === handedTo && hasNone(other)))
    const expected =
      !trips.every(isEnded) || trips.some(isLacking) ? 'open' : phases.includes('closed') ? 'closed' : 'cancelled'
    assert.equal(call.state, expected)
  }
}

function assertDriverConsistent(world: World, driver: DriverState): void {
  const { work, crew, unavailableReason, standingDown, takenTrip, status } = driver
  if (work !== null) {
    const trip = world.trip(work.tripId)
    assert.notEqual(crew, null, 'a unit without a crew has work')
    assert.equal(work.phase, trip.phase)
    assert.equal(work.offerId === null, trip.phase !== 'offered')
    assert.equal(isBound(driver), trip.unitId === driver.unitId)
  } else {
    assert.equal(isBound(driver), false)
    const atRest = crew === null ? 'off-duty' : unavailableReason === null ? 'available' : 'unavailable'
    assert.equal(status, standingDown === undefined ? atRest : 'standing-down')
  }
  assert.equal(dispatchabilityOf(driver) === 'available', status === 'available' && takenTrip === undefined)
  if (status === 'available') assert.ok(crew !== null && work === null && unavailableReason === null)
}

const steps = fc.array(step, { maxLength: 120, size: 'max' })

function replayed(records: readonly Record[], into = new World()): World {
  for (const { events, recordedAtMs } of records) into.record(events, recordedAtMs)
  return into
}

test('drivers, trips and calls name each other after every record of any history', () => {
  fc.assert(
    fc.property(steps, given => void history(given, assertConsistent)),
    { numRuns: 300 },
  )
})

test('the generated histories reach every phase and every kind of event', () => {
  const seen = new Set<string>()
  for (const given of fc.sample(steps, { numRuns: 2_000, seed: 7 })) {
    for (const { events } of history(given)) {
      for (const event of events) seen.add(event.type === 'TripPhaseReached' ? event.phase : event.type)
    }
  }
  const types = [
    'UnitRegistered UnitRetired CrewSignedOn CrewSignedOff UnitBecameAvailable UnitBecameUnavailable UnitCleared UnitContacted FixHoleRecorded',
    'CallEntered',
    'CallCancelled CallClosed TripCreated OfferMade OfferAccepted OfferDeclined OfferTimedOut OfferRevoked',
    'TripAlarmRaised TripCancelled TripClosed CallAmended AssignmentOverridden UnitWithdrawn',
    'UnitNotified TripTimeNoted TripTimeCorrected ReceiverNamed AlarmAcknowledged AlarmShelved AlarmEscalated AlarmLapsed UnitAlarmRaised StandDownAcknowledged TripPutOnHold TripTakenOffHold NeedAdded',
  ].flatMap(line => line.split(' '))
  assert.deepEqual([...seen].sort(), [...types, ...REPORTABLE_PHASES].sort())
})

test('a snapshot plus the tail equals a full replay, wherever the snapshot was cut', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (given, n) => {
      const records = history(given)
      const cut = n % (records.length + 1)
      const snapshot = replayed(records.slice(0, cut))
      const copy = new World()
      // What a snapshot keeps is JSON.
      const { drivers, trips, calls } = JSON.parse(JSON.stringify(snapshot.states())) as ReturnType<World['states']>
      for (const [id, state] of Object.entries(drivers)) copy.drivers.set(id, state)
      for (const [id, state] of Object.entries(trips)) copy.trips.set(id, state)
      for (const [id, state] of Object.entries(calls)) copy.calls.set(id, state)
      copy.position = cut
      assert.deepEqual(replayed(records.slice(cut), copy).states(), replayed(records).states())
    }),
    { numRuns: 200 },
  )
})

/** What a snapshot of the board has of these states, but for what events do not tell. */
function boardOf(world: World) {
  const trips = [...world.trips.values()]
    .filter(trip => !isEnded(trip))
    .map(trip => {
      const { details: _, ...told } = tripOnWire(tripView(trip, world.call(trip.callId), NO_TEXTS))
      return told
    })
  const units = [...world.drivers.values()]
    .filter(driver => driver.retired !== true)
    .map(driver => {
      const nowhere = { disconnectedSinceMs: 0, fix: null, isFed: false, graceMs: 0, clockAheadMs: null }
      const {
        connected: _,
        fix: __,
        awaySinceMs: ___,
        reach: ____,
        ...told
      } = unitOnWire(unitView(driver, nowhere, world.nowMs, DEFAULT_POLICY))
      return told
    })
  const alarmed = [...world.trips.values(), ...world.drivers.values()]
  const alarms = alarmed.flatMap(({ openAlarms = [] }) => openAlarms.map(alarmView))
  return { trips, units, alarms }
}

test('[BD-3] a board that is carried on by the table of events equals a new snapshot, wherever it began', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (given, n) => {
      const records = history(given)
      const cut = n % records.length
      const { trips, units, alarms } = boardOf(replayed(records.slice(0, cut)))
      const board = new BoardReader(trips, units, alarms)
      for (const [i, { events, recordedAtMs }] of records.slice(cut).entries()) {
        board.read(events, recordedAtMs, cut + i + 1)
      }
      const now = boardOf(replayed(records))
      // Since when a unit is off duty that was given up and came back, a snapshot alone tells.
      const retired = new Set(
        records.flatMap(({ events }) => events.flatMap(e => (e.type === 'UnitRetired' ? [e.unitId] : []))),
      )
      const byId = (units: Iterable<BoardUnit>) =>
        Object.fromEntries(
          Array.from(units, unit => {
            const isUntold = unit.status === 'off-duty' && retired.has(unit.unitId)
            return [unit.unitId, isUntold ? { ...unit, statusSinceMs: null } : unit]
          }),
        )
      assert.deepEqual(Object.fromEntries(board.trips), Object.fromEntries(now.trips.map(trip => [trip.tripId, trip])))
      assert.deepEqual(byId(board.units.values()), byId(now.units))
      const byAlarm = (alarms: Iterable<AlarmView>) => new Map(Array.from(alarms, alarm => [alarm.alarmId, alarm]))
      assert.deepEqual(byAlarm(board.alarms.values()), byAlarm(now.alarms))
    }),
    { numRuns: 300 },
  )
})

test('the board that the client library keeps is the one that the engine would show', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (given, n) => {
      const records = history(given)
      const cut = n % records.length
      const then = boardOf(replayed(records.slice(0, cut)))
      const board = new KeptBoard()
      board.onSnapshot({ ...(then as unknown as BoardSnapshot), position: cut })
      for (const [i, { events, recordedAtMs }] of records.slice(cut).entries()) {
        board.onEvents({ position: cut + i + 1, recordedAtMs, events, by: null })
      }
      const now = boardOf(replayed(records))
      assert.deepEqual(keptOf(board.trips.values(), 'tripId'), keptOf(now.trips, 'tripId'))
      assert.deepEqual(keptOf(board.units.values(), 'unitId'), keptOf(now.units, 'unitId'))
      assert.deepEqual(keptOf(board.alarms.values(), 'alarmId'), keptOf(now.alarms, 'alarmId'))
    }),
    { numRuns: 300 },
  )
})

/** By id, without what no event tells: personal data, connections, doubts, and since when a retired unit is off duty. */
function keptOf(all: Iterable<object>, id: string): unknown {
  const untold = ['details', 'connected', 'awaySinceMs', 'reach', 'fix', 'implausible']
  const isUntold = (owner: { readonly [key: string]: unknown }, key: string) =>
    untold.includes(key) || (key === 'statusSinceMs' && owner.status === 'off-duty')
  const text = JSON.stringify([...all], function (this: { readonly [key: string]: unknown }, key, value) {
    return isUntold(this, key) ? undefined : value
  })
  const read = JSON.parse(text) as { readonly [key: string]: unknown }[]
  return Object.fromEntries(read.map(each => [each[id], each]))
}

test('events are plain data: their JSON folds into the same states', () => {
  fc.assert(
    fc.property(steps, given => {
      const records = history(given)
      const stored = JSON.parse(JSON.stringify(records)) as Record[]
      assert.deepEqual(replayed(stored).states(), replayed(records).states())
    }),
    { numRuns: 100 },
  )
})

/** The changes of status and phase that events of generated histories make, as `from to`. */
function stepsSeen(): { trips: Set<string>; units: Set<string> } {
  const seen = { trips: new Set<string>(), units: new Set<string>() }
  for (const given of fc.sample(steps, { seed: 7, numRuns: 6_000 })) {
    const world = new World()
    for (const { events, recordedAtMs } of history(given)) {
      world.position += 1
      for (const event of events) {
        const [trips, units] = [new Map(world.trips), new Map(world.drivers)]
        world.position -= 1
        world.record([event], recordedAtMs)
        if (event.type.endsWith('Released')) continue
        for (const [id, { phase }] of world.trips) {
          const before = trips.get(id)?.phase
          if (before !== undefined && before !== phase) seen.trips.add(`${before} ${phase}`)
        }
        for (const [id, { status }] of world.drivers) {
          const before = units.get(id)?.status
          if (before !== undefined && before !== status) seen.units.add(`${before} ${status}`)
        }
      }
    }
  }
  return seen
}

/**
 * The steps of the n-th state diagram of `docs/protocol/events.md`: those that are drawn, a group standing for each of its states, and
 * those that skip forward within the group.
 */
function stepsDrawn(n: number): { drawn: string[]; skipping: string[] } {
  const [, diagram] = [...DOCUMENT.matchAll(/```mermaid\n(.+?)```/gs)][n]!
  const [, group] = /state working \{(.+?)\}/s.exec(diagram!)!
  const arrows = (text: string) =>
    [...text.matchAll(/(\w+) --> (\w+)/g)].map(
      arrow => [arrow[1]!.replace('_', '-'), arrow[2]!.replace('_', '-')] as const,
    )
  const chain = arrows(group!)
  const working = [chain[0]![0], ...chain.map(([, to]) => to)]
  const drawn = arrows(diagram!).flatMap(([from, to]) =>
    (from === 'working' ? working : [from]).map(each => `${each} ${to}`),
  )
  return { drawn, skipping: working.flatMap((from, i) => working.slice(i + 2).map(to => `${from} ${to}`)) }
}

test('the state diagrams of the protocol are the steps that units and trips take', () => {
  const { trips, units } = stepsSeen()
  for (const [n, seen] of [trips, units].entries()) {
    const { drawn, skipping } = stepsDrawn(n)
    assert.deepEqual(
      drawn.filter(step => !seen.has(step)),
      [],
      'drawn, and never taken',
    )
    const known = new Set([...drawn, ...skipping])
    assert.deepEqual(
      [...seen].filter(step => !known.has(step)),
      [],
      'taken, and not drawn',
    )
  }
})
