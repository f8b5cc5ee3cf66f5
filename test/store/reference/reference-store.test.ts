import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { LevelOfCare } from '../../../src/domain/vocabulary.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { InvalidReference, ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { testDatabase } from '../../support/postgres.ts'

let database: Database
let store: ReferenceStore
let drop: () => Promise<void>

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  database = openDatabase(made.url)
  store = new ReferenceStore(database)
  await store.addRegion({ region: 'metro', name: 'Metro', timeZone: 'Europe/Berlin', dispatchMode: 'ordered' })
})
after(async () => {
  await database.destroy()
  await drop()
})

const unit = (unitId: string, changes: Partial<UnitReference> = {}): UnitReference => ({
  unitId,
  callSign: `Medic ${unitId}`,
  levelOfCare: 'als',
  transports: true,
  capabilities: ['neonatal'],
  homeStation: 'ST-1',
  ...changes,
})

test('a region is listed as it was added', async () => {
  const north = { region: 'north', name: 'Nördlich', timeZone: 'UTC', dispatchMode: 'offered' as const }
  await store.addRegion(north)
  assert.deepEqual((await store.listRegions()).at(-1), north)
})

test('a region that exists is refused, and neither it nor the version changes', async () => {
  const before = [await store.listRegions(), await store.version()]
  const again = store.addRegion({ region: 'metro', name: 'Other', timeZone: 'UTC', dispatchMode: 'offered' })
  await assert.rejects(again, { name: 'InvalidReference', message: /exists already/ })
  assert.deepEqual([await store.listRegions(), await store.version()], before)
})

test('a region outside the grammar is refused', async () => {
  const good = { region: 'south', name: 'South', timeZone: 'UTC', dispatchMode: 'ordered' as const }
  for (const bad of [
    { region: 'South' },
    { region: '' },
    { region: 'a'.repeat(17) },
    { name: '' },
    { name: 'a\u0000b' },
    { timeZone: 'Mars/Olympus' },
    { timeZone: '+02:00' },
  ]) {
    await assert.rejects(store.addRegion({ ...good, ...bad }), InvalidReference, JSON.stringify(bad))
  }
})

test('an import adds units and replaces those of the same id', async () => {
  await store.importUnits('metro', [unit('A1'), unit('A2', { homeStation: null, capabilities: [] })])
  await store.importUnits('metro', [unit('A1', { callSign: 'Rescue 1', levelOfCare: 'cct' })])
  assert.deepEqual(await store.listUnits('metro'), [
    unit('A2', { homeStation: null, capabilities: [] }),
    unit('A1', { callSign: 'Rescue 1', levelOfCare: 'cct' }),
  ])
})

test('a unit carries as it says, or where it does not say it by its level', async () => {
  const region = 'carriers'
  await store.addRegion({ region, name: 'Carriers', timeZone: 'UTC', dispatchMode: 'ordered' })
  const { transports: _, ...plain } = unit('B1', { levelOfCare: 'bls', homeStation: null })
  const first = { ...plain, unitId: 'B2', levelOfCare: 'first-responder' } as const
  const flyCar = { ...plain, unitId: 'B3', levelOfCare: 'als', transports: false } as const
  await store.importUnits(region, [plain, first, flyCar])
  assert.deepEqual(
    (await store.listUnits(region)).map(({ unitId, transports }) => [unitId, transports]),
    [
      ['B1', true],
      ['B2', false],
      ['B3', false],
    ],
  )
  // Put again as it stands, nothing changes.
  const version = await store.version()
  await store.importUnits(region, [{ ...first, transports: false }])
  assert.deepEqual(await store.listUnits(region, version), [])
})

test('an import with one bad unit imports none', async () => {
  const before = [await store.listUnits('metro'), await store.version()]
  for (const bad of [
    unit('no spaces'),
    unit('B2', { levelOfCare: 'doctor' as LevelOfCare }),
    unit('B2', { capabilities: ['Upper'] }),
    unit('B2', { homeStation: '' }),
    unit('B2', { callSign: ' padded ' }),
    unit('B1'),
  ]) {
    await assert.rejects(store.importUnits('metro', [unit('B1'), bad]), InvalidReference, JSON.stringify(bad))
  }
  assert.deepEqual([await store.listUnits('metro'), await store.version()], before)
})

test('units of a region that does not exist are refused', async () => {
  await assert.rejects(store.importUnits('nowhere', [unit('A1')]), { message: /The region "nowhere" does not exist/ })
})

test('an import larger than one statement can carry is whole', async () => {
  await store.addRegion({ region: 'big', name: 'Big', timeZone: 'UTC', dispatchMode: 'ordered' })
  await store.importUnits(
    'big',
    Array.from({ length: 12_001 }, (_, n) => unit(`U${n}`)),
  )
  assert.equal((await store.listUnits('big')).length, 12_001)
})

test('the version rises with every change, also when changes come at once', async () => {
  const first = await store.version()
  await Promise.all(['C1', 'C2', 'C3'].map(id => store.importUnits('metro', [unit(id)])))
  assert.equal(await store.version(), first + 3)
})

test('units that are taken away are listed as retired, and the others stay', async () => {
  await store.addRegion({ region: 'leaving', name: 'Leaving', timeZone: 'UTC', dispatchMode: 'offered' })
  await store.importUnits(
    'leaving',
    ['A', 'B', 'C'].map(unitId => unit(unitId)),
  )
  const before = await store.version()
  await store.retireUnits('leaving', ['A', 'C'])
  assert.deepEqual(
    (await store.listUnits('leaving')).map(({ unitId }) => unitId),
    ['B'],
  )
  assert.deepEqual((await store.listRetiredUnits('leaving')).sort(), ['A', 'C'])
  assert.ok((await store.version()) > before, 'engines hear of it')
})
