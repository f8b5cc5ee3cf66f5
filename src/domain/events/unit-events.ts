/** The facts of a unit: its registration, its crew's duty, and holes of its track. */

import type { Principal, TripId, UnitId } from '../ids.ts'
import { type Capability, carriesByLevel, type LevelOfCare, type UnavailableReason } from '../vocabulary.ts'
import type { Caused, DriverEntity, EventOf, PutRight } from './event.ts'

/** The service's description of a unit, as imported. */
export interface UnitReference {
  readonly unitId: UnitId
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  /** Whether it can carry a patient. Absent in records and files of before it was said: `canTransport`. */
  readonly transports?: boolean
  readonly capabilities: readonly Capability[]
  readonly homeStation: string | null
}

/** Whether a unit can carry a patient. Where nobody said it, all but first responders can. */
export const canTransport = ({ levelOfCare, transports }: Pick<UnitReference, 'levelOfCare' | 'transports'>): boolean =>
  transports ?? carriesByLevel(levelOfCare)

export interface UnitRegistered extends EventOf<'UnitRegistered', DriverEntity>, UnitReference {}

/** The service gave the unit up. Its id stays its own: registered again, it is live again. */
export interface UnitRetired extends EventOf<'UnitRetired', DriverEntity> {
  readonly unitId: UnitId
}

/** `cause`: a dispatcher signed on a crew that called in by voice. */
export interface CrewSignedOn extends EventOf<'CrewSignedOn', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly principal: Principal
  readonly happenedAtMs: number
}

export interface CrewSignedOff extends EventOf<'CrewSignedOff', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  /** The crew that is signed off, whoever signed it off. */
  readonly principal: Principal
  readonly happenedAtMs: number
}

export interface UnitBecameAvailable extends EventOf<'UnitBecameAvailable', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly happenedAtMs: number
}

export interface UnitBecameUnavailable extends EventOf<'UnitBecameUnavailable', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly reason: UnavailableReason
  readonly happenedAtMs: number
}

/** A unit that was standing down is clear of the scene (NEMSIS eTimes.13), as its crew or the desk says. */
export interface UnitCleared extends EventOf<'UnitCleared', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  /** The trip that was taken from it. */
  readonly fromTripId: TripId
  readonly happenedAtMs: number
}

/** The crew knows that the trip was taken from it. */
export interface StandDownAcknowledged extends EventOf<'StandDownAcknowledged', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly fromTripId: TripId
  readonly happenedAtMs: number
}

/** The crew calls for help for itself. */
export interface EmergencyCalled extends EventOf<'EmergencyCalled', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly happenedAtMs: number
}

/** A dispatcher knows that the crew is safe. */
export interface EmergencyEnded extends EventOf<'EmergencyEnded', DriverEntity> {
  readonly unitId: UnitId
}

/** The crew of a unit that had left an offer unanswered has given a sign, and no other event says so. */
export interface UnitContacted extends EventOf<'UnitContacted', DriverEntity>, Caused {
  readonly unitId: UnitId
}

/** Fixes that the client no longer held when it came back: they are gone for good, and the track says so. */
export interface FixHoleRecorded extends EventOf<'FixHoleRecorded', DriverEntity> {
  readonly unitId: UnitId
  readonly streamId: string
  readonly fromSeq: number
  readonly toSeq: number
}

/** A unit that was held goes on from here: off duty, without a trip. */
export interface UnitReleased extends EventOf<'UnitReleased', DriverEntity>, UnitReference, Caused {}
