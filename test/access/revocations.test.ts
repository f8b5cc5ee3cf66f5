/** What was ended before its time, as every engine on the database comes to know it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AccessWatch } from '../../src/access/access-watch.ts'
import type { TokenClaims } from '../../src/access/claims.ts'
import {
  loadOrCreateSigningKey,
  loadSigningKeys,
  loadTicketSecrets,
  retireSigningKey,
  rotateSigningKey,
  rotateTicketSecret,
} from '../../src/access/tables/key-table.ts'
import { type RevocationKind, RevocationStore } from '../../src/access/tables/revocation-table.ts'
import { TicketMint } from '../../src/access/tickets.ts'
import { KeyRing, signToken, verifyToken } from '../../src/access/tokens.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { testDatabase } from '../support/postgres.ts'

const MAX_AGE_MS = 3_600_000
const NOW_MS = 1_700_000_000_000

let url: string
let database: Database
let drop: () => Promise<void>
before(async () => {
  ;({ url, drop } = await testDatabase())
  database = openDatabase(url)
})
after(async () => {
  await database.destroy()
  await drop()
})

/** One engine's knowledge; it looks when a test says so. */
class Watched {
  readonly failures: unknown[] = []
  told = 0
  nowMs = NOW_MS
  keys!: KeyRing
  tickets!: TicketMint
  watch!: AccessWatch

  static async start(on: Database = database): Promise<Watched> {
    const watched = new Watched()
    const wallClock = () => watched.nowMs
    await loadOrCreateSigningKey(on)
    watched.keys = new KeyRing(await loadSigningKeys(on))
    watched.tickets = new TicketMint(await loadTicketSecrets(on), MAX_AGE_MS, wallClock)
    watched.watch = new AccessWatch({
      database: on,
      keys: watched.keys,
      tickets: watched.tickets,
      scheduler: { after: () => () => undefined },
      wallClock,
      sessionMaxAgeMs: MAX_AGE_MS,
      onFailure: error => watched.failures.push(error),
    })
    await watched.watch.start()
    watched.watch.onChange(() => {
      watched.told += 1
    })
    return watched
  }

  isRevoked(changes: Partial<TokenClaims>): boolean {
    return this.watch.isRevoked({ ...CLAIMS, ...changes })
  }
}

const CLAIMS: TokenClaims = {
  sub: 'somebody else',
  role: 'dispatcher',
  regions: ['akl'],
  unit: null,
  units: null,
  sid: null,
  authAtMs: NOW_MS,
}

/** As another process does it, at a moment of its clock. */
function revoke(kind: RevocationKind, id: string, atMs = NOW_MS): Promise<void> {
  const store = new RevocationStore(database, () => atMs)
  return database.transaction().execute(transaction => store.revoke(transaction, kind, id))
}

test('a user that was ended is so for whatever began until then, and for nothing that began later', async () => {
  const watched = await Watched.start()
  await revoke('user', 'person-1')
  await watched.watch.refresh()
  for (const sid of [null, 'any sign-in']) {
    assert.equal(watched.isRevoked({ sub: 'person-1', sid, authAtMs: NOW_MS - 1 }), true)
    assert.equal(watched.isRevoked({ sub: 'person-1', sid, authAtMs: NOW_MS }), true)
    assert.equal(watched.isRevoked({ sub: 'person-1', sid, authAtMs: NOW_MS + 1 }), false)
  }
  assert.equal(watched.isRevoked({ sub: 'person-2', authAtMs: NOW_MS - 1 }), false)
})

test('a user that is ended a second time is so until then', async () => {
  const watched = await Watched.start()
  await revoke('user', 'person-3', NOW_MS)
  await watched.watch.refresh()
  await revoke('user', 'person-3', NOW_MS + 1_000)
  await watched.watch.refresh()
  assert.equal(watched.isRevoked({ sub: 'person-3', authAtMs: NOW_MS + 1_000 }), true)
})

test('a sign-in that was ended stays ended, and the other ones of its user go on', async () => {
  const watched = await Watched.start()
  await revoke('session', 'sign-in-1')
  await watched.watch.refresh()
  assert.equal(watched.isRevoked({ sid: 'sign-in-1', authAtMs: NOW_MS - 1 }), true)
  assert.equal(watched.isRevoked({ sid: 'sign-in-1', authAtMs: NOW_MS + 60_000 }), true)
  assert.equal(watched.isRevoked({ sid: 'sign-in-2', authAtMs: NOW_MS - 1 }), false)
})

test('a device that was ended begins anew when its key is shown after that', async () => {
  const watched = await Watched.start()
  await revoke('device', '0123456789ab')
  await watched.watch.refresh()
  const device = { sub: 'device:0123456789ab', sid: 'device:0123456789ab' }
  assert.equal(watched.isRevoked({ ...device, authAtMs: NOW_MS }), true)
  assert.equal(watched.isRevoked({ ...device, authAtMs: NOW_MS + 1 }), false)
})

test('an engine that starts later knows what was ended before', async () => {
  await revoke('user', 'person-4')
  await revoke('session', 'sign-in-4')
  const watched = await Watched.start()
  assert.equal(watched.isRevoked({ sub: 'person-4' }), true)
  assert.equal(watched.isRevoked({ sid: 'sign-in-4' }), true)
})

test('open sessions are looked at when something has ended, and only then', async () => {
  const watched = await Watched.start()
  await watched.watch.refresh()
  assert.equal(watched.told, 0)
  await revoke('user', 'person-5')
  await watched.watch.refresh()
  assert.equal(watched.told, 1)
  await watched.watch.refresh()
  assert.equal(watched.told, 1)
})

test('what ends while a look is under way is found by the refresh that was asked for after it', async () => {
  const watched = await Watched.start()
  for (let i = 0; i < 20; i++) {
    const underWay = watched.watch.refresh()
    await revoke('user', `person-of-round-${i}`)
    await watched.watch.refresh()
    assert.equal(watched.isRevoked({ sub: `person-of-round-${i}` }), true)
    await underWay
  }
})

test('of changes at the same time none is overlooked', async () => {
  const watched = await Watched.start()
  const names = Array.from({ length: 40 }, (_, i) => `one-of-many-${i}`)
  let isDone = false
  const all = Promise.all(names.map(name => revoke('user', name))).then(() => {
    isDone = true
  })
  while (!isDone) await watched.watch.refresh()
  await all
  await watched.watch.refresh()
  assert.deepEqual(
    names.filter(name => !watched.isRevoked({ sub: name })),
    [],
  )
})

test('[AU-24] while the database cannot be reached, what was known stands', async () => {
  const own = openDatabase(url)
  const watched = await Watched.start(own)
  await revoke('user', 'person-6')
  await watched.watch.refresh()
  await own.destroy()
  await watched.watch.refresh()
  assert.equal(watched.failures.length, 1)
  assert.equal(watched.isRevoked({ sub: 'person-6' }), true)
  assert.equal(watched.isRevoked({ sub: 'person-7' }), false)
})

test('sign-ins that nothing can be open from any more are forgotten, users and devices are not', async () => {
  for (const kind of ['session', 'user', 'device'] as const) await revoke(kind, 'long-ago', NOW_MS - 2 * MAX_AGE_MS)
  await revoke('session', 'lately', NOW_MS - MAX_AGE_MS / 2)
  const watched = await Watched.start()
  const rows = await database
    .selectFrom('auth.revocations')
    .select(['kind', 'id'])
    .where('id', 'in', ['long-ago', 'lately'])
    .orderBy('kind')
    .execute()
  assert.deepEqual(
    rows.map(({ kind, id }) => `${kind} ${id}`),
    ['device long-ago', 'session lately', 'user long-ago'],
  )
  assert.equal(watched.isRevoked({ sid: 'lately' }), true)
  assert.equal(watched.isRevoked({ sub: 'long-ago', authAtMs: NOW_MS - 3 * MAX_AGE_MS }), true)
})

test('a new key signs and the old one verifies until it is retired, in every engine', async () => {
  const watched = await Watched.start()
  const old = watched.keys.signing
  const who = { sub: 'person-1', role: 'dispatcher', regions: ['akl'], unit: null, ttlS: 60 } as const
  const token = await signToken(old, who)
  const fresh = await rotateSigningKey(database)
  await watched.watch.refresh()
  assert.equal(watched.keys.signing.kid, fresh.kid)
  assert.equal((await verifyToken(token, watched.keys)).ok, true)
  assert.equal(await retireSigningKey(database, fresh.kid), 'signs')
  assert.equal(await retireSigningKey(database, old.kid), 'retired')
  assert.equal(await retireSigningKey(database, old.kid), 'unknown')
  await watched.watch.refresh()
  assert.equal((await verifyToken(token, watched.keys)).ok, false)
  assert.equal((await verifyToken(await signToken(watched.keys.signing, who), watched.keys)).ok, true)
})

test('tickets outlive one new secret, and not two', async () => {
  const watched = await Watched.start()
  const ticket = watched.tickets.issue(CLAIMS)!
  await rotateTicketSecret(database)
  await watched.watch.refresh()
  assert.equal(watched.tickets.check(ticket).ok, true)
  await rotateTicketSecret(database)
  await watched.watch.refresh()
  assert.equal(watched.tickets.check(ticket).ok, false)
})

test('engines that start at the same time on a new database have the same keys and secrets', async t => {
  const fresh = await testDatabase()
  const own = openDatabase(fresh.url)
  t.after(async () => {
    await own.destroy()
    await fresh.drop()
  })
  const all = await Promise.all(Array.from({ length: 5 }, () => Watched.start(own)))
  const ticket = all[0]!.tickets.issue(CLAIMS)!
  assert.equal(new Set(all.map(({ keys }) => keys.signing.kid)).size, 1)
  assert.ok(all.every(({ tickets }) => tickets.check(ticket).ok))
})
