/**
 * What a region's service came to in a window of time: responses against a limit, times at the hospital, how busy units were, alarms.
 *
 * Each statement reads the views as they stand, so all figures of a part are of one position of the log. The same in SQL, to be
 * asked otherwise, stands in docs/sql.md.
 */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type {
  AlarmFigures,
  PartFigures,
  ResponseContract,
  StatisticsView,
  UnitWork,
} from '../../protocol/statistics-view.ts'
import type { Database } from '../postgres/database.ts'
import { cornersOf } from './response-report.ts'

interface AreaStation {
  readonly stationId: string
  readonly name: string
  readonly lonDeg: number
  readonly latDeg: number
}

export interface StatisticsWindow {
  readonly fromMs: number
  /** Before that. */
  readonly toMs: number
  /** Whose hours and days the parts of the window are. */
  readonly timeZone: string
  /** Of the region, each with the area of the calls that it is nearest to. */
  readonly stations: readonly AreaStation[]
}

const DAY_MS = 86_400_000
export function slotOf({ fromMs, toMs }: Pick<StatisticsWindow, 'fromMs' | 'toMs'>): Slot {
  const days = (toMs - fromMs) / DAY_MS
  return days <= 4 ? 'hour' : days <= 100 ? 'day' : 'month'
}

type Slot = StatisticsView['slot']
type ResponseStatistics = StatisticsView['response']
type SpanFigures = StatisticsView['turnout']

export type StatisticsOfWindow = Omit<StatisticsView, 'region' | 'fromMs' | 'toMs' | 'contract'>

/** Input: how long a statement may take, 0 for ever. Errors: those of pg. Bound: units and stations of the region, the slots of the window, kinds of alarms, and 1,000 principals. */
export async function statisticsOf(
  database: Database,
  region: RegionId,
  window: StatisticsWindow,
  contract: ResponseContract,
  statementMs = 0,
): Promise<StatisticsOfWindow> {
  // One snapshot: figures that stand side by side are of the same log.
  return database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async transaction => {
      await sql`SELECT set_config('statement_timeout', ${String(statementMs)}, true)`.execute(transaction)
      const { rows } = await sql<{ position: number; atMs: number | null }>`
        SELECT as_of_position AS position, as_of_ms AS "atMs" FROM views.progress WHERE region = ${region}`.execute(
        transaction,
      )
      const { position: asOfPosition = 0, atMs: asOfMs = null } = rows[0] ?? {}
      const until = { ...window, asOfMs: asOfMs ?? window.fromMs }
      return {
        ...{ asOfPosition, asOfMs, slot: slotOf(window) },
        response: await responses(transaction, region, until, contract),
        turnout: await spans(transaction, region, window, 'notified', 'en-route'),
        turnaround: await spans(transaction, region, window, 'at-destination', 'back-in-service'),
        units: await unitsAtWork(transaction, region, until),
        alarms: await alarmsOf(transaction, region, window),
      }
    })
}

interface AsOf extends StatisticsWindow {
  readonly asOfMs: number
}

type PartRow = PartFigures & {
  readonly part: number
  readonly priority: ResponseStatistics['byPriority'][number]['priority'] | null
  readonly slotFromMs: number | null
  readonly stationId: string | null
  readonly name: string | null
  readonly late: number
}

/** Bits of GROUPING: which columns a row is not of. */
const [ALL, OF_PRIORITY, OF_SLOT, OF_AREA] = [0b111, 0b011, 0b101, 0b110]

async function responses(
  database: Database,
  region: RegionId,
  { fromMs, toMs, timeZone, stations, asOfMs }: AsOf,
  contract: ResponseContract,
): Promise<ResponseStatistics> {
  const { limitMs, share, start, rounding, counts, staged, cancelled, priorities, zone } = contract
  const { rows } = await sql<PartRow>`WITH samples AS MATERIALIZED (
      SELECT r.priority, r.outcome, r.started_at_ms, c.lon_deg, c.lat_deg,
        date_trunc(${slotOf({ fromMs, toMs })}, to_timestamp(r.received_at_ms / 1000.0), ${timeZone}) AS slot,
        CASE WHEN r.outcome = 'arrived' OR r.outcome = 'cancelled' AND ${cancelled} = 'judged' THEN r.elapsed_ms END AS ms
      FROM views.response_samples(${region}, ${fromMs}, ${toMs}, ${start}, ${rounding}, ${counts}, ${staged},
        ${cornersOf(zone)}::polygon) r
      JOIN views.calls c ON c.region = ${region} AND c.call_id = r.call_id
      WHERE ${priorities === null ? null : [...priorities]}::smallint[] IS NULL
        OR r.priority = ANY (${priorities === null ? null : [...priorities]}::smallint[])),
    stations AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(stations)}::jsonb)
        AS t ("stationId" text, name text, "lonDeg" float8, "latDeg" float8)),
    s AS (
      SELECT samples.*, near.station_id, near.name,
        outcome = 'open' AND ${asOfMs}::bigint - started_at_ms > ${limitMs}::bigint AS late FROM samples LEFT JOIN LATERAL (
        SELECT t."stationId" AS station_id, t.name FROM stations t,
          LATERAL (SELECT abs(t."lonDeg" - samples.lon_deg) AS lon, t."latDeg" - samples.lat_deg AS lat) away
        ORDER BY (least(away.lon, 360 - away.lon) * cos(radians(samples.lat_deg))) ^ 2 + away.lat ^ 2, t."stationId"
        LIMIT 1) near ON true)
    SELECT GROUPING(priority, slot, station_id)::int AS part, priority, station_id AS "stationId", min(name) AS name,
      (extract(epoch FROM slot) * 1000)::bigint AS "slotFromMs", count(*) AS calls, count(ms) AS samples,
      count(*) FILTER (WHERE ms <= ${limitMs}::bigint) AS within,
      count(*) FILTER (WHERE ms <= ${limitMs}::bigint)::float8 / nullif(count(ms), 0) AS share,
      count(*) FILTER (WHERE ms <= ${limitMs}::bigint)::float8 / nullif(count(ms), 0) >= ${share}::float8 AS "isMet",
      percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS "p50Ms",
      percentile_disc(0.9) WITHIN GROUP (ORDER BY ms) AS "p90Ms", max(ms) AS "maxMs",
      count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled, count(*) FILTER (WHERE outcome = 'open') AS open,
      count(*) FILTER (WHERE outcome IN ('unknown', 'out-of-order')) AS unknown, count(*) FILTER (WHERE late) AS late
    FROM s GROUP BY GROUPING SETS ((), (priority), (slot), (station_id)) ORDER BY part, priority, slot, station_id`.execute(
    database,
  )
  const of = (part: number) => rows.filter(row => row.part === part)
  const whole = of(ALL)[0]!
  return {
    all: figuresOf(whole),
    byPriority: of(OF_PRIORITY).map(row => ({ priority: row.priority!, ...figuresOf(row) })),
    bySlot: of(OF_SLOT).map(row => ({ fromMs: row.slotFromMs!, ...figuresOf(row) })),
    byArea: of(OF_AREA).flatMap(row =>
      row.stationId === null ? [] : [{ stationId: row.stationId, name: row.name!, ...figuresOf(row) }],
    ),
    lateNow: whole.late,
  }
}

function figuresOf({ calls, samples, within, share, isMet, p50Ms, p90Ms, maxMs, cancelled, open, unknown }: PartRow) {
  return { calls, samples, within, share, isMet, p50Ms, p90Ms, maxMs, cancelled, open, unknown }
}

/** From one moment of a unit's work to another one; of which nobody knows both is not counted. */
async function spans(
  database: Database,
  region: RegionId,
  { fromMs, toMs }: StatisticsWindow,
  from: 'notified' | 'at-destination',
  to: 'en-route' | 'back-in-service',
): Promise<SpanFigures> {
  const { rows } = await sql<SpanFigures>`SELECT count(*) AS count,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY b.at_ms - a.at_ms) AS "p50Ms",
      percentile_disc(0.9) WITHIN GROUP (ORDER BY b.at_ms - a.at_ms) AS "p90Ms", max(b.at_ms - a.at_ms) AS "maxMs"
    FROM views.trips t
    JOIN views.trip_times a ON a.region = t.region AND a.trip_id = t.trip_id AND a.time = ${from}
    JOIN views.trip_times b ON b.region = a.region AND b.trip_id = a.trip_id AND b.offer_id = a.offer_id AND b.time = ${to}
    WHERE t.region = ${region} AND t.received_at_ms >= ${fromMs} AND t.received_at_ms < ${toMs}
      AND b.at_ms >= a.at_ms`.execute(database)
  return rows[0]!
}

/** Of a call that came in longer before the window nothing is looked for. */
const LONGEST_WORK_MS = 2 * DAY_MS
/** A shift that is over, and had begun longer before the window, is not looked for. */
const LONGEST_SHIFT_MS = 31 * DAY_MS

/** Shifts and work are cut off at both ends of the window; what goes on counts up to the last record. */
async function unitsAtWork(database: Database, region: RegionId, { fromMs, toMs, asOfMs }: AsOf): Promise<UnitWork[]> {
  const endMs = Math.max(fromMs, Math.min(toMs, asOfMs))
  const { rows } = await sql<UnitWork>`WITH staffed AS (
      SELECT unit_id, sum(least(coalesce(signed_off_at_ms, ${endMs}::bigint), ${endMs}::bigint)
        - greatest(signed_on_at_ms, ${fromMs}::bigint)) AS ms
      FROM views.shifts WHERE region = ${region} AND signed_on_at_ms < ${endMs}::bigint
        AND (signed_on_at_ms >= ${fromMs - LONGEST_SHIFT_MS}::bigint OR signed_off_at_ms IS NULL)
        AND coalesce(signed_off_at_ms, ${endMs}::bigint) > ${fromMs}::bigint GROUP BY unit_id),
    work AS (
      SELECT n.unit_id, count(*) AS responses, sum(least(coalesce(b.at_ms, ${endMs}::bigint), ${endMs}::bigint)
        - greatest(n.at_ms, ${fromMs}::bigint)) AS ms
      FROM views.trips t
      JOIN views.trip_times n ON n.region = t.region AND n.trip_id = t.trip_id AND n.time = 'notified'
      LEFT JOIN views.trip_times b ON b.region = n.region AND b.trip_id = n.trip_id AND b.offer_id = n.offer_id
        AND b.time = 'back-in-service'
      WHERE t.region = ${region} AND t.received_at_ms >= ${fromMs - LONGEST_WORK_MS} AND t.received_at_ms < ${endMs}
        AND n.at_ms < ${endMs}::bigint
        -- Work without a known end counts while it goes on, and not at all afterwards.
        AND (b.at_ms > greatest(n.at_ms, ${fromMs}::bigint) OR b.at_ms IS NULL AND t.offer_id = n.offer_id AND t.ended_at_ms IS NULL)
      GROUP BY n.unit_id)
    SELECT unit_id AS "unitId", coalesce(u.call_sign, unit_id) AS "callSign", coalesce(s.ms, 0)::float8 AS "staffedMs",
      coalesce(w.ms, 0)::float8 AS "committedMs", coalesce(w.responses, 0) AS responses
    FROM staffed s FULL JOIN work w USING (unit_id)
    LEFT JOIN (SELECT unit_id, call_sign FROM views.units WHERE region = ${region}) u USING (unit_id)
    ORDER BY unit_id`.execute(database)
  return rows
}

const PRINCIPALS_MAX = 1_000

async function alarmsOf(
  database: Database,
  region: RegionId,
  { fromMs, toMs }: StatisticsWindow,
): Promise<AlarmFigures> {
  const { rows } = await sql<AlarmFigures>`WITH a AS MATERIALIZED (
      SELECT kind, raised_at_ms, acknowledged_by, acknowledged_at_ms - raised_at_ms AS ms,
        count(*) OVER (ORDER BY raised_at_ms RANGE BETWEEN CURRENT ROW AND 599999 FOLLOWING) AS in_ten
      FROM views.alarms WHERE region = ${region} AND raised_at_ms >= ${fromMs} AND raised_at_ms < ${toMs}),
    kinds AS (
      SELECT kind, count(*) AS raised, count(acknowledged_by) AS acknowledged,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS "p50Ms",
        percentile_disc(0.9) WITHIN GROUP (ORDER BY ms) AS "p90Ms", max(ms) AS "maxMs" FROM a GROUP BY kind),
    people AS (
      SELECT acknowledged_by AS principal, count(*) AS acknowledged FROM a WHERE acknowledged_by IS NOT NULL
      GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${PRINCIPALS_MAX})
    SELECT (SELECT count(*) FROM a) AS raised, (SELECT coalesce(max(in_ten), 0) FROM a) AS "busiestTenMinutes",
      (SELECT coalesce(jsonb_agg(to_jsonb(kinds) ORDER BY kind), '[]') FROM kinds) AS "byKind",
      (SELECT coalesce(jsonb_agg(to_jsonb(people) ORDER BY acknowledged DESC, principal), '[]') FROM people)
        AS "byPrincipal"`.execute(database)
  return rows[0]!
}
