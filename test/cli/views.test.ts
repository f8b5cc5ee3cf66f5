/** `goldenhour views`, as an operator runs it. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { accepted, called, offered, onDuty, reached } from '../support/scenario.ts'
import { storeLog } from '../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
const views = (...args: string[]) => runHere(['views', ...args], { env: { DATABASE_URL: owned.engineUrl } })

before(async () => {
  owned = await testDatabase()
  const database = openDatabase(owned.url)
  const region = { region: 'metro', name: 'Metro', timeZone: 'UTC', dispatchMode: 'ordered' } as const
  await new ReferenceStore(database).addRegion(region)
  await database.destroy()
})
after(() => owned.drop())

test('an operator makes the views of a region anew, is told how far it is, and what was passed over', async () => {
  const owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const records = [
    onDuty('A1'),
    called(['T-1']),
    [offered('T-1', 'A1', 'O-1', 'ordered')],
    [accepted('T-1', 'A1', 'O-1')],
    [reached('T-1', 'A1', 'on-scene')],
    [reached('T-9', 'A1', 'on-scene')],
  ]
  const log = records.map((events, index) => ({
    position: index + 1,
    recordedAtMs: 1_000 + index,
    principal: 'desk',
    events,
  }))
  await storeLog(owner, 'metro', log)
  const rebuilt = await views('rebuild', '--region', 'metro')
  assert.equal(
    rebuilt.stdout,
    'The views of region metro are made anew up to position 6.\nPassed over: 2; read them in views.passed_over.\n',
  )
  assert.match(rebuilt.stderr, /6 of 6 records \(100 %\)/)
  assert.equal((await views('status')).stdout, 'metro\t6\t6\t2\n')
  assert.deepEqual((await owner.query('SELECT trip_id, phase, unit_id FROM views.trips')).rows, [
    { trip_id: 'T-1', phase: 'on-scene', unit_id: 'A1' },
  ])
  await owner.end()
})

test('a region that there is not is refused with how to list those there are', async () => {
  const { code, stderr } = await views('rebuild', '--region', 'nowhere')
  assert.equal(code, 1)
  assert.match(stderr, /There is no region nowhere; "goldenhour region list" shows those there are/)
})
