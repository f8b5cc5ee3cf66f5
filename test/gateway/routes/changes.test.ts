import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { changeOnce, PAGE_QUERY, page } from '../../../src/gateway/changes.ts'
import { type HttpCall, json, problem } from '../../../src/gateway/http.ts'
import { parseQuery } from '../../../src/protocol/query.ts'
import { callerOf, type Site, startSite } from './site.ts'

let site: Site
const hooks: (() => Promise<void> | void)[] = []
before(async () => {
  site = await startSite({ after: hook => void hooks.push(hook as () => Promise<void>) })
})
after(async () => {
  for (const hook of hooks) await hook()
})

const supervisor = callerOf('supervisor')
const station = (stationId: string) => ({ stationId, name: 'Botany', lonDeg: 174.9, latDeg: -36.9 })
const post = (key: string, body: unknown, { caller = supervisor, path = '/v1/stations' } = {}) =>
  site.post(path, body, { caller, headers: { 'idempotency-key': key } })
const stationIds = async () =>
  (await site.ask('/v1/stations?region=akl')).body.items.map((item: { stationId: string }) => item.stationId)

test('[AD-3] a repeated request gets the first answer, and changes nothing', async () => {
  const first = await post('k-1', station('S1'))
  const version = await site.reference.version()
  const second = await post('k-1', station('S1'))
  assert.deepEqual([second.status, second.body], [201, first.body])
  for (const name of ['etag', 'location', 'content-type'])
    assert.equal(second.headers.get(name), first.headers.get(name))
  assert.equal(await site.reference.version(), version)
})

test('[AD-3] the same key for another body or another route is conflict', async () => {
  await post('k-2', station('S2'))
  for (const [body, path] of [
    [station('S3'), '/v1/stations'],
    [station('S2'), '/v1/stations?region=akl'],
  ] as const) {
    const refused = await post('k-2', body, { path })
    assert.deepEqual([refused.status, refused.body.code], [409, 'conflict'])
  }
  assert.ok(!(await stationIds()).includes('S3'))
})

test('[AD-3] another person may use the same key', async () => {
  await post('k-4', station('S4'))
  const other = await post('k-4', station('S5'), { caller: callerOf('supervisor', { sub: 'supervisor-2' }) })
  assert.equal(other.status, 201)
})

test('[AD-3] a refusal is not kept: the same request may succeed later', async () => {
  const made = await post('k-6', station('S6'))
  assert.equal((await post('k-7', station('S6'))).body.code, 'already-exists')
  await site.ask('/v1/stations/S6', {
    caller: supervisor,
    method: 'DELETE',
    headers: { 'if-match': made.headers.get('etag')! },
  })
  assert.equal((await post('k-7', station('S6'))).status, 201)
})

test('[AD-3] of requests that come at once under one key exactly one changes something, and all get its answer', async () => {
  const before = await site.reference.version()
  const answers = await Promise.all(Array.from({ length: 8 }, () => post('k-8', station('S8'))))
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.version]),
    answers.map(() => [201, before + 1]),
  )
  assert.equal(await site.reference.version(), before + 1)
})

test('a key is needed, in its grammar', async () => {
  for (const key of ['', 'a b', 'x'.repeat(65)]) {
    const refused = await post(key, station('S9'))
    assert.deepEqual([refused.status, refused.body.details.path], [400, 'Idempotency-Key'])
  }
})

test('[AD-3] an outcome is kept for seven days', async t => {
  t.after(() => {
    site.clock.aheadMs = 0
  })
  const dayMs = 24 * 3_600_000
  await post('k-10', station('S10'))
  site.clock.aheadMs = 7 * dayMs - 60_000
  assert.equal((await post('k-10', station('S10'))).status, 201)
  site.clock.aheadMs = 7 * dayMs + 60_000
  assert.equal((await post('k-10', station('S10'))).body.code, 'already-exists')
  // Any change clears away what is past its time.
  await post('k-11', station('S11'))
  const kept = await site.database.selectFrom('gateway.http_outcomes').select('answered_at_ms').execute()
  assert.ok(kept.every(({ answered_at_ms }) => answered_at_ms > Date.now() + 60_000))
})

test('[AD-4] of changes to what two people have read exactly one stands', async () => {
  const { headers } = await post('k-12', station('S12'))
  const answers = await Promise.all(
    ['one', 'two', 'three', 'four'].map(note =>
      site.ask('/v1/stations/S12', {
        caller: supervisor,
        method: 'PATCH',
        body: { note },
        headers: { 'if-match': headers.get('etag')! },
      }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412])
})

test('a secret that is shown once is not kept, and the key of a request cannot be read from what is', async () => {
  const ports = { database: site.database, wallClock: Date.now }
  const bytes = Buffer.from('{"password":"correct horse"}')
  const call = {
    method: 'post',
    path: '/v1/things',
    query: new URLSearchParams(),
    idempotencyKey: 'a-key-of-its-own',
    body: Promise.resolve({ ok: true, bytes }),
  } as unknown as HttpCall
  const caller = JSON.parse(Buffer.from(supervisor, 'base64url').toString())
  const work = async () => ({ ...json(201, { secret: 'S3CRET' }), repeatedBody: '{"secret":null}' })
  assert.equal((await changeOnce(ports, call, caller, null, work)).body, '{"secret":"S3CRET"}\n')
  assert.equal((await changeOnce(ports, call, caller, null, work)).body, '{"secret":null}')
  const rows = await site.database.selectFrom('gateway.http_outcomes').selectAll().execute()
  const text = JSON.stringify(
    rows.map(row => ({ ...row, key_hash: row.key_hash.toString(), request_hash: row.request_hash.toString() })),
  )
  for (const secret of ['S3CRET', 'a-key-of-its-own', 'correct horse']) assert.ok(!text.includes(secret), secret)
})

test('a change whose answer is a refusal is undone', async () => {
  const ports = { database: site.database, wallClock: Date.now }
  const call = {
    method: 'post',
    path: '/v1/things',
    query: new URLSearchParams(),
    idempotencyKey: 'undone',
    body: Promise.resolve({ ok: true, bytes: new Uint8Array() }),
  } as unknown as HttpCall
  const caller = JSON.parse(Buffer.from(supervisor, 'base64url').toString())
  const before = await site.reference.version()
  const reply = await changeOnce(ports, call, caller, null, async transaction => {
    await transaction.updateTable('reference.version').set({ version: 999_999 }).execute()
    return problem({ code: 'still-used', message: 'No.' })
  })
  assert.equal(reply.refusal?.code, 'still-used')
  assert.equal(await site.reference.version(), before)
})

test('[LM-12] a page of a list counts as one query for each 100 items begun', () => {
  const taken: unknown[] = []
  const limiter = {
    takeMore: (...more: unknown[]) => {
      taken.push(more)
      return null
    },
  }
  const asked = (query: string) =>
    page({ limiter }, { readQuery: () => parseQuery(new URLSearchParams(query), PAGE_QUERY) }, { sub: 'person-1' })
  for (const query of ['', 'limit=1', 'limit=100', 'limit=101', 'limit=500']) assert.ok(asked(query).ok)
  // One is taken for every request, at the guard; what is refused for its fields costs no more.
  assert.ok(!asked('limit=501').ok)
  assert.deepEqual(
    taken,
    [0, 0, 0, 1, 4].map(more => ['person-1', 'query', more]),
  )
})
