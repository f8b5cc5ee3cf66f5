/**
 * Carries what is in the regions' logs somewhere else, each record exactly once, whichever process dies meanwhile.
 *
 * A cursor for each region moves in the transaction in which what it passed is taken. Several processes may follow: one at
 * a time does. A record that is new is taken within a second. Whoever has much to make up for, as at the first start after an
 * upgrade, works for half of the time, so that the loop and the database stay free for others.
 */
import { sql } from 'kysely'
import type { Scheduler } from '../../base/time.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface LogFollowerSettings {
  readonly database: Database
  readonly scheduler: Scheduler
  /** The table of this follower's cursors: `region`, `position`. */
  readonly cursors: string
  /** The next records behind a position, a page of them; null when there is none. */
  readonly pageAfter: (transaction: Database, region: RegionId, from: number) => Promise<LogPage | null>
  /** The logs could not be followed; it is tried again in a second. */
  onFailure(error: Error): void
  onSuccess?(): void
}

export interface LogPage {
  /** The position of its last record. */
  readonly end: number
  /** Takes them; the last thing that is done in the transaction. */
  take(): Promise<void>
}

const LOOK_EVERY_MS = 1_000
/** Behind by more than so many records, it makes up for the past: a second of the busiest region is far less. */
const PAST_RECORDS = 5_000
/** A page that waited long for a lock must not be followed by as long a pause: a stop would wait for it. */
const PAUSE_MAX_MS = 250

export class LogFollower {
  readonly #settings: LogFollowerSettings
  #cancelTimer: (() => void) | null = null
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(settings: LogFollowerSettings) {
    this.#settings = settings
  }

  start(): void {
    this.#cancelTimer = this.#settings.scheduler.after(LOOK_EVERY_MS, () => {
      this.catchUp()
        .then(
          () => this.#settings.onSuccess?.(),
          error => this.#settings.onFailure(error),
        )
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    })
  }

  /** Resolves when everything is taken that was in the logs at the call. Errors: those of pg. */
  catchUp(): Promise<void> {
    const done = this.#last.then(() => this.#followAll())
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#last
  }

  async #followAll(): Promise<void> {
    const { database, cursors } = this.#settings
    const { rows } = await sql<{ region: RegionId; end: number }>`SELECT o.region, log.log_end(o.region) AS "end"
      FROM log.region_owner o LEFT JOIN ${sql.table(cursors)} c ON c.region = o.region
      WHERE log.log_end(o.region) > coalesce(c.position, 0) ORDER BY o.region`.execute(database)
    for (const { region, end } of rows) {
      while (!this.#stopped) {
        const startedMs = this.#settings.scheduler.monotonicMs()
        const position = await this.#followPage(region)
        if (position === null || position >= end) break
        if (end - position > PAST_RECORDS) await this.#pause(this.#settings.scheduler.monotonicMs() - startedMs)
      }
    }
  }

  #pause(tookMs: number): Promise<void> {
    const pauseMs = Math.min(PAUSE_MAX_MS, Math.max(1, tookMs))
    return new Promise(resolve => void this.#settings.scheduler.after(pauseMs, resolve))
  }

  /** Answers how far the cursor has come; null when another process has it in hand. */
  #followPage(region: RegionId): Promise<number | null> {
    const { database, cursors, pageAfter } = this.#settings
    const table = sql.table(cursors)
    return database.transaction().execute(async transaction => {
      await sql`INSERT INTO ${table} VALUES (${region}, 0) ON CONFLICT DO NOTHING`.execute(transaction)
      const cursor = await sql<{ position: number }>`SELECT position FROM ${table}
        WHERE region = ${region} FOR UPDATE SKIP LOCKED`.execute(transaction)
      const from = cursor.rows[0]?.position
      if (from === undefined) return null
      const page = await pageAfter(transaction, region, from)
      if (page === null) return from
      await sql`UPDATE ${table} SET position = ${page.end} WHERE region = ${region}`.execute(transaction)
      await page.take()
      return page.end
    })
  }
}
