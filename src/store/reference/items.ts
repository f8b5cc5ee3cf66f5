/**
 * Reading and writing units, stations and hospitals: the same few statements for every kind.
 *
 * Whoever changes something calls `nextVersion` first in the transaction: changes then happen one after the other, a
 * reader that sees version n sees all of change n, and rows are locked in no order that could be a deadlock.
 */
import { type RawBuilder, sql } from 'kysely'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { type Kind, UNITS } from './kinds.ts'

/** A thing as it stands; `version` is that of the reference data when it was last changed, and its ETag. */
export type Stored<T> = T & { readonly region: RegionId; readonly version: number }

/** Raises the version of the reference data, and holds it against other changes until the transaction ends. */
export async function nextVersion(transaction: Database): Promise<number> {
  const { version } = await transaction
    .updateTable('reference.version')
    .set({ version: sql`version + 1` })
    .returning('version')
    .executeTakeFirstOrThrow()
  return version
}

/** Up to `limit` things of a region after an id, in the order of their ids. */
export async function listItems<T>(
  database: Database,
  kind: Kind<T>,
  region: RegionId,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<Stored<T>[]> {
  const id = idColumn(kind)
  const from = after === null ? sql`` : sql`AND ${id} > ${after}`
  const { rows } = await sql<Stored<T>>`
    SELECT ${selected(kind)} FROM ${sql.table(kind.table)} WHERE region = ${region} ${from}
    ORDER BY ${id} LIMIT ${limit}`.execute(database)
  return rows
}

export async function getItem<T>(
  database: Database,
  kind: Kind<T>,
  region: RegionId,
  id: string,
): Promise<Stored<T> | undefined> {
  const { rows } = await sql<Stored<T>>`
    SELECT ${selected(kind)} FROM ${sql.table(kind.table)}
    WHERE region = ${region} AND ${idColumn(kind)} = ${id}`.execute(database)
  return rows[0]
}

/** How many of the things put were new, and how many were changed; the rest stood there as they are. */
export interface Put {
  readonly added: number
  readonly changed: number
}

/** Adds things, and replaces those that the region has under the same id. One that is put as it stands keeps its version. */
export async function putItems<T extends object>(
  transaction: Database,
  kind: Kind<T>,
  region: RegionId,
  items: readonly T[],
  version: number,
): Promise<Put> {
  const put = { added: 0, changed: 0 }
  const columns = columnsOf(kind)
  const ids = (part: readonly T[]) => part.map(item => String(item[kind.idField]))
  const others = columns.filter(({ field }) => field !== kind.idField)
  const named = (from: string) => sql.join(others.map(({ column }) => sql.ref(`${from}.${column}`)))
  for (let start = 0; start < items.length; start += ITEMS_AT_ONCE) {
    const part = items.slice(start, start + ITEMS_AT_ONCE)
    const given = part.map(item => rowOf(kind, kind.whole?.(item) ?? item))
    const { rows } = await sql<{ isNew: boolean; count: number }>`
      WITH put AS (
        INSERT INTO ${sql.table(kind.table)} AS present
          (region, ${sql.join(columns.map(({ column }) => sql.id(column)))}, version)
        SELECT ${region}, ${sql.join(columns.map(({ column }) => sql.ref(`given.${column}`)))}, ${version}
        FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
          AS given (${sql.join(columns.map(({ column, type }) => sql`${sql.id(column)} ${sql.raw(type)}`))})
        ON CONFLICT (region, ${idColumn(kind)}) DO UPDATE SET
          ${sql.join(others.map(({ column }) => sql`${sql.id(column)} = ${sql.ref(`excluded.${column}`)}`))},
          version = excluded.version
        WHERE (${named('present')}) IS DISTINCT FROM (${named('excluded')})
        RETURNING xmax = 0 AS is_new)
      SELECT is_new AS "isNew", count(*) AS count FROM put GROUP BY is_new`.execute(transaction)
    for (const { isNew, count } of rows) put[isNew ? 'added' : 'changed'] += count
    if (kind.table === UNITS.table) await liveAgain(transaction, region, ids(part))
  }
  return put
}

/** Takes a thing away; a unit is kept among the retired, so that its region hears of it. */
export async function removeItem<T>(
  transaction: Database,
  kind: Kind<T>,
  region: RegionId,
  id: string,
  version: number,
): Promise<void> {
  await sql`DELETE FROM ${sql.table(kind.table)} WHERE region = ${region} AND ${idColumn(kind)} = ${id}`.execute(
    transaction,
  )
  if (kind.table !== UNITS.table) return
  await transaction
    .insertInto('reference.retired_units')
    .values({ region, unit_id: id, version })
    .onConflict(conflict => conflict.columns(['region', 'unit_id']).doUpdateSet({ version }))
    .execute()
}

/** Those of the stations named that the region does not have; none while it has no stations at all. */
export async function unknownStations(
  database: Database,
  region: RegionId,
  stationIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ stationId: string }>`
    SELECT DISTINCT named AS "stationId" FROM unnest(${[...stationIds]}::text[]) AS named
    WHERE EXISTS (SELECT 1 FROM reference.stations WHERE region = ${region})
      AND NOT EXISTS (SELECT 1 FROM reference.stations WHERE region = ${region} AND station_id = named)
    ORDER BY named`.execute(database)
  return rows.map(({ stationId }) => stationId)
}

/** How many units live at a station. */
export async function unitsAtStation(database: Database, region: RegionId, stationId: string): Promise<number> {
  const { count } = await database
    .selectFrom('reference.units')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('region', '=', region)
    .where('home_station', '=', stationId)
    .executeTakeFirstOrThrow()
  return count
}

/** Rows of one statement, so that none of them gets very large. */
const ITEMS_AT_ONCE = 5_000

async function liveAgain(transaction: Database, region: RegionId, unitIds: readonly UnitId[]): Promise<void> {
  await sql`DELETE FROM reference.retired_units
    WHERE region = ${region} AND unit_id = ANY (${[...unitIds]}::text[])`.execute(transaction)
}

function columnsOf<T>(kind: Kind<T>): { field: string; column: string; type: string }[] {
  const entries = Object.entries<readonly [string, string]>(kind.columns)
  return entries.map(([field, [column, type]]) => ({ field, column, type }))
}

const idColumn = <T>(kind: Kind<T>): RawBuilder<unknown> => sql.ref(kind.columns[kind.idField][0])

function selected<T>(kind: Kind<T>): RawBuilder<unknown> {
  const said = Object.entries(kind.said ?? {}).map(([field, column]) => ({ field, column }))
  const fields = [...columnsOf(kind), ...said].map(({ field, column }) => sql`${sql.ref(column)} AS ${sql.id(field)}`)
  return sql`region, ${sql.join(fields)}, version`
}

function rowOf<T extends object>(kind: Kind<T>, item: T): Record<string, unknown> {
  return Object.fromEntries(columnsOf(kind).map(({ field, column }) => [column, item[field as keyof T]]))
}
