/** The facts of a call, from its entry to the end of its last trip. */

import type { CallId, TripId } from '../ids.ts'
import type { Capability, LevelOfCare, Priority } from '../vocabulary.ts'
import type { CallEntity, Caused, EventOf, PutRight } from './event.ts'

/** What one unit must be able to do for a call. */
export interface Need {
  readonly levelOfCare: LevelOfCare
  readonly capabilities: readonly Capability[]
}

export interface CallEntered extends EventOf<'CallEntered', CallEntity>, PutRight {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  /** The service's own triage code, e.g. an MPDS determinant; null where none was given. */
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  /** NEMSIS eTimes.01, when the caller reached the centre; the start of the response clock. */
  readonly receivedAtMs: number
}

/** The call as it is from now on; its trips that have not ended go on from the new place and priority. */
export interface CallAmended extends EventOf<'CallAmended', CallEntity> {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  /** The trips that had not ended. */
  readonly tripIds: readonly TripId[]
  /** Whether its personal data was replaced, too; what it is now lies in `call_details`. */
  readonly detailsReplaced: boolean
}

/** A further unit is needed; its trip follows in the same record. */
export interface NeedAdded extends EventOf<'NeedAdded', CallEntity> {
  readonly callId: CallId
  readonly need: Need
  readonly addedTripId: TripId
  /** Of the call as it is. */
  readonly problem: string | null
}

/** The last of the call's trips was cancelled, and none had been closed. */
export interface CallCancelled extends EventOf<'CallCancelled', CallEntity> {
  readonly callId: CallId
}

/** The last of the call's trips ended, and at least one was closed. */
export interface CallClosed extends EventOf<'CallClosed', CallEntity> {
  readonly callId: CallId
}

/** A call that was held goes on from here. */
export interface CallReleased extends EventOf<'CallReleased', CallEntity>, Caused {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  readonly receivedAtMs: number
  readonly state: 'open' | 'closed' | 'cancelled'
}
