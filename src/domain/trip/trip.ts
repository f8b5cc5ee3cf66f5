/** A trip: one unit's work on one call, from creation to back in service, as it stands. */

import type { Alarm } from '../alarms.ts'
import type { TripAlarm } from '../events/alarm-events.ts'
import type { Need } from '../events/call-events.ts'
import type { ExclusionReason, Loss } from '../events/decision-record.ts'
import type { HelpReason } from '../events/trip-events.ts'
import type { Position } from '../geo.ts'
import type { CallId, OfferId, Principal, TripId, UnitId } from '../ids.ts'
import type { Wheels } from '../unit/unit-wheels.ts'
import {
  type CancelReason,
  type DispatchMode,
  type Disposition,
  type HoldReason,
  type Priority,
  type TripPhase,
  WORK_PHASES,
  type WorkPhase,
} from '../vocabulary.ts'
import type { UnitResponse } from './response.ts'

/** A trip given to one unit, as a lease with a deadline. */
export interface Offer {
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly mode: DispatchMode
  readonly offeredAtMs: number
  readonly warnAtMs: number | null
  readonly deadlineAtMs: number
  /** A dispatcher tells the crew of it. Absent where the unit's app does. */
  readonly byVoice?: true
  /** What spoke against the unit. Absent where nothing did. */
  readonly despite?: ExclusionReason
}

/** A hospital as the region's reference data had it when it was named. */
export interface Destination extends Position {
  readonly hospitalId: string
  readonly name: string
}

export interface TripState {
  readonly tripId: TripId
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly need: Need
  readonly receivedAtMs: number
  /** Its number on the radio; absent where its call has none. */
  readonly responseNo?: string
  /** When the desk had it first, its place among those that wait; of one that was held, when its caller called. */
  readonly enteredAtMs: number
  /** Position of the record that made the trip, or put it into the queue as if it were new. */
  readonly createdPosition: number
  /** When somebody triaged its call anew, the last time. Absent where nobody has. */
  readonly triagedAtMs?: number
  readonly phase: TripPhase
  /** When the engine heard of the step into this phase; `times` has the crew's own word. */
  readonly phaseRecordedAtMs: number
  /** Since when it is in the desk's queue; null while it is not. */
  readonly pendingSinceMs: number | null
  /** The bound unit. In mode `ordered` a unit is bound from the order on. */
  readonly unitId: UnitId | null
  /** The unanswered offer. */
  readonly offer: Offer | null
  /** The unit that a dispatcher gave the trip to, and insists on: its order is not taken back for a lost position. */
  readonly insistedUnitId: UnitId | null
  /** Who gave it to that unit. Absent where no dispatcher did, and where a record of before does not say who. */
  readonly insistedBy?: Principal
  /** Nobody is offered it before a dispatcher says so, of those that wait. Absent while the desk may offer it. */
  readonly onHold?: { readonly why: HoldReason; readonly by: Principal | null; readonly sinceMs: number }
  readonly round: number
  /** The units asked in this round. */
  readonly asked: readonly UnitId[]
  /** Of every unit that was sent, the newest of them; the last is of the unit that has the trip or is asked for it. */
  readonly responses: readonly UnitResponse[]
  /** When the current offer was made, and the moment each phase was reached. */
  readonly times: Readonly<Partial<Record<TripPhase, number>>>
  readonly missed: readonly TripPhase[]
  /** The alarms that stand now. */
  readonly alarms: readonly TripAlarm[]
  /** The alarms that have not ended: those, and what nobody has acknowledged yet; also of a trip that has ended. */
  readonly openAlarms: readonly Alarm[]
  /** The trip that it helps, until the right unit is there (`dispatch/help.ts`), and why; absent of one that helps none. */
  readonly helps?: TripId
  readonly helpsBecause?: HelpReason
  /** The trip that helps it, or did; absent while none has. */
  readonly helpedBy?: TripId
  /** What is lost with the unit that it has or asks; null or absent without one, and where nothing is. */
  readonly loss?: Loss | null
  readonly disposition: Disposition | null
  readonly cancelReason: CancelReason | null
  /** The trip whose unit has the patient that was handed over, null for a unit of others; absent where nobody knows, or none was. */
  readonly handedTo?: TripId | null
  /** Where its patient is brought; null or absent where nobody has said. */
  readonly destination?: Destination | null
  /** Positions of the records in which the desk or a dispatcher decided on it, the newest of them. Absent while there are none. */
  readonly decidedAt?: readonly number[]
  readonly version: number
}

/** What the wheels of a trip's unit say: by its fixes as they came in their order, and by those that came behind newer ones. */
export interface UnitWheels {
  readonly tripId: TripId
  readonly now: Wheels
  /** Null for none of these. */
  readonly late: Wheels | null
  /** Once the trip is over: since when the unit stands at a station of the region; null while it does not. */
  readonly homeSinceMs: number | null
}

export const isEnded = (trip: TripState): boolean => trip.phase === 'closed' || trip.phase === 'cancelled'

/** The unit that has the trip, had it at its end, or is asked for it; null while it is pending. */
export const unitOf = (trip: TripState): UnitId | null => trip.offer?.unitId ?? trip.unitId

/** Whether another unit can take it over: not once there may be a patient on board, and not when it has ended. */
export function canBeTaken(trip: TripState): boolean {
  return !isEnded(trip) && !mayHavePatient(trip)
}

/** Whether the desk is to find a unit for it. */
export const isWaiting = ({ phase, onHold }: TripState): boolean => phase === 'pending' && onHold === undefined

/** Whether a unit is asked for it that is a last resort, by the desk: who can go takes it over. */
export const isDoubtful = ({ offer, insistedUnitId }: TripState): boolean =>
  offer?.despite !== undefined && insistedUnitId !== offer.unitId

/** Whether a patient may be on board. */
export const mayHavePatient = ({ phase }: TripState): boolean => phaseOrder(phase) >= phaseOrder('transporting')

/**
 * What becomes of the unit that a trip is taken from: from the scene on nobody knows what it has begun, so it stands down; and
 * whoever had the trip has to say that it knows.
 */
export const leaving = ({ phase, unitId }: Pick<TripState, 'phase' | 'unitId'>) => ({
  ...(phaseOrder(phase) >= phaseOrder('on-scene') ? { standsDown: true as const } : {}),
  ...(unitId === null ? {} : { tellsCrew: true as const }),
})

/** Place of a phase in the work on a trip, from 0; -1 for phases outside it. */
export function phaseOrder(phase: TripPhase): number {
  return WORK_PHASES.indexOf(phase as WorkPhase)
}
