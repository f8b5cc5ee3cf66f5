/** A driver: one unit's live state, kept across crews. */

import type { Alarm } from '../alarms.ts'
import type { UnitReference } from '../events/unit-events.ts'
import type { OfferId, Principal, TripId } from '../ids.ts'
import type { Dispatchability, DispatchMode, UnavailableReason, UnitStatus, WorkPhase } from '../vocabulary.ts'

/** The one trip a unit has or is asked for. A driver holds at most one. */
interface Work {
  readonly tripId: TripId
  /** Set while the trip is offered to this unit and unanswered. */
  readonly offerId: OfferId | null
  readonly mode: DispatchMode
  readonly phase: 'offered' | WorkPhase
}

export interface DriverState extends UnitReference {
  readonly transports: boolean
  /** Who is signed on, `CREW_BY_VOICE` where a dispatcher did that; null while off duty. */
  readonly crew: Principal | null
  /** The crew's own word on readiness; it counts while no trip is open. */
  readonly unavailableReason: UnavailableReason | null
  readonly work: Work | null
  /** The trip that was taken from it at the scene, until it is clear. */
  readonly standingDown?: TripId
  /** The trip that was taken from it last, until its crew has said that it knows; since when. */
  readonly takenTrip?: { readonly tripId: TripId; readonly sinceMs: number }
  /** When a dispatcher took a trip from it last, and it was free at once; until it is asked for another one, or goes off duty. */
  readonly withdrawnAtMs?: number
  /** The trip that it was asked for and has not answered; until its crew gives a sign. */
  readonly noContact?: TripId
  /** Since when its crew calls for help for itself. Absent while it does not. */
  readonly emergencySinceMs?: number
  /** The unit's alarms that have not ended. Absent while there are none. */
  readonly openAlarms?: readonly Alarm[]
  /** Set once the service gave the unit up. */
  readonly retired?: true
  readonly status: UnitStatus
  readonly statusSinceMs: number
  /** Position of the record that last changed this state. */
  readonly version: number
}

/** A crew that called in by voice: nobody has shown who it is, and no user can have this name. */
export const CREW_BY_VOICE: Principal = '-voice'

/** EIDO's primary unit status: whether the unit can be sent, apart from what it is doing. */
export function dispatchabilityOf(driver: DriverState): Dispatchability {
  // A crew may still be on its way to what was taken from it.
  if (driver.emergencySinceMs !== undefined) return 'not-available'
  if (driver.status === 'available') return driver.takenTrip === undefined ? 'available' : 'conditionally-available'
  return REASSIGNABLE.includes(driver.status) ? 'conditionally-available' : 'not-available'
}

/** Asked, ordered or on its way: EIDO's Assigned, Dispatched, AcknowledgedTransmission and EnRoute. */
const REASSIGNABLE: readonly UnitStatus[] = ['offered', 'assigned', 'en-route']

/** True when the unit must not be given to anybody else: it works on a trip, or was ordered to. */
export function isBound(driver: DriverState): boolean {
  return driver.work !== null && (driver.work.phase !== 'offered' || driver.work.mode === 'ordered')
}
