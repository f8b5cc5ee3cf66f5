/**
 * What the units that were sent did for a trip, carried on by events as `docs/protocol/events.md` says.
 *
 * Whether a moment is implausible beside the others is as the snapshot and the event itself say: it is not drawn anew.
 */
import type { DomainEvent } from '../domain/events.ts'
import { RESPONSES_KEPT } from '../domain/trip/response.ts'
import type { ResponseEnd, ResponseTime } from '../domain/vocabulary.ts'
import type { ResponseView, TimeView, TripView } from '../protocol/wire/situation-views.ts'

type Responses = readonly ResponseView[]

/** Input: the trip as it was before the event, and when that was recorded. */
export function shownResponsesAfter(trip: TripView, event: DomainEvent, atMs: number): Responses {
  const all = trip.responses
  switch (event.type) {
    case 'OfferMade': {
      const { unitId, offerId, offeredAtMs, decision } = event
      const etaMs = decision.candidates.find(candidate => candidate.unitId === unitId)?.etaMs
      const begun = { unitId, offerId, offeredAtMs, ...(etaMs === undefined ? {} : { etaMs }), end: null, times: {} }
      return [...all, begun].slice(-RESPONSES_KEPT)
    }
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
      return all.filter(({ offerId }) => offerId !== event.offerId)
    case 'UnitWithdrawn':
      return left(trip, 'withdrawn', event.standsDown === true, atMs)
    case 'AssignmentOverridden':
      return left(trip, 'overridden', event.standsDown === true, atMs)
    default:
      return saidAfter(all, event)
  }
}

function saidAfter(all: Responses, event: DomainEvent): Responses {
  const open = () => all.findLastIndex(({ end }) => end === null)
  switch (event.type) {
    case 'UnitNotified': {
      const { offerId, notifiedAtMs: atMs, cause = 'system' } = event
      const index = all.findLastIndex(response => response.offerId === offerId)
      return said(all, index, 'notified', { atMs, cause, ...(atMs === null ? { why: 'restarted' } : {}) })
    }
    case 'OfferAccepted': {
      const { cause = 'driver', happenedAtMs, implied } = event
      const moment: TimeView = implied === true ? { atMs: null, cause, why: 'implied' } : { atMs: happenedAtMs, cause }
      return said(all, open(), 'acknowledged', moment)
    }
    case 'TripPhaseReached': {
      const time = event.phase === 'transporting' ? 'left-scene' : event.phase
      return said(all, open(), time, momentOf(event))
    }
    case 'TripTimeNoted':
      return said(all, newestOf(all, event.unitId), event.time, momentOf(event))
    case 'TripTimeCorrected':
      return corrected(all, event)
    case 'UnitCleared': {
      const { unitId, happenedAtMs: atMs, cause = 'driver' } = event
      const isOut = (each: ResponseView) =>
        each.unitId === unitId && each.end !== null && each.times['back-in-service'] === undefined
      return said(all, all.findLastIndex(isOut), 'back-in-service', { atMs, cause })
    }
    default:
      return all
  }
}

type Reported = Extract<DomainEvent, { type: 'TripPhaseReached' | 'TripTimeNoted' }>

const momentOf = ({ happenedAtMs, cause, implausible, lateEvidence }: Reported): TimeView => ({
  atMs: happenedAtMs,
  cause,
  ...(cause === 'geofence' ? { wheelsAtMs: happenedAtMs } : {}),
  ...(lateEvidence === true ? { lateEvidence } : {}),
  ...(implausible === true ? { implausible } : {}),
})

/** What the wheels say of a moment. */
const wheelsIn = ({ wheelsAtMs, lateEvidence }: Partial<TimeView>): Partial<TimeView> => ({
  ...(wheelsAtMs === undefined ? {} : { wheelsAtMs }),
  ...(lateEvidence === undefined ? {} : { lateEvidence }),
})

const newestOf = (all: Responses, unit: string): number => all.findLastIndex(({ unitId }) => unitId === unit)

/** The first word of a person on a moment stands; what is said of it again, and what the wheels say, is beside it. */
function said(all: Responses, index: number, time: ResponseTime, moment: TimeView): Responses {
  const response = all[index]
  if (response === undefined) return all
  const known = response.times[time]
  return all.with(index, { ...response, times: { ...response.times, [time]: keptOf(known, moment) } })
}

function keptOf(known: TimeView | undefined, moment: TimeView): TimeView {
  const isOfWheels = moment.cause === 'geofence'
  if (known === undefined || (known.atMs === null && known.corrected === undefined)) return moment
  if (known.cause === 'geofence') return isOfWheels ? moment : { ...moment, ...wheelsIn(known) }
  if (isOfWheels) return { ...known, ...wheelsIn(moment) }
  return moment.atMs === null ? known : { ...known, otherAtMs: moment.atMs }
}

function corrected(
  all: Responses,
  { unitId, time, newAtMs, reason }: Extract<DomainEvent, { type: 'TripTimeCorrected' }>,
): Responses {
  const index = newestOf(all, unitId)
  const response = all[index]
  if (response === undefined) return all
  const former: Partial<TimeView> = response.times[time] ?? {}
  const { otherAtMs } = former
  const moment: TimeView = {
    ...{ atMs: newAtMs, cause: 'dispatcher', corrected: reason },
    ...(newAtMs === null ? { why: 'corrected' } : {}),
    ...(otherAtMs === undefined ? {} : { otherAtMs }),
    ...wheelsIn(former),
  }
  return all.with(index, { ...response, times: { ...response.times, [time]: moment } })
}

/** The trip was taken from its unit: who was only asked was not sent, and leaves nothing. */
function left(
  { phase, offer, responses: all }: TripView,
  end: ResponseEnd,
  standsDown: boolean,
  atMs: number,
): Responses {
  const index = all.findLastIndex(each => each.end === null)
  const response = all[index]
  if (response === undefined) return all
  const { times } = response
  const isTold = times.notified !== undefined || times.acknowledged !== undefined
  if (offer?.mode === 'offered' || !isTold) return all.filter(each => each !== response)
  const moment: TimeView = { atMs, cause: 'dispatcher' }
  const wasThere = times['on-scene'] !== undefined || times['at-patient'] !== undefined
  const ended = {
    ...times,
    ...(phase === 'en-route' && !wasThere ? { cancelled: moment } : {}),
    ...(standsDown ? {} : { 'back-in-service': moment }),
  }
  return all.with(index, { ...response, end, times: ended })
}
