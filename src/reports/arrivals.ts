/**
 * When units were to arrive, and when they did: a fold over a region's log.
 *
 * A unit that was sent counts from the decision on it. What a crew said first of a moment stands, as in its response, and a
 * dispatcher's correction takes its place, also long after the trip is over.
 */

import type { OfferMade } from '../domain/events/trip-events.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Position } from '../domain/geo.ts'
import type { TripId, UnitId } from '../domain/ids.ts'
import { TIME_OF_PHASE } from '../domain/trip/e-times.ts'
import type { Priority, ResponseTime } from '../domain/vocabulary.ts'

export interface Arrival {
  readonly tripId: TripId
  readonly unitId: UnitId
  /** Of the trip when it was decided. */
  readonly priority: Priority
  readonly decidedAtMs: number
  /** From the decision to the scene, as the decision saw it. */
  readonly predictedMs: number
  /** The prediction was by the straight line, since no road led from the unit or to the place. */
  readonly isEstimated: boolean
  readonly realMs: number
  /** From the start of the drive to the scene; null where nobody said when it began, or what was said is out of order. */
  readonly driveMs: number | null
}

/** A drive of a unit to its scene, as it was said to have begun and ended. */
export interface SceneDrive {
  readonly tripId: TripId
  readonly unitId: UnitId
  /** Of the trip when it was decided. */
  readonly priority: Priority
  readonly scene: Position
  readonly enRouteAtMs: number
  readonly onSceneAtMs: number
}

/** Why a unit that was sent says nothing of the truth of its prediction. */
export const NOT_COMPARED_REASONS = ['not-predicted', 'not-arrived', 'before-the-decision'] as const
export type NotCompared = (typeof NOT_COMPARED_REASONS)[number]

interface Sent {
  readonly offerId: string
  readonly unitId: UnitId
  readonly priority: Priority
  readonly decidedAtMs: number
  readonly predictedMs: number | undefined
  readonly isEstimated: boolean
  enRouteAtMs?: number | null
  onSceneAtMs?: number | null
}

interface Followed {
  priority: Priority
  scene: Position
  /** One that is sent is most often the only one. */
  readonly sent: Sent[]
}

/** It holds about 0.3 kB of each trip that it has seen. */
export class Arrivals {
  readonly #trips = new Map<TripId, Followed>()

  /** Input: the events in the order of the log. One of a trip that began before the first of them is left aside. */
  take(event: DomainEvent): void {
    switch (event.type) {
      case 'TripCreated':
      case 'HelpAdded':
        this.#trips.set(event.tripId, { priority: event.priority, scene: placeIn(event), sent: [] })
        return
      case 'CallAmended':
        for (const tripId of event.tripIds) {
          const trip = this.#trips.get(tripId)
          if (trip === undefined) continue
          trip.priority = event.priority
          trip.scene = placeIn(event)
        }
        return
      case 'OfferMade': {
        const trip = this.#trips.get(event.tripId)
        trip?.sent.push(sentBy(event, trip.priority))
        return
      }
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked': {
        const sent = this.#trips.get(event.tripId)?.sent ?? []
        const index = sent.findLastIndex(({ offerId }) => offerId === event.offerId)
        if (index >= 0) sent.splice(index, 1)
        return
      }
      case 'TripPhaseReached':
        return this.#said(event, TIME_OF_PHASE[event.phase])
      case 'TripTimeNoted':
        return this.#said(event, event.time)
      case 'TripTimeCorrected': {
        const sent = this.#sent(event)
        if (sent !== undefined) keep(sent, event.time, event.newAtMs)
      }
    }
  }

  /** Every unit that was sent: its arrival, or why there is none to compare. */
  *all(): Iterable<Arrival | NotCompared> {
    for (const [tripId, { sent }] of this.#trips) for (const each of sent) yield arrivalOf(tripId, each)
  }

  /** The drives whose two ends were said, in the order in which their trips began; the place is where the trip was last. */
  *drives(): Iterable<SceneDrive> {
    for (const [tripId, { scene, sent }] of this.#trips) {
      for (const { unitId, priority, enRouteAtMs, onSceneAtMs } of sent) {
        if (typeof enRouteAtMs !== 'number' || typeof onSceneAtMs !== 'number') continue
        yield { tripId, unitId, priority, scene, enRouteAtMs, onSceneAtMs }
      }
    }
  }

  #said(event: { tripId: TripId; unitId: UnitId; happenedAtMs: number }, time: ResponseTime): void {
    const sent = this.#sent(event)
    if (sent === undefined) return
    const known = time === 'en-route' ? sent.enRouteAtMs : time === 'on-scene' ? sent.onSceneAtMs : null
    if (known === undefined) keep(sent, time, event.happenedAtMs)
  }

  #sent({ tripId, unitId }: { readonly tripId: TripId; readonly unitId: UnitId }): Sent | undefined {
    return this.#trips.get(tripId)?.sent.findLast(sent => sent.unitId === unitId)
  }
}

const placeIn = ({ lonDeg, latDeg }: Position): Position => ({ lonDeg, latDeg })

function keep(sent: Sent, time: ResponseTime, atMs: number | null): void {
  if (time === 'en-route') sent.enRouteAtMs = atMs
  else if (time === 'on-scene') sent.onSceneAtMs = atMs
}

function sentBy({ offerId, unitId, offeredAtMs, decision }: OfferMade, priority: Priority): Sent {
  const chosen = decision.candidates.find(candidate => candidate.unitId === unitId)
  const { etaMs: predictedMs, estimated } = chosen ?? {}
  return { offerId, unitId, priority, decidedAtMs: offeredAtMs, predictedMs, isEstimated: estimated !== undefined }
}

function arrivalOf(tripId: TripId, sent: Sent): Arrival | NotCompared {
  const { unitId, priority, decidedAtMs, predictedMs, isEstimated, enRouteAtMs, onSceneAtMs } = sent
  if (predictedMs === undefined) return 'not-predicted'
  if (onSceneAtMs === undefined || onSceneAtMs === null) return 'not-arrived'
  const realMs = onSceneAtMs - decidedAtMs
  if (realMs < 0) return 'before-the-decision'
  const drive = enRouteAtMs === undefined || enRouteAtMs === null ? null : onSceneAtMs - enRouteAtMs
  const driveMs = drive !== null && drive >= 0 ? drive : null
  return { tripId, unitId, priority, decidedAtMs, predictedMs, isEstimated, realMs, driveMs }
}
