/** Several databases on the bench's one server, so that what differs between two measurements is what they hold. */
import { openClient } from '../src/store/postgres/database.ts'
import { migrate } from '../src/store/postgres/migrate.ts'

/** Makes a database beside the one of the URL. Output: its URL; it is migrated. */
export async function databaseBeside(serverUrl: string, name: string): Promise<string> {
  await onServer(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await migrate(url.href)
  return url.href
}

export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)
}

/** As a server has it that has had the time for it: with statistics, and nothing to be written out any more. */
export async function settle(databaseUrl: string): Promise<void> {
  await onServer(databaseUrl, 'VACUUM (ANALYZE)', 'CHECKPOINT')
}

/** Makes followers of the log believe that they have all of it: what they would make of it is no part of a measurement. */
export async function followed(databaseUrl: string, region: string): Promise<void> {
  const cursors = ['views.cursors', 'audit.cursors'].map(
    table => `INSERT INTO ${table} (region, position) SELECT region, log.log_end(region) FROM log.region_owner
      WHERE region = '${region}' ON CONFLICT (region) DO UPDATE SET position = excluded.position`,
  )
  await onServer(databaseUrl, ...cursors)
}

async function onServer(url: string, ...statements: readonly string[]): Promise<void> {
  const client = await openClient(url, { applicationName: 'goldenhour bench' })
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
