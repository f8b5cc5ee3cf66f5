/** The guest of a demo: a real user, a dispatcher of one region, let in by tickets that are good once, and ended with the demo. */
import assert from 'node:assert/strict'
import test, { after, before, beforeEach } from 'node:test'
import { Accounts } from '../../src/access/accounts.ts'
import { Guests, guestName } from '../../src/access/guests.ts'
import { PasswordHasher } from '../../src/access/passwords.ts'
import { type Granted, SignInService } from '../../src/access/sign-in.ts'
import { GUEST_TICKET_MS } from '../../src/access/tables/guest-ticket-table.ts'
import { loadOrCreateSigningKey, type SigningKey } from '../../src/access/tables/key-table.ts'
import { type UserChanges, UserStore } from '../../src/access/tables/user-table.ts'
import { KeyRing } from '../../src/access/tokens.ts'
import type { Result } from '../../src/base/result.ts'
import type { AuditEntry } from '../../src/store/audit/audit.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { testDatabase } from '../support/postgres.ts'

const HERE = '127.0.0.1'
const ELSEWHERE = '192.0.2.7'
const POLICY = { accessTokenS: 600, refreshTokenS: 3_600, sessionMaxAgeS: 7_200, scryptLogN: 4 }

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let key: SigningKey
let nowMs = 1_767_225_600_000
let entries: AuditEntry[]
let revoked: string[]
let guests: Guests
let signIn: SignInService
let region: string
let regions = 0

before(async () => {
  owned = await testDatabase()
  // As an engine: what a guest needs must be its right.
  database = openDatabase(owned.engineUrl)
  key = await loadOrCreateSigningKey(database)
})
after(async () => {
  await database.destroy()
  await owned.drop()
})
beforeEach(async () => {
  nowMs += 3_600_000
  entries = []
  revoked = []
  const revocations = { revoke: async (_: unknown, kind: string, id: string) => void revoked.push(`${kind} ${id}`) }
  const wallClock = () => nowMs
  const accounts = new Accounts({ passwords: new PasswordHasher(4), revocations, wallClock })
  const audit = async (_: unknown, entry: Pick<AuditEntry, 'action' | 'region' | 'subject' | 'details'>) =>
    void entries.push({ actor: 'command-line', outcome: 'done', address: null, ...entry })
  guests = new Guests({ database, accounts, audit, wallClock })
  signIn = new SignInService({
    ...{ database, keys: () => key, keyRing: new KeyRing([key]), revocations, policy: POLICY, wallClock },
    audit: { append: async (_, some) => void entries.push(...some), note: entry => void entries.push(entry) },
  })
  regions += 1
  region = `demo${regions}`
  await new ReferenceStore(database).addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'offered' })
})

async function opened(from: 'here' | 'anywhere' = 'here'): Promise<string> {
  assert.ok((await guests.open(region)).ok)
  const ticket = await guests.ticket(region, from)
  assert.ok(ticket !== null)
  return ticket
}

const claimsOf = ({ accessToken }: Granted): Record<string, unknown> =>
  JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString())
const outcome = (step: Result<unknown>): string => (step.ok ? 'in' : step.refusal.code)

function changeGuest(changes: UserChanges): Promise<Result<unknown>> {
  return database.transaction().execute(async on => {
    const users = new UserStore(on)
    await users.lockAdministration()
    return signIn.accounts.change(on, (await users.find(guestName(region)))!, changes, async () => undefined)
  })
}

test('a ticket lets one guest in, as a dispatcher of that region alone, and never again', async () => {
  const ticket = await opened()
  const granted = await signIn.enterAsGuest(ticket, HERE)
  assert.ok(granted.ok)
  const { sub, role, regions: reach } = claimsOf(granted.value)
  assert.deepEqual([sub, role, reach], [`guest-${region}`, 'dispatcher', [region]])
  assert.deepEqual(granted.value.user, { name: `guest-${region}`, role: 'dispatcher', regions: [region], unit: null })
  assert.equal(outcome(await signIn.enterAsGuest(ticket, HERE)), 'credentials-wrong')
  // What the first one has goes on.
  assert.ok((await signIn.refresh(granted.value.refreshToken, HERE)).ok)
  assert.deepEqual(
    entries.map(({ actor, action, outcome: became, region: where }) => [actor, action, became, where].join(' ')),
    [
      'command-line user-created done ',
      `command-line guest-invited done ${region}`,
      `guest-${region} sign-in done ${region}`,
      '- sign-in refused ',
    ],
  )
  assert.equal(JSON.stringify(entries).includes(ticket), false)
})

test('of many who show a ticket at once one is let in', async () => {
  const ticket = await opened()
  const all = await Promise.all(Array.from({ length: 8 }, () => signIn.enterAsGuest(ticket, HERE)))
  assert.deepEqual(all.map(outcome).sort(), [...Array(7).fill('credentials-wrong'), 'in'])
})

test('a ticket ends by itself after ten minutes', async () => {
  const [late, inTime] = [await opened(), await guests.ticket(region, 'here')]
  nowMs += GUEST_TICKET_MS - 1
  assert.equal(outcome(await signIn.enterAsGuest(inTime!, HERE)), 'in')
  nowMs += 1
  assert.equal(outcome(await signIn.enterAsGuest(late, HERE)), 'credentials-wrong')
})

test('a ticket is for the machine of the engine, unless it was made for anywhere, and nobody can make one of the other', async () => {
  const ticket = await opened()
  assert.equal(outcome(await signIn.enterAsGuest(ticket, ELSEWHERE)), 'credentials-wrong')
  assert.equal(outcome(await signIn.enterAsGuest(ticket.replace('ghg_h', 'ghg_a'), ELSEWHERE)), 'credentials-wrong')
  assert.equal(outcome(await signIn.enterAsGuest(ticket, '::1')), 'in')
  const anywhere = await guests.ticket(region, 'anywhere')
  assert.equal(outcome(await signIn.enterAsGuest(anywhere!, ELSEWHERE)), 'in')
})

test('no ticket is a refresh token, no refresh token a ticket, and neither is what anybody makes up', async () => {
  const ticket = await opened()
  const refresh = ticket.replace(/^ghg_[ha]/, 'ghr_')
  assert.equal(outcome(await signIn.refresh(ticket, HERE)), 'refresh-refused')
  assert.equal(outcome(await signIn.refresh(refresh, HERE)), 'refresh-refused')
  const granted = await signIn.enterAsGuest(ticket, HERE)
  assert.ok(granted.ok)
  const { refreshToken } = granted.value
  for (const made of [refreshToken, refreshToken.replace('ghr_', 'ghg_h'), `ghg_h${'A'.repeat(43)}`, 'ghg_', ''])
    assert.equal(outcome(await signIn.enterAsGuest(made, HERE)), 'credentials-wrong', made)
})

test('what ends the demo ends its guest: tickets, sessions, and the user until the next one', async () => {
  const [first, second] = [await opened(), await guests.ticket(region, 'here')]
  const granted = await signIn.enterAsGuest(first, HERE)
  assert.ok(granted.ok)
  revoked = []
  await guests.close(region)
  assert.deepEqual(revoked, [`user guest-${region}`])
  assert.equal(outcome(await signIn.enterAsGuest(second!, HERE)), 'credentials-wrong')
  assert.equal(outcome(await signIn.refresh(granted.value.refreshToken, HERE)), 'refresh-refused')
  assert.equal(await guests.ticket(region, 'here'), null)
  await guests.close(region)
  assert.equal(outcome(await signIn.enterAsGuest(await opened(), HERE)), 'in')
})

test('a guest who was made anything else is no guest any more: no ticket of before or after lets anybody in', async () => {
  const ticket = await opened()
  assert.ok((await changeGuest({ role: 'supervisor' })).ok)
  assert.equal(outcome(await signIn.enterAsGuest(ticket, HERE)), 'credentials-wrong')
  assert.equal(await guests.ticket(region, 'here'), null)
  assert.equal(outcome(await guests.open(region)), 'already-exists')
  await guests.close(region)
  assert.equal((await new UserStore(database).find(guestName(region)))!.disabled, false)
})

test('nobody knows the password of a guest, and its tickets are no sign-ins that it could see', async () => {
  await opened()
  const request = { user: guestName(region), password: '', region: null, unit: null, deviceMark: null }
  assert.equal(outcome(await signIn.signIn({ ...request, password: guestName(region) }, HERE)), 'credentials-wrong')
  const granted = await signIn.enterAsGuest((await guests.ticket(region, 'here'))!, HERE)
  assert.ok(granted.ok)
  const { sid } = claimsOf(granted.value) as { sid: string }
  const claims = { sub: guestName(region), role: 'dispatcher', regions: [region], unit: null, units: null } as const
  const sessions = await signIn.sessions({ ...claims, sid, authAtMs: nowMs })
  assert.deepEqual(
    sessions.map(({ id, current }) => [id, current]),
    [[sid, true]],
  )
})
