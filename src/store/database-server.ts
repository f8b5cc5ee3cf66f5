/** The Postgres that a program of ours uses: the operator's where one is named, else the embedded one. */
import { DatabaseSetupError } from './database.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'

interface DatabaseServer {
  readonly url: string
  /** Ends a server that was started for us, and no other; with `unlessUsed`, only when nobody else is connected. */
  stop(options?: { readonly unlessUsed: boolean }): Promise<void>
}

/**
 * A database to connect to: as named, without asking whether it answers, or in the embedded server, which is up then.
 * Errors: DatabaseSetupError when the embedded server cannot run here.
 */
export async function provideDatabase(
  where: { readonly databaseUrl: string | null; readonly dataDir: string },
  log: (message: string) => void,
): Promise<DatabaseServer> {
  if (where.databaseUrl !== null) return { url: where.databaseUrl, stop: () => Promise.resolve() }
  return startEmbeddedPostgres({ baseDir: where.dataDir, log }).catch(error => {
    throw directoryUnusable(where.dataDir, error) ?? error
  })
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
