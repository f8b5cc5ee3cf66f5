/** Reads and writes the rows of the views. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { LogRecord } from '../log/journal.ts'
import type { Database } from '../postgres/database.ts'
import { namedBy } from './view-fold.ts'
import {
  type CallRow,
  noRows,
  type OfferRow,
  type PassedOverRow,
  type RegionRow,
  type ShiftRow,
  type TripRow,
  type UnitRow,
  type ViewRows,
} from './view-rows.ts'

/** Which rows of the tables are meant: those of one pass of a region's log through the fold. */
export interface Run {
  readonly region: RegionId
  readonly run: number
}

/** What is kept of what was passed over, of a region: more is counted only. */
const PASSED_OVER_KEPT = 1_000
/** Rows that are written out as text in one go: a few milliseconds. */
const ROWS_AT_ONCE = 250
/** The tables, with what tells rows of a run apart. */
const TABLES: Readonly<
  Record<Exclude<keyof ViewRows, 'passedOver'>, readonly [table: string, key: readonly string[]]>
> = {
  calls: ['views.call_rows', ['call_id']],
  trips: ['views.trip_rows', ['trip_id']],
  tripTimes: ['views.trip_time_rows', ['trip_id', 'offer_id', 'time']],
  units: ['views.unit_rows', ['unit_id']],
  offers: ['views.offer_rows', ['trip_id', 'offer_id']],
  decisions: ['views.decision_rows', ['position', 'event']],
  shifts: ['views.shift_rows', ['unit_id', 'position']],
  alarms: ['views.alarm_rows', ['alarm_id']],
  regions: ['views.region_rows', []],
}
const ROW_TABLES: readonly string[] = [...Object.values(TABLES).map(([table]) => table), 'views.passed_over_rows']

/** The rows of a run that the records can name. Errors: those of pg. */
export async function knownRows(database: Database, of: Run, records: readonly LogRecord[]): Promise<ViewRows> {
  const { trips, units, calls } = namedBy(records)
  const known = noRows()
  const fill = async <Row>(
    rows: Map<string, Row>,
    table: string,
    where: ReturnType<typeof sql>,
    key: (row: Row) => string,
  ) => {
    const { region, run } = of
    const found = await sql<{ row: Row }>`SELECT to_jsonb(r) - 'region' - 'run' AS row FROM ${sql.table(table)} r
      WHERE region = ${region} AND run = ${run} AND ${where}`.execute(database)
    for (const { row } of found.rows) rows.set(key(row), row)
  }
  const isOne = (column: string, ids: ReadonlySet<string>) => sql`${sql.ref(column)} = ANY (${[...ids]}::text[])`
  if (calls.size > 0) await fill<CallRow>(known.calls, 'views.call_rows', isOne('call_id', calls), row => row.call_id)
  if (trips.size > 0) {
    await fill<TripRow>(known.trips, 'views.trip_rows', isOne('trip_id', trips), row => row.trip_id)
    const ofOffer = (row: OfferRow) => `${row.trip_id} ${row.offer_id}`
    await fill<OfferRow>(known.offers, 'views.offer_rows', isOne('trip_id', trips), ofOffer)
  }
  if (units.size > 0) {
    await fill<UnitRow>(known.units, 'views.unit_rows', isOne('unit_id', units), row => row.unit_id)
    const isOn = sql`signed_off_at_ms IS NULL AND ${isOne('unit_id', units)}`
    await fill<ShiftRow>(known.shifts, 'views.shift_rows', isOn, row => `${row.unit_id} ${row.position}`)
  }
  await fill<RegionRow>(known.regions, 'views.region_rows', sql`true`, () => '')
  return known
}

/** Writes rows in place of those that have their keys. Input: `breathe` gives the loop to others. Errors: those of pg. */
export async function putRows(
  database: Database,
  of: Run,
  rows: ViewRows,
  breathe: () => Promise<void>,
): Promise<void> {
  for (const [name, [table, key]] of Object.entries(TABLES)) {
    const changed = [...rows[name as keyof typeof TABLES].values()]
    for (let from = 0; from < changed.length; from += ROWS_AT_ONCE)
      await putSome(database, of, [table, key], changed.slice(from, from + ROWS_AT_ONCE), breathe)
  }
  await putPassedOver(database, of, [...rows.passedOver.values()])
}

async function putSome(
  database: Database,
  of: Run,
  [table, key]: (typeof TABLES)[keyof typeof TABLES],
  changed: readonly object[],
  breathe: () => Promise<void>,
): Promise<void> {
  await breathe()
  const columns = Object.keys(changed[0]!).filter(column => !key.includes(column))
  const all = [...Object.keys(of), ...key, ...columns].map(column => sql.ref(column))
  const put = columns.map(column => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`)
  const text = JSON.stringify(changed.map(row => ({ ...of, ...row })))
  await sql`INSERT INTO ${sql.table(table)} (${sql.join(all)})
      SELECT ${sql.join(all)} FROM jsonb_populate_recordset(NULL::${sql.table(table)}, ${text}::jsonb)
      ON CONFLICT (${sql.join(['region', 'run', ...key].map(column => sql.ref(column)))})
      DO UPDATE SET ${sql.join(put)}`.execute(database)
}

async function putPassedOver(database: Database, of: Run, rows: readonly PassedOverRow[]): Promise<void> {
  if (rows.length === 0) return
  const text = JSON.stringify(rows.map(row => ({ ...of, ...row })))
  await sql`INSERT INTO views.passed_over_rows
    SELECT r.* FROM jsonb_populate_recordset(NULL::views.passed_over_rows, ${text}::jsonb) AS r
    LIMIT greatest(0, ${PASSED_OVER_KEPT} - (SELECT count(*) FROM views.passed_over_rows
      WHERE region = ${of.region} AND run = ${of.run}))
    ON CONFLICT DO NOTHING`.execute(database)
}

/** How many rows of a table one statement deletes. */
const DELETED_AT_ONCE = 5_000

/** Deletes the rows of every run of a region but one, a bounded number in a statement. Errors: those of pg. */
export async function deleteOtherRuns(database: Database, { region, run }: Run): Promise<void> {
  for (const table of ROW_TABLES) {
    for (;;) {
      const { numAffectedRows = 0n } = await sql`DELETE FROM ${sql.table(table)} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${sql.table(table)} WHERE region = ${region} AND run <> ${run}
        LIMIT ${sql.lit(DELETED_AT_ONCE)}))`.execute(database)
      if (numAffectedRows < BigInt(DELETED_AT_ONCE)) break
    }
  }
}
