/**
 * Lists and searches over the views: pages of calls, trips and units, each with the position of the log that it is as of.
 *
 * A page is read by one statement, so its rows and its position are of one moment, also while a rebuild takes its place.
 */
import { type RawBuilder, sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import { containing, saysSo } from '../log/call-search.ts'
import type { Database } from '../postgres/database.ts'

/** What a list is asked for; what is null is not asked. */
export interface ListWishes {
  readonly limit: number
  /** The last item of the page before. */
  readonly behind: string | null
  readonly status: readonly string[] | null
  readonly priority: readonly number[] | null
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly box: PlaceBox | null
  readonly text: string | null
}

/** Decimal degrees. West of more than east crosses the antimeridian. */
interface PlaceBox {
  readonly west: number
  readonly south: number
  readonly east: number
  readonly north: number
}

/** Rows by their columns in the words of HTTP. */
export interface ListPage<Item> {
  readonly asOfPosition: number
  /** One more than was asked for where another page follows. */
  readonly items: readonly Item[]
}

export interface CallItem {
  readonly callId: string
  /** The words were found in what was said of the call, not in its triage code. */
  readonly isSaid: boolean
  readonly cursor: string
}

export interface TripItem extends CallItem {
  readonly tripId: string
}

export interface UnitItem {
  readonly unitId: string
  readonly cursor: string
}

interface ViewsAhead {
  waitFor(region: RegionId, position: number, limitMs: number): Promise<void>
}

/** Other pages are being read. */
export class ListsBusy extends Error {
  override readonly name = 'ListsBusy'
}

/** Each takes one of the few connections to the database. */
const READS_MAX = 2
/** How long a page waits for the position that it is to be behind. */
const AHEAD_WAIT_MS = 1_000
/** Ended calls and trips are looked for in so much of the past where nobody says how much. */
const USUAL_WINDOW_MS = 31 * 86_400_000

export class ViewLists {
  readonly #database: Database
  readonly #views: ViewsAhead
  #reads = 0

  constructor(database: Database, views: ViewsAhead) {
    this.#database = database
    this.#views = views
  }

  /** Newest first. Errors: ListsBusy, those of pg. */
  calls(region: RegionId, wishes: ListWishes): Promise<ListPage<CallItem>> {
    const { text, box, priority, status } = wishes
    const isSaid = saidIn(region, text, sql`r.call_id`)
    const conditions = [
      isOneOf('r.state', status),
      isOneOfNumbers('r.priority', priority),
      ...timed('r.received_at_ms', wishes, region, status?.join() === 'open'),
      ...within('r', box),
      ...(text === null ? [] : [sql`(r.problem ILIKE ${containing(text)} OR ${isSaid})`]),
      ...behind(['r.entered_position', 'r.call_id'], wishes.behind),
    ]
    return this.#page(
      region,
      sql`SELECT r.call_id AS "callId", r.incident_no AS "incidentNo", r.state, r.priority, r.problem, r.lon_deg AS "lonDeg",
        r.lat_deg AS "latDeg", r.units_needed AS "unitsNeeded", r.received_at_ms AS "receivedAtMs",
        r.received_source AS "receivedSource", r.entered_at_ms AS "enteredAtMs", r.entered_by AS "enteredBy", r.first_notified_at_ms AS "firstNotifiedAtMs",
        r.ended_at_ms AS "endedAtMs", r.position AS version, ${isSaid} AS "isSaid",
        r.entered_position || ':' || r.call_id AS cursor
      FROM views.call_rows r WHERE r.region = ${region} AND r.run = ${runOf(region)} AND ${all(conditions)}
      ORDER BY r.entered_position DESC, r.call_id DESC LIMIT ${wishes.limit + 1}`,
    )
  }

  /** Newest first. Errors: ListsBusy, those of pg. */
  trips(region: RegionId, wishes: ListWishes): Promise<ListPage<TripItem>> {
    const { text, box, priority, status } = wishes
    const isOpen = status !== null && !status.includes('closed') && !status.includes('cancelled')
    const isSaid = saidIn(region, text, sql`r.call_id`)
    const conditions = [
      ...(isOpen ? [sql`r.ended_at_ms IS NULL`] : []),
      isOneOf('r.phase', status),
      isOneOfNumbers('r.priority', priority),
      ...timed('r.received_at_ms', wishes, region, isOpen),
      ...within('r', box),
      ...(text === null ? [] : [sql`(c.problem ILIKE ${containing(text)} OR ${isSaid})`]),
      ...behind(['r.created_position', 'r.trip_id'], wishes.behind),
    ]
    return this.#page(
      region,
      sql`SELECT r.trip_id AS "tripId", r.call_id AS "callId", r.response_no AS "responseNo", r.phase,
        r.phase_since_ms AS "phaseSinceMs", r.priority, c.problem, r.lon_deg AS "lonDeg", r.lat_deg AS "latDeg",
        r.level_of_care AS "levelOfCare", r.transport, r.capabilities, r.unit_id AS "unitId",
        r.received_at_ms AS "receivedAtMs", r.created_at_ms AS "createdAtMs", r.ended_at_ms AS "endedAtMs", r.disposition,
        r.cancel_reason AS "cancelReason", r.on_hold AS "onHold", r.position AS version, ${isSaid} AS "isSaid",
        r.created_position || ':' || r.trip_id AS cursor
      FROM views.trip_rows r
      LEFT JOIN views.call_rows c ON c.region = r.region AND c.run = r.run AND c.call_id = r.call_id
      WHERE r.region = ${region} AND r.run = ${runOf(region)} AND ${all(conditions)}
      ORDER BY r.created_position DESC, r.trip_id DESC LIMIT ${wishes.limit + 1}`,
    )
  }

  /** By id; those that were retired are asked for by nobody. Priority is that of the trip. Errors: ListsBusy, those of pg. */
  units(region: RegionId, wishes: Omit<ListWishes, 'box'>): Promise<ListPage<UnitItem>> {
    const { text, priority, status, fromMs, toMs } = wishes
    const conditions = [
      sql`NOT r.retired`,
      isOneOf('r.status', status),
      isOneOfNumbers('t.priority', priority),
      ...(fromMs === null ? [] : [sql`r.status_since_ms >= ${fromMs}`]),
      ...(toMs === null ? [] : [sql`r.status_since_ms < ${toMs}`]),
      ...(text === null ? [] : [sql`(r.call_sign ILIKE ${containing(text)} OR r.unit_id ILIKE ${containing(text)})`]),
      ...(wishes.behind === null ? [] : [sql`r.unit_id > ${wishes.behind}`]),
    ]
    return this.#page(
      region,
      sql`SELECT r.unit_id AS "unitId", r.call_sign AS "callSign", r.level_of_care AS "levelOfCare", r.transports,
        r.capabilities, r.home_station AS "homeStation", r.status, r.status_since_ms AS "statusSinceMs", r.dispatchability,
        r.crew, r.unavailable_reason AS "unavailableReason", r.trip_id AS "tripId", t.priority AS "tripPriority",
        r.position AS version, r.unit_id AS cursor
      FROM views.unit_rows r
      LEFT JOIN views.trip_rows t ON t.region = r.region AND t.run = r.run AND t.trip_id = r.trip_id
      WHERE r.region = ${region} AND r.run = ${runOf(region)} AND ${all(conditions)}
      ORDER BY r.unit_id LIMIT ${wishes.limit + 1}`,
    )
  }

  /** Waits until the views have the position, for a second at most. Errors: those of pg. */
  waitFor(region: RegionId, position: number): Promise<void> {
    return this.#views.waitFor(region, position, AHEAD_WAIT_MS)
  }

  async #page<Item>(region: RegionId, page: RawBuilder<unknown>): Promise<ListPage<Item>> {
    if (this.#reads >= READS_MAX) throw new ListsBusy('other pages are being read')
    this.#reads += 1
    try {
      const { rows } = await sql<{ asOfPosition: number | null; items: Item[] }>`WITH page AS MATERIALIZED (${page})
        SELECT (SELECT position FROM views.cursors WHERE region = ${region}) AS "asOfPosition",
          (SELECT coalesce(jsonb_agg(to_jsonb(page)), '[]') FROM page) AS items`.execute(this.#database)
      const { asOfPosition, items } = rows[0]!
      return { asOfPosition: asOfPosition ?? 0, items }
    } finally {
      this.#reads -= 1
    }
  }
}

type Condition = RawBuilder<unknown>

const all = (conditions: readonly (Condition | null)[]): Condition =>
  sql.join(
    conditions.filter(condition => condition !== null),
    sql` AND `,
  )

/** A part of the statement of its own, so that the tables are read in the order of their indexes. */
const runOf = (region: RegionId): Condition => sql`(SELECT run FROM views.cursors WHERE region = ${region})`

const isOneOf = (column: string, words: readonly string[] | null): Condition =>
  words === null ? sql`true` : sql`${sql.ref(column)} = ANY (${[...words]}::text[])`

const isOneOfNumbers = (column: string, numbers: readonly number[] | null): Condition =>
  numbers === null ? sql`true` : sql`${sql.ref(column)} = ANY (${[...numbers]}::smallint[])`

function timed(
  column: string,
  { fromMs, toMs }: Pick<ListWishes, 'fromMs' | 'toMs'>,
  region: RegionId,
  isOpen: boolean,
): Condition[] {
  const usual = sql`(SELECT recorded_at_ms - ${USUAL_WINDOW_MS} FROM views.cursors WHERE region = ${region})`
  // Those that are open are few, however old.
  const from =
    fromMs === null ? (isOpen ? [] : [sql`${sql.ref(column)} >= ${usual}`]) : [sql`${sql.ref(column)} >= ${fromMs}`]
  return toMs === null ? from : [...from, sql`${sql.ref(column)} < ${toMs}`]
}

function within(table: string, box: PlaceBox | null): Condition[] {
  if (box === null) return []
  const [lon, lat] = [sql.ref(`${table}.lon_deg`), sql.ref(`${table}.lat_deg`)]
  const { west, south, east, north } = box
  const isBetween =
    west <= east ? sql`${lon} BETWEEN ${west} AND ${east}` : sql`(${lon} >= ${west} OR ${lon} <= ${east})`
  return [sql`${lat} BETWEEN ${south} AND ${north}`, isBetween]
}

const saidIn = (region: RegionId, text: string | null, callId: RawBuilder<unknown>): RawBuilder<boolean> =>
  text === null ? sql<boolean>`false` : saysSo(region, callId, text)

function behind([position, id]: readonly [string, string], cursor: string | null): Condition[] {
  if (cursor === null) return []
  const at = cursor.indexOf(':')
  return [
    sql`(${sql.ref(position)}, ${sql.ref(id)}) < (${Number(cursor.slice(0, at))}::bigint, ${cursor.slice(at + 1)})`,
  ]
}
