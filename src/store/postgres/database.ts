/** The one place that opens connections to Postgres: sessions with bounded transactions, numbers for int8, kysely. */
import { type ColumnType, type Generated, type JSONColumnType, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Principal, RegionId, UnitId } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Role } from '../../domain/roles.ts'
import type { DispatchMode, HospitalStatus, LevelOfCare } from '../../domain/vocabulary.ts'
import { afterLive } from './live-time.ts'
import { PATIENCE, type Patience, PatientClient } from './patient-client.ts'

/** The database cannot be used as it is; the message says what the operator can do. */
export class DatabaseSetupError extends Error {
  override readonly name = 'DatabaseSetupError'
  readonly code:
    | 'binaries-missing'
    | 'no-unprivileged-user'
    | 'directory-not-traversable'
    | 'data-directory-of-other-version'
    | 'data-directory-unusable'
    | 'database-unreachable'
    | 'data-directory-unsafe'
    | 'start-failed'
    | 'postgres-too-old'
    | 'database-newer-than-code'
    | 'role-may-not-migrate'
    | 'engine-role-unfit'
    | 'reader-role-unfit'
    | 'clock-rate-differs'

  constructor(code: DatabaseSetupError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The tables that are read and written by ordinary queries; the journal's own tables are written by hand-made SQL. */
interface Schema {
  'auth.signing_keys': { kid: string; private_jwk: unknown; created_at: Generated<Date>; retired_at: Date | null }
  'auth.ticket_secrets': { id: Generated<number>; secret: Buffer; created_at: Generated<Date> }
  'auth.devices': {
    id: string
    name: string
    role: 'feed' | 'driver'
    region: RegionId
    unit: UnitId | null
    units: UnitId[] | null
    secret_hash: Buffer
    disabled: Generated<boolean>
    version: Generated<number>
    created_at_ms: number
    changed_at_ms: number
    last_used_at_ms: number | null
  }
  'auth.revocations': { kind: string; id: string; revoked_at_ms: number; version: number }
  'auth.version': { only: Generated<boolean>; version: number }
  'auth.users': {
    name: Principal
    name_key: ColumnType<string, never, never>
    role: Role
    regions: RegionId[]
    units: UnitId[] | null
    password_hash: string
    disabled: Generated<boolean>
    version: Generated<number>
    created_at_ms: number
    changed_at_ms: number
  }
  'auth.sign_ins': {
    sid: string
    user_name: Principal
    region: RegionId | null
    unit: UnitId | null
    signed_in_at_ms: number
    generation: number
    ends_at_ms: number
  }
  'auth.refresh_tokens': {
    token_hash: Buffer
    sid: string
    generation: number
    spent_at_ms: number | null
    sealed_successor: Buffer | null
  }
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
    version: Generated<number>
  }
  'reference.units': {
    region: RegionId
    unit_id: UnitId
    call_sign: string
    level_of_care: LevelOfCare
    transports: Generated<boolean>
    capabilities: string[]
    home_station: string | null
    version: Generated<number>
  }
  'reference.retired_units': { region: RegionId; unit_id: UnitId; version: number }
  'reference.stations': {
    region: RegionId
    station_id: string
    name: string
    lon_deg: number
    lat_deg: number
    capacity: number | null
    address: string | null
    note: string | null
    version: number
  }
  'reference.hospitals': {
    region: RegionId
    hospital_id: string
    name: string
    lon_deg: number
    lat_deg: number
    address: string | null
    emergency_department: boolean
    capabilities: string[]
    status: Generated<HospitalStatus>
    status_note: string | null
    status_since_ms: number | null
    version: number
  }
  'reference.policies': {
    region: RegionId
    version: number
    policy: JSONColumnType<Policy>
    changed_by: Principal
    changed_at_ms: number
    note: string | null
  }
  'reference.version': { only: Generated<boolean>; version: number }
  'gateway.http_outcomes': {
    principal: Principal
    key_hash: Buffer
    request_hash: Buffer
    status: number
    headers: JSONColumnType<Record<string, string>>
    body: string
    answered_at_ms: number
  }
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
export async function openClient(url: string, client: ClientSettings, patience = PATIENCE): Promise<pg.Client> {
  const session = new PatientClient(settings(url, client), patience)
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

/** How many connections the ordinary queries share. */
const POOL_SIZE = 4
/** Live time that a query waits for one of them. */
const POOL_WAIT_MS = 10_000

/** For the ordinary queries, over a few connections. */
export function openDatabase(url: string, patience: Patience = PATIENCE): Database {
  const pool = new pg.Pool({
    ...settings(url, { applicationName: 'goldenhour' }),
    max: POOL_SIZE,
    Client: class extends PatientClient {
      constructor(config?: pg.ClientConfig) {
        super(config!, patience)
      }
    },
  })
  // As in `openClient`: the pool drops the broken connection by itself.
  pool.on('error', () => undefined)
  // And one that breaks while it is out, between two statements of a transaction, tells nobody but itself: without a
  // listener of its own that would end the process. The next statement reports it.
  pool.on('connect', client => void client.on('error', () => undefined))
  return new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: { connect: () => withinWait(pool), end: () => pool.end() } }),
  })
}

/** A connection of the pool; Error in the pool's own words when none comes free. */
function withinWait(pool: pg.Pool): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const cancel = afterLive(POOL_WAIT_MS, () => {
      isOver = true
      reject(new Error('timeout exceeded when trying to connect'))
    })
    pool.connect().then(
      client => {
        cancel()
        if (isOver) client.release()
        else resolve(client)
      },
      error => {
        cancel()
        reject(error)
      },
    )
  })
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
