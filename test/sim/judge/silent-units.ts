/** The units of whose crews nobody has heard since they left an offer unanswered: who could answer is asked before them. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'

/** What shows that a crew is there. */
const SIGNS: ReadonlySet<string> = new Set([
  ...['CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitBecameUnavailable', 'UnitCleared', 'UnitContacted'],
  ...['OfferAccepted', 'OfferDeclined', 'TripPhaseReached', 'TripTimeNoted', 'TripClosed', 'StandDownAcknowledged'],
])

export class SilentUnits {
  readonly #findings: Findings
  /** The trip that each has not answered. */
  readonly #silent = new Map<UnitId, TripId>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: the trip of an offer as it was before. */
  take(event: DomainEvent, trip: TripState | undefined, position: number): void {
    if (event.type === 'OfferTimedOut') this.#silent.set(event.unitId, event.tripId)
    else if ('cause' in event && event.cause === 'geofence') return
    else if (SIGNS.has(event.type) && 'unitId' in event) this.#silent.delete(event.unitId as UnitId)
    else if (event.type === 'OfferMade' && trip?.insistedUnitId !== event.unitId) this.#check(event, position)
  }

  #check({ unitId, tripId, decision }: Extract<DomainEvent, { type: 'OfferMade' }>, position: number): void {
    const unanswered = this.#silent.get(unitId)
    const where = `${unitId} is offered ${tripId} at position ${position}`
    const find = (text: string) => this.#findings.find('silent-not-chosen', `${where} ${text}`)
    if (unanswered === undefined) {
      if (decision.despite === 'no-contact') find('as one of whom nobody has heard, and somebody has')
      return
    }
    if (decision.eligible !== 0) find(`having left ${unanswered} unanswered, and ${decision.eligible} others could go`)
    // Where it is nobody knows either, of one that was only seen somewhere.
    if (decision.despite === 'position-lost') return
    if (decision.despite !== 'no-contact') find(`having left ${unanswered} unanswered, and the record does not say so`)
    const called = decision.excluded.disconnected ?? 0
    if (called > 0) find(`having left ${unanswered} unanswered, and ${called} others could be called`)
    // Whoever stands beside it in the record is no better.
    const other = decision.candidates.find(candidate => !this.#silent.has(candidate.unitId))
    if (other !== undefined) find(`having left ${unanswered} unanswered, and ${other.unitId} could go`)
  }
}
