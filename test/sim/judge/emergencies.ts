/** The units whose crews call for help for themselves: the desk is told at once, and sends none of them before somebody says it is safe. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'

export class Emergencies {
  readonly #findings: Findings
  /** Since which position. */
  readonly #since = new Map<UnitId, number>()
  /** Of whom the alarm is still to come in the same record. */
  readonly #untold = new Map<UnitId, number>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: the trip of an offer as it was before. */
  take(event: DomainEvent, trip: TripState | undefined, position: number): void {
    for (const [unitId, at] of this.#untold)
      if (at < position) {
        this.#untold.delete(unitId)
        this.#find(`the emergency of ${unitId} at position ${at} raised no alarm`)
      }
    switch (event.type) {
      case 'EmergencyCalled':
        if (this.#since.has(event.unitId)) this.#find(`${event.unitId} called at ${position} again`)
        this.#since.set(event.unitId, position)
        this.#untold.set(event.unitId, position)
        return
      case 'UnitAlarmRaised':
        if (event.alarm === 'emergency' && !this.#untold.delete(event.unitId))
          this.#find(`${event.unitId} has an alarm at ${position}, and did not call`)
        return
      case 'EmergencyEnded':
        this.#since.delete(event.unitId)
        return
      case 'OfferMade': {
        const since = this.#since.get(event.unitId)
        if (since === undefined || trip?.insistedUnitId === event.unitId) return
        this.#find(`${event.unitId} is offered ${event.tripId} at ${position}, and has called for help since ${since}`)
      }
    }
  }

  #find(text: string): void {
    this.#findings.find('emergency-heard', text)
  }
}
