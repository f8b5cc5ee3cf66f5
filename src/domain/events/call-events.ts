/** The facts of a call, from its entry to the end of its last trip. */

import type { CallId, Principal, TripId, UnitId } from '../ids.ts'
import { type Capability, carriesByLevel, type LevelOfCare, type Priority, type ReceivedSource } from '../vocabulary.ts'
import type { CallEntity, Caused, EventOf, PutRight } from './event.ts'

/** What one unit must be able to do for a call: care and transport are two axes, as NEMSIS eResponse.07 has them. */
export interface Need {
  readonly levelOfCare: LevelOfCare
  /** Whether the unit must be able to carry the patient. Absent in records of before it was said: `needsTransport`. */
  readonly transport?: boolean
  /** Without one of these a unit does not serve the need. */
  readonly capabilities: readonly Capability[]
  /** Of units that are about as near, the one with most of these goes (`preference.ts`). Absent: none, as in records of before. */
  readonly preferred?: readonly Capability[]
}

/**
 * Whether a unit for this need must be able to carry. Where nobody said it, it is so for `bls` and above: whoever asked for
 * a level before the two were told apart meant an ambulance.
 */
export const needsTransport = ({ levelOfCare, transport }: Need): boolean => transport ?? carriesByLevel(levelOfCare)

/** The need with all that it may leave out. */
export const wholeNeed = (need: Need): Need => {
  const { levelOfCare, capabilities, preferred = [] } = need
  const whole = { levelOfCare, transport: needsTransport(need), capabilities }
  return preferred.length === 0 ? whole : { ...whole, preferred }
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
  /** The start of the response clock: NEMSIS eTimes.01, when the caller reached the centre, where `receivedSource` is `caller`. */
  readonly receivedAtMs: number
  /** NEMSIS eResponse.03, as in `2026-000123`. Absent in records of before calls had numbers. */
  readonly incidentNo?: string
  /** `entered`: nobody knows when the caller reached the centre. Absent in records of before that was told apart. */
  readonly receivedSource?: ReceivedSource
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
  /** Whether its personal data was replaced, too: what it is now lies in `call_details`, what it was in `former_call_details`. */
  readonly detailsReplaced: boolean
  /** A person has said how urgent it is, if only once more: it was triaged anew. Absent where nobody did, and in records of before. */
  readonly triaged?: true
}

/** A further unit is needed; its trip follows in the same record. */
export interface NeedAdded extends EventOf<'NeedAdded', CallEntity> {
  readonly callId: CallId
  readonly need: Need
  readonly addedTripId: TripId
  /** Of the call as it is. */
  readonly problem: string | null
}

/** Somebody said something about the call. What they said lies in `call_notes`. */
export interface CallNoteAdded extends EventOf<'CallNoteAdded', CallEntity> {
  readonly callId: CallId
  /** Within its call: 1 for the first, and higher than any before. */
  readonly noteNo: number
  readonly by: Principal
  /** The unit of the crew that wrote it. Absent: the desk did. */
  readonly unitId?: UnitId
  /** The note of the same call that this one corrects; both stand. Absent: it corrects none. */
  readonly corrects?: number
}

/** The crew of a trip has read the notes of the call. */
export interface CallNotesRead extends EventOf<'CallNotesRead', CallEntity> {
  readonly callId: CallId
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly by: Principal
  /** Every note up to this one. */
  readonly noteNo: number
}

/** How far the crew of a trip has read, and when it said so. */
export interface NotesRead {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly by: Principal
  readonly noteNo: number
  readonly atMs: number
}

/** What a call has besides its facts; absent in records of before, and while there is none. */
export interface CallGathered {
  /** Its number on the radio. */
  readonly incidentNo?: string
  /** The number of its last note. */
  readonly noteCount?: number
  /** One of each trip, of the crew that said so last. */
  readonly notesRead?: readonly NotesRead[]
  /** How often its details were replaced; each former version is kept. */
  readonly detailsVersions?: number
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
export interface CallReleased extends EventOf<'CallReleased', CallEntity>, Caused, CallGathered {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  readonly receivedAtMs: number
  /** Absent where it is in the call's entry, and in records of before. */
  readonly receivedSource?: ReceivedSource
  /** Absent until a unit was notified, and in records of before that was kept. */
  readonly firstNotifiedAtMs?: number
  readonly state: 'open' | 'closed' | 'cancelled'
}
