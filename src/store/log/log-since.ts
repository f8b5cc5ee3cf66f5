/** The log of a region from a moment on, for whoever reports of the past. */
import { sql } from 'kysely'
import type { DomainEvent } from '../../domain/events.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { PROVEN_RECORDS } from './journal-statements.ts'
import { type LogRow, recordOf } from './stored-rows.ts'

export interface LogSince {
  readonly events: readonly DomainEvent[]
  /** When the last of them was recorded. */
  readonly recordedAtMs: number
  /** Records of this page that are damaged; their events are left out. */
  readonly damaged: number
}

/** Pages of a thousand records. Errors: those of pg. */
export async function* logSince(database: Database, region: RegionId, sinceMs: number): AsyncIterable<LogSince> {
  let position = (await firstSince(database, region, sinceMs)) - 1
  for (;;) {
    const { rows } = await sql<LogRow>`
      ${sql.raw(PROVEN_RECORDS)}
      WHERE region = ${region} AND position > ${position} ORDER BY position LIMIT 1000`.execute(database)
    const last = rows.at(-1)
    if (last === undefined) return
    const records = rows.map(recordOf)
    const sound = records.filter(({ damage }) => damage === undefined)
    const events = sound.flatMap(record => record.events)
    yield { events, recordedAtMs: last.recorded_at_ms, damaged: records.length - sound.length }
    position = last.position
  }
}

/** The first position at or after the moment, by halving: recording times only go up, and no index has them. */
export async function firstSince(database: Database, region: RegionId, sinceMs: number): Promise<number> {
  const end = await database
    .selectFrom('log.records')
    .select(({ fn }) => fn.max('position').as('position'))
    .where('region', '=', region)
    .executeTakeFirst()
  let [from, to] = [1, (end?.position ?? 0) + 1]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const found = await database
      .selectFrom('log.records')
      .select(['position', 'recorded_at_ms'])
      .where('region', '=', region)
      .where('position', '>=', middle)
      .orderBy('position')
      .limit(1)
      .executeTakeFirst()
    if (found === undefined || found.recorded_at_ms >= sinceMs) to = middle
    else from = found.position + 1
  }
  return from
}
