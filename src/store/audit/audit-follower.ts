/**
 * Takes what dispatchers did from the regions' logs into the audit, each exactly once, whichever process dies meanwhile.
 *
 * A desk action is a fact of the log before anybody hears of it, so the log is what the audit follows: a cursor for each
 * region moves in the transaction that appends what it passed. Several processes may follow: one at a time does.
 */

import { sql } from 'kysely'
import type { Scheduler } from '../../base/time.ts'
import { idOf } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { Principal, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import type { Audit, AuditEntry } from './audit.ts'

interface AuditFollowerSettings {
  readonly database: Database
  readonly audit: Pick<Audit, 'append'>
  readonly scheduler: Scheduler
  /** The logs could not be followed; it is tried again in a second. */
  onFailure(error: Error): void
  onSuccess?(): void
}

/** A record that holds something for the audit. */
interface PickedRecord {
  readonly position: number
  readonly recordedAtMs: number
  readonly principal: Principal
  readonly commandId: string | null
  readonly events: readonly DomainEvent[]
}

const LOOK_EVERY_MS = 1_000
const RECORDS_PER_PAGE = 2_000

/** These say by their type that a dispatcher did it; all others say it by their cause. */
const DESK_EVENTS: readonly DomainEvent['type'][] = ['AssignmentOverridden', 'UnitWithdrawn', 'CallAmended']
const BY_THE_DESK = `$[*] ? (@.cause == "dispatcher" ${DESK_EVENTS.map(type => `|| @.type == "${type}"`).join(' ')})`
/** Ids and words of closed lists: no place, and nothing that a patient could be known by. */
const TOLD =
  /(^|[a-z])Ids?$|^(as|reason|status|phase|inPhase|disposition|priority|detailsReplaced|happenedAtMs|sentAtMs)$/

export class AuditFollower {
  readonly #settings: AuditFollowerSettings
  #cancelTimer: (() => void) | null = null
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(settings: AuditFollowerSettings) {
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

  /** Resolves when everything is in the audit that was in the logs at the call. Errors: those of pg. */
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
    const { rows } = await sql<{ region: RegionId; end: number }>`SELECT o.region, log.log_end(o.region) AS "end"
      FROM log.region_owner o LEFT JOIN audit.cursors c ON c.region = o.region
      WHERE log.log_end(o.region) > coalesce(c.position, 0) ORDER BY o.region`.execute(this.#settings.database)
    for (const { region, end } of rows) {
      while (!this.#stopped) {
        const position = await this.#followPage(region)
        if (position === null || position >= end) break
      }
    }
  }

  /** Answers how far the cursor has come; null when another process has it in hand. */
  #followPage(region: RegionId): Promise<number | null> {
    const { database, audit } = this.#settings
    return database.transaction().execute(async transaction => {
      await sql`INSERT INTO audit.cursors VALUES (${region}, 0) ON CONFLICT DO NOTHING`.execute(transaction)
      const cursor = await sql<{ position: number }>`SELECT position FROM audit.cursors
        WHERE region = ${region} FOR UPDATE SKIP LOCKED`.execute(transaction)
      const from = cursor.rows[0]?.position
      if (from === undefined) return null
      const page = await readPage(transaction, region, from)
      if (page.end === null) return from
      await sql`UPDATE audit.cursors SET position = ${page.end} WHERE region = ${region}`.execute(transaction)
      const entries = page.picked.flatMap(record => entriesOf(region, record))
      // The last thing: it holds the chain's end until the commit.
      if (entries.length > 0) await audit.append(transaction, entries)
      return page.end
    })
  }
}

async function readPage(
  transaction: Database,
  region: RegionId,
  from: number,
): Promise<{ end: number | null; picked: readonly PickedRecord[] }> {
  const { rows } = await sql<{ end: number | null; picked: readonly PickedRecord[] }>`
    WITH page AS MATERIALIZED (
      SELECT position, recorded_at_ms, principal, command_id, events FROM log.records
      WHERE region = ${region} AND position > ${from} ORDER BY position LIMIT ${sql.lit(RECORDS_PER_PAGE)})
    SELECT max(position) AS "end", coalesce(jsonb_agg(jsonb_build_object('position', position,
        'recordedAtMs', recorded_at_ms, 'principal', principal, 'commandId', command_id, 'events', events)
        ORDER BY position) FILTER (WHERE events @? ${BY_THE_DESK}::jsonpath), '[]') AS picked
    FROM page`.execute(transaction)
  return rows[0]!
}

function entriesOf(region: RegionId, { events, ...record }: PickedRecord): AuditEntry[] {
  // Of a row that is damaged the audit takes what it can: it must not stand still before it for ever.
  if (!Array.isArray(events)) return []
  return (events as readonly DomainEvent[]).flatMap((event, index) => {
    if (typeof event?.entity !== 'string' || typeof event.type !== 'string') return []
    const fields: Readonly<Record<string, unknown>> = { ...event }
    if (fields.cause !== 'dispatcher' && !DESK_EVENTS.includes(event.type)) return []
    const told = Object.fromEntries(Object.entries(fields).filter(([name]) => TOLD.test(name)))
    const { position, recordedAtMs, commandId } = record
    return [
      {
        actor: record.principal,
        action: actionOf(event.type),
        outcome: 'done',
        region,
        // `trip/akl.4f90…` without what kind of thing it is: the action says that.
        subject: idOf(event.entity),
        address: null,
        details: { position, event: index, recordedAtMs, commandId, ...told },
      },
    ]
  })
}

/** `AssignmentOverridden` becomes `assignment-overridden`. */
const actionOf = (type: string): string => type.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
