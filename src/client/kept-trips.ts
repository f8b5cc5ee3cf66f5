/** A trip of a board after an event, as `docs/protocol/events.md` says. */
import type { DomainEvent } from '../domain/events.ts'
import { type TripPhase, WORK_PHASES } from '../domain/vocabulary.ts'
import { toE7 } from '../protocol/fix-frame.ts'
import type { TripView } from '../protocol/wire/situation-views.ts'
import { tripAlarmsEndedBy } from './kept-alarms.ts'
import { shownResponsesAfter } from './kept-responses.ts'

type Change = Partial<TripView>

/** The trips that an event may change. */
export function tripsOfEvent(event: DomainEvent): readonly string[] {
  if (event.type === 'CallAmended') return event.tripIds
  if (event.type === 'UnitCleared') return [event.fromTripId]
  return 'tripId' in event && event.tripId !== undefined ? [event.tripId] : []
}

/** Input: the trip before the event, the position of its record, and when it was recorded. */
export function tripAfter(trip: TripView, event: DomainEvent, position: number, recordedAtMs: number): TripView {
  if (event.type === 'CallNotesRead') {
    const { unitId, by, noteNo } = event
    return { ...trip, notesRead: { unitId, by, noteNo, atMs: recordedAtMs } }
  }
  if (event.type === 'ReceiverNamed') return trip
  const responses = shownResponsesAfter(trip, event, recordedAtMs)
  return { ...trip, responses, ...changeOf(trip, event, recordedAtMs), ...alarmsAfter(trip, event), version: position }
}

function alarmsAfter({ alarms }: TripView, event: DomainEvent): Change {
  if (event.type === 'TripAlarmRaised')
    return { alarms: [...alarms.filter(alarm => alarm !== event.alarm), event.alarm] }
  if (event.type === 'CallAmended')
    return event.triaged === true ? { alarms: alarms.filter(alarm => alarm !== 'waiting-long') } : {}
  const ended = tripAlarmsEndedBy(event)
  return ended.length === 0 ? {} : { alarms: ended === 'all' ? [] : alarms.filter(alarm => !ended.includes(alarm)) }
}

function changeOf(trip: TripView, event: DomainEvent, recordedAtMs: number): Change {
  const { times } = trip
  switch (event.type) {
    case 'DestinationNamed':
      return { destination: destinationIn(event) }
    case 'CallAmended':
      return { ...placeIn(event), priority: event.priority, problem: event.problem }
    case 'TripPutOnHold':
      return { onHold: { why: event.why, by: event.by, sinceMs: recordedAtMs } }
    case 'TripTakenOffHold':
      return { onHold: null }
    case 'OfferMade': {
      const { tripId, offerId, unitId, mode, round, offeredAtMs, deadlineAtMs, byVoice, decision } = event
      const voice = byVoice === undefined ? {} : { byVoice }
      const offer = { offerId, tripId, unitId, mode, round, offeredAtMs, deadlineAtMs, ...voice }
      const bound = { unitId: mode === 'ordered' ? unitId : null, loss: decision.loss ?? null }
      return { ...bound, phase: 'offered', offer, round, onHold: null, times: { ...times, offered: offeredAtMs } }
    }
    case 'OfferAccepted': {
      const at = event.implied === true ? {} : { assigned: event.happenedAtMs }
      return { phase: 'assigned', offer: null, unitId: event.unitId, times: { ...times, ...at } }
    }
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
      return waiting(trip)
    case 'UnitWithdrawn':
    case 'AssignmentOverridden':
      return { ...waiting(trip), missed: [] }
    case 'TripPhaseReached': {
      const { phase, missed, happenedAtMs } = event
      return { phase, missed: [...trip.missed, ...missed], times: { ...times, [phase]: happenedAtMs } }
    }
    case 'TripTimeNoted':
      return noted(trip, event)
    case 'TripTimeCorrected':
      return corrected(trip, event)
    default:
      return {}
  }
}

const waiting = ({ times }: TripView): Change => ({
  ...{ phase: 'pending', unitId: null, offer: null, loss: null },
  times: times.pending === undefined ? {} : { pending: times.pending },
})

const ORDER: readonly string[] = WORK_PHASES

/** A phase that was passed without a time has one from then on, and a person's in the place of one of the wheels. */
function noted(
  trip: TripView,
  { unitId, time, happenedAtMs, cause }: Extract<DomainEvent, { type: 'TripTimeNoted' }>,
): Change {
  const phase = (time === 'left-scene' ? 'transporting' : time) as TripPhase
  const isPassed = ORDER.indexOf(phase) > 0 && ORDER.indexOf(phase) <= ORDER.indexOf(trip.phase)
  const known = trip.responses.findLast(response => response.unitId === unitId)?.times[time]
  const isOfWheels = known?.cause === 'geofence' && cause !== 'geofence'
  if (trip.unitId !== unitId || !isPassed || (trip.times[phase] !== undefined && !isOfWheels)) return {}
  return { times: { ...trip.times, [phase]: happenedAtMs }, missed: trip.missed.filter(each => each !== phase) }
}

const PHASE_OF: Readonly<Record<string, TripPhase>> = { acknowledged: 'assigned', 'left-scene': 'transporting' }

function corrected(
  trip: TripView,
  { unitId, time, newAtMs }: Extract<DomainEvent, { type: 'TripTimeCorrected' }>,
): Change {
  const phase = PHASE_OF[time] ?? (time as TripPhase)
  if (!ORDER.includes(phase) || trip.unitId !== unitId || trip.responses.at(-1)?.unitId !== unitId) return {}
  const isPassed = ORDER.indexOf(phase) <= ORDER.indexOf(trip.phase)
  if (!isPassed && trip.times[phase] === undefined && !trip.missed.includes(phase)) return {}
  const { [phase]: _, ...others } = trip.times
  if (newAtMs === null) return { times: others }
  return { times: { ...others, [phase]: newAtMs }, missed: trip.missed.filter(each => each !== phase) }
}

type Created = Extract<DomainEvent, { type: 'TripCreated' | 'HelpAdded' | 'TripReleased' }>

/** A trip as it comes on the board. Input: the triage code of its call. */
export function newTrip(event: Created, problem: string | null, position: number, recordedAtMs: number): TripView {
  const { tripId, callId, priority, need, receivedAtMs, responseNo } = event
  return {
    ...{ tripId, callId, priority, problem, need, receivedAtMs, ...placeIn(event), version: position },
    ...{ phase: 'pending', times: { pending: recordedAtMs }, round: 1, unitId: null, offer: null, onHold: null },
    destination: null,
    ...{ missed: [], responses: [], alarms: [], disposition: null, cancelReason: null, loss: null },
    ...{ helps: event.type === 'TripCreated' ? null : (event.helpsTripId ?? null), helpedBy: helpedByIn(event) },
    // No event has them: `readTrip` does.
    details: null,
    ...(responseNo === undefined ? {} : { responseNo, incidentNo: responseNo.replace(/-\d+$/, '') }),
  }
}

const helpedByIn = (event: Created): string | null =>
  event.type === 'TripReleased' ? (event.helpedByTripId ?? null) : null

const destinationIn = ({ hospitalId, place }: Extract<DomainEvent, { type: 'DestinationNamed' }>) =>
  hospitalId === null || place === null ? null : { hospitalId, name: place.name, ...placeIn(place) }

const placeIn = ({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }) => ({
  lonE7: toE7(lonDeg),
  latE7: toE7(latDeg),
})
