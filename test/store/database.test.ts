/** Connections that break at a bad moment are reported by the next statement, and never end the process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openDatabase } from '../../src/store/database.ts'
import { emptyDatabase } from '../support/postgres.ts'

test('a connection cut between two statements of a transaction fails that transaction, and the next one works', async t => {
  const { url, drop } = await emptyDatabase()
  const database = openDatabase(url)
  t.after(async () => {
    await database.destroy()
    await drop()
  })
  const cut = database.transaction().execute(async transaction => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(transaction)
    await sql`SELECT pg_terminate_backend(${rows[0]!.pid})`.execute(database)
    // Long enough for the news to come in while no statement is under way.
    await new Promise(resolve => setTimeout(resolve, 100))
    await sql`SELECT 1`.execute(transaction)
  })
  await assert.rejects(cut)
  const { rows } = await sql<{ one: number }>`SELECT 1 AS one`.execute(database)
  assert.deepEqual(rows, [{ one: 1 }])
})
