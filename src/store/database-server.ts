/** The Postgres that a program of ours uses: the operator's where one is named, else the embedded one. */
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
  return startEmbeddedPostgres({ baseDir: where.dataDir, log })
}
