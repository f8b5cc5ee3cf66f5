import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { PasswordHasher } from '../../src/access/passwords.ts'
import { type User, UserStore } from '../../src/access/tables/user-table.ts'
import { listAudit } from '../../src/store/audit/audit-chain.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere, runProcess } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

const PASSWORD = 'seven brown cattle graze'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: ReturnType<typeof openDatabase>

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const region = { region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'ordered' } as const
  const reference = new ReferenceStore(database)
  await reference.addRegion(region)
  const plain = { levelOfCare: 'als', capabilities: [], homeStation: null } as const
  await reference.importUnits(
    'metro',
    ['M1', 'M2'].map(unitId => ({ unitId, callSign: unitId, ...plain })),
  )
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

function user(args: string, input = '', run = runHere) {
  const env = { DATABASE_URL: owned.url, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14' }
  return run(['user', ...args.split(' ')], { env, input })
}

const stored = async (name: string): Promise<User> => (await new UserStore(database).find(name))!

async function fits(password: string, name: string): Promise<boolean> {
  const check = await new PasswordHasher(14).check(password, (await stored(name)).passwordHash, 'known')
  return check.ok && check.value.fits
}

async function audited(): Promise<string[]> {
  const lines: string[] = []
  for await (const page of listAudit(database, { actor: 'command-line' })) {
    lines.push(...page.map(({ action, subject }) => `${action} ${subject}`))
  }
  return lines
}

test('a user is added, listed, disabled, enabled, and every change is audited', async () => {
  const added = await user(
    'add crew-7 --role driver --region metro --unit M1 --unit M2 --password-stdin',
    `${PASSWORD}\n`,
    runProcess,
  )
  assert.deepEqual(added, { code: 0, stdout: 'Added the user crew-7.\n', stderr: '' })
  assert.equal(await fits(PASSWORD, 'crew-7'), true)
  assert.equal((await user('list')).stdout, 'crew-7\tdriver\tmetro\tM1,M2\tenabled\n')
  assert.equal((await user('disable CREW-7')).code, 0)
  assert.equal((await user('list')).stdout, 'crew-7\tdriver\tmetro\tM1,M2\tdisabled\n')
  assert.equal((await user('enable crew-7')).stdout, 'Enabled the user crew-7.\n')
  assert.equal((await stored('crew-7')).disabled, false)
  assert.deepEqual(await audited(), ['user-created crew-7', 'user-changed crew-7', 'user-changed crew-7'])
})

test('a password that nobody gave is made up and printed once, and is the one that works', async () => {
  const added = await user('add desk-1 --role dispatcher --region metro')
  const first = /^Added the user desk-1\.\nPassword: (\S+)\n$/.exec(added.stdout)?.[1]
  assert.ok(first !== undefined && (await fits(first, 'desk-1')), added.stdout + added.stderr)
  const changed = await user('password desk-1')
  const second = /^Changed the password of desk-1\.\nPassword: (\S+)\n$/.exec(changed.stdout)?.[1]
  assert.ok(second !== undefined && second !== first && (await fits(second, 'desk-1')))
  assert.equal((await user('password desk-1 --password-stdin', PASSWORD)).stdout, 'Changed the password of desk-1.\n')
  assert.equal(await fits(PASSWORD, 'desk-1'), true)
})

test('what cannot be is refused with what to do, and changes nothing', async () => {
  await user('add root-1 --role admin --password-stdin', PASSWORD)
  const refused: [args: string, input: string, code: number, message: RegExp][] = [
    ['add Root-1 --role admin --password-stdin', PASSWORD, 1, /choose another name/],
    [
      'add desk-2 --role dispatcher --region nowhere --password-stdin',
      PASSWORD,
      1,
      /^error: --region names nowhere, which does not exist; .*region list\.\n$/,
    ],
    ['add desk-2 --role dispatcher --region metro --password-stdin', 'short', 1, /at least 12 characters/],
    ['disable root-1', '', 1, /last admin/],
    ['disable nobody', '', 1, /User nobody does not exist/],
    ['add desk-2 --role dispatcher', '', 2, /^error: a dispatcher needs --region, .*goldenhour region list\n/],
    [
      'add desk-2 --role dispatcher --region metro --unit M1',
      '',
      2,
      /^error: --unit and --all-units are for the role driver, not for dispatcher\n/,
    ],
    [
      'add desk-2 --role admin --all-units',
      '',
      2,
      /^error: --unit and --all-units are for the role driver, not for admin\n/,
    ],
    ['add desk-2 --role feed --region metro', '', 2, /Allowed choices are driver, dispatcher, supervisor, admin/],
  ]
  const runs = refused.map(async ([args, input, code, message]) => {
    const ran = await user(args, input)
    assert.deepEqual([ran.code, ran.stdout], [code, ''], args)
    assert.match(ran.stderr, message)
  })
  await Promise.all(runs)
  assert.equal(await new UserStore(database).find('desk-2'), undefined)
  assert.equal((await stored('root-1')).disabled, false)
})

test('a driver of units that do not exist yet is added, as over HTTP, and those units are named', async () => {
  const args = 'add crew-9 --role driver --region metro --unit M1 --unit M98 --unit M99 --password-stdin'
  const { code, stdout, stderr } = await user(args, PASSWORD)
  assert.deepEqual([code, stdout], [0, 'Added the user crew-9.\n'])
  assert.match(stderr, /^warning: metro has no unit M98, M99 yet; .*units\?region=metro .*goldenhour import units\.\n$/)
  assert.deepEqual((await stored('crew-9')).units, ['M1', 'M98', 'M99'])
})
