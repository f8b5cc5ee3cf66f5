import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import test, { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PasswordHasher } from '../../src/gateway/auth/passwords.ts'
import { listAudit } from '../../src/store/audit-chain.ts'
import { openDatabase } from '../../src/store/database.ts'
import { ReferenceStore } from '../../src/store/reference.ts'
import { type User, UserStore } from '../../src/store/users.ts'
import { testDatabase } from '../support/postgres.ts'

const program = fileURLToPath(new URL('../../bin/goldenhour.js', import.meta.url))
const PASSWORD = 'seven brown cattle graze'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: ReturnType<typeof openDatabase>

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const region = { region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'ordered' } as const
  await new ReferenceStore(database).addRegion(region)
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function user(args: string, input = ''): Promise<Ran> {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, DATABASE_URL: owned.url, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14' }
  const child = spawn(process.execPath, [program, 'user', ...args.split(' ')], { env })
  child.stdin.end(input)
  const ended = new Promise<number>(resolve => child.once('close', code => resolve(code ?? -1)))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
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
    ['add desk-2 --role dispatcher --region nowhere --password-stdin', PASSWORD, 1, /nowhere, which does not exist/],
    ['add desk-2 --role dispatcher --region metro --password-stdin', 'short', 1, /at least 12 characters/],
    ['disable root-1', '', 1, /last admin/],
    ['disable nobody', '', 1, /no user nobody/],
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
