/**
 * Crews whose trip was taken from them: each is asked to say that it knows, and one that does not say so is an alarm, as the
 * events tell it and by no rule of the engine.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { AlarmMoment } from './alarm-account.ts'
import type { Findings } from './findings.ts'
import type { PolicyAccount } from './policy-account.ts'

/** What may pass between a moment and what is done about it, a start included. */
const SOON_MS = 180_000

interface Taken {
  readonly tripId: TripId
  /** Region time, and true time. */
  readonly atMs: number
  readonly trulyMs: number
  isTold: boolean
}

export class StandDowns {
  readonly #findings: Findings
  readonly #policies: PolicyAccount
  /** The trip that each unit has to do: ordered to it, or accepted. */
  readonly #bound = new Map<UnitId, TripId>()
  /** The trip that was taken from it last, until it has said more. */
  readonly #taken = new Map<UnitId, Taken>()

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  take(event: DomainEvent, moment: AlarmMoment): void {
    switch (event.type) {
      case 'OfferMade':
        if (event.mode === 'ordered') this.#bound.set(event.unitId, event.tripId)
        return
      case 'OfferAccepted':
        this.#bound.set(event.unitId, event.tripId)
        return void this.#taken.delete(event.unitId)
      case 'OfferTimedOut':
      case 'OfferRevoked':
      case 'TripClosed':
        return void this.#bound.delete(event.unitId)
      case 'TripCancelled':
      case 'UnitWithdrawn':
      case 'TripReleased':
        return this.#takenFrom(event.unitId, event, moment)
      case 'AssignmentOverridden':
        return this.#takenFrom(event.fromUnitId, event, moment)
      case 'StandDownAcknowledged':
        if (this.#taken.get(event.unitId)?.tripId !== event.fromTripId)
          this.#find(
            `${event.unitId} says at position ${moment.position} that it knows of ${event.fromTripId}, which it does`,
          )
        return void this.#taken.delete(event.unitId)
      case 'CrewSignedOn':
      case 'CrewSignedOff':
      case 'UnitBecameAvailable':
      case 'UnitCleared':
      case 'UnitReleased':
        return void this.#taken.delete(event.unitId)
      case 'UnitAlarmRaised':
        if (event.alarm === 'stand-down') this.#raised(event.unitId, event.fromTripId!, moment)
    }
  }

  /** In the end, in true time: of whoever has not said that it knows somebody was told. */
  end(nowMs: number): void {
    for (const [unitId, { tripId, trulyMs, isTold }] of this.#taken) {
      // A clock that was ahead, and was set right, puts it off by the span once more.
      const lateMs = nowMs - SOON_MS - trulyMs - 2 * this.#policies.newest.standDownWarnMs
      if (!isTold && lateMs > 0)
        this.#find(`${unitId} has not said that ${tripId} was taken from it, and nobody was told`)
    }
  }

  #takenFrom(
    unitId: UnitId | null,
    { type, tripId, tellsCrew }: { type: string; tripId: TripId; tellsCrew?: true },
    { position, recordedAtMs, committedAtMs }: AlarmMoment,
  ): void {
    const had = unitId !== null && this.#bound.get(unitId) === tripId
    if (had !== (tellsCrew === true)) {
      const asked = tellsCrew === true ? 'asks' : 'does not ask'
      this.#find(`${type} of ${tripId} at position ${position} ${asked} ${unitId} to say that it knows`)
    }
    if (!had) return
    this.#bound.delete(unitId)
    const isTold = this.#taken.get(unitId)?.isTold ?? false
    this.#taken.set(unitId, { tripId, atMs: recordedAtMs, trulyMs: committedAtMs, isTold })
  }

  #raised(unitId: UnitId, tripId: TripId, { position, recordedAtMs, areSpansTrue }: AlarmMoment): void {
    const taken = this.#taken.get(unitId)
    const where = `alarm stand-down of ${unitId} at position ${position}`
    if (taken?.tripId !== tripId) return this.#find(`${where}: ${tripId} was not taken from it, or it has said so`)
    if (taken.isTold) this.#find(`${where}: it was told of already`)
    taken.isTold = true
    const earlyMs = taken.atMs + this.#policies.leastStandDownWarnMs - recordedAtMs
    if (areSpansTrue && earlyMs > 0) this.#find(`${where} comes ${earlyMs} ms before its time`)
  }

  #find(text: string): void {
    this.#findings.find('stand-down-heard', text)
  }
}
