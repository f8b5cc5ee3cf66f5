/**
 * Orders by voice, as a record tells them and by no rule of the engine: whoever has no app is told by a person, and the desk is
 * asked to do so in the same record.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { Findings } from './findings.ts'

/** Who was signed on by a dispatcher. */
const NAMELESS = '-voice'

export class VoiceOrders {
  readonly #findings: Findings
  readonly #withoutApp = new Set<UnitId>()
  /** The trips of which the desk has been told that somebody must be called. */
  readonly #told = new Set<TripId>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: a whole record. */
  take(events: readonly DomainEvent[], position: number): void {
    const untold = new Map<TripId, UnitId>()
    for (const event of events) {
      if (event.type !== 'OfferRevoked' || event.reason !== 'fitter-unit') continue
      const { tripId, unitId } = event
      const isFor = (other: DomainEvent) =>
        other.type === 'OfferMade' && other.tripId === tripId && other.decision.despite === undefined
      if (!events.some(isFor))
        this.#find(`${tripId} is taken from ${unitId} at position ${position}, and nobody fitter has it`)
    }
    for (const event of events) this.#takeOne(event, untold, position)
    for (const [tripId, unitId] of untold)
      this.#find(`${unitId} is to be told of ${tripId} by voice at position ${position}, and nobody is asked to`)
  }

  #takeOne(event: DomainEvent, untold: Map<TripId, UnitId>, position: number): void {
    switch (event.type) {
      case 'CrewSignedOn':
        if (event.principal === NAMELESS) this.#withoutApp.add(event.unitId)
        else this.#withoutApp.delete(event.unitId)
        return
      case 'CrewSignedOff':
        return void this.#withoutApp.delete(event.unitId)
      case 'OfferMade': {
        const { tripId, unitId, mode, byVoice } = event
        if (byVoice === true && mode !== 'ordered') this.#find(`${unitId} is asked by voice at position ${position}`)
        if (byVoice === true && !this.#told.has(tripId)) untold.set(tripId, unitId)
        if (byVoice !== true && this.#withoutApp.has(unitId))
          this.#find(`${unitId} has no app, which is to tell it of ${tripId} at position ${position}`)
        return
      }
      case 'TripAlarmRaised':
        if (event.alarm !== 'voice-order') return
        untold.delete(event.tripId)
        return void this.#told.add(event.tripId)
      case 'OfferAccepted':
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked':
      case 'UnitWithdrawn':
      case 'AssignmentOverridden':
      case 'TripReleased':
        return void this.#told.delete(event.tripId)
    }
  }

  #find(text: string): void {
    this.#findings.find('voice-told', text)
  }
}
