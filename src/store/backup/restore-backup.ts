/**
 * Restores a backup into a database that nothing was stored in: schema, rows and rights in one transaction, so whoever is killed on
 * the way leaves the database as it was.
 *
 * The schema is first made as the backup's was; the steps that this version adds run over its rows, as they would have where they
 * were stored.
 */
import path from 'node:path'
import type pg from 'pg'
import type { RegionId } from '../../domain/ids.ts'
import type { OpenTrip } from '../log/journal.ts'
import { MomentReader } from '../log/moment-reader.ts'
import { openClient } from '../postgres/database.ts'
import { applySteps, completeSchema, knownSteps, lockMigrations, madeSteps } from '../postgres/migrate.ts'
import { type BackupManifest, BackupRefused, type BackupSet, damagedSet } from './backup-set.ts'
import { BACKUP_TABLES, columnList } from './backup-tables.ts'
import { cutLogs, cutPacks, putOpenTrips } from './cut-off.ts'
import { positionsAt, type Until } from './restore-moment.ts'
import { STOP_WEBHOOKS } from './restored-webhooks.ts'
import { readRowFile } from './row-file.ts'
import { type ErasureRow, erasuresIn } from './rows-of-sets.ts'
import type { RowProgress } from './take-backup.ts'

interface RestoreSettings {
  /** Of the role that is to own the schema. */
  readonly url: string
  /** The role that an engine runs as; null for the one that owns. */
  readonly grantTo: string | null
  /** Its full set and the increments, the last of which is restored. They are proven. */
  readonly chain: readonly BackupSet[]
  readonly until: Until | null
  /** Of the newest set of the directory, which may have been taken after what is restored. */
  readonly erasures: readonly ErasureRow[]
  /** Which unit has which trip, by the log as it is then. */
  openTripsOf(reader: MomentReader, region: RegionId): Promise<readonly OpenTrip[]>
  onRows(progress: RowProgress): void
  readonly signal?: AbortSignal
}

export interface Restored {
  /** Of each region, where its log and its fixes end. */
  readonly regions: readonly {
    readonly region: RegionId
    readonly position: number
    readonly recordedAtMs: number | null
    readonly segmentNo: number
  }[]
  readonly rows: number
  /** Calls that were erased behind the moment: they are to be erased again. */
  readonly erasedSince: readonly { readonly region: RegionId; readonly callId: string }[]
}

/** Errors: BackupRefused; DatabaseSetupError; those of pg, which leave nothing behind. */
export async function restoreBackup(settings: RestoreSettings): Promise<Restored> {
  const { url, chain } = settings
  const { manifest } = chain.at(-1)!
  refuseLaterSchema(manifest)
  const session = await openClient(url, { applicationName: 'goldenhour restore' })
  try {
    await session.query(`SET idle_in_transaction_session_timeout = 0; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'`)
    await session.query('BEGIN')
    await lockMigrations(session)
    await refuseUsed(session, manifest)
    const restored = await restoreWithin(session, settings)
    await session.query('COMMIT')
    return restored
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  } finally {
    await session.end()
  }
}

async function restoreWithin(
  session: pg.Client,
  { chain, grantTo, until, erasures, openTripsOf, onRows, signal }: RestoreSettings,
): Promise<Restored> {
  const last = chain.at(-1)!
  const { manifest } = last
  await applySteps(session, manifest.migrations)
  let rows = 0
  for (const { name, kind } of manifest.tables) {
    if (until !== null && kind === 'derived') continue
    for (const set of kind === 'grows' ? chain : [last]) rows += await loadTable(session, set, name, onRows, signal)
    await session.query(`ANALYZE ${name}`)
  }
  await goOnCounting(session)
  // Steps may not change a table that has checks to come.
  await session.query('SET CONSTRAINTS ALL IMMEDIATE')
  await completeSchema(session, grantTo)
  if (until !== null) {
    const positions = await positionsAt(session, manifest, until)
    await cutLogs(session, positions)
    await cutPacks(session, positions)
    await refuseArchived(session, positions)
    const reader = await MomentReader.within(session)
    for (const { region } of manifest.regions) await putOpenTrips(session, region, await openTripsOf(reader, region))
  }
  await letGo(session, manifest)
  await session.query(STOP_WEBHOOKS)
  const ends = await endsOf(session)
  const details = { set: last.name, takenAt: new Date(manifest.takenAtMs).toISOString(), ...untilDetails(until) }
  const entry = { actor: 'command-line', action: 'database-restored', outcome: 'done', details }
  await session.query('SELECT audit.append($1::jsonb)', [JSON.stringify([entry])])
  return {
    regions: ends,
    rows,
    erasedSince: await erasedSince(session, ends, [...(await erasuresIn(last)), ...erasures]),
  }
}

function untilDetails(until: Until | null): Readonly<Record<string, unknown>> {
  if (until === null) return {}
  return 'atMs' in until ? { until: new Date(until.atMs).toISOString() } : { until: until.position }
}

function refuseLaterSchema({ migrations, goldenhour }: BackupManifest): void {
  const known = new Set(knownSteps())
  const unknown = migrations.filter(name => !known.has(name))
  if (unknown.length === 0) return
  throw new BackupRefused(
    'backup-newer-than-code',
    `The backup was taken by a newer Goldenhour (${goldenhour}, its database has ${unknown.join(', ')}); restore it with that version or a later one.`,
  )
}

const ENGINE_CONNECTIONS = ['goldenhour', 'goldenhour journal', 'goldenhour leases', 'goldenhour health']

/** Input: a transaction that has the lock of migrations. */
async function refuseUsed(session: pg.Client, { migrations }: BackupManifest): Promise<void> {
  const { rowCount: engines } = await session.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND application_name = ANY ($1)`,
    [ENGINE_CONNECTIONS],
  )
  if ((engines ?? 0) > 0) {
    throw new BackupRefused(
      'database-in-use',
      'An engine, or another command, is connected to this database; end it first ("goldenhour stop" ends those of this machine).',
    )
  }
  const there: string[] = []
  for (const { name } of BACKUP_TABLES) {
    const { rows } = await session.query<{ is: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is', [name])
    if (rows[0]!.is) there.push(name)
  }
  // Whoever comes now waits until the rows are there, or until there is still nothing.
  if (there.length > 0) await session.query(`LOCK TABLE ${there.join(', ')} IN EXCLUSIVE MODE`)
  const filled: string[] = []
  for (const name of there) {
    if (HAS_A_ROW.has(name)) continue
    const { rows } = await session.query<{ is: boolean }>(`SELECT EXISTS (SELECT 1 FROM ${name}) AS is`)
    if (rows[0]!.is) filled.push(name)
  }
  if (filled.length > 0) throw notEmpty(`it has rows in ${filled.slice(0, 3).join(', ')}`)
  const had = new Set(migrations)
  const later = (await madeSteps(session)).filter(name => !had.has(name))
  if (later.length > 0) throw notEmpty(`its schema has steps that the backup's had not: ${later.join(', ')}`)
}

/** Made by the steps of the schema, with their one row. */
const HAS_A_ROW: ReadonlySet<string> = new Set(['reference.version', 'auth.version', 'audit.head'])

const notEmpty = (what: string): BackupRefused =>
  new BackupRefused(
    'database-not-empty',
    `This database is in use, or was: ${what}. A backup is restored into one in which nothing was stored: another data directory (GOLDENHOUR_DATA_DIR), or a new database (DATABASE_URL).`,
  )

/** Output: how many rows. */
async function loadTable(
  session: pg.Client,
  set: BackupSet,
  name: string,
  onRows: (progress: RowProgress) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  const table = set.manifest.tables.find(each => each.name === name)
  if (table === undefined) throw damagedSet(set.name, `its manifest has no ${name}`)
  const columns = columnList(table.columns)
  const key = keyOf(table)
  const others = table.columns.filter(column => key?.includes(column) !== true)
  const instead =
    key === null
      ? ''
      : `ON CONFLICT (${columnList(key)}) DO UPDATE SET ${others.map(column => `"${column}" = excluded."${column}"`).join(', ')}`
  const text = `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${columns} FROM json_populate_recordset(null::${name}, $1::json) ${instead}`
  let rows = 0
  for await (const lines of readRowFile(path.join(set.dir, table.file))) {
    signal?.throwIfAborted()
    await session.query(text, [`[${lines.join(',')}]`])
    rows += lines.length
    onRows({ table: name, rows: lines.length })
  }
  if (rows !== table.rows) throw damagedSet(set.name, `${table.file} has ${rows} rows, and had ${table.rows}`)
  return rows
}

/** By which a row takes the place of another; null where all are new. */
function keyOf({ name, columns }: BackupManifest['tables'][number]): readonly string[] | null {
  // Written anew by an erasure since the set before, or put back from a file.
  if (name === 'log.records') return ['region', 'position']
  if (name === 'location.segments') return ['region', 'segment_no']
  // The tables of one row have it by now.
  return columns.includes('only') ? ['only'] : null
}

/** What the last set's database no longer had: it is in files, or in tracks. */
async function letGo(session: pg.Client, { regions }: BackupManifest): Promise<void> {
  for (const { region, fromPosition } of regions)
    await session.query('DELETE FROM log.records WHERE region = $1 AND position < $2', [region, fromPosition])
  await session.query(`DELETE FROM location.segments s USING (SELECT region, from_no, to_no FROM location.archives
      UNION ALL SELECT region, from_no, to_no FROM location.packs) a
    WHERE s.region = a.region AND s.segment_no BETWEEN a.from_no AND a.to_no`)
}

/** Fixes of a moment that were moved into files, or packed, before the set was taken: what came then in the log cannot be told of them. */
async function refuseArchived(session: pg.Client, positions: ReadonlyMap<RegionId, number>): Promise<void> {
  for (const region of positions.keys()) {
    const { rows } = await session.query<{ place: string }>(
      `SELECT 'in a file (' || file || ')' AS place FROM location.archives WHERE region = $1 AND to_no > location.segment_end($1)
       UNION ALL SELECT 'packed into tracks (segments ' || from_no || ' to ' || to_no || ')' FROM location.packs
         WHERE region = $1 AND to_no > location.segment_end($1) LIMIT 1`,
      [region],
    )
    if (rows[0] === undefined) continue
    throw new BackupRefused(
      'moment-not-in-backup',
      `The fixes of that moment were ${rows[0].place} when the set was taken; go out from a set of before (--set), or from a later moment.`,
    )
  }
}

/** Numbers that Postgres gives by itself go on behind those that are there. */
async function goOnCounting(session: pg.Client): Promise<void> {
  const { rows } = await session.query<{ name: string; column: string }>(
    `SELECT attrelid::regclass::text AS name, attname AS column FROM pg_attribute
     WHERE attidentity <> '' AND attrelid::regclass::text = ANY ($1)`,
    [BACKUP_TABLES.map(({ name }) => name)],
  )
  for (const { name, column } of rows)
    await session.query(
      `SELECT setval(pg_get_serial_sequence($1, $2), max("${column}")) FROM ${name} HAVING max("${column}") IS NOT NULL`,
      [name, column],
    )
}

/** Of calls that were there at the moment, as far as their records tell. */
async function erasedSince(
  session: pg.Client,
  ends: Restored['regions'],
  erasures: readonly ErasureRow[],
): Promise<Restored['erasedSince']> {
  const { rows: stand } = await session.query<{ seal: string }>('SELECT seal FROM log.erasures')
  const standing = new Set(stand.map(({ seal }) => seal))
  const positions = new Map(ends.map(({ region, position }) => [region, position]))
  const since = new Map<string, { region: RegionId; callId: string }>()
  for (const { region, call_id: callId, positions: anew, seal } of erasures) {
    const first = Math.min(...anew.map(Number))
    if (standing.has(seal) || (anew.length > 0 && first > (positions.get(region) ?? 0))) continue
    since.set(callId, { region, callId })
  }
  return [...since.values()]
}

async function endsOf(session: pg.Client): Promise<Restored['regions']> {
  const { rows } = await session.query<Restored['regions'][number]>(
    `SELECT o.region, coalesce(r.position, 0) AS position, r.recorded_at_ms AS "recordedAtMs",
       location.segment_end(o.region) AS "segmentNo"
     FROM log.region_owner o LEFT JOIN LATERAL (SELECT position, recorded_at_ms FROM log.records
       WHERE region = o.region ORDER BY position DESC LIMIT 1) r ON true ORDER BY o.region`,
  )
  return rows
}
