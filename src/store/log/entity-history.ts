/** What the log says of some units, trips and calls: every event that concerns one of them, in order. */
import { sql } from 'kysely'
import type { DomainEvent } from '../../domain/events.ts'
import type { Principal, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { PROVEN_RECORDS } from './journal-statements.ts'
import { type LogRow, recordOf } from './stored-rows.ts'

/** Positions: behind `from`, up to `to`. */
export interface LogSpan {
  readonly from: number
  readonly to: number
}

export interface ToldEvent {
  readonly position: number
  /** Its place in the record, from 0; null for a record that is damaged, of which nothing else is told. */
  readonly event: DomainEvent | null
  readonly index: number
  readonly recordedAtMs: number
  readonly principal: Principal
  readonly commandId: string | null
}

const RECORDS_PER_PAGE = 500

/** Pages of events. Input: the ids, of which the log has the whole. Errors: those of pg. */
export async function* historyOf(
  database: Database,
  region: RegionId,
  ids: readonly string[],
  { from, to }: LogSpan,
): AsyncIterable<readonly ToldEvent[]> {
  const named = sql.join(
    ids.flatMap(id => [`"${id}"`, `/${id}"`, `/${id}/`]).map(text => sql`strpos(t.events, ${text}) > 0`),
    sql` OR `,
  )
  for (let position = from; ; ) {
    const { rows } = await sql<LogRow>`
      ${sql.raw(PROVEN_RECORDS)}
      WHERE region = ${region} AND position > ${position} AND position <= ${to} AND (${named})
      ORDER BY position LIMIT ${sql.lit(RECORDS_PER_PAGE)}`.execute(database)
    yield rows.flatMap(row => toldBy(row, new Set(ids)))
    if (rows.length < RECORDS_PER_PAGE) return
    position = rows.at(-1)!.position
  }
}

function toldBy(row: LogRow, ids: ReadonlySet<string>): ToldEvent[] {
  const { position, recordedAtMs, principal, commandId, events, damage } = recordOf(row)
  const record = { position, recordedAtMs, principal, commandId }
  if (damage !== undefined || !Array.isArray(events)) return [{ ...record, index: 0, event: null }]
  return events.flatMap((event, index) => (concerns(event, ids) ? [{ ...record, index, event }] : []))
}

/** Whether a field of the event is one of the ids, or has one in its path. Who only could have been chosen is not concerned. */
function concerns(event: DomainEvent, ids: ReadonlySet<string>): boolean {
  return Object.values(event).some((value: unknown) => {
    if (Array.isArray(value)) return value.some(each => typeof each === 'string' && ids.has(each))
    return (
      typeof value === 'string' &&
      (ids.has(value) || value.split('/').some((part, index) => index === 1 && ids.has(part)))
    )
  })
}
