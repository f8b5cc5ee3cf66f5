/** Connections that break at a bad moment are reported by the next statement, and never end the process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { PatientClient } from '../../../src/store/postgres/patient-client.ts'
import { isStoreAway } from '../../../src/store/postgres/postgres-faults.ts'
import { emptyDatabase } from '../../support/postgres.ts'

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

test('a connection that answers nothing any more is given up, and the next statement takes another', async t => {
  const { url, drop } = await emptyDatabase()
  const network = await startNetwork(url)
  const database = openDatabase(network.url, { connectMs: 60_000, silentMs: 300 })
  t.after(async () => {
    await database.destroy()
    await network.close()
    await drop()
  })
  const ask = () => sql<{ one: number }>`SELECT 1 AS one`.execute(database)
  await Promise.all([ask(), ask(), ask(), ask()])
  network.swallowOpen()
  const silent = await Promise.allSettled([ask(), ask(), ask(), ask()])
  for (const outcome of silent) assert.ok(outcome.status === 'rejected' && isStoreAway(outcome.reason))
  assert.deepEqual((await ask()).rows, [{ one: 1 }])
})

test('a statement that the server works on is waited for, however long it takes', async t => {
  const { url, drop } = await emptyDatabase()
  const database = openDatabase(url, { connectMs: 60_000, silentMs: 100 })
  t.after(async () => {
    await database.destroy()
    await drop()
  })
  const { rows } = await sql<{ slept: string }>`SELECT 'long' AS slept FROM pg_sleep(2.5)`.execute(database)
  assert.deepEqual(rows, [{ slept: 'long' }])
})

test('an answer that came while the loop was held is taken, though every limit has passed meanwhile', async t => {
  const { url, drop } = await emptyDatabase()
  const database = openDatabase(url, { connectMs: 1_200, silentMs: 1_000 })
  t.after(async () => {
    await database.destroy()
    await drop()
  })
  const hold = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  // Once while the connection is made, and once while the statement is under way.
  for (let n = 1; n <= 2; n++) {
    const asked = sql<{ n: number }>`SELECT ${n}::int AS n`.execute(database)
    await new Promise(resolve => setImmediate(resolve))
    hold(1_500)
    assert.deepEqual((await asked).rows, [{ n }])
  }
})

test('what a patient connection takes over from pg is there: a release that moves it fails here', async t => {
  const { url, drop } = await emptyDatabase()
  const session = await openClient(url, { applicationName: 'database.test' })
  const database = openDatabase(url)
  t.after(async () => {
    await session.end()
    await database.destroy()
    await drop()
  })
  // Whom another connection asks after.
  const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  assert.equal((session as { processID?: unknown }).processID, rows[0]!.pid)
  // What is watched is a promise, in every form in which pg and Kysely ask.
  for (const asked of [
    session.query('SELECT 1'),
    session.query('SELECT $1::int', [1]),
    session.query({ text: 'SELECT $1::int', values: [1] }),
  ]) {
    assert.ok(asked instanceof Promise)
    await asked
  }
  const forms: unknown[][] = []
  const { query } = PatientClient.prototype
  t.mock.method(PatientClient.prototype, 'query', function (this: PatientClient, ...args: unknown[]) {
    forms.push(args)
    return query.apply(this, args)
  })
  assert.deepEqual((await sql<{ one: number }>`SELECT ${1}::int AS one`.execute(database)).rows, [{ one: 1 }])
  assert.equal(forms.length, 1, 'the pool makes connections of ours, and Kysely asks by their query')
})

/** A way to the database on which connections can fall silent without being closed. */
async function startNetwork(
  databaseUrl: string,
): Promise<{ url: string; swallowOpen(): void; close(): Promise<void> }> {
  const target = new URL(databaseUrl)
  const open = new Set<{ client: Socket; server: Socket }>()
  const listener = createServer(client => {
    const server = connect(Number(target.port), target.hostname)
    open.add({ client, server })
    for (const socket of [client, server]) socket.on('error', () => undefined)
    client.pipe(server)
    server.pipe(client)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((listener.address() as AddressInfo).port)
  return {
    url: url.href,
    swallowOpen() {
      for (const { client, server } of open) {
        client.unpipe(server)
        server.unpipe(client)
        client.resume()
        server.resume()
      }
    },
    async close() {
      for (const { client, server } of open) {
        client.destroy()
        server.destroy()
      }
      listener.close()
      await once(listener, 'close')
    },
  }
}
