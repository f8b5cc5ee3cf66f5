/**
 * The audit in Postgres: entries with a change go in with its transaction, notes within a second, and what dispatchers
 * did as the regions' logs tell it (`audit-follower.ts`).
 *
 * While Postgres is away notes wait in a bounded queue (`AuditNotes`). A connection that breaks between a commit and its
 * answer makes a note go in twice; none is lost by it.
 */
import { sql } from 'kysely'
import type { Scheduler } from '../../base/time.ts'
import type { LogFollower } from '../followers/log-follower.ts'
import { ContentRejected } from '../log/journal.ts'
import type { Database } from '../postgres/database.ts'
import { writeFault } from '../postgres/postgres-faults.ts'
import type { Audit, AuditEntry } from './audit.ts'
import { auditFollower } from './audit-follower.ts'
import { AuditNotes, type TimedNote } from './audit-notes.ts'

interface PostgresAuditSettings {
  readonly database: Database
  /** Waits between flushes. */
  readonly scheduler: Scheduler
  /** Epoch milliseconds of the wall clock. */
  readonly wallMs: () => number
  /** Notes could not be written or the logs not be followed; it is tried again in a second. */
  onFailure(error: Error, what: 'notes' | 'logs'): void
  /** One of the two was done. */
  onSuccess?(what: 'notes' | 'logs'): void
}

const FLUSH_EVERY_MS = 500
const RETRY_AFTER_MS = 1_000
/** One statement holds the end of the chain for as long as it takes. */
const ENTRIES_AT_ONCE = 1_000

export class PostgresAudit implements Audit {
  readonly #settings: PostgresAuditSettings
  readonly #notes = new AuditNotes()
  readonly #follower: LogFollower
  #cancelTimer: (() => void) | null = null
  /** Batches are written one after another. */
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(settings: PostgresAuditSettings) {
    this.#settings = settings
    const { database, scheduler } = settings
    this.#follower = auditFollower({
      database,
      audit: this,
      scheduler,
      onFailure: error => settings.onFailure(error, 'logs'),
      onSuccess: () => settings.onSuccess?.('logs'),
    })
  }

  /** Follows the logs of all regions from now on. Without it notes and appended entries go in just the same. */
  start(): void {
    this.#follower.start()
  }

  /** Errors: those of pg; the transaction is then to be rolled back. */
  async append(transaction: Database, entries: readonly AuditEntry[]): Promise<void> {
    await appendEntries(
      transaction,
      entries.map(entry => ({ entry, atMs: null })),
    )
  }

  note(entry: AuditEntry): void {
    this.#notes.add(entry, this.#settings.wallMs())
    this.#flushAfter(FLUSH_EVERY_MS)
  }

  /**
   * Writes everything that waits: what is still being gathered, and what the logs tell by now.
   * Errors: StoreUnavailable, OutcomeUnknown, those of pg; what was not written waits on.
   */
  async flush(): Promise<void> {
    await this.#write(true)
    await this.#follower.catchUp()
  }

  /** As `flush`; what is noted afterwards is written only by another `flush`. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    await this.flush().finally(() => this.#follower.stop())
  }

  #flushAfter(delayMs: number): void {
    if (this.#stopped || this.#cancelTimer !== null) return
    this.#cancelTimer = this.#settings.scheduler.after(delayMs, () => {
      this.#write(false)
        .then(
          () => this.#settings.onSuccess?.('notes'),
          error => this.#settings.onFailure(error, 'notes'),
        )
        .finally(() => {
          this.#cancelTimer = null
          // Also for refusals that are being gathered: their minute ends by this clock.
          if (!this.#notes.isEmpty) this.#flushAfter(RETRY_AFTER_MS)
        })
    })
  }

  #write(everything: boolean): Promise<void> {
    const written = this.#last.then(() => this.#writeAll(everything))
    this.#last = written.catch(() => undefined)
    return written
  }

  async #writeAll(everything: boolean): Promise<void> {
    for (;;) {
      const notes = this.#notes.take(this.#settings.wallMs(), ENTRIES_AT_ONCE, everything)
      if (notes.length === 0) return
      try {
        await this.#appendNotes(notes)
      } catch (error) {
        this.#notes.putBack(notes)
        throw error
      }
      this.#notes.written()
    }
  }

  async #appendNotes(notes: readonly TimedNote[]): Promise<void> {
    try {
      await appendEntries(this.#settings.database, notes)
    } catch (error) {
      const fault = writeFault(error)
      if (!(fault instanceof ContentRejected)) throw fault
      // One bad note must not keep the others out for ever.
      const [only, ...others] = notes
      if (others.length === 0) return this.#notes.drop(only!.entry, only!.atMs)
      for (const note of notes) await this.#appendNotes([note])
    }
  }
}

/** Input: `atMs` null means the moment at which the database appends it. */
async function appendEntries(
  database: Database,
  entries: readonly { readonly entry: AuditEntry; readonly atMs: number | null }[],
): Promise<void> {
  if (entries.length === 0) return
  const text = textOf(entries.map(({ entry, atMs }) => ({ ...entry, atMs })))
  await sql`SELECT audit.append(${text}::jsonb)`.execute(database)
}

/** To look at each value costs several times as much as to write it, and hardly any needs it. */
function textOf(rows: readonly object[]): string {
  const text = JSON.stringify(rows)
  return HAS_UNSTORABLE.test(text) ? JSON.stringify(rows, storable) : text
}

/** How JSON writes a NUL and half of a surrogate pair; a text that says so in its own words is looked through as well. */
const HAS_UNSTORABLE = /\\u(?:0000|d[89a-f])/

/** Postgres keeps no NUL and no half of a surrogate pair, and a name that a stranger claimed may have either. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD') : value
}
