/** The data directory of the embedded Postgres, its programs and its password: made when missing, and who may run them. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  chown,
  constants,
  link,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { DatabaseSetupError } from '../postgres/database.ts'
import { requireOwnDirectory, requireOwnSecret } from './ownership.ts'
import { findBinariesPackage, installBinaries, removeLeftovers, temporarySuffix } from './postgres-binaries.ts'

/** The user that the server's programs run as; null: as ourselves. */
interface RunAs {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

export interface Cluster {
  readonly binDir: string
  readonly dataDir: string
  readonly logFile: string
  readonly portFile: string
  /** Of the server's superuser, who owns the schema. */
  readonly password: string
  /** Of the role that engines run as. */
  readonly enginePassword: string
  readonly runAs: RunAs | null
}

export type BinariesPackage = Awaited<ReturnType<typeof findBinariesPackage>>

const ROLE = 'goldenhour'
export const ENGINE_ROLE = 'goldenhour_engine'
const run = promisify(execFile)

/**
 * Everything that a server needs to start in `baseDir`, safely from many processes at once: each step is made under a
 * temporary name and then renamed. Errors: DatabaseSetupError, with what the operator can do.
 */
export async function prepareCluster(
  baseDir: string,
  warn: (message: string) => void,
  binaries?: BinariesPackage,
): Promise<Cluster> {
  const runAs = await userToRunAs()
  await makeBaseDir(baseDir, runAs)
  await requireOwnDirectory(baseDir, warn)
  await removeLeftovers(baseDir)
  await removeLeftovers(path.join(baseDir, 'pg'))
  const cluster: Cluster = {
    binDir: path.join(await installBinaries(binaries ?? (await findBinariesPackage()), baseDir), 'bin'),
    dataDir: path.join(baseDir, 'data'),
    logFile: path.join(baseDir, 'postgres.log'),
    portFile: path.join(baseDir, 'port'),
    password: await loadOrCreatePassword(path.join(baseDir, 'password'), warn),
    enginePassword: await loadOrCreatePassword(path.join(baseDir, 'engine-password'), warn),
    runAs,
  }
  await createDataDir(cluster)
  await removeLeftovers(cluster.dataDir)
  return cluster
}

/**
 * Whether a server could be started in `baseDir`, as far as can be seen from outside; nothing is made or changed.
 * Errors: as `prepareCluster`; those of the file system where the directory may not be written.
 */
export async function checkBaseDir(baseDir: string, warn: (message: string) => void): Promise<void> {
  const { version } = await findBinariesPackage()
  await userToRunAs()
  const nearest = await nearestThatExists(baseDir)
  await access(nearest, constants.W_OK | constants.X_OK)
  if (nearest !== baseDir) return
  await requireOwnDirectory(baseDir, warn)
  const dataDir = path.join(baseDir, 'data')
  const existing = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null)
  if (existing !== null) refuseOtherVersion(dataDir, existing.trim(), version.split('.')[0])
}

/** The directory, or the one in which it would be made. Errors: those of the file system, ENOTDIR for a file in its place. */
async function nearestThatExists(dir: string): Promise<string> {
  try {
    if ((await stat(dir)).isDirectory()) return dir
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nearestThatExists(path.dirname(dir))
    throw error
  }
  throw Object.assign(new Error(`${dir} is no directory`), { code: 'ENOTDIR', path: dir })
}

export const urlOf = (cluster: Cluster, port: number, database: string): string =>
  `postgres://${ROLE}:${cluster.password}@127.0.0.1:${port}/${database}`

export const engineUrlOf = (cluster: Cluster, port: number, database: string): string =>
  `postgres://${ENGINE_ROLE}:${cluster.enginePassword}@127.0.0.1:${port}/${database}`

/** Runs one of the server's own programs, as its user. Errors: those of `execFile`. */
export async function runProgram(
  cluster: Cluster,
  program: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  return run(path.join(cluster.binDir, program), args, {
    // Our own directory may be closed to that user, and PG… variables of ours would lead it elsewhere.
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(cluster.runAs === null ? {} : { uid: cluster.runAs.uid, gid: cluster.runAs.gid }),
  })
}

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

async function loadOrCreatePassword(file: string, warn: (message: string) => void): Promise<string> {
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
  await requireOwnSecret(file, warn)
  return readFile(file, 'utf8')
}

async function createDataDir(cluster: Cluster): Promise<void> {
  const { dataDir, runAs } = cluster
  const existing = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null)
  if (existing !== null) {
    const { stdout } = await runProgram(cluster, 'postgres', ['--version'])
    return refuseOtherVersion(dataDir, existing.trim(), /(\d+)\./.exec(stdout)?.[1])
  }
  const temporary = `${dataDir}.${temporarySuffix()}`
  const passwordFile = path.join(temporary, 'password')
  const made = path.join(temporary, 'data')
  await mkdir(temporary, { mode: 0o700 })
  try {
    await writeFile(passwordFile, cluster.password, { mode: 0o600 })
    if (runAs !== null) {
      await chown(temporary, runAs.uid, runAs.gid)
      await chown(passwordFile, runAs.uid, runAs.gid)
    }
    await runProgram(cluster, 'initdb', [
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

function refuseOtherVersion(dataDir: string, dataMajor: string, major: string | undefined): void {
  if (major === dataMajor) return
  throw new DatabaseSetupError(
    'data-directory-of-other-version',
    `${dataDir} was made by Postgres ${dataMajor}, and this is ${major}; move it over with pg_dump and pg_restore, or use the Goldenhour that made it.`,
  )
}
