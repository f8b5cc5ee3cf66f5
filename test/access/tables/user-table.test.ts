import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { type NewUser, USER_NAME, UserStore } from '../../../src/access/tables/user-table.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let users: UserStore

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  users = new UserStore(database)
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

const crew = (name: string, changes: Partial<NewUser> = {}): NewUser => ({
  name,
  role: 'driver',
  regions: ['akl'],
  units: null,
  passwordHash: '$scrypt$1',
  ...changes,
})

test('a user is found as it was added, by its name in any case', async () => {
  assert.equal(await users.isEmpty(), true)
  await users.add(crew('Crew-7@north', { regions: ['akl', 'wlg'], units: ['A-7'] }), 1_000)
  assert.equal(await users.isEmpty(), false)
  const found = await users.find('cREW-7@North')
  assert.deepEqual(found, {
    name: 'Crew-7@north',
    role: 'driver',
    regions: ['akl', 'wlg'],
    units: ['A-7'],
    passwordHash: '$scrypt$1',
    disabled: false,
    version: 1,
    createdAtMs: 1_000,
    changedAtMs: 1_000,
  })
  assert.equal(await users.find('crew-8'), undefined)
})

test('a name is taken once, whatever its case', async () => {
  assert.ok(await users.add(crew('twice'), 1))
  assert.equal(await users.add(crew('TWICE'), 2), undefined)
  assert.equal((await users.find('twice'))!.createdAtMs, 1)
})

test('a change raises the version and leaves the rest as it is', async () => {
  await users.add(crew('changing', { units: ['A-1'] }), 1)
  const changed = await users.change('changing', { disabled: true }, 2)
  assert.deepEqual(
    [changed.disabled, changed.version, changed.changedAtMs, changed.createdAtMs, changed.units],
    [true, 2, 2, 1, ['A-1']],
  )
  const role = await users.change('Changing', { role: 'dispatcher', units: null, regions: ['wlg'] }, 3)
  assert.deepEqual(
    [role.role, role.units, role.regions, role.version, role.disabled],
    ['dispatcher', null, ['wlg'], 3, true],
  )
})

test('a new hash of the same password is no change, and never undoes one', async () => {
  await users.add(crew('hashed'), 1)
  await users.rehash('hashed', '$scrypt$1', '$scrypt$2')
  await users.rehash('hashed', '$scrypt$1', '$scrypt$3')
  const { passwordHash, version } = (await users.find('hashed'))!
  assert.deepEqual([passwordHash, version], ['$scrypt$2', 1])
})

test('lists go on after a name, in an order that case does not change', async () => {
  for (const name of ['list-b', 'List-C', 'list-a', 'LIST-D']) await users.add(crew(name), 1)
  const first = await users.list({ limit: 2, after: 'lisT-' })
  assert.deepEqual(
    first.map(({ name }) => name),
    ['list-a', 'list-b'],
  )
  const rest = await users.list({ limit: 10, after: first[1]!.name })
  assert.deepEqual(
    rest.slice(0, 2).map(({ name }) => name),
    ['List-C', 'LIST-D'],
  )
})

test('another admin counts only while it may sign in', async () => {
  await users.add(crew('root-1', { role: 'admin', regions: [] }), 1)
  assert.equal(await users.hasOtherAdmin('root-1'), false)
  await users.add(crew('root-2', { role: 'admin', regions: [] }), 1)
  assert.equal(await users.hasOtherAdmin('ROOT-1'), true)
  await users.change('root-2', { disabled: true }, 2)
  assert.equal(await users.hasOtherAdmin('root-1'), false)
  assert.equal(await users.hasOtherAdmin('nobody'), true)
})

test('the database itself keeps users, and their fields in form', async () => {
  await users.add(crew('kept'), 1)
  await assert.rejects(database.deleteFrom('auth.users').where('name', '=', 'kept').execute(), /never deleted/)
  await assert.rejects(users.add(crew('System'), 1), /users_name_check|check constraint/)
  await assert.rejects(users.add(crew('has blank'), 1), /check constraint/)
  await assert.rejects(users.add(crew('no-region', { regions: [] }), 1), /check constraint/)
  await assert.rejects(users.add(crew('desk-1', { role: 'dispatcher', units: ['A-1'] }), 1), /check constraint/)
  await assert.rejects(users.change('nobody', { disabled: true }, 1))
})

test('the grammar of names: what is good, and what is not', () => {
  const good = ['a', '7', 'desk-1', 'person-1@service.example', 'A.b_c-d@e', 'x'.repeat(64), 'systems', 'my-system']
  const bad = [
    '',
    '-a',
    '.a',
    '@a',
    'a b',
    'a:b',
    'a/b',
    'é',
    'x'.repeat(65),
    'system',
    'System',
    'SYSTEM',
    'a\n',
    'a\0',
  ]
  assert.deepEqual(
    good.filter(name => !USER_NAME.test(name)),
    [],
  )
  assert.deepEqual(
    bad.filter(name => USER_NAME.test(name)),
    [],
  )
})
