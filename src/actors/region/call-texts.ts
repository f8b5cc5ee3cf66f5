/** What a region holds of personal data of its calls: their details as they are now, and their notes. */

import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { Journal } from '../../store/log/journal.ts'
import type { DamageReport } from './damage.ts'

export class CallTexts {
  readonly #details = new Map<CallId, CallDetails>()
  /** Each call's in the order of their numbers. */
  readonly #notes = new Map<CallId, CallNote[]>()

  detailsOf(callId: CallId): CallDetails | null {
    return this.#details.get(callId) ?? null
  }
  setDetails(callId: CallId, details: CallDetails | null): void {
    if (details === null) this.#details.delete(callId)
    else this.#details.set(callId, details)
  }

  /** Those of before a note that comes later are always the same; some numbers may be missing, whose texts were erased. */
  notesOf(callId: CallId): readonly CallNote[] {
    return this.#notes.get(callId) ?? []
  }
  addNote(callId: CallId, note: CallNote): void {
    const notes = this.#notes.get(callId)
    if (notes === undefined) this.#notes.set(callId, [note])
    else notes.push(note)
  }
  forget(callId: CallId): void {
    this.#details.delete(callId)
    this.#notes.delete(callId)
  }
  /** Those of calls that come back. */
  take(others: CallTexts): void {
    for (const [callId, details] of others.#details) this.#details.set(callId, details)
    for (const [callId, notes] of others.#notes) this.#notes.set(callId, notes)
  }
  /** The highest number that a stored note has; 0 where there is none. */
  lastNoteNo(callId: CallId): number {
    return this.#notes.get(callId)?.at(-1)?.noteNo ?? 0
  }
}

/** Calls whose texts are read at once: each may have hundreds of kilobytes of notes. */
const CALLS_AT_ONCE = 200

/** Those of these calls as the journal has them; what is damaged is noted. Errors: those of the journal. */
export async function readTexts(
  journal: Pick<Journal, 'readCallDetails' | 'readCallNotes'>,
  region: RegionId,
  callIds: readonly CallId[],
  damage: Pick<DamageReport, 'note'>,
): Promise<CallTexts> {
  const texts = new CallTexts()
  for (let from = 0; from < callIds.length; from += CALLS_AT_ONCE) {
    const some = callIds.slice(from, from + CALLS_AT_ONCE)
    const [details, notes] = await Promise.all([
      journal.readCallDetails(region, some),
      journal.readCallNotes(region, some),
    ])
    for (const row of details) {
      if (row.damage !== undefined) damage.note(row.damage)
      else if (!isEmpty(row.details)) texts.setDetails(row.callId, row.details)
    }
    for (const row of notes) {
      if (row.damage !== undefined) damage.note(row.damage)
      texts.addNote(row.callId, row.note)
    }
  }
  return texts
}

/** Personal data that was taken away leaves its row behind. */
const isEmpty = (details: CallDetails): boolean => Object.values(details).every(value => value === null)
