/**
 * A real Postgres in a directory of ours, for services that do not bring one.
 *
 * `<baseDir>/` holds `pg/<version>` (the programs), `data` (the database), `password` (0600), `port` and `postgres.log`.
 * There is no lock file that a killed process could leave behind: each step is made under a temporary name and then
 * renamed, and Postgres itself lets only one server into a data directory. So any number of processes may start at
 * once; one of them starts the server, the others use it. A server that an earlier, killed process left is used too.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  link,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { DatabaseSetupError } from './database.ts'
import { findBinariesPackage, installBinaries, removeLeftovers, temporarySuffix } from './postgres-binaries.ts'

interface EmbeddedPostgresOptions {
  /** Absolute; made if missing. As root, every parent must be open to the user that Postgres runs as. */
  readonly baseDir: string
  readonly log: (message: string) => void
  /** Server settings by name, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
  /** A copy of the platform's package elsewhere; by default the one that npm installed. */
  readonly binaries?: Awaited<ReturnType<typeof findBinariesPackage>>
}

interface EmbeddedPostgres {
  readonly url: string
  /** False when a server that was already running is used. */
  readonly startedByUs: boolean
  /** Stops the server if this call started it; with `unlessUsed`, and if nobody else has connected to it since. */
  stop(options?: { readonly unlessUsed: boolean }): Promise<void>
}

/** The user that the server's programs run as; null: as ourselves. */
interface RunAs {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

interface Server {
  readonly binDir: string
  readonly dataDir: string
  readonly logFile: string
  readonly password: string
  readonly runAs: RunAs | null
}

const ROLE = 'goldenhour'
const DATABASE = 'goldenhour'
const START_LIMIT_S = 120
const run = promisify(execFile)

/**
 * Starts the server in `baseDir`, or joins the one that answers there.
 * Errors: DatabaseSetupError, with what the operator can do.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { baseDir, log } = options
  const runAs = await userToRunAs()
  await makeBaseDir(baseDir, runAs)
  await removeLeftovers(baseDir)
  await removeLeftovers(path.join(baseDir, 'pg'))
  const server: Server = {
    binDir: path.join(await installBinaries(options.binaries ?? (await findBinariesPackage()), baseDir), 'bin'),
    dataDir: path.join(baseDir, 'data'),
    logFile: path.join(baseDir, 'postgres.log'),
    password: await loadOrCreatePassword(path.join(baseDir, 'password')),
    runAs,
  }
  await createDataDir(server)

  const portFile = path.join(baseDir, 'port')
  const joined = await answeringPort(server)
  const started = joined === null ? await startServer(server, portFile, options.settings ?? {}) : null
  const startedByUs = started !== null
  const port = joined ?? started ?? (await waitForOtherStarter(server))
  log(
    `${startedByUs ? 'started' : 'joined'} the embedded Postgres in ${server.dataDir}, 127.0.0.1:${port}; its log is ${server.logFile}`,
  )
  await createDatabase(server, port)
  return {
    url: urlOf(server, port, DATABASE),
    startedByUs,
    async stop({ unlessUsed } = { unlessUsed: false }) {
      if (!startedByUs || (unlessUsed && (await isUsed(server, port)))) return
      await runProgram(server, 'pg_ctl', ['stop', '-D', server.dataDir, '-m', 'fast', '-w', '-t', '60'])
      log('stopped the embedded Postgres')
    },
  }
}

const urlOf = (server: Server, port: number, database: string): string =>
  `postgres://${ROLE}:${server.password}@127.0.0.1:${port}/${database}`

/** Postgres refuses to run as root, and initdb refuses a uid without a name. */
async function userToRunAs(): Promise<RunAs | null> {
  if (process.geteuid?.() !== 0) return null
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all(['-u', '-g'].map(flag => run('id', [flag, name]))).catch(() => null)
    if (ids !== null) return { name, uid: Number(ids[0]!.stdout), gid: Number(ids[1]!.stdout) }
  }
  throw new DatabaseSetupError(
    'no-unprivileged-user',
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody" to run it as; run Goldenhour as an ordinary user, create one of these, or set DATABASE_URL.',
  )
}

async function makeBaseDir(baseDir: string, runAs: RunAs | null): Promise<void> {
  const firstMade = await mkdir(baseDir, { recursive: true, mode: runAs === null ? 0o700 : 0o755 })
  if (runAs === null) return
  if (firstMade !== undefined) {
    // The umask may have closed what we have just made to the user that must pass through it.
    for (let dir = baseDir; dir.length >= firstMade.length; dir = path.dirname(dir)) await chmod(dir, 0o755)
  }
  const parents: string[] = []
  for (let dir = await realpath(baseDir); ; dir = path.dirname(dir)) {
    parents.unshift(dir)
    if (dir === path.dirname(dir)) break
  }
  // Asked of the system as that user: mode bits alone do not know access lists.
  const script = 'for d do [ -x "$d" ] || { printf %s "$d"; exit 0; }; done'
  const { stdout: closed } = await run('/bin/sh', ['-c', script, 'sh', ...parents], {
    cwd: '/',
    uid: runAs.uid,
    gid: runAs.gid,
  })
  if (closed === '') return
  throw new DatabaseSetupError(
    'directory-not-traversable',
    `Postgres runs as the user ${runAs.name}, who may not enter ${closed}; run "chmod o+x ${closed}", or set GOLDENHOUR_DATA_DIR to a directory whose parents are open to it.`,
  )
}

async function loadOrCreatePassword(file: string): Promise<string> {
  const temporary = `${file}.${temporarySuffix()}`
  await writeFile(temporary, randomBytes(24).toString('base64url'), { mode: 0o600 })
  try {
    // A link, unlike a rename, never replaces the password of a process that was faster.
    await link(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(temporary)
  }
  return readFile(file, 'utf8')
}

async function createDataDir(server: Server): Promise<void> {
  const { dataDir, runAs } = server
  const existing = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null)
  if (existing !== null) return refuseOtherVersion(server, existing.trim())
  const temporary = `${dataDir}.${temporarySuffix()}`
  const passwordFile = path.join(temporary, 'password')
  const made = path.join(temporary, 'data')
  await mkdir(temporary, { mode: 0o700 })
  try {
    await writeFile(passwordFile, server.password, { mode: 0o600 })
    if (runAs !== null) {
      await chown(temporary, runAs.uid, runAs.gid)
      await chown(passwordFile, runAs.uid, runAs.gid)
    }
    await runProgram(server, 'initdb', [
      ...['-D', made, '-U', ROLE, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'],
      // The builtin provider sorts the same on every machine, whatever locales it has.
      ...[
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
        '--no-instructions',
      ],
    ])
    await rename(made, dataDir)
  } catch (error) {
    // Another process may have put its own there first.
    if (!(await isDataDir(dataDir))) throw error
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

const isDataDir = (dir: string): Promise<boolean> =>
  stat(path.join(dir, 'PG_VERSION')).then(
    () => true,
    () => false,
  )

async function refuseOtherVersion(server: Server, dataMajor: string): Promise<void> {
  const { stdout } = await runProgram(server, 'postgres', ['--version'])
  const major = /(\d+)\./.exec(stdout)?.[1]
  if (major === dataMajor) return
  throw new DatabaseSetupError(
    'data-directory-of-other-version',
    `${server.dataDir} was made by Postgres ${dataMajor}, and this is ${major}; move it over with pg_dump and pg_restore, or use the Goldenhour that made it.`,
  )
}

/**
 * The port of the server that runs in our data directory, by asking it; null when none answers.
 *
 * The server notes its port in the fourth line of `postmaster.pid`. The file may be a dead server's, and the port may
 * have gone to another since, so only the answer to "where is your data?" counts.
 */
async function answeringPort(server: Server): Promise<number | null> {
  const notes = await readFile(path.join(server.dataDir, 'postmaster.pid'), 'utf8').catch(() => '')
  const port = Number(notes.split('\n')[3])
  if (!Number.isInteger(port) || port <= 0) return null
  try {
    const answer = await askServer<{ data_directory: string }>(server, port, 'SHOW data_directory')
    return (await realpath(answer[0]!.data_directory)) === (await realpath(server.dataDir)) ? port : null
  } catch {
    return null
  }
}

async function askServer<Row extends pg.QueryResultRow>(server: Server, port: number, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: urlOf(server, port, 'postgres'), connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The port of the server that we started; null when another process was faster. */
async function startServer(
  server: Server,
  portFile: string,
  settings: Readonly<Record<string, string>>,
): Promise<number | null> {
  // Made here, as ours to give away: the base directory itself stays closed to the user that writes the log.
  await (await open(server.logFile, 'a', 0o600)).close()
  if (server.runAs !== null) await chown(server.logFile, server.runAs.uid, server.runAs.gid)
  let lastError: unknown
  for (let attempt = 1; attempt <= 5; attempt++) {
    const port = await choosePort(portFile)
    const all = { ...settings, port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' }
    const flags = Object.entries(all).map(([name, value]) => `-c ${name}=${shellQuoted(value)}`)
    try {
      await runProgram(server, 'pg_ctl', [
        ...['start', '-D', server.dataDir, '-l', server.logFile, '-w', '-t', String(START_LIMIT_S)],
        ...['-o', flags.join(' ')],
      ])
      await keepPort(portFile, port)
      return port
    } catch (error) {
      lastError = error
      if (await isServerStarting(server)) return null
      // The one failure that another attempt can mend: somebody took the port between our look and the start.
      if (await canListen(port)) break
    }
  }
  throw new DatabaseSetupError(
    'start-failed',
    `The embedded Postgres did not start. The end of ${server.logFile}: ${await endOf(server.logFile)}`,
    { cause: lastError },
  )
}

/** True while some server process holds the data directory, whether or not it answers already. */
const isServerStarting = (server: Server): Promise<boolean> =>
  runProgram(server, 'pg_ctl', ['status', '-D', server.dataDir]).then(
    () => true,
    () => false,
  )

async function waitForOtherStarter(server: Server): Promise<number> {
  for (const giveUpAtMs = Date.now() + START_LIMIT_S * 1_000; Date.now() < giveUpAtMs; await sleep(100)) {
    const port = await answeringPort(server)
    if (port !== null) return port
  }
  throw new DatabaseSetupError(
    'start-failed',
    `A Postgres runs in ${server.dataDir} but does not answer. The end of ${server.logFile}: ${await endOf(server.logFile)}`,
  )
}

/** The port of last time while it is free, so that an operator's notes stay true; else one that the system picks. */
async function choosePort(portFile: string): Promise<number> {
  const kept = Number(await readFile(portFile, 'utf8').catch(() => ''))
  if (Number.isInteger(kept) && kept > 0 && (await canListen(kept))) return kept
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

const canListen = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

async function keepPort(portFile: string, port: number): Promise<void> {
  const temporary = `${portFile}.${temporarySuffix()}`
  await writeFile(temporary, `${port}\n`)
  await rename(temporary, portFile)
}

async function isUsed(server: Server, port: number): Promise<boolean> {
  const others = `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
  // Our own connections, closed a moment ago, are listed until their backends have ended.
  for (let attempt = 1; attempt <= 10; attempt++) {
    if ((await askServer(server, port, others)).length === 0) return false
    await sleep(100)
  }
  return true
}

async function createDatabase(server: Server, port: number): Promise<void> {
  const existing = await askServer(server, port, `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`)
  if (existing.length > 0) return
  await askServer(server, port, `CREATE DATABASE ${DATABASE}`).catch(error => {
    // 42P04 and 23505: a process that started with us made it between our question and now.
    if (error.code !== '42P04' && error.code !== '23505') throw error
  })
}

async function runProgram(
  server: Server,
  program: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  return run(path.join(server.binDir, program), args, {
    // Our own directory may be closed to that user, and PG… variables of ours would lead it elsewhere.
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(server.runAs === null ? {} : { uid: server.runAs.uid, gid: server.runAs.gid }),
  })
}

const shellQuoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

async function endOf(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-5).join(' | ')
}
