/** The route of tracks by itself: what it asks of the store and of the audit, without sockets and tokens. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { TokenClaims } from '../../../src/access/claims.ts'
import type { Refusal } from '../../../src/base/refusal.ts'
import type { HttpCall, HttpReply } from '../../../src/gateway/http.ts'
import { TRACK_ROUTES } from '../../../src/gateway/routes/track.ts'
import type { Audit, AuditEntry } from '../../../src/store/audit/audit.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

const START_MS = 1_767_225_600_000
const [route] = TRACK_ROUTES

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const client = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const encoder = new SegmentEncoder()
  for (let seq = 1; seq <= 5; seq++) {
    const fix = { seq, fixedAtMs: START_MS + seq, lonDeg: 1, latDeg: 2, accuracyM: 5, speedMps: null, headingDeg: null }
    encoder.add('A-7', 's1', fix, seq === 5 ? 1 | 8 : 0)
  }
  const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
  const values = [firstFixedAtMs, lastFixedAtMs, fixCount, SEGMENT_CODEC_VERSION, bytes]
  await client.query("INSERT INTO location.segments VALUES ('akl', 1, 0, $1, $2, $3, $4, $5)", values)
  await client.end()
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

/** What was taken from the rates beside the request itself. */
let taken: unknown[] = []
let tooFast: Refusal | null = null

function ask(query: string, append: Audit['append'], claims: Partial<TokenClaims> = {}): Promise<HttpReply> {
  const audit: Audit = { append, note: () => assert.fail('nothing is noted') }
  const directory = { region: (region: string) => (region === 'akl' ? {} : null) }
  const limiter = {
    takeMore: (...more: unknown[]) => {
      taken.push(more)
      return tooFast
    },
  }
  const ports = { database, audit, directory, limiter }
  const call = {
    parameters: { id: 'A-7' },
    query: new URLSearchParams(query),
    path: '/v1/units/A-7/track',
    address: '192.0.2.1',
  }
  const caller = { sub: 'person-1', role: 'supervisor', regions: ['akl'], unit: null, ...claims }
  assert.ok(route !== undefined && route.action !== null)
  return Promise.resolve(route.handle(ports, call as unknown as HttpCall, caller as TokenClaims))
}

const RANGE = `fromMs=${START_MS}&toMs=${START_MS + 1_000}`

test('the audit is told who read what, and how much of it, page by page', async () => {
  const entries: AuditEntry[] = []
  const append: Audit['append'] = async (_, given) => void entries.push(...given)
  const first = JSON.parse((await ask(`${RANGE}&limit=3`, append)).body)
  const second = JSON.parse((await ask(`${RANGE}&limit=3&after=${first.next}`, append)).body)
  assert.deepEqual(
    [...first.items, ...second.items].map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  )
  assert.deepEqual(second.items[1].flags, ['future', 'replaces'])
  assert.equal(second.next, null)
  const common = {
    actor: 'person-1',
    action: 'track-read',
    outcome: 'done',
    region: 'akl',
    subject: 'A-7',
    address: '192.0.2.1',
  }
  const range = { fromMs: START_MS, toMs: START_MS + 1_000 }
  assert.deepEqual(entries, [
    { ...common, details: { ...range, after: null, count: 3 } },
    { ...common, details: { ...range, after: first.next, count: 2 } },
  ])
})

test('a reading that cannot be audited is not answered, and does not count as under way afterwards', async () => {
  const away = () => Promise.reject(new Error('the audit is away'))
  for (let n = 0; n < 5; n++) await assert.rejects(ask(RANGE, away), /the audit is away/)
  assert.equal((await ask(RANGE, async () => undefined)).status, 200)
})

test('a third reading at a time is refused, and only while the two go on', async () => {
  const held: (() => void)[] = []
  const hold: Audit['append'] = () => new Promise(resolve => held.push(resolve))
  const two = [ask(RANGE, hold), ask(RANGE, hold)]
  const third = await ask(RANGE, hold)
  assert.equal(third.refusal?.code, 'overloaded')
  const settled = Promise.all(two)
  while (held.length < 2) await new Promise(setImmediate)
  for (const release of held) release()
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    [200, 200],
  )
  assert.equal((await ask(RANGE, async () => undefined)).status, 200)
})

test('a region that the token does not name is refused before anything is read, and an admin names none', async () => {
  const never: Audit['append'] = () => assert.fail('nothing was read')
  const wrong = await ask(`${RANGE}&region=akl`, never, { regions: ['wlg'] })
  assert.equal(wrong.refusal?.code, 'wrong-region')
  const unknown = await ask(`${RANGE}&region=wlg`, never, { role: 'admin', regions: [] })
  assert.equal(unknown.refusal?.code, 'unknown-region')
  const admin = await ask(`${RANGE}&region=akl`, async () => undefined, { role: 'admin', regions: [] })
  assert.equal(admin.status, 200)
})

test('[LM-12] a page of a track counts as 16 queries, and beyond the rate nothing is read', async () => {
  const entries: AuditEntry[] = []
  const append: Audit['append'] = async (_, given) => void entries.push(...given)
  taken = []
  assert.equal((await ask(RANGE, append)).status, 200)
  // One is taken for every request, at the guard.
  assert.deepEqual(taken, [['person-1', 'query', 15]])
  tooFast = { code: 'rate-limited', message: 'Later.', details: { class: 'query', retryAfterMs: 10 } }
  assert.equal((await ask(RANGE, append)).status, 429)
  tooFast = null
  assert.equal(entries.length, 1)
})
