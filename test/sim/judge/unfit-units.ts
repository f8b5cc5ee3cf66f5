/** The units of which somebody said that they, or their crews, cannot work: nobody is sent before somebody says otherwise. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { Findings } from './findings.ts'

/** Reasons that speak of a unit or its crew, whatever they are given for. */
const OF_THE_UNIT: ReadonlySet<string> = new Set(['vehicle-fault', 'equipment', 'crew-fatigue', 'unsafe'])

export class UnfitUnits {
  readonly #findings: Findings
  /** What was said of each of them. */
  readonly #unfit = new Map<UnitId, string>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  take(event: DomainEvent, position: number): void {
    switch (event.type) {
      case 'OfferDeclined':
        return this.#say(event.unitId, `declined for ${event.reason}`, event.reason)
      case 'UnitWithdrawn':
        return this.#say(event.unitId, `was withdrawn for ${event.reason}`, event.reason)
      case 'AssignmentOverridden':
        // What is taken from a unit and ordered to it leaves it in charge.
        if (event.fromUnitId === null || event.fromUnitId === event.unitId) return
        return this.#say(event.fromUnitId, `lost its trip for ${event.reason}`, event.reason)
      case 'UnitBecameAvailable':
      case 'CrewSignedOn':
        this.#unfit.delete(event.unitId)
        return
      case 'OfferMade': {
        const why = this.#unfit.get(event.unitId)
        if (why === undefined) return
        const text = `${event.unitId} is offered ${event.tripId} at position ${position}, and it ${why}`
        this.#findings.find('unfit-not-chosen', text)
      }
    }
  }

  #say(unitId: UnitId, why: string, reason: string): void {
    if (OF_THE_UNIT.has(reason)) this.#unfit.set(unitId, why)
  }
}
