/**
 * A database of its own for each test file, all in one server.
 *
 * The server is the one that GOLDENHOUR_TEST_POSTGRES names (test/run.ts starts it for all files), and engines log in as
 * GOLDENHOUR_TEST_POSTGRES_ENGINE says, a role that may do no more than an engine must; a file that is run
 * alone starts one in a temporary directory and stops it when its tests are over.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { takeCareOf } from '../../src/process/caretaker.ts'
import { ENGINE_ROLE } from '../../src/store/embedded/cluster.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'

interface TestDatabase {
  readonly name: string
  /** Of the role that owns it. */
  readonly url: string
  /** Of a role that has the rights of an engine, once the database has been migrated for it. */
  readonly engineUrl: string
  drop(): Promise<void>
}

/**
 * Durability of test databases is not what tests of the engine test: they kill processes, not machines. Hundreds of
 * databases are made and dropped: each costs a quarter of the time where little of it is logged and the log's files are new.
 */
const TEST_SETTINGS = {
  ...{ fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', autovacuum: 'off' },
  ...{ wal_level: 'minimal', max_wal_senders: '0', wal_init_zero: 'off', wal_recycle: 'off' },
  ...{ max_wal_size: '4GB', checkpoint_timeout: '1h' },
}

/**
 * A fresh database with the current schema: a copy of the one that GOLDENHOUR_TEST_TEMPLATE names, where the run of all
 * tests has made one, since to migrate costs ten times as much.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const template = process.env.GOLDENHOUR_TEST_TEMPLATE
  if (template !== undefined) return createDatabase(`TEMPLATE ${template}`)
  const database = await emptyDatabase()
  await migrate(database.url, { grantTo: engineRoleOf(database) })
  return database
}

/** Null where the server of the tests has one role for everything. */
function engineRoleOf({ url, engineUrl }: TestDatabase): string | null {
  return url === engineUrl ? null : new URL(engineUrl).username
}

/** A fresh database without any table of ours. */
export function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase('')
}

async function createDatabase(options: string): Promise<TestDatabase> {
  const server = await serverUrls()
  const name = `test_${randomBytes(8).toString('hex')}`
  await execute(server.url, `CREATE DATABASE ${name} ${options}`)
  return {
    name,
    url: databaseIn(server.url, name),
    engineUrl: databaseIn(server.engineUrl, name),
    drop: () => execute(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

function databaseIn(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** A directory for an embedded Postgres of a test's own; the user that Postgres runs as may enter it. */
export async function temporaryBaseDir(): Promise<string> {
  const dir = await mkdtemp(path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), 'goldenhour-test-'))
  await chmod(dir, 0o755)
  return dir
}

/** As `temporaryBaseDir`, with the programs of the server that all tests share: to copy them takes seconds. */
export async function baseDirWithPrograms(): Promise<string> {
  const baseDir = await temporaryBaseDir()
  const programs = process.env.GOLDENHOUR_TEST_PROGRAMS
  if (programs !== undefined) await symlink(programs, path.join(baseDir, 'pg'))
  return baseDir
}

/**
 * As `baseDirWithPrograms`, with a data directory that has the current schema and was not used yet: a copy of the one
 * that GOLDENHOUR_TEST_CLUSTER names, where the run of all tests has made one, since to make one takes two seconds.
 */
export async function baseDirWithCluster(): Promise<string> {
  const made = process.env.GOLDENHOUR_TEST_CLUSTER
  if (made === undefined) return makeCluster()
  const baseDir = await baseDirWithPrograms()
  // As it keeps the owner, which Node's own does not.
  const kept = ['data', 'password', 'engine-password'].map(name => path.join(made, name))
  await promisify(execFile)('cp', ['-a', ...kept, baseDir])
  return baseDir
}

/** A data directory with the current schema, and no server that runs. */
export async function makeCluster(): Promise<string> {
  const baseDir = await baseDirWithPrograms()
  const server = await startEmbeddedPostgres({ baseDir, log: () => undefined, settings: { fsync: 'off' } })
  await migrate(server.url, { grantTo: ENGINE_ROLE })
  await server.stop()
  return baseDir
}

/** Starts the server that test databases live in; `stop` also removes its directory. */
export async function startTestServer(): Promise<ServerUrls & { programs: string; stop(): Promise<void> }> {
  const baseDir = await temporaryBaseDir()
  // For tests that are killed.
  const caretaker = takeCareOf(baseDir)
  const server = await startEmbeddedPostgres({ baseDir, log: () => undefined, settings: TEST_SETTINGS })
  return {
    url: server.url,
    engineUrl: server.engineUrl,
    programs: path.join(baseDir, 'pg'),
    async stop() {
      // Its directory goes too, whoever is connected still.
      await server.stop({ evenIfUsed: true })
      caretaker.dismiss()
      await rm(baseDir, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

/** A server of a test's own that it takes away, and brings back at the same address. */
export interface OwnServer {
  readonly url: string
  /** As a crash: no connection ends in an orderly way, and nobody starts it again. */
  takeAway(): Promise<void>
  bringBack(): Promise<void>
  /** Ends it, and its directory goes. */
  end(): Promise<void>
}

/** The URL is that of a migrated database. */
export async function startOwnServer(): Promise<OwnServer> {
  const baseDir = await baseDirWithCluster()
  const start = () => startEmbeddedPostgres({ baseDir, log: () => undefined, settings: { fsync: 'off' } })
  let server: Awaited<ReturnType<typeof start>> | null = await start()
  const { url } = server
  const takeAway = async () => {
    // Whoever is connected keeps it running, or it ends here in order; either way nobody watches it any more.
    await server?.stop()
    server = null
    await stopServerIn(baseDir)
  }
  return {
    url,
    takeAway,
    async bringBack() {
      server = await start()
    },
    async end() {
      await takeAway()
      await rm(baseDir, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

/** Stops whatever server runs in a base directory, whoever started it. */
export async function stopServerIn(baseDir: string): Promise<void> {
  const dataDir = path.join(baseDir, 'data')
  const owner = await stat(dataDir).catch(() => null)
  const [version] = await readdir(path.join(baseDir, 'pg')).catch(() => [])
  if (owner === null || version === undefined) return
  const pgCtl = path.join(baseDir, 'pg', version, 'bin', 'pg_ctl')
  const asOwner = process.geteuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}
  const args = ['stop', '-D', dataDir, '-m', 'immediate', '-w']
  await promisify(execFile)(pgCtl, args, { cwd: '/', ...asOwner }).catch(() => undefined)
}

/** Of the server that test databases live in. */
interface ServerUrls {
  readonly url: string
  readonly engineUrl: string
}

let server: Promise<ServerUrls> | null = null

function serverUrls(): Promise<ServerUrls> {
  const { GOLDENHOUR_TEST_POSTGRES: shared, GOLDENHOUR_TEST_POSTGRES_ENGINE: engineUrl = shared } = process.env
  if (shared !== undefined) return Promise.resolve({ url: shared, engineUrl: engineUrl! })
  server ??= startTestServer().then(started => {
    // Not in an `after` hook: it would run before those of the file, which still need the database.
    process.once('beforeExit', () => void started.stop())
    return started
  })
  return server
}

/** One for all statements, which keeps no process from its end. */
let session: Promise<OneSession> | null = null

type OneSession = pg.Client & { ref(): void; unref(): void }

async function execute(url: string, sql: string): Promise<void> {
  session ??= openClient(url, { applicationName: 'goldenhour test' }) as Promise<OneSession>
  const client = await session
  client.ref()
  waiting += 1
  try {
    await client.query(sql)
  } finally {
    waiting -= 1
    if (waiting === 0) client.unref()
  }
}

let waiting = 0
