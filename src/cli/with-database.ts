/** A migrated database for the time of one command: the operator's, or the embedded one, started if none answers. */
import { readConfig } from '../config/index.ts'
import { type DatabaseServer, provideDatabase } from '../store/embedded/database-server.ts'
import { type Database, openDatabase } from '../store/postgres/database.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { interruptible } from './interruption.ts'

type UnlessInterrupted = <Part>(part: Promise<Part>) => Promise<Part>

export async function withDatabaseServer<Result>(
  work: (server: DatabaseServer, unlessInterrupted: UnlessInterrupted) => Promise<Result>,
): Promise<Result> {
  const config = readConfig()
  const tellsSteps = config.logLevel === 'debug' || config.logLevel === 'trace'
  return interruptible(async unlessInterrupted => {
    const server = await provideDatabase(config, message => {
      // Standard output belongs to the command's answer.
      if (tellsSteps) process.stderr.write(`${message}\n`)
    })
    try {
      return await work(server, unlessInterrupted)
    } catch (error) {
      throw server.explained(error)
    } finally {
      // An engine that came up while this command ran has joined our server, and keeps it.
      await server.stop()
    }
  })
}

export function withDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  return withDatabaseServer(async ({ url, migrateAt }, unlessInterrupted) => {
    await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
    const database = openDatabase(url)
    try {
      return await unlessInterrupted(work(database))
    } finally {
      await database.destroy()
    }
  })
}
