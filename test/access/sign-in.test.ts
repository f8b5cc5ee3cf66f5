import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import test, { after, before, beforeEach } from 'node:test'
import { Accounts } from '../../src/access/accounts.ts'
import type { TokenClaims } from '../../src/access/claims.ts'
import { PasswordHasher } from '../../src/access/passwords.ts'
import { type Granted, type GrantedTo, type SignInRequest, SignInService } from '../../src/access/sign-in.ts'
import { loadOrCreateSigningKey, type SigningKey } from '../../src/access/tables/key-table.ts'
import { type NewUser, type UserChanges, UserStore } from '../../src/access/tables/user-table.ts'
import { KeyRing, verifyToken } from '../../src/access/tokens.ts'
import type { Result } from '../../src/base/result.ts'
import type { AuditEntry } from '../../src/store/audit/audit.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { testDatabase } from '../support/postgres.ts'

const PASSWORD = 'seven brown cattle graze'
const HOME = '192.0.2.7'
const POLICY = { accessTokenS: 600, refreshTokenS: 3_600, sessionMaxAgeS: 7_200, scryptLogN: 4 }
const T0 = 1_767_225_600_000

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let key: SigningKey

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  key = await loadOrCreateSigningKey(database)
  const reference = new ReferenceStore(database)
  const unit = { callSign: 'Medic', levelOfCare: 'als', capabilities: [], homeStation: null } as const
  for (const [region, units] of [
    ['akl', ['A-7', 'B-1']],
    ['wlg', ['W-1', 'B-1']],
  ] as const) {
    await reference.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
    await reference.importUnits(
      region,
      units.map(unitId => ({ ...unit, unitId })),
    )
  }
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

/** A door with its own memory, and what it wrote down. */
class Door {
  nowMs = T0
  readonly entries: AuditEntry[] = []
  readonly revoked: string[] = []
  readonly signIn: SignInService

  constructor(policy: Partial<typeof POLICY> = {}) {
    this.signIn = new SignInService({
      database,
      keys: () => key,
      keyRing: new KeyRing([key]),
      revocations: { revoke: async (_, kind, id) => void this.revoked.push(`${kind} ${id}`) },
      audit: {
        append: async (_, entries) => void this.entries.push(...entries),
        note: entry => this.entries.push(entry),
      },
      policy: { ...POLICY, ...policy },
      wallClock: () => this.nowMs,
    })
  }

  login(user: string, changes: Partial<SignInRequest> = {}, address = HOME): Promise<Result<GrantedTo>> {
    const request = { user, password: PASSWORD, region: null, unit: null, deviceMark: null, ...changes }
    return this.signIn.signIn(request, address)
  }

  async granted(user: string, changes: Partial<SignInRequest> = {}): Promise<GrantedTo> {
    return value(await this.login(user, changes))
  }

  refresh(token: string): Promise<Result<Granted>> {
    return this.signIn.refresh(token, HOME)
  }

  async add(name: string, changes: Partial<NewUser> = {}): Promise<void> {
    const user = { name, role: 'dispatcher', regions: ['akl'], units: null, ...changes } as const
    const passwordHash = value(await this.signIn.accounts.passwordHash(PASSWORD, name))
    const added = database
      .transaction()
      .execute(on => this.signIn.accounts.add(on, { passwordHash, ...user }, async () => undefined))
    value(await added)
  }

  change(name: string, changes: UserChanges): Promise<Result<unknown>> {
    return database.transaction().execute(async on => {
      const users = new UserStore(on)
      await users.lockAdministration()
      return this.signIn.accounts.change(on, (await users.find(name))!, changes, async () => undefined)
    })
  }

  audited(): string[] {
    return this.entries.map(({ actor, action, outcome, details }) =>
      [actor, action, outcome, details.code ?? ''].join(' ').trim(),
    )
  }
}

let door: Door
let n = 0
/** A name that no test has used. */
const fresh = (): string => `person-${++n}`

beforeEach(() => {
  door = new Door()
})

function value<T>(step: Result<T>): T {
  assert.ok(step.ok, JSON.stringify(step))
  return step.value
}

function code(step: Result<unknown>): string {
  assert.ok(!step.ok, JSON.stringify(step))
  const { code: word, details } = step.refusal
  return [word, details?.path ?? details?.rule ?? ''].join(' ').trim()
}

/** What a token says, without a check: that is another file's rule. */
function claimsOf({ accessToken }: Granted): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString())
}

const callerOf = (granted: Granted, name: string): TokenClaims => ({
  sub: name,
  role: granted.user.role,
  regions: granted.user.regions,
  unit: granted.user.unit,
  units: null,
  sid: claimsOf(granted).sid as string,
  authAtMs: T0,
})

test('a user signs in with the password, by its name in any case, and the token has the name as it was given', async () => {
  await door.add('Desk-One')
  const granted = await door.granted('dESK-oNE')
  assert.deepEqual(granted.user, { name: 'Desk-One', role: 'dispatcher', regions: ['akl'], unit: null })
  assert.deepEqual([granted.accessExpiresInS, granted.refreshExpiresInS], [600, 3_600])
  const claims = claimsOf(granted)
  assert.deepEqual([claims.sub, claims.role, claims.regions], ['Desk-One', 'dispatcher', ['akl']])
  assert.deepEqual(door.audited(), ['Desk-One sign-in done'])
  assert.equal(door.entries[0]!.address, HOME)
})

test('a wrong password, an unknown user and a disabled one get the very same answer', async () => {
  const [name, disabled] = [fresh(), fresh()]
  await door.add(name)
  await door.add(disabled)
  await door.change(disabled, { disabled: true })
  const answers = [
    await door.login(name, { password: 'not the password at all' }),
    await door.login(fresh()),
    await door.login('no name of any user'),
    await door.login(disabled),
  ]
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  assert.equal(code(answers[0]!), 'credentials-wrong')
  assert.ok(door.audited().every(line => line.endsWith('sign-in refused credentials-wrong')))
})

test('a driver names its unit, and gets a token for that unit in the one region that has it', async () => {
  const name = fresh()
  await door.add(name, { role: 'driver', regions: ['akl', 'wlg'] })
  const { user } = await door.granted(name, { unit: 'W-1' })
  assert.deepEqual([user.regions, user.unit], [['wlg'], 'W-1'])
  assert.equal(code(await door.login(name)), 'invalid-field unit')
  assert.equal(code(await door.login(name, { unit: 'Z-9' })), 'unknown-unit')
  assert.equal(code(await door.login(name, { unit: 'W-1', region: 'akl' })), 'unknown-unit')
  assert.equal(code(await door.login(name, { unit: 'B-1' })), 'invalid-field region')
  const chosen = await door.granted(name, { unit: 'B-1', region: 'akl' })
  assert.deepEqual([chosen.user.regions, chosen.user.unit], [['akl'], 'B-1'])
})

test('a driver signs in for no unit but its own, where it has a list', async () => {
  const name = fresh()
  await door.add(name, { role: 'driver', units: ['A-7'] })
  assert.equal((await door.granted(name, { unit: 'A-7' })).user.unit, 'A-7')
  assert.equal(code(await door.login(name, { unit: 'B-1' })), 'wrong-unit')
})

test('anyone else may choose one of its regions, and has no unit', async () => {
  const name = fresh()
  await door.add(name, { regions: ['akl', 'wlg'] })
  assert.deepEqual((await door.granted(name)).user.regions, ['akl', 'wlg'])
  assert.deepEqual((await door.granted(name, { region: 'wlg' })).user.regions, ['wlg'])
  assert.equal(code(await door.login(name, { region: 'chc' })), 'wrong-region')
  assert.equal(code(await door.login(name, { unit: 'A-7' })), 'invalid-field unit')
})

test('what a sign-in is for is told only to who has shown the password', async () => {
  const name = fresh()
  await door.add(name, { role: 'driver', units: ['A-7'] })
  const wrong = { password: 'not the password at all' }
  assert.equal(code(await door.login(name, { ...wrong, unit: 'B-1' })), 'credentials-wrong')
  assert.equal(code(await door.login(name, { ...wrong, region: 'chc' })), 'credentials-wrong')
})

test('a refresh keeps region, unit and the moment of the sign-in, and spends the token', async () => {
  const name = fresh()
  await door.add(name, { role: 'driver', regions: ['akl', 'wlg'] })
  const first = await door.granted(name, { unit: 'B-1', region: 'wlg' })
  door.nowMs += 600_000
  const second = value(await door.refresh(first.refreshToken))
  assert.deepEqual(second.user, first.user)
  assert.notEqual(second.refreshToken, first.refreshToken)
  const [one, two] = [claimsOf(first), claimsOf(second)]
  assert.deepEqual([two.sid, two.auth_time], [one.sid, one.auth_time])
})

test('a copied refresh token ends the sign-in: no token of it is good any more', async () => {
  const name = fresh()
  await door.add(name)
  const first = await door.granted(name)
  const second = value(await door.refresh(first.refreshToken))
  door.nowMs += 10_001
  assert.equal(code(await door.refresh(first.refreshToken)), 'refresh-refused')
  assert.equal(code(await door.refresh(second.refreshToken)), 'refresh-refused')
  assert.deepEqual(door.revoked, [`session ${claimsOf(first).sid}`])
  assert.deepEqual(door.audited().slice(1), [
    `${name} refresh-reused refused refresh-refused`,
    '- refresh refused refresh-refused',
  ])
})

test('no token outlives the greatest age of a sign-in', async () => {
  const name = fresh()
  await door.add(name)
  const first = await door.granted(name)
  door.nowMs += 3_599_000
  const second = value(await door.refresh(first.refreshToken))
  door.nowMs = T0 + 7_200_000 - 90_500
  const last = value(await door.refresh(second.refreshToken))
  assert.deepEqual([last.accessExpiresInS, last.refreshExpiresInS], [90, 90])
  door.nowMs = T0 + 7_200_000
  assert.equal(code(await door.refresh(last.refreshToken)), 'refresh-refused')
})

test('signing out ends this sign-in and no other, once', async () => {
  const name = fresh()
  await door.add(name)
  const [one, other] = [await door.granted(name), await door.granted(name)]
  value(await door.signIn.signOut(callerOf(one, name), HOME))
  assert.equal(code(await door.refresh(one.refreshToken)), 'refresh-refused')
  value(await door.refresh(other.refreshToken))
  assert.deepEqual(door.revoked, [`session ${claimsOf(one).sid}`])
  assert.equal(code(await door.signIn.signOut(callerOf(one, name), HOME)), 'not-found')
  assert.equal(code(await door.signIn.signOut({ ...callerOf(one, name), sid: null }, HOME)), 'not-found')
})

test('a changed password ends all other sign-ins of the user', async () => {
  const name = fresh()
  await door.add(name)
  const [here, there] = [await door.granted(name), await door.granted(name)]
  const next = 'a quite different sentence'
  value(await door.signIn.changePassword(callerOf(here, name), { current: PASSWORD, next }, HOME))
  assert.deepEqual(door.revoked, [`session ${claimsOf(there).sid}`])
  assert.equal(code(await door.refresh(there.refreshToken)), 'refresh-refused')
  value(await door.refresh(here.refreshToken))
  assert.equal(code(await door.login(name)), 'credentials-wrong')
  await door.granted(name, { password: next })
})

test('a password changes only for who shows the present one, and only to one that meets the rules', async () => {
  const name = fresh()
  await door.add(name)
  const caller = callerOf(await door.granted(name), name)
  const change = async (current: string, next: string, claims = caller) =>
    code(await door.signIn.changePassword(claims, { current, next }, HOME))
  assert.equal(await change('not the password at all', 'a quite different sentence'), 'credentials-wrong')
  assert.equal(await change(PASSWORD, 'short'), 'password-unfit too-short')
  assert.equal(await change(PASSWORD, `${name} ${name}`), 'password-unfit contains-user-name')
  assert.equal(await change(PASSWORD, 'password1234'), 'password-unfit common')
  assert.equal(await change(PASSWORD, PASSWORD), 'password-unfit unchanged')
  assert.equal(await change(PASSWORD, 'a quite different sentence', { ...caller, sub: 'idp:person' }), 'not-found')
  await door.granted(name)
})

test('guessing is slowed: after five failures the right password, too, has to wait', async () => {
  const name = fresh()
  await door.add(name)
  for (let tries = 0; tries < 5; tries++) {
    assert.equal(code(await door.login(name, { password: 'not the password at all' })), 'credentials-wrong')
  }
  assert.equal(code(await door.login(name)), 'rate-limited')
  await door.login(name, {}, '198.51.100.1').then(value)
})

test('a device that has signed in before is let in while others guess at the name from there', async () => {
  const name = fresh()
  await door.add(name)
  const { deviceMark } = await door.granted(name)
  for (let tries = 0; tries < 6; tries++) await door.login(name, { password: 'not the password at all' })
  assert.equal(code(await door.login(name)), 'rate-limited')
  await door.granted(name, { deviceMark })
  // As good as none: of another user, not a mark at all, an access token.
  const other = fresh()
  await door.add(other)
  for (const none of [(await door.granted(other)).deviceMark, 'no mark', (await door.granted(other)).accessToken]) {
    assert.equal(code(await door.login(name, { deviceMark: none })), 'rate-limited')
  }
})

test('four sign-ins of one person at once are all let in', async () => {
  const name = fresh()
  await door.add(name)
  await Promise.all([1, 2, 3, 4].map(() => door.granted(name)))
})

test('of the strangers of one IPv6 site four wait at a time, whatever networks of it they come from', async t => {
  const name = fresh()
  await door.add(name)
  // Nobody's password is checked before all have come.
  const held: (() => void)[] = []
  const { scrypt } = crypto
  const spy = t.mock.method(crypto, 'scrypt', (...args: unknown[]) =>
    held.push(() => scrypt(...(args as Parameters<typeof scrypt>))),
  )
  syncBuiltinESMExports()
  t.after(() => {
    spy.mock.restore()
    syncBuiltinESMExports()
  })
  const refused: string[] = []
  const crowd = Array.from({ length: 12 }, (_, i) => door.login(`stranger-${i}`, {}, `2001:db8:7:${i + 1}::1`))
  for (const each of crowd) void each.then(step => step.ok || refused.push(step.refusal.code))
  while (refused.length < 8) await new Promise(resolve => setTimeout(resolve, 2))
  const owner = door.login(name, {}, '2001:db8:8::1')
  while (held.length < 1) await new Promise(resolve => setTimeout(resolve, 2))
  assert.deepEqual([...new Set(refused), refused.length], ['overloaded', 8])
  let isOver = false
  void owner.finally(() => {
    isOver = true
  })
  while (!isOver) {
    held.shift()?.()
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  assert.ok((await owner).ok)
  assert.ok((await Promise.all(crowd)).every(step => !step.ok))
})

test('after a change of cost a name that nobody has is checked at the cost of those that there are', async t => {
  const name = fresh()
  await door.add(name)
  const spy = t.mock.method(crypto, 'scrypt')
  syncBuiltinESMExports()
  t.after(() => {
    spy.mock.restore()
    syncBuiltinESMExports()
  })
  const dearer = new Door({ scryptLogN: 9 })
  for (const user of [name, fresh(), fresh()]) await dearer.login(user, { password: 'not the right one' })
  const costs = spy.mock.calls.map(({ arguments: args }) => (args[3] as unknown as { N: number }).N)
  assert.equal(costs.length, 3)
  assert.ok(
    costs.every(cost => cost < 2 ** 9),
    String(costs),
  )
})

test('a device mark opens nothing', async () => {
  const name = fresh()
  await door.add(name)
  const { deviceMark } = await door.granted(name)
  assert.equal((await verifyToken(deviceMark, new KeyRing([key]))).ok, false)
})

test('guessing by way of the password change is slowed the same', async () => {
  const name = fresh()
  await door.add(name)
  const caller = callerOf(await door.granted(name), name)
  const guess = () => door.signIn.changePassword(caller, { current: 'not the password at all', next: 'x' }, HOME)
  const codes: string[] = []
  for (let tries = 0; tries < 6; tries++) codes.push(code(await guess()))
  assert.deepEqual(codes, [...Array(5).fill('credentials-wrong'), 'rate-limited'])
})

test('a hash made at a lower cost is made anew at the next sign-in, and only then', async () => {
  const name = fresh()
  await door.add(name)
  const hashNow = async () => (await new UserStore(database).find(name))!.passwordHash
  const before = await hashNow()
  const dearer = new Door({ scryptLogN: 5 })
  await dearer.login(name, { password: 'not the password at all' })
  assert.equal(await hashNow(), before)
  await dearer.granted(name)
  assert.match(await hashNow(), /^\$scrypt\$ln=5,/)
  const after = await hashNow()
  await door.granted(name)
  assert.equal(await hashNow(), after, 'a higher cost than configured stays')
})

test('whatever an administrator changes ends everything that the user is signed in with', async () => {
  const changes: UserChanges[] = [
    { disabled: true },
    { role: 'supervisor' },
    { regions: ['wlg'] },
    { passwordHash: '$scrypt$ln=4,r=8,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  ]
  for (const change of changes) {
    const name = fresh()
    await door.add(name)
    const { refreshToken } = await door.granted(name)
    value(await door.change(name, change))
    assert.equal(code(await door.refresh(refreshToken)), 'refresh-refused', JSON.stringify(change))
    assert.equal(door.revoked.at(-1), `user ${name}`)
  }
})

test('a sign-in that meets a change of its user on the way is refused or ended, never missed', async () => {
  const name = fresh()
  await door.add(name)
  for (let round = 0; round < 20; round++) {
    await door.change(name, { disabled: false })
    const [login] = await Promise.all([door.login(name), door.change(name, { disabled: true })])
    if (login.ok) assert.equal(code(await door.refresh(login.value.refreshToken)), 'refresh-refused')
    else assert.equal(code(login), 'credentials-wrong')
    door = new Door()
  }
})

test('role, regions and units must fit together, and the regions exist', async () => {
  const add = (changes: Partial<NewUser>) => {
    const user = {
      name: fresh(),
      role: 'driver',
      regions: ['akl'],
      units: null,
      passwordHash: '$',
      ...changes,
    } as const
    return database.transaction().execute(on => door.signIn.accounts.add(on, user, async () => undefined))
  }
  assert.equal(code(await add({ regions: [] })), 'invalid-field regions')
  assert.equal(code(await add({ regions: ['akl', 'chc'] })), 'invalid-field regions')
  assert.equal(code(await add({ role: 'dispatcher', units: ['A-7'] })), 'invalid-field units')
  value(await add({ role: 'admin', regions: [] }))
  const name = fresh()
  await door.add(name, { role: 'driver', units: ['A-7'] })
  assert.equal(code(await door.change(name, { role: 'dispatcher' })), 'invalid-field units')
  value(await door.change(name, { role: 'dispatcher', units: null }))
})

test('two admins who disable each other at once leave one of them', async () => {
  const own = await testDatabase()
  const alone = openDatabase(own.url)
  const accounts = new Accounts({
    passwords: new PasswordHasher(4),
    revocations: { revoke: async () => undefined },
    wallClock: () => T0,
  })
  const change = (name: string, changes: UserChanges) =>
    alone.transaction().execute(async on => {
      const users = new UserStore(on)
      await users.lockAdministration()
      return accounts.change(on, (await users.find(name))!, changes, async () => undefined)
    })
  try {
    for (const name of ['root-1', 'root-2']) {
      await new UserStore(alone).add({ name, role: 'admin', regions: [], units: null, passwordHash: '$' }, T0)
    }
    const both = await Promise.all([change('root-1', { disabled: true }), change('root-2', { disabled: true })])
    assert.deepEqual(both.map(step => (step.ok ? 'done' : step.refusal.code)).sort(), ['done', 'still-used'])
    const [left] = (await new UserStore(alone).list({ limit: 9, after: null })).filter(user => !user.disabled)
    assert.equal(code(await change(left!.name, { role: 'supervisor', regions: [] })), 'still-used')
    value(await change(left!.name, { passwordHash: '$2' }))
  } finally {
    await alone.destroy()
    await own.drop()
  }
})

test('the first admin is made once, where there is no user, with the given password or one made up', async () => {
  const own = await testDatabase()
  const alone = openDatabase(own.url)
  const make = (given: string | null) => door.signIn.accounts.ensureFirstAdmin(alone, given, async () => undefined)
  try {
    await assert.rejects(make('admin'), /auth\.adminPassword.*12 characters/)
    const made = await Promise.all([make(null), make(null), make(null)])
    assert.equal(made.filter(password => password !== null).length, 1, 'one of three engines tells it')
    assert.equal(await make(null), null)
    const [admin, ...others] = await new UserStore(alone).list({ limit: 9, after: null })
    assert.deepEqual([admin!.name, admin!.role, others], ['admin', 'admin', []])
    const password = made.find(each => each !== null)!
    const check = await new PasswordHasher(4).check(password, admin!.passwordHash, 'known')
    assert.ok(check.ok && check.value.fits)
  } finally {
    await alone.destroy()
    await own.drop()
  }
})
