/** The Postgres that a program of ours uses: the operator's where one is named, else the embedded one. */
import path from 'node:path'
import { checkClockRate } from '../log/clock-anchor.ts'
import { DatabaseSetupError, openDatabase } from '../postgres/database.ts'
import { checkSchema } from '../postgres/migrate.ts'
import { explainedUnreachable } from '../postgres/unreachable.ts'
import { checkBaseDir, ENGINE_ROLE } from './cluster.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { lookAtHolder } from './postmaster.ts'
import type { ServerLog } from './watch.ts'

export interface DatabaseServer {
  /** Where the engine and the commands work. */
  readonly url: string
  /** Where it is brought to the schema of this code, and for whom: of the operator's database with the role that is given. */
  readonly migrateAt: { readonly url: string; readonly grantTo: string | null }
  /** Whether it is ours to restart: then it comes back, and a start need only wait. */
  readonly isEmbedded: boolean
  /** True while the embedded server does not run and is being started. */
  readonly isRestarting: boolean
  /** An error of working with it as an operator is told it: DatabaseSetupError where theirs cannot be reached. */
  explained(error: unknown): unknown
  /** Leaves the embedded server, and ends it if nobody else uses it. */
  stop(): Promise<void>
}

/** Within the limit of a drain: a server that was told to end does so also when its last user has gone. */
const STOP_WAIT_MS = 5_000

/**
 * A database to connect to: as named, without asking whether it answers, or in the embedded server, which is up then and
 * started again whenever it is gone. Errors: DatabaseSetupError when the embedded server cannot run here; AbortError.
 */
export async function provideDatabase(
  where: { readonly databaseUrl: string | null; readonly dataDir: string },
  log: ServerLog,
  signal?: AbortSignal,
): Promise<DatabaseServer> {
  if (where.databaseUrl !== null) {
    const url = where.databaseUrl
    const migrateAt = { url, grantTo: null }
    const explained = (error: unknown) => explainedUnreachable(error, url) ?? error
    return { url, migrateAt, isEmbedded: false, isRestarting: false, explained, stop: () => Promise.resolve() }
  }
  const options = { baseDir: where.dataDir, log, ...(signal && { signal }) }
  const server = await startEmbeddedPostgres(options).catch(error => {
    throw directoryUnusable(where.dataDir, error) ?? error
  })
  return {
    url: server.engineUrl,
    migrateAt: { url: server.url, grantTo: ENGINE_ROLE },
    isEmbedded: true,
    get isRestarting() {
      return server.isRestarting
    },
    explained: error => error,
    stop: () => server.stop({ waitMs: STOP_WAIT_MS }),
  }
}

/**
 * Ends the Postgres of a data directory that an engine which was killed left running; not one that somebody uses.
 * Output: null where none runs, else whether it has ended. Errors: as `provideDatabase`.
 */
export async function stopLeftPostgres(dataDir: string): Promise<boolean | null> {
  const runs = async () => (await lookAtHolder(path.join(dataDir, 'data'))).kind === 'server'
  if (!(await runs())) return null
  // Whoever leaves last ends it.
  const server = await provideDatabase({ databaseUrl: null, dataDir }, () => undefined)
  await server.stop()
  return !(await runs())
}

/** A server that does not answer by then would keep an operator waiting who only asks. */
const LOOK_LIMIT_MS = 5_000

/**
 * Whether an engine could work with the database: the operator's, asked now, or the directory of the embedded one, which is
 * not started. Nothing is changed. Errors: DatabaseSetupError; those of pg and of the file system.
 */
export async function checkDatabase(
  where: { readonly databaseUrl: string | null; readonly dataDir: string; readonly clockRate: number },
  warn: (warning: string) => void,
): Promise<void> {
  const { databaseUrl: url, dataDir, clockRate } = where
  if (url === null) {
    await checkBaseDir(dataDir, warn).catch(error => {
      throw directoryUnusable(dataDir, error) ?? error
    })
    return
  }
  try {
    if (!(await checkSchema(url, LOOK_LIMIT_MS))) return
    const database = openDatabase(url, { connectMs: LOOK_LIMIT_MS, silentMs: LOOK_LIMIT_MS })
    await checkClockRate(database, clockRate).finally(() => database.destroy())
  } catch (error) {
    throw explainedUnreachable(error, url) ?? error
  }
}

const SYSTEM_SAYS: Readonly<Record<string, string>> = {
  EACCES: 'this user has no right to it',
  EPERM: 'this user has no right to it',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'there is a file in its place',
  EEXIST: 'there is a file in its place',
  ENOSPC: 'its file system is full',
}

/** Null when the error is none of the directory's. */
function directoryUnusable(dataDir: string, error: unknown): DatabaseSetupError | null {
  const { code, path } = error as NodeJS.ErrnoException
  const said = code === undefined || path === undefined ? undefined : SYSTEM_SAYS[code]
  if (said === undefined) return null
  return new DatabaseSetupError(
    'data-directory-unusable',
    `The data directory ${dataDir} cannot be used: ${said} (${code}, ${path}). Mend that, or name another directory with GOLDENHOUR_DATA_DIR.`,
    { cause: error },
  )
}
