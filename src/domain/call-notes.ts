/**
 * A call's narrative: notes that are added and never changed. A correction is a note that names the one it corrects and stands
 * beside it.
 *
 * Events have the numbers, and who wrote and who read. The texts lie in `call_notes`, where they can be erased.
 */

import { invalidField } from '../base/refusal.ts'
import { type Refused, refused } from '../base/result.ts'
import { NOTES_PER_CALL } from './call-bounds.ts'
import type { AddNote, ReadNotes } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant } from './decision.ts'
import { callKey } from './entity.ts'
import type { CallGathered, CallNoteAdded, CallNotesRead, NotesRead } from './events/call-events.ts'
import type { CallId, Principal, UnitId } from './ids.ts'
import type { TripState } from './trip/trip.ts'
import { type DriverState, isBound } from './unit/driver.ts'

export interface CallNote {
  /** 1 for the first of its call. */
  readonly noteNo: number
  readonly by: Principal
  /** The unit of the crew that wrote it; null for the desk. */
  readonly unitId: UnitId | null
  readonly atMs: number
  /** The note of the same call that this one corrects; null where it corrects none. */
  readonly corrects: number | null
  /** Null where the stored text is damaged. */
  readonly text: string | null
}

/** A call as far as its narrative goes. */
interface Narrated extends CallGathered {
  readonly callId: CallId
}

/** Who writes: the desk, or a crew with the unit that it is on. */
export interface Author {
  readonly by: Principal
  readonly unitId: UnitId | null
}

/**
 * Input: the number of the last note that anybody knows of, which is more than the call's own where a record was damaged: a
 * number is never given twice.
 */
export function addNote(call: Narrated, command: AddNote, { by, unitId }: Author, lastNoteNo: number): Decision {
  const { callId } = call
  const { corrects } = command
  if (lastNoteNo >= NOTES_PER_CALL) {
    const what = `The call has ${NOTES_PER_CALL} notes, as many as it may. Say it in the notes of the call's details, with amend-call; what they are now is kept.`
    return refused('call-full', what, { callId, max: NOTES_PER_CALL })
  }
  if (corrects !== null && corrects > lastNoteNo) return noSuchNote('corrects', corrects, lastNoteNo)
  return accepted({
    type: 'CallNoteAdded',
    v: 1,
    entity: callKey(callId),
    callId,
    noteNo: lastNoteNo + 1,
    by,
    ...(unitId === null ? {} : { unitId }),
    ...(corrects === null ? {} : { corrects }),
  })
}

/** The crew of a trip says up to which note it has read. It never takes that back: an earlier number changes nothing. */
export function readNotes(call: Narrated, trip: TripState, command: ReadNotes, author: Author): Decision {
  const { noteNo } = command
  const lastNoteNo = call.noteCount ?? 0
  if (noteNo > lastNoteNo) return noSuchNote('noteNo', noteNo, lastNoteNo)
  const { callId } = call
  const { tripId } = trip
  const unitId = author.unitId!
  const known = notesReadOf(call, tripId)
  if (known?.unitId === unitId && known.by === author.by && known.noteNo >= noteNo) return accepted()
  return accepted({
    type: 'CallNotesRead',
    v: 1,
    entity: callKey(callId),
    callId,
    tripId,
    unitId,
    by: author.by,
    noteNo,
  })
}

/** How far the last crew of this trip that said so has read. */
export const notesReadOf = (call: CallGathered, tripId: string): NotesRead | null =>
  call.notesRead?.find(read => read.tripId === tripId) ?? null

/** The refusal of a crew that is on no trip of the call, or on one that it may still decline; null when it is on one. */
export function whyNotOnCall(driver: DriverState, trip: TripState | undefined, callId: CallId): Refused | null {
  if (isBound(driver) && trip?.callId === callId) return null
  const what = `Unit ${driver.callSign} is bound to no trip of this call; its crew reads and writes the notes of its own trip's call.`
  return refused('not-your-trip', what, { callId, unitId: driver.unitId })
}

export function evolveNotes(
  gathered: CallGathered,
  event: CallNoteAdded | CallNotesRead,
  { position, recordedAtMs }: EventMeta,
): CallGathered {
  const { noteNo } = event
  const last = gathered.noteCount ?? 0
  if (event.type === 'CallNoteAdded') {
    invariant(noteNo > last, () => `note ${noteNo} of call ${event.callId} follows note ${last} at ${position}`)
    return { noteCount: noteNo }
  }
  const { tripId, unitId, by } = event
  const others = (gathered.notesRead ?? []).filter(read => read.tripId !== tripId)
  return { notesRead: [...others, { tripId, unitId, by, noteNo, atMs: recordedAtMs }] }
}

/** What of this a call has; only that is in an event or a state. */
export function gatheredOf({ incidentNo, noteCount, notesRead, detailsVersions }: CallGathered): CallGathered {
  return {
    ...(incidentNo === undefined ? {} : { incidentNo }),
    ...(noteCount === undefined ? {} : { noteCount }),
    ...(notesRead === undefined ? {} : { notesRead }),
    ...(detailsVersions === undefined ? {} : { detailsVersions }),
  }
}

function noSuchNote(path: string, noteNo: number, lastNoteNo: number): Refused {
  const problem =
    lastNoteNo === 0
      ? `names note ${noteNo}, and the call has none`
      : `names note ${noteNo}, and the call's last is ${lastNoteNo}`
  return { ok: false, refusal: invalidField(path, problem) }
}
