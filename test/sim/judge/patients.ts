/**
 * Whom nobody may leave: a unit at the scene, or with a patient on board, as the events tell it and by no rule of the engine.
 *
 * From the scene on a unit is asked for nothing else until its crew, or a person at the desk for it, says that it is clear;
 * from the moment it carries nobody takes its trip.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { Findings } from './findings.ts'

const AT_THE_SCENE: ReadonlySet<string> = new Set(['on-scene', 'at-patient'])
const CARRYING: ReadonlySet<string> = new Set(['transporting', 'at-destination', 'transferred'])

export class PatientAccount {
  readonly #findings: Findings
  /** How far each unit is with its trip. */
  readonly #working = new Map<UnitId, { readonly tripId: TripId; readonly phase: string }>()
  /** Units that were left at the scene, and the trip that they had there. */
  readonly #left = new Map<UnitId, TripId>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: who made the record, `system` for the engine itself. */
  take(event: DomainEvent, principal: string, position: number): void {
    switch (event.type) {
      case 'TripPhaseReached':
        return void this.#working.set(event.unitId, { tripId: event.tripId, phase: event.phase })
      case 'TripClosed':
        return void this.#working.delete(event.unitId)
      case 'TripCancelled':
      case 'UnitWithdrawn':
        return this.#takenFrom(event.unitId, event, position)
      case 'AssignmentOverridden':
        return this.#takenFrom(event.fromUnitId, event, position)
      case 'OfferMade': {
        const tripId = this.#left.get(event.unitId)
        if (tripId !== undefined)
          this.#find(`${event.unitId} is asked at position ${position}, and never said that it is clear of ${tripId}`)
        return
      }
      case 'UnitCleared':
        if (principal === 'system') this.#find(`nobody said at position ${position} that ${event.unitId} is clear`)
        return void this.#left.delete(event.unitId)
    }
  }

  #takenFrom(unitId: UnitId | null, { type, tripId }: { type: string; tripId: TripId }, position: number): void {
    const work = unitId === null ? undefined : this.#working.get(unitId)
    if (unitId === null || work?.tripId !== tripId) return
    this.#working.delete(unitId)
    if (CARRYING.has(work.phase)) this.#find(`${type} at position ${position} leaves ${unitId}, which is ${work.phase}`)
    if (AT_THE_SCENE.has(work.phase)) this.#left.set(unitId, tripId)
  }

  #find(text: string): void {
    this.#findings.find('patient-not-left', text)
  }
}
