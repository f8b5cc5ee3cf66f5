/**
 * What is noted and not yet in the audit: bounded queues in which like refusals, and like readings, become one entry with a
 * count.
 *
 * Each kind of note has room of its own, so that a stranger's flood cannot take that of somebody's sign-ins, and nobody's
 * refusals or readings that of changes. What finds no room is counted by action and told in an entry of its own, `notes-dropped`.
 */
import { type AuditEntry, NOBODY } from './audit.ts'
import { GatheredNotes } from './gathered-notes.ts'

/** An entry, and when it was noted, epoch milliseconds of the wall clock. */
export interface TimedNote {
  readonly entry: AuditEntry
  readonly atMs: number
}

/**
 * `changes`: what was done. `sign-ins`: what somebody whom we know failed to do with a password or a token, such as a
 * guess. `refusals`: what somebody known may not do. `strangers`: whatever nobody known was refused. `readings`: whose personal
 * data somebody was shown.
 */
type Room = 'changes' | 'sign-ins' | 'refusals' | 'strangers' | 'readings'

const QUEUED_PER_ROOM = 10_000
/** Kinds a minute that keep where they came from, and of readings which call. Strangers' are what fills the audit under attack. */
const KINDS_MAX = { 'sign-ins': 2_000, refusals: 2_000, strangers: 250, readings: 5_000 } as const
/** An actor or subject that a stranger made up, and what a refusal tells of it, may be of any length. */
const TEXT_CHARS = 256
const DETAILS_CHARS = 4_096

export class AuditNotes {
  #queue: TimedNote[] = []
  /** How many of each room are in the queue, or were taken from it and are not yet written. */
  readonly #waiting: Record<Room, number> = {
    changes: 0,
    'sign-ins': 0,
    refusals: 0,
    strangers: 0,
    readings: 0,
  }
  readonly #gathered = {
    'sign-ins': new GatheredNotes(KINDS_MAX['sign-ins']),
    refusals: new GatheredNotes(KINDS_MAX.refusals),
    strangers: new GatheredNotes(KINDS_MAX.strangers),
    readings: new GatheredNotes(KINDS_MAX.readings, { bySubject: true }),
  }
  readonly #dropped = new Map<string, number>()
  #droppedFirstMs = 0
  #droppedLastMs = 0
  #taken: readonly TimedNote[] = []

  /** Whether anything waits, in whatever form: also refusals whose minute has not ended. */
  get isEmpty(): boolean {
    const gathered = Object.values(this.#gathered).reduce((sum, { size }) => sum + size, 0)
    return this.#queue.length + this.#taken.length + gathered + this.#dropped.size === 0
  }

  add(entry: AuditEntry, nowMs: number): void {
    const bounded = withinBounds(entry)
    const room = roomOf(bounded)
    const outcome = room === 'changes' ? 'first' : this.#gathered[room].add(bounded, nowMs)
    if (outcome === 'first') this.#enqueue(bounded, nowMs)
    else if (outcome === 'full') this.drop(bounded, nowMs)
  }

  /** Counts what will not be in the audit. */
  drop({ action }: AuditEntry, nowMs: number, count = 1): void {
    if (this.#dropped.size === 0) this.#droppedFirstMs = nowMs
    this.#droppedLastMs = nowMs
    // Actions are words of ours, so there are few.
    this.#dropped.set(action, (this.#dropped.get(action) ?? 0) + count)
  }

  /** The oldest entries, at most `max`. They count as waiting until `written`, or come back by `putBack`. */
  take(nowMs: number, max: number, everything = false): TimedNote[] {
    for (const gathered of Object.values(this.#gathered)) {
      for (const { entry, count, lastAtMs } of gathered.end(nowMs, everything)) this.#enqueue(entry, lastAtMs, count)
    }
    if (this.#dropped.size > 0 && this.#waiting.changes < QUEUED_PER_ROOM) {
      const entry = this.#droppedEntry()
      this.#dropped.clear()
      this.#enqueue(entry, this.#droppedLastMs)
    }
    const taken = this.#queue.splice(0, max)
    this.#taken = taken
    return taken
  }

  written(): void {
    for (const { entry } of this.#taken) this.#waiting[roomOf(entry)] -= 1
    this.#taken = []
  }

  putBack(entries: readonly TimedNote[]): void {
    this.#taken = []
    this.#queue.unshift(...entries)
  }

  /** Input: `stands`, for how many the entry stands. */
  #enqueue(entry: AuditEntry, atMs: number, stands = 1): void {
    const room = roomOf(entry)
    if (this.#waiting[room] >= QUEUED_PER_ROOM) return this.drop(entry, atMs, stands)
    this.#waiting[room] += 1
    this.#queue.push({ entry, atMs })
  }

  #droppedEntry(): AuditEntry {
    const byAction = Object.fromEntries(this.#dropped)
    const count = [...this.#dropped.values()].reduce((sum, of) => sum + of, 0)
    return {
      actor: 'system',
      action: 'notes-dropped',
      outcome: 'done',
      region: null,
      subject: null,
      address: null,
      details: { count, byAction, firstAtMs: this.#droppedFirstMs, lastAtMs: this.#droppedLastMs },
    }
  }
}

function roomOf({ actor, action, outcome }: AuditEntry): Room {
  if (action === 'call-read') return 'readings'
  if (outcome === 'done') return 'changes'
  if (actor === NOBODY) return 'strangers'
  return action === 'refusal' ? 'refusals' : 'sign-ins'
}

function withinBounds(entry: AuditEntry): AuditEntry {
  const { actor, subject, details } = entry
  const chars = JSON.stringify(details).length
  return {
    ...entry,
    actor: cut(actor),
    subject: subject === null ? null : cut(subject),
    details: chars > DETAILS_CHARS ? { code: details.code, cutFromChars: chars } : details,
  }
}

/** The end of what was cut says so. */
const cut = (text: string): string => (text.length <= TEXT_CHARS ? text : `${text.slice(0, TEXT_CHARS - 1)}…`)
