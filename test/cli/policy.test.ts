/** `goldenhour policy`, as an operator runs it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { type Database, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let directory: string

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const reference = new ReferenceStore(database)
  await reference.addRegion({ region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'offered' })
  directory = await mkdtemp(path.join(tmpdir(), 'goldenhour-policy-'))
})
after(async () => {
  await database.destroy()
  await owned.drop()
  await rm(directory, { recursive: true })
})

const run = (...args: string[]) => runHere(['policy', ...args], { env: { DATABASE_URL: owned.url } })

async function file(text: string): Promise<string> {
  const name = path.join(directory, 'policy.json')
  await writeFile(name, text)
  return name
}

test('what is shown can be changed and set, and every version is listed', async () => {
  const shown = await run('show', 'metro')
  assert.deepEqual(JSON.parse(shown.stdout), { ...DEFAULT_POLICY, mode: 'offered' })
  assert.match(shown.stderr, /^Version 1, by command-line at \d{4}-\S+Z\.\n$/)
  const changed = await file(shown.stdout.replace('"noMovementMs": 120000', '"noMovementMs": 90000'))
  assert.deepEqual(await run('set', 'metro', changed, '--note', 'bridge closed'), {
    code: 0,
    stdout: 'noMovementMs: 120000 -> 90000\nSet the policy of metro, version 2.\n',
    stderr: '',
  })
  assert.equal((await run('set', 'metro', changed)).stdout, 'Nothing changed: it stands as version 2.\n')
  assert.equal((await run('set', 'metro', await file('{}'))).code, 0)
  const listed = (await run('versions', 'metro')).stdout
  const rows = listed
    .split('\n')
    .slice(0, -1)
    .map(line => line.split('\t'))
  assert.deepEqual(
    rows.map(([version, , who, note]) => [version, who, note]),
    [
      ['3', 'command-line', ''],
      ['2', 'command-line', 'bridge closed'],
      ['1', 'command-line', ''],
    ],
  )
  assert.deepEqual(JSON.parse((await run('show', 'metro')).stdout), DEFAULT_POLICY)
  const second = await run('show', 'metro', '2')
  assert.equal(JSON.parse(second.stdout).noMovementMs, 90_000)
  assert.match(second.stderr, /^Version 2, .*: bridge closed\.\n$/)
})

test('a policy that somebody else has changed meanwhile is not set over it', async () => {
  const reference = new ReferenceStore(database)
  await reference.addRegion({ region: 'twice', name: 'Twice', timeZone: 'UTC', dispatchMode: 'ordered' })
  const set = async (text: string, version: string) =>
    run('set', 'twice', await file(text), '--note', 'nights', '--if-version', version)
  assert.equal((await set('{"roundsMax": 3}', '1')).code, 0)
  const late = await set('{"roundsMax": 4}', '1')
  assert.deepEqual([late.code, late.stdout], [1, ''])
  assert.match(late.stderr, /^error: Version 2 of the policy of twice stands, not 1: command-line changed it at /)
  assert.equal((await reference.policy('twice')).policy.roundsMax, 3)
  assert.equal((await set('{"roundsMax": 4}', '2')).code, 0)
  assert.equal((await set('{}', 'two')).code, 2)
})

test('what cannot be set is refused by name, and nothing is changed', async () => {
  const before = (await run('versions', 'metro')).stdout
  for (const [text, said] of [
    ['{"orderWarnS": 20}', /^error: The policy of metro: orderWarnS is not known here\.\n$/],
    ['{"orderWarnMs": {"1": 20}}', /orderWarnMs\.1 must be a whole number of milliseconds from 1000 to 600000/],
    ['{"orderWarnMs": {"1": 50000}}', /orderTimeoutMs\.1 must be more than orderWarnMs\.1, which is 50000/],
    ['{"orderWarnMs"', /policy\.json is not JSON/],
  ] as const) {
    const { code, stderr } = await run('set', 'metro', await file(text))
    assert.equal(code, 1, text)
    assert.match(stderr, said)
  }
  assert.match((await run('set', 'nowhere', await file('{}'))).stderr, /The region "nowhere" does not exist/)
  assert.match((await run('show', 'nowhere')).stderr, /The region "nowhere" does not exist/)
  assert.equal((await run('show', 'metro', 'two')).code, 2)
  assert.match((await run('show', 'metro', '99')).stderr, /no version 99/)
  assert.equal((await run('versions', 'metro')).stdout, before)
})

test('its help tells what the file is and what becomes of it', async () => {
  const { code, stdout } = await run('set', '--help')
  assert.equal(code, 0)
  assert.match(stdout, /from its next decision on/)
})
