/** The proxy before a real Postgres: that it cuts where it says, that nothing else is cut, and that it passes all on. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { CommitSpotter, MessageSplitter } from '../../../tools/torture/world/postgres-wire.ts'
import { CUT_MOMENTS, PostgresProxy } from '../../../tools/torture/world/proxy.ts'
import { emptyDatabase } from '../../support/postgres.ts'

let database: Awaited<ReturnType<typeof emptyDatabase>>
let proxy: PostgresProxy
let direct: pg.Client
const opened: pg.Client[] = []

before(async () => {
  database = await emptyDatabase()
  direct = new pg.Client({ connectionString: database.url })
  await direct.connect()
  // By the name of the engine's function, as which the proxy knows a commit.
  await direct.query(`CREATE SCHEMA log; CREATE TABLE log.done (id int PRIMARY KEY);
    CREATE TABLE log.lock (held boolean); INSERT INTO log.lock VALUES (true);
    CREATE FUNCTION log.append_records(p_id int) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM 1 FROM log.lock FOR SHARE; INSERT INTO log.done VALUES (p_id); RETURN true; END $$`)
  proxy = await PostgresProxy.listen(() => Number(new URL(database.url).port))
})
after(async () => {
  for (const client of opened) await client.end().catch(() => undefined)
  await proxy.close()
  await direct.end()
  await database.drop()
})

async function through(): Promise<pg.Client> {
  const url = new URL(database.url)
  url.port = String(proxy.port)
  const client = new pg.Client({ connectionString: url.href })
  client.on('error', () => undefined)
  await client.connect()
  opened.push(client)
  return client
}

/** As the engine does it: prepared under a name, which alone is said from the second time on. */
const append = (client: pg.Client, id: number) =>
  client.query({ name: 'append', text: 'SELECT log.append_records($1) AS held', values: [id] })

/** The server has read a statement, and waits with it for the lock. */
async function waitsForLock(): Promise<void> {
  for (;;) {
    const { rowCount } = await direct.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    if (rowCount! > 0) return
  }
}

/** How many of the rows there are once nothing is left that could write. */
async function stored(...ids: number[]): Promise<number> {
  for (;;) {
    const { rows } = await direct.query(
      `SELECT count(*)::int AS busy FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
         AND pid <> pg_backend_pid()`,
    )
    if (rows[0].busy === 0) break
  }
  const { rows } = await direct.query('SELECT count(*)::int AS count FROM log.done WHERE id = ANY($1)', [ids])
  return rows[0].count
}

test('without a cut everything goes through, also what is larger than a packet', async () => {
  const client = await through()
  await append(client, 1)
  await append(client, 2)
  const { rows } = await client.query('SELECT length($1) AS length, repeat($1, 3) AS text', ['x'.repeat(400_000)])
  assert.deepEqual([rows[0].length, rows[0].text.length], [400_000, 1_200_000])
  assert.equal(await stored(1, 2), 2)
})

test('a cut before the commit loses what was asked for, the first time and with a statement that is known already', async () => {
  for (const [id, isPrepared] of [
    [11, false],
    [12, true],
  ] as const) {
    const client = await through()
    if (isPrepared) await append(client, id + 100)
    const { done } = proxy.cutNextCommit('before')
    await assert.rejects(append(client, id), /Connection terminated|ECONNRESET/)
    await done
    assert.equal(await stored(id), 0)
  }
})

test('a cut during the commit leaves the server at work, which comes to its end, unheard', async () => {
  const client = await through()
  await append(client, 21)
  await direct.query('BEGIN')
  await direct.query('SELECT 1 FROM log.lock FOR UPDATE')
  const { done } = proxy.cutNextCommit('during')
  await assert.rejects(append(client, 22), /Connection terminated|ECONNRESET/)
  await done
  await waitsForLock()
  // Nothing of it is seen while the lock is held.
  assert.equal((await direct.query('SELECT 1 FROM log.done WHERE id = 22')).rowCount, 0)
  await direct.query('COMMIT')
  assert.equal(await stored(22), 1)
})

test('a commit that is with the server already is cut during it, too: none may come behind it', async () => {
  const client = await through()
  await append(client, 23)
  await direct.query('BEGIN')
  await direct.query('SELECT 1 FROM log.lock FOR UPDATE')
  const cut = assert.rejects(append(client, 24), /Connection terminated|ECONNRESET/)
  // It waits for the lock, and the client has nothing else to send.
  await waitsForLock()
  await proxy.cutNextCommit('during').done
  await cut
  await direct.query('COMMIT')
  assert.equal(await stored(24), 1)
})

test('a cut after the commit keeps the answer from the engine, and the commit stands', async () => {
  const client = await through()
  await append(client, 31)
  const { done } = proxy.cutNextCommit('after')
  await assert.rejects(append(client, 32), /Connection terminated|ECONNRESET/)
  await done
  assert.equal(await stored(32), 1)
})

test('one connection is cut a time: the others, and those that commit nothing, go on', async () => {
  for (const [at, moment] of CUT_MOMENTS.entries()) {
    const [reader, one, other] = [await through(), await through(), await through()]
    await direct.query('BEGIN')
    await direct.query('SELECT 1 FROM log.lock FOR UPDATE')
    const { done } = proxy.cutNextCommit(moment)
    await reader.query('SELECT 1')
    const appends = Promise.allSettled([append(one, 41 + 10 * at), append(other, 42 + 10 * at)])
    if (moment !== 'after') await done
    await direct.query('COMMIT')
    await done
    const outcomes = (await appends).map(({ status }) => status).sort()
    assert.deepEqual(outcomes, ['fulfilled', 'rejected'], moment)
    await reader.query('SELECT 1')
  }
})

test('a cut that was taken back does not happen', async () => {
  const client = await through()
  proxy.cutNextCommit('before').cancel()
  await append(client, 71)
  assert.equal(await stored(71), 1)
})

test('delayed answers come later, in their order', async () => {
  const client = await through()
  const delaysMs = [120, 5, 60]
  proxy.delayAnswers(() => delaysMs.shift() ?? 1)
  try {
    const startedMs = performance.now()
    const { rows } = await client.query('SELECT n FROM generate_series(1, 50) AS n')
    assert.deepEqual(
      rows.map(({ n }) => n),
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
    assert.ok(performance.now() - startedMs >= 100)
  } finally {
    proxy.delayAnswers(null)
  }
})

test('messages are found wherever the stream is broken into packets', () => {
  const opening = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0])
  const query = Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 11]), Buffer.from('COMMIT\0')])
  const sync = Buffer.from([...Buffer.from('S'), 0, 0, 0, 4])
  const stream = Buffer.concat([opening, query, sync, query])
  for (let size = 1; size <= stream.length; size++) {
    const splitter = new MessageSplitter(true)
    const spotter = new CommitSpotter()
    const messages = []
    for (let at = 0; at < stream.length; at += size) messages.push(...splitter.push(stream.subarray(at, at + size)))
    assert.deepEqual(
      messages.map(message => [message.type, spotter.asksForCommit(message)]),
      [
        ['', false],
        ['Q', true],
        ['S', false],
        ['Q', true],
      ],
    )
    assert.deepEqual(Buffer.concat(messages.map(({ bytes }) => bytes)), stream)
  }
})
