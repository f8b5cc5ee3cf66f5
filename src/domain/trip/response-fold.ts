/** How each event changes the responses of a trip. */

import type { EventMeta } from '../decision.ts'
import type { TripPhaseReached, TripTimeCorrected, TripTimeNoted } from '../events/trip-events.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId } from '../ids.ts'
import type { ResponseEnd, ResponseTime } from '../vocabulary.ts'
import { TIME_OF_PHASE } from './e-times.ts'
import { type KeptTime, RESPONSES_KEPT, type UnitResponse } from './response.ts'
import type { TripState } from './trip.ts'

/**
 * The responses that units made or make for the trip, the oldest first; while an offer is open the last is of the unit that is
 * asked. An order that was taken back before its unit could be told is none.
 */
export function responsesOf({ responses }: TripState): readonly UnitResponse[] {
  return responses.filter(({ end, times }) => end === undefined || 'notified' in times || 'acknowledged' in times)
}

/** The trip's responses after an event of it. */
export function responsesAfter(
  trip: TripState,
  event: DomainEvent,
  { recordedAtMs }: EventMeta,
): readonly UnitResponse[] {
  const { responses } = trip
  switch (event.type) {
    case 'OfferMade': {
      const { unitId, offerId, offeredAtMs, decision } = event
      const { etaMs } = decision.candidates.find(candidate => candidate.unitId === unitId) ?? NOBODY
      const predicted = etaMs === undefined ? {} : { etaMs }
      return [...responses, { unitId, offerId, offeredAtMs, ...predicted, times: {} }].slice(-RESPONSES_KEPT)
    }
    case 'UnitNotified': {
      const { offerId, notifiedAtMs, cause = 'system' } = event
      const isOfOffer = (response: UnitResponse) => response.offerId === offerId
      const why = notifiedAtMs === null ? ({ why: 'restarted' } as const) : {}
      return said(responses, isOfOffer, 'notified', { atMs: notifiedAtMs, cause, ...why })
    }
    case 'OfferAccepted': {
      const { happenedAtMs, implied, cause = 'driver' } = event
      const unknown = { atMs: null, cause, why: 'implied' } as const
      return said(responses, isOpen, 'acknowledged', implied === true ? unknown : { atMs: happenedAtMs, cause })
    }
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
      return without(responses, event.offerId)
    case 'TripPhaseReached': {
      const { phase, happenedAtMs, cause } = event
      return said(responses, isOpen, TIME_OF_PHASE[phase], { atMs: happenedAtMs, cause, ...byWheels(event) })
    }
    case 'TripTimeNoted': {
      const { unitId, time, happenedAtMs, cause } = event
      const moment = { atMs: happenedAtMs, cause, ...byWheels(event) }
      return said(responses, response => response.unitId === unitId, time, moment)
    }
    case 'TripTimeCorrected':
      return changed(responses, response => response.unitId === event.unitId, corrected(event))
    case 'TripCancelled':
      return left(trip, 'cancelled', event.standsDown, { atMs: recordedAtMs, cause: event.cause })
    case 'UnitWithdrawn':
      return left(trip, 'withdrawn', event.standsDown, { atMs: recordedAtMs, cause: 'dispatcher' })
    case 'AssignmentOverridden':
      return left(trip, 'overridden', event.standsDown, { atMs: recordedAtMs, cause: 'dispatcher' })
    case 'TripClosed': {
      const closed = said(responses, isOpen, 'back-in-service', {
        atMs: event.happenedAtMs,
        cause: event.cause ?? 'driver',
      })
      return changed(closed, isOpen, response => ({ ...response, end: 'closed' }))
    }
    case 'UnitCleared': {
      const standsDown = ({ unitId, end, times }: UnitResponse) =>
        unitId === event.unitId && end !== undefined && times['back-in-service'] === undefined
      return said(responses, standsDown, 'back-in-service', {
        atMs: event.happenedAtMs,
        cause: event.cause ?? 'driver',
      })
    }
    default:
      return responses
  }
}

const isOpen = ({ end }: UnitResponse): boolean => end === undefined

/** The trip is taken from the unit that has it, or its offer from the unit that is asked. */
function left(
  { responses, offer, phase }: TripState,
  end: ResponseEnd,
  standsDown: true | undefined,
  moment: KeptTime,
): readonly UnitResponse[] {
  if (offer?.mode === 'offered') return without(responses, offer.offerId)
  return changed(responses, isOpen, response => {
    const { times } = response
    const isOnItsWay = phase === 'en-route' && times['on-scene'] === undefined && times['at-patient'] === undefined
    const cancelled = isOnItsWay ? { cancelled: moment } : {}
    // One that stands down is back in service when it is clear.
    const free = standsDown === true ? {} : { 'back-in-service': moment }
    return { ...response, end, times: { ...times, ...cancelled, ...free } }
  })
}

const without = (responses: readonly UnitResponse[], offerId: OfferId): readonly UnitResponse[] =>
  responses.filter(response => response.offerId !== offerId)

const NO_WORD: Partial<KeptTime> = {}
const NOBODY: { readonly etaMs?: number } = {}

type Which = (response: UnitResponse) => boolean

function said(responses: readonly UnitResponse[], which: Which, time: ResponseTime, moment: KeptTime) {
  return changed(responses, which, response => {
    const kept = keptOf(response.times[time], moment)
    return { ...response, times: { ...response.times, [time]: kept } }
  })
}

/** The first word of a person stands, and a correction. What nobody knew is known now; what the wheels say is beside it. */
function keptOf(known: KeptTime | undefined, moment: KeptTime): KeptTime {
  const isFirst = known === undefined || (known.atMs === null && known.corrected === undefined)
  const isWheels = moment.cause === 'geofence'
  if (isFirst || (isWheels && known.cause === 'geofence')) return moment
  if (isWheels) return { ...known, ...wheelsIn(moment) }
  return known.cause === 'geofence' ? { ...moment, ...wheelsIn(known) } : { ...known, ...beside(moment) }
}

const byWheels = ({ cause, happenedAtMs, lateEvidence }: TripPhaseReached | TripTimeNoted): Partial<KeptTime> =>
  cause === 'geofence' ? { wheelsAtMs: happenedAtMs, ...(lateEvidence === true ? { lateEvidence } : {}) } : {}

const wheelsIn = ({ wheelsAtMs, lateEvidence }: Partial<KeptTime>): Partial<KeptTime> => ({
  ...(wheelsAtMs === undefined ? {} : { wheelsAtMs }),
  ...(lateEvidence === true ? { lateEvidence } : {}),
})

const corrected =
  ({ time, newAtMs, reason }: TripTimeCorrected) =>
  (response: UnitResponse): UnitResponse => {
    const known = response.times[time]
    const { otherAtMs } = known ?? {}
    const absent = newAtMs === null ? ({ why: 'corrected' } as const) : {}
    const other = otherAtMs === undefined ? {} : { otherAtMs }
    const kept: KeptTime = {
      atMs: newAtMs,
      cause: 'dispatcher',
      ...absent,
      ...other,
      ...wheelsIn(known ?? NO_WORD),
      corrected: reason,
    }
    return { ...response, times: { ...response.times, [time]: kept } }
  }

const beside = ({ atMs }: KeptTime) => (atMs === null ? {} : { otherAtMs: atMs })

/** The newest response of the kind is changed; where there is none, nothing. */
function changed(
  responses: readonly UnitResponse[],
  which: Which,
  change: (response: UnitResponse) => UnitResponse,
): readonly UnitResponse[] {
  const index = responses.findLastIndex(which)
  return index < 0 ? responses : responses.with(index, change(responses[index]!))
}
