/**
 * What is noted and not yet in the audit: a bounded queue in which like refusals become one entry with a count.
 *
 * The first of its kind goes in at once, those that follow within a minute as one entry at the minute's end. What finds
 * no room is counted by action and told in an entry of its own, `notes-dropped`.
 */
import type { AuditEntry } from './audit.ts'

/** An entry, and when it was noted, epoch milliseconds of the wall clock. */
export interface TimedNote {
  readonly entry: AuditEntry
  readonly atMs: number
}

interface Gathered {
  readonly entry: AuditEntry
  readonly sinceMs: number
  /** How many came after the first, which went in by itself. */
  count: number
  firstAtMs: number
  lastAtMs: number
}

const QUEUED_MAX = 10_000
/** Kinds of refusals that are gathered at a time; each is one row of memory. */
const KINDS_MAX = 10_000
const GATHER_MS = 60_000
/** An actor or subject that a stranger made up, and what a refusal tells of it, may be of any length. */
const TEXT_CHARS = 256
const DETAILS_CHARS = 4_096

export class AuditNotes {
  #queue: TimedNote[] = []
  readonly #gathered = new Map<string, Gathered>()
  readonly #dropped = new Map<string, number>()
  #droppedFirstMs = 0
  #droppedLastMs = 0
  #taken = 0

  /** Whether anything waits, in whatever form: also refusals whose minute has not ended. */
  get isEmpty(): boolean {
    return this.#queue.length + this.#taken + this.#gathered.size + this.#dropped.size === 0
  }

  add(entry: AuditEntry, nowMs: number): void {
    const bounded = withinBounds(entry)
    if (entry.outcome === 'done') return void this.#enqueue(bounded, nowMs)
    const key = kindOf(bounded)
    const known = this.#gathered.get(key)
    if (known !== undefined) {
      if (known.count === 0) known.firstAtMs = nowMs
      known.count += 1
      known.lastAtMs = nowMs
      return
    }
    if (this.#gathered.size >= KINDS_MAX) return this.drop(bounded, nowMs)
    if (!this.#enqueue(bounded, nowMs)) return
    this.#gathered.set(key, { entry: bounded, sinceMs: nowMs, count: 0, firstAtMs: nowMs, lastAtMs: nowMs })
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
    // The oldest come first.
    for (const [key, gathered] of this.#gathered) {
      if (!everything && nowMs - gathered.sinceMs < GATHER_MS) break
      this.#gathered.delete(key)
      if (gathered.count > 0) this.#enqueue(counted(gathered), gathered.lastAtMs, gathered.count)
    }
    if (this.#dropped.size > 0 && this.#queue.length < QUEUED_MAX) {
      this.#queue.push({ entry: this.#droppedEntry(), atMs: this.#droppedLastMs })
      this.#dropped.clear()
    }
    const taken = this.#queue.splice(0, max)
    this.#taken = taken.length
    return taken
  }

  written(): void {
    this.#taken = 0
  }

  putBack(entries: readonly TimedNote[]): void {
    this.#taken = 0
    this.#queue.unshift(...entries)
  }

  /** Input: `stands`, for how many the entry stands. False when there was no room. */
  #enqueue(entry: AuditEntry, atMs: number, stands = 1): boolean {
    const hasRoom = this.#queue.length + this.#taken < QUEUED_MAX
    if (hasRoom) this.#queue.push({ entry, atMs })
    else this.drop(entry, atMs, stands)
    return hasRoom
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

const kindOf = ({ actor, action, region, subject, address, details }: AuditEntry): string =>
  JSON.stringify([actor, action, region, subject, address, details.code])

function counted({ entry, count, firstAtMs, lastAtMs }: Gathered): AuditEntry {
  const { code } = entry.details
  return { ...entry, details: { ...(code === undefined ? {} : { code }), count, firstAtMs, lastAtMs } }
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
