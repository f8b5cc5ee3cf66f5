/** The one place that opens connections to Postgres: sessions with bounded transactions, numbers for int8, kysely. */
import { type Generated, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { RegionId, UnitId } from '../domain/ids.ts'
import type { DispatchMode, LevelOfCare } from '../domain/vocabulary.ts'

/** The database cannot be used as it is; the message says what the operator can do. */
export class DatabaseSetupError extends Error {
  override readonly name = 'DatabaseSetupError'
  readonly code:
    | 'binaries-missing'
    | 'no-unprivileged-user'
    | 'directory-not-traversable'
    | 'data-directory-of-other-version'
    | 'start-failed'
    | 'postgres-too-old'
    | 'database-newer-than-code'
    | 'clock-rate-differs'

  constructor(code: DatabaseSetupError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The tables that are read and written by ordinary queries; the journal's own tables are written by hand-made SQL. */
interface Schema {
  'auth.signing_keys': { kid: string; private_jwk: unknown; created_at: Generated<Date> }
  'log.clock': { only: Generated<boolean>; anchor_region_ms: number; anchor_wall_ms: number; rate: number }
  'log.records': {
    region: RegionId
    position: number
    recorded_at_ms: number
    epoch: number
    principal: string
    events: unknown
  }
  'reference.regions': {
    region: RegionId
    name: string
    time_zone: string
    dispatch_mode: Generated<DispatchMode>
  }
  'reference.units': {
    region: RegionId
    unit_id: UnitId
    call_sign: string
    level_of_care: LevelOfCare
    capabilities: string[]
    home_station: string | null
  }
  'reference.version': { only: Generated<boolean>; version: number }
}

/** Typed queries over a pool of their own; ended by `destroy()`. */
export type Database = Kysely<Schema>

interface ClientSettings {
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Server-side limit of one statement; without it none. */
  readonly statementTimeoutMs?: number
}

const OLDEST_MAJOR = 14
const INT8 = pg.types.builtins.INT8

/**
 * Positions and epoch milliseconds stay below 2^53, so int8 becomes a number; a larger one would lose digits unseen.
 */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number`)
  return value
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? parseInt8
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

function settings(url: string, client: ClientSettings): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: client.applicationName,
    types,
    connectionTimeoutMillis: 5_000,
    // A machine that vanished is noticed on both sides, and its locks are released, within seconds instead of hours.
    keepAlive: true,
    keepAliveInitialDelayMillis: 3_000,
    options: '-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3',
    // An owner that was stopped inside a transaction would block a takeover for ever.
    idle_in_transaction_session_timeout: 1_000,
    ...(client.statementTimeoutMs === undefined ? {} : { statement_timeout: client.statementTimeoutMs }),
  }
}

/**
 * One connected session, for work that must keep to one connection.
 * Errors: DatabaseSetupError `postgres-too-old`; those of pg when nothing answers.
 */
export async function openClient(url: string, client: ClientSettings): Promise<pg.Client> {
  const session = new pg.Client(settings(url, client))
  // Without a listener a connection lost between two queries would end the process; the next query reports it.
  session.on('error', () => undefined)
  await session.connect()
  try {
    await refuseOldPostgres(session)
  } catch (error) {
    await session.end()
    throw error
  }
  return session
}

/** A pool for work in which any connection will do. `poolSize` is the most it opens. */
function openPool(url: string, poolSize = 4): pg.Pool {
  const pool = new pg.Pool({ ...settings(url, { applicationName: 'goldenhour' }), max: poolSize })
  // As in `openClient`: the pool drops the broken connection by itself.
  pool.on('error', () => undefined)
  return pool
}

/** For the ordinary queries, over a few connections. */
export function openDatabase(url: string): Database {
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool(url) }) })
}

async function refuseOldPostgres(session: pg.Client): Promise<void> {
  const { rows } = await session.query<{ server_version_num: string }>('SHOW server_version_num')
  const major = Math.floor(Number(rows[0]!.server_version_num) / 10_000)
  if (major < OLDEST_MAJOR) {
    throw new DatabaseSetupError(
      'postgres-too-old',
      `The database is Postgres ${major}; Goldenhour needs ${OLDEST_MAJOR} or newer.`,
    )
  }
}
