/** `goldenhour key` and `goldenhour device`, as an operator runs them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verifyDeviceKey } from '../../src/access/device-keys.ts'
import { loadTicketSecrets } from '../../src/access/tables/key-table.ts'
import { listAudit } from '../../src/store/audit/audit-chain.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const reference = new ReferenceStore(database)
  await reference.addRegion({ region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'ordered' })
  const plain = { levelOfCare: 'als', capabilities: [], homeStation: null } as const
  await reference.importUnits('metro', [{ ...plain, unitId: 'A-7', callSign: 'A-7' }])
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

/** Its standard output; its standard error when it failed. */
async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { code, stdout, stderr } = await runHere(args, { env: { DATABASE_URL: owned.url } })
  return { code, said: code === 0 ? stdout.trimEnd() : stderr.trimEnd() }
}

async function audited(): Promise<string[]> {
  const actions: string[] = []
  for await (const page of listAudit(database, { actor: 'command-line' })) {
    actions.push(...page.map(({ action }) => action))
  }
  return actions
}

test('keys are rotated, listed and retired, and the one that signs is not retired', async () => {
  const listed = async () => (await run('key', 'list')).said.split('\n').map(line => line.split('\t'))
  const [[first, , does]] = (await listed()) as [string[]]
  assert.equal(does, 'signs')
  const made = await run('key', 'rotate')
  const [, fresh] = /^Made the key (\S+),/.exec(made.said)!
  assert.equal((await run('key', 'retire', '--', fresh!)).code, 1)
  assert.equal((await run('key', 'retire', 'none')).code, 1)
  assert.deepEqual(await run('key', 'retire', '--', first!), { code: 0, said: `Retired the key ${first}.` })
  assert.deepEqual(
    (await listed()).map(([kid, , does]) => [kid, does]),
    [
      [fresh, 'signs'],
      [first, 'retired'],
    ],
  )
  assert.deepEqual((await audited()).slice(-2), ['key-rotated', 'key-retired'])
})

test('a new secret for tickets stands beside the one before', async () => {
  const [before] = await loadTicketSecrets(database)
  assert.equal((await run('key', 'rotate', '--tickets')).code, 0)
  const after = await loadTicketSecrets(database)
  assert.deepEqual([after.length, after[1]], [2, before])
  assert.equal((await audited()).at(-1), 'ticket-secret-rotated')
})

test('a device is added with a key that works until it is disabled, and again when it is enabled', async () => {
  const { code, said } = await run(
    'device',
    'add',
    'the partner',
    '--role',
    'feed',
    '--region',
    'metro',
    '--unit',
    'B-1',
  )
  assert.equal(code, 0)
  const [, id, key] = /^Added the device (\S+) \(the partner\)\.\nKey: (ghd_\S+)$/.exec(said)!
  const isTaken = async () => (await verifyDeviceKey(key!, database, Date.now())).ok
  assert.equal(await isTaken(), true)
  assert.equal((await run('device', 'disable', id!)).code, 0)
  assert.equal(await isTaken(), false)
  const [line] = (await run('device', 'list')).said.split('\n')
  assert.deepEqual(line!.split('\t').slice(0, 6), [id, 'the partner', 'feed', 'metro', 'B-1', 'disabled'])
  assert.equal((await run('device', 'enable', id!)).code, 0)
  assert.equal(await isTaken(), true)
  assert.deepEqual((await audited()).slice(-3), ['device-created', 'device-changed', 'device-changed'])
})

test('a device that could not be used is refused with what to do', async () => {
  const add = (...args: string[]) => run('device', 'add', 'tracker', '--region', 'metro', ...args)
  assert.equal((await add('--role', 'driver')).code, 2)
  assert.equal((await add('--role', 'dispatcher')).code, 2)
  assert.match((await add('--role', 'driver', '--unit', 'Z-9')).said, /Z-9/)
  assert.equal((await run('device', 'disable', 'none')).code, 1)
})
