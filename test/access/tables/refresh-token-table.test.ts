import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import { RefreshTokens, type Rotation } from '../../../src/access/tables/refresh-token-table.ts'
import { UserStore } from '../../../src/access/tables/user-table.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { times } from '../../support/long.ts'
import { testDatabase } from '../../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  for (const name of ['person-1', 'person-2', 'crowd', 'late']) {
    const user = { name, role: 'dispatcher', regions: ['akl'], units: null, passwordHash: '$' } as const
    await new UserStore(database).add(user, 1)
  }
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

const HOUR_MS = 3_600_000
const AGES = { idleMs: HOUR_MS, maxAgeMs: 3 * HOUR_MS }
const T0 = 1_767_225_600_000

const inStore = <T>(work: (tokens: RefreshTokens) => Promise<T>): Promise<T> =>
  database.transaction().execute(transaction => work(new RefreshTokens(transaction)))
const begin = (user = 'person-1', atMs = T0) =>
  inStore(tokens => tokens.begin({ user, region: 'akl', unit: null }, AGES, atMs))
const rotate = (token: string, atMs: number): Promise<Rotation> => inStore(tokens => tokens.rotate(token, AGES, atMs))

async function next(token: string, atMs: number): Promise<string> {
  const rotation = await rotate(token, atMs)
  assert.equal(rotation.kind, 'rotated')
  return (rotation as { token: string }).token
}

test('a token becomes its successor, and tells of the sign-in', async () => {
  const { token, signIn } = await begin()
  assert.match(token, /^ghr_[A-Za-z0-9_-]{43}$/)
  const rotation = await rotate(token, T0 + 1_000)
  assert.equal(rotation.kind, 'rotated')
  assert.ok('token' in rotation && rotation.token !== token)
  assert.deepEqual(rotation.signIn, { ...signIn, endsAtMs: T0 + 1_000 + HOUR_MS })
  assert.deepEqual([signIn.user, signIn.region, signIn.unit, signIn.signedInAtMs], ['person-1', 'akl', null, T0])
})

test('no token lies in the database, only its hash; and its successor cannot be read without it', async () => {
  const { token, signIn } = await begin()
  const successor = await next(token, T0 + 1)
  const rows = await database.selectFrom('auth.refresh_tokens').selectAll().where('sid', '=', signIn.sid).execute()
  const stored = rows.flatMap(row => [row.token_hash, row.sealed_successor]).map(bytes => bytes?.toString('hex'))
  for (const each of [token, successor]) {
    const bytes = Buffer.from(each.slice(4), 'base64url')
    assert.equal(bytes.length, 32)
    assert.ok(!stored.includes(bytes.toString('hex')))
    assert.ok(stored.includes(createHash('sha256').update(bytes).digest('hex')))
  }
})

test('a repetition within 10 s gets the very same successor, as often as it comes', async () => {
  const { token } = await begin()
  const successor = await next(token, T0 + 1_000)
  for (const atMs of [1_000, 1_001, 11_000]) {
    const again = await rotate(token, T0 + atMs)
    assert.deepEqual([again.kind, 'token' in again && again.token], ['repeated', successor])
  }
  assert.equal((await rotate(successor, T0 + 12_000)).kind, 'rotated')
})

test('a token that comes again after 10 s was copied', async () => {
  const { token, signIn } = await begin()
  await next(token, T0 + 1_000)
  const reused = await rotate(token, T0 + 11_001)
  assert.deepEqual([reused.kind, 'signIn' in reused && reused.signIn.sid], ['reused', signIn.sid])
})

test('a token that comes again after its successor was used was copied, however soon', async () => {
  const { token } = await begin()
  const second = await next(token, T0 + 1)
  await next(second, T0 + 2)
  assert.equal((await rotate(token, T0 + 3)).kind, 'reused')
  assert.equal((await rotate(second, T0 + 3)).kind, 'repeated')
})

test('many at once with one token make one successor', async () => {
  const { token, signIn } = await begin()
  const all = await Promise.all(Array.from({ length: 8 }, () => rotate(token, T0 + 5)))
  assert.equal(all.filter(({ kind }) => kind === 'rotated').length, 1)
  assert.equal(all.filter(({ kind }) => kind === 'repeated').length, 7)
  assert.equal(new Set(all.map(rotation => 'token' in rotation && rotation.token)).size, 1)
  const rows = await database
    .selectFrom('auth.refresh_tokens')
    .select('generation')
    .where('sid', '=', signIn.sid)
    .execute()
  assert.deepEqual(rows.map(({ generation }) => generation).sort(), [1, 2])
})

test('a token that lies unused for its idle time is over, and a refresh begins that time anew', async () => {
  const { token } = await begin()
  const second = await next(token, T0 + HOUR_MS - 1)
  const third = await next(second, T0 + 2 * HOUR_MS - 2)
  assert.equal((await rotate(third, T0 + 3 * HOUR_MS - 3)).kind, 'rotated')
  const { token: lazy } = await begin()
  assert.equal((await rotate(lazy, T0 + HOUR_MS)).kind, 'unknown')
})

test('a sign-in gets so old and no older, however often it is refreshed', async () => {
  let { token } = await begin()
  for (let atMs = HOUR_MS / 2; atMs < 3 * HOUR_MS; atMs += HOUR_MS / 2) {
    const rotation = await rotate(token, T0 + atMs)
    assert.ok('token' in rotation)
    assert.ok(rotation.signIn.endsAtMs <= T0 + 3 * HOUR_MS)
    token = rotation.token
  }
  assert.equal((await rotate(token, T0 + 3 * HOUR_MS)).kind, 'unknown')
})

test('an ended sign-in leaves nothing: its tokens are unknown, and it ends once', async () => {
  const { token, signIn } = await begin()
  const second = await next(token, T0 + 1)
  assert.deepEqual(await inStore(tokens => tokens.end(signIn.sid)), { user: 'person-1' })
  assert.equal(await inStore(tokens => tokens.end(signIn.sid)), undefined)
  assert.equal((await rotate(token, T0 + 2)).kind, 'unknown')
  assert.equal((await rotate(second, T0 + 2)).kind, 'unknown')
})

test('all sign-ins of a user end at once, but the one that is to stay, and no other user notices', async () => {
  const [one, two, other] = [await begin('person-2'), await begin('person-2'), await begin('person-1')]
  assert.deepEqual(await inStore(tokens => tokens.endAll('person-2', two.signIn.sid)), [one.signIn.sid])
  assert.equal((await rotate(one.token, T0 + 1)).kind, 'unknown')
  assert.equal((await rotate(two.token, T0 + 1)).kind, 'rotated')
  assert.equal((await rotate(other.token, T0 + 1)).kind, 'rotated')
  assert.deepEqual(await inStore(tokens => tokens.endAll('person-2')), [two.signIn.sid])
})

test('a hundred sign-ins of one user stand at a time: a further one ends the oldest', async () => {
  const sids: string[] = []
  for (let n = 0; n < 100; n++) {
    const { signIn, crowdedOut } = await begin('crowd', T0 + n)
    assert.deepEqual(crowdedOut, [])
    sids.push(signIn.sid)
  }
  const { crowdedOut } = await begin('crowd', T0 + 100)
  assert.deepEqual(crowdedOut, [sids[0]])
})

test('a new sign-in clears away those whose time is over', async () => {
  const { signIn } = await begin('late', T0 - 10 * HOUR_MS)
  // Twenty at a time, so that a backlog of other tests is cleared too.
  for (let n = 0; n < 20; n++) await begin('person-1', T0 + n)
  const left = await database.selectFrom('auth.sign_ins').select('sid').where('sid', '=', signIn.sid).execute()
  assert.deepEqual(left, [])
})

test('what is no token of ours is unknown', async () => {
  for (const text of [
    '',
    'ghr_',
    `ghr_${'A'.repeat(42)}`,
    `ghr_${'A'.repeat(43)}`,
    `${'A'.repeat(43)}`,
    '\0',
    "' OR 1=1",
  ]) {
    assert.equal((await rotate(text, T0)).kind, 'unknown', text)
  }
})

test('whatever the order of uses, no sign-in ever has two tokens that can be rotated', async () => {
  const use = fc.record({ which: fc.nat(5), gapMs: fc.nat(15_000) })
  await fc.assert(
    fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 12 }), async uses => {
      const made = [(await begin()).token]
      let nowMs = T0
      for (const { which, gapMs } of uses) {
        nowMs += gapMs
        const token = made[Math.max(0, made.length - 1 - which)]!
        const isNewest = token === made.at(-1)
        const rotation = await rotate(token, nowMs)
        // Only the newest makes another; its parent may only tell of it again.
        assert.equal(rotation.kind === 'rotated', isNewest)
        if (rotation.kind === 'repeated') assert.equal(rotation.token, made.at(-1))
        if (rotation.kind === 'repeated') assert.equal(token, made.at(-2))
        if (rotation.kind === 'rotated') made.push(rotation.token)
      }
    }),
    { numRuns: times(30, 1_000) },
  )
})
