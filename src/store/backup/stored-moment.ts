/**
 * What a database has at one moment, for a backup: one transaction that sees the same rows all along, while engines go on.
 *
 * It holds no lock that an engine waits for. Migrations wait until it ends, before they lock anything: behind a statement that
 * waits for a table all others on that table would wait, too.
 */
import type pg from 'pg'
import { ALONG_THE_INDEX } from '../log/journal-statements.ts'
import { openClient } from '../postgres/database.ts'
import { holdOffMigrations } from '../postgres/migrate.ts'
import type { BackupEnd, BackupManifest } from './backup-set.ts'
import { BACKUP_TABLES, type BackupTable, columnList } from './backup-tables.ts'
import type { ArchiveRow, ErasureRow } from './rows-of-sets.ts'

/** No number is above it. */
const LAST = Number.MAX_SAFE_INTEGER
const RECORDS_AT_ONCE = 200
const PAGE_BYTES = 2_000_000
const PAGE_ROWS_MAX = 5_000
const FIRST_PAGE_ROWS = 20

/** Texts that do not depend on what a server or database was set to. */
const PLAIN_TEXTS = `SET bytea_output = 'hex'; SET extra_float_digits = 1; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'`

export class StoredMoment {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  /** Errors: those of pg. */
  static async open(url: string): Promise<StoredMoment> {
    const client = await openClient(url, { applicationName: 'goldenhour backup' })
    try {
      await client.query(`SET idle_in_transaction_session_timeout = 0; ${ALONG_THE_INDEX}; ${PLAIN_TEXTS}`)
      await holdOffMigrations(client)
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      // The tables must be there until they are read.
      await client.query(`LOCK TABLE ${BACKUP_TABLES.map(({ name }) => name).join(', ')} IN ACCESS SHARE MODE`)
    } catch (error) {
      await client.end()
      throw error
    }
    return new StoredMoment(client)
  }

  end(): Promise<void> {
    return this.#client.end()
  }

  /** Where everything that grows ends. */
  async ends(): Promise<BackupEnd> {
    const { rows: steps } = await this.#client.query<{ name: string }>(
      'SELECT name FROM goldenhour.migrations ORDER BY name',
    )
    const { rows: regions } = await this.#client.query<BackupEnd['regions'][number]>(
      `SELECT o.region, coalesce(f.position, 0) AS "fromPosition", coalesce(r.position, 0) AS position,
         r.recorded_at_ms AS "recordedAtMs", r.epoch,
         location.segment_end(o.region) AS "segmentNo"
       FROM log.region_owner o
       LEFT JOIN LATERAL (SELECT position, recorded_at_ms, epoch FROM log.records WHERE region = o.region
         ORDER BY position DESC LIMIT 1) r ON true
       LEFT JOIN LATERAL (SELECT position FROM log.records WHERE region = o.region ORDER BY position LIMIT 1) f ON true
       ORDER BY o.region`,
    )
    const { rows: head } = await this.#client.query<{ seq: number; hash: string }>(
      `SELECT seq, encode(hash, 'hex') AS hash FROM audit.head`,
    )
    return { migrations: steps.map(({ name }) => name), regions, audit: head[0]! }
  }

  /** Region time now, by the clock that the regions go by; never behind what is recorded. */
  async regionTimeMs(wallMs: number): Promise<number> {
    const { rows } = await this.#client.query<{ now: number }>(
      `SELECT greatest((SELECT anchor_region_ms + ($1 - anchor_wall_ms) * rate FROM log.clock),
         (SELECT max(recorded_at_ms) FROM log.region_owner o CROSS JOIN LATERAL (SELECT recorded_at_ms FROM log.records
           WHERE region = o.region ORDER BY position DESC LIMIT 1) r), $1)::float8 AS now`,
      [wallMs],
    )
    return Math.ceil(rows[0]!.now)
  }

  async postgresVersion(): Promise<string> {
    const { rows } = await this.#client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]!.server_version
  }

  /** Why what has been added since another moment does not follow it; null where it does. */
  async breakSince(former: BackupManifest): Promise<string | null> {
    const { migrations, audit } = await this.ends()
    if (migrations.join() !== former.migrations.join()) return 'the schema is another since'
    const { rows: entries } = await this.#client.query<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM audit.entries WHERE seq = $1`,
      [former.audit.seq],
    )
    const isSameAudit = former.audit.seq === 0 ? audit.seq >= 0 : entries[0]?.hash === former.audit.hash
    if (!isSameAudit) return 'the database is another, or was restored since'
    for (const { region, position, recordedAtMs, epoch, segmentNo } of former.regions) {
      const { rows } = await this.#client.query<{ same: boolean }>(
        `SELECT location.segment_end($1) >= $5 AND ($2 = 0 OR EXISTS (SELECT 1 FROM log.records WHERE region = $1
           AND position = $2 AND recorded_at_ms = $3 AND epoch = $4)) AS same`,
        [region, position, recordedAtMs, epoch, segmentNo],
      )
      if (!rows[0]!.same) return `the log of region ${region} is another, or was restored since`
    }
    return null
  }

  /** Those that a restore may write: not what is computed from others. */
  async columnsOf(table: string): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
         AND attgenerated = '' ORDER BY attnum`,
      [table],
    )
    return rows.map(({ name }) => name)
  }

  /**
   * All rows of a table, each as JSON; of one that grows only those behind `after`. Those are numbered by the last column of their
   * key, in each region for itself where that begins with one.
   */
  async *rowsOf(
    { name, kind }: BackupTable,
    columns: readonly string[],
    regions: readonly string[],
    after: (region: string | null) => number,
  ): AsyncIterable<readonly string[]> {
    if (kind !== 'grows') return yield* this.#all(name, columns)
    const key = await this.#keyOf(name)
    const along = key.at(-1)!
    for (const region of key[0] === 'region' ? regions : [null])
      yield* this.#behind(name, columns, along, region, { after: after(region), upTo: null })
  }

  async #keyOf(table: string): Promise<string[]> {
    const { rows } = await this.#client.query<{ name: string }>(
      `SELECT a.attname AS name FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
       WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.n`,
      [table],
    )
    return rows.map(({ name }) => name)
  }

  /** Some records of a region, each as JSON. */
  async *recordsAt(
    columns: readonly string[],
    region: string,
    positions: readonly number[],
  ): AsyncIterable<readonly string[]> {
    for (let from = 0; from < positions.length; from += RECORDS_AT_ONCE) {
      const { rows } = await this.#client.query<{ line: string }>(
        `SELECT row_to_json(t)::text AS line FROM (SELECT ${columnList(columns)} FROM log.records
           WHERE region = $1 AND position = ANY ($2) ORDER BY position) t`,
        [region, positions.slice(from, from + RECORDS_AT_ONCE)],
      )
      yield rows.map(({ line }) => line)
    }
  }

  async erasures(): Promise<readonly ErasureRow[]> {
    return (await this.#client.query<ErasureRow>('SELECT region, call_id, positions, seal FROM log.erasures')).rows
  }

  async archives(): Promise<readonly ArchiveRow[]> {
    return (await this.#client.query<ArchiveRow>('SELECT region, from_no, to_no FROM location.archives')).rows
  }

  /** The segments that are there of those from one number to another, each as JSON. */
  segmentsOf(columns: readonly string[], { region, from_no, to_no }: ArchiveRow): AsyncIterable<readonly string[]> {
    return this.#behind('location.segments', columns, 'segment_no', region, { after: from_no - 1, upTo: to_no })
  }

  async *#all(table: string, columns: readonly string[]): AsyncIterable<readonly string[]> {
    await this.#client.query(
      `DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS line FROM (SELECT ${columnList(columns)} FROM ${table}) t`,
    )
    const size = new PageSize()
    for (;;) {
      const { rows } = await this.#client.query<{ line: string }>(`FETCH FORWARD ${size.rows} FROM rows`)
      if (rows.length === 0) break
      const lines = rows.map(({ line }) => line)
      yield lines
      size.had(lines)
    }
    await this.#client.query('CLOSE rows')
  }

  /** By pages along the index: a cursor would keep its place in a sort of all that is left. */
  async *#behind(
    table: string,
    columns: readonly string[],
    along: string,
    region: string | null,
    { after, upTo }: { readonly after: number; readonly upTo: number | null },
  ): AsyncIterable<readonly string[]> {
    const where = region === null ? '$3::text IS NULL' : 'region = $3'
    const text = `SELECT row_to_json(t)::text AS line, t."${along}" AS number
      FROM (SELECT ${columnList(columns)} FROM ${table} WHERE ${where} AND ${along} > $1 AND ${along} <= coalesce($4::bigint, ${LAST}) ORDER BY ${along} LIMIT $2) t`
    const size = new PageSize()
    for (let last = after; ; ) {
      const { rows } = await this.#client.query<{ line: string; number: number }>(text, [last, size.rows, region, upTo])
      const end = rows.at(-1)
      if (end === undefined) return
      const lines = rows.map(({ line }) => line)
      yield lines
      size.had(lines)
      last = end.number
    }
  }
}

/** How many rows are asked for at once: as many as are some megabytes, by what the last ones were. */
class PageSize {
  rows = FIRST_PAGE_ROWS

  had(lines: readonly string[]): void {
    const chars = lines.reduce((sum, line) => sum + line.length, 0)
    const fitting = Math.floor((PAGE_BYTES * lines.length) / Math.max(1, chars))
    this.rows = Math.max(1, Math.min(PAGE_ROWS_MAX, this.rows * 4, fitting))
  }
}
