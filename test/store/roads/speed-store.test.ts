/** Learned speeds as the database has them: versions that only grow, and which of them is in use. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { auditedByCommandLine } from '../../../src/cli/audited.ts'
import { listAudit } from '../../../src/store/audit/audit-chain.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { SpeedStore } from '../../../src/store/roads/speed-store.ts'
import { testDatabase } from '../../support/postgres.ts'

let database: Database
let store: SpeedStore
let drop: () => Promise<void>
const nowMs = 1_700_000_000_000
const by = { changedBy: 'command-line', changedAtMs: nowMs }
const learned = (of: number) => ({ model: { of }, facts: { learnedFrom: of } })

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  // As an engine, and the command line beside one.
  database = openDatabase(made.engineUrl)
  store = new SpeedStore(database, () => nowMs)
})
after(async () => {
  await database.destroy()
  await drop()
})

const added = async (region: string) => {
  await new ReferenceStore(database).addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
  return region
}

test('what is learned is a version that nobody goes by', async () => {
  const region = await added('learns')
  assert.deepEqual([await store.versions(region), await store.use(region)], [[], null])
  assert.deepEqual([await store.add(region, learned(1), 'first'), await store.add(region, learned(2), null)], [1, 2])
  assert.deepEqual(await store.versions(region), [
    { version: 2, ...learned(2), ...by, note: null },
    { version: 1, ...learned(1), ...by, note: 'first' },
  ])
  assert.deepEqual(await store.version(region, 1), { version: 1, ...learned(1), ...by, note: 'first' })
  assert.equal((await store.inUse()).get(region), undefined)
})

test('a version is in use from when somebody says so until another is, or none, with who, when and why', async () => {
  const region = await added('uses')
  const reference = new ReferenceStore(database)
  for (const of of [1, 2]) await store.add(region, learned(of), null)
  const before = await reference.version()
  assert.equal(await store.put(region, null, null), false, 'nothing is in use already')
  assert.equal(await store.put(region, 2, 'summer'), true)
  assert.deepEqual(await store.use(region), { version: 2, ...by, note: 'summer', number: 1 })
  assert.deepEqual((await store.inUse()).get(region), { version: 2, model: { of: 2 } })
  assert.equal(await store.put(region, 2, null), false)
  assert.equal(await reference.version(), before + 1, 'engines look again after a change, and after none they need not')
  assert.equal(await store.put(region, 1, null), true)
  assert.deepEqual((await store.inUse()).get(region), { version: 1, model: { of: 1 } })
  assert.equal(await store.put(region, null, 'wrong'), true)
  assert.equal((await store.inUse()).get(region), undefined)
  assert.deepEqual(await store.use(region), { version: null, ...by, note: 'wrong', number: 3 })
})

test('learning and use are audited in their own transaction', async () => {
  const region = await added('audited')
  const audit = auditedByCommandLine(database)
  await store.add(region, learned(1), null, audit)
  await store.put(region, 1, null, audit)
  await store.put(region, 1, null, audit)
  const entries = []
  for await (const page of listAudit(database, {})) entries.push(...page.filter(entry => entry.region === region))
  assert.deepEqual(
    entries.map(({ actor, action, details }) => [actor, action, details]),
    [
      ['command-line', 'speeds-learned', { version: 1 }],
      ['command-line', 'speeds-changed', { version: 1 }],
    ],
  )
})

test('what is not there is refused with what to do, and so is a model without bounds', async () => {
  const region = await added('lacks')
  await assert.rejects(store.put(region, 1, null), /no version 1 of learned speeds; list them with/)
  await assert.rejects(store.version(region, 7), /no version 7/)
  const everything = [
    () => store.versions('none'),
    () => store.use('none'),
    () => store.add('none', learned(1), null),
    () => store.put('none', null, null),
  ]
  for (const work of everything) await assert.rejects(work, /none/)
  await assert.rejects(store.add(region, { model: 'x'.repeat(300_000), facts: {} }, null), /is the most that is stored/)
  await assert.rejects(store.add(region, learned(1), 'x'.repeat(2_000)), /The note/)
})

test('changes at the same time are made one after the other', async () => {
  const region = await added('many')
  const versions = await Promise.all([1, 2, 3, 4].map(of => store.add(region, learned(of), null)))
  assert.deepEqual(versions.sort(), [1, 2, 3, 4])
  const taken = await Promise.all([1, 2, 3, 4].map(version => store.put(region, version, null)))
  assert.deepEqual([taken, (await store.versions(region)).length], [[true, true, true, true], 4])
})
