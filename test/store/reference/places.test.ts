import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { HospitalReference, StationReference } from '../../../src/protocol/reference.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { getItem, listItems, nextVersion, putItems, removeItem } from '../../../src/store/reference/items.ts'
import { HOSPITALS, STATIONS, UNITS } from '../../../src/store/reference/kinds.ts'
import { InvalidReference, ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { testDatabase } from '../../support/postgres.ts'

let database: Database
let store: ReferenceStore
let drop: () => Promise<void>
let regions = 0

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  database = openDatabase(made.url)
  store = new ReferenceStore(database)
})
after(async () => {
  await database.destroy()
  await drop()
})

async function newRegion(): Promise<string> {
  regions += 1
  const region = `r${regions}`
  await store.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
  return region
}

const unit = (unitId: string, homeStation: string | null = null): UnitReference => ({
  unitId,
  callSign: `Medic ${unitId}`,
  levelOfCare: 'als',
  capabilities: ['neonatal'],
  homeStation,
})
const station = (stationId: string, changes: Partial<StationReference> = {}): StationReference => ({
  stationId,
  name: `Station ${stationId}`,
  lonDeg: 174.7633,
  latDeg: -36.8485,
  capacity: 4,
  address: '1 Quay Street, "Pier 3"',
  note: null,
  ...changes,
})
const hospital = (hospitalId: string): HospitalReference => ({
  hospitalId,
  name: 'City Hospital',
  lonDeg: -180,
  latDeg: 90,
  address: null,
  emergencyDepartment: true,
  capabilities: ['stroke', 'burns'],
})

test('stations and hospitals come back as they were imported', async () => {
  const region = await newRegion()
  await store.import('stations', region, [
    station('S2'),
    station('S1', { capacity: null, address: null, note: 'closed' }),
  ])
  await store.import('hospitals', region, [hospital('H1')])
  const version = await store.version()
  assert.deepEqual(await listItems(database, STATIONS, region, { limit: 10, after: null }), [
    { region, ...station('S1', { capacity: null, address: null, note: 'closed' }), version: version - 1 },
    { region, ...station('S2'), version: version - 1 },
  ])
  assert.deepEqual(await getItem(database, HOSPITALS, region, 'H1'), {
    ...{ region, ...hospital('H1'), version },
    ...{ status: 'open', statusNote: null, statusSinceMs: null },
  })
})

test('what is imported as it stands keeps its version; what differs gets that of the import', async () => {
  const region = await newRegion()
  await store.import('stations', region, [station('S1'), station('S2')])
  const first = await store.version()
  const put = await store.import('stations', region, [station('S1'), station('S2', { note: 'new' }), station('S3')])
  assert.deepEqual(put, { added: 1, changed: 1 })
  const versions = (await listItems(database, STATIONS, region, { limit: 10, after: null })).map(each => each.version)
  assert.deepEqual(versions, [first, first + 1, first + 1])
})

test('a place out of range, a name padded or an id that no URL can name is refused', async () => {
  const region = await newRegion()
  for (const bad of [
    { latDeg: 90.1 },
    { lonDeg: Number.NaN },
    { name: ' padded' },
    { name: '' },
    { capacity: -1 },
    { capacity: 1.5 },
    { stationId: '..' },
    { stationId: 'a b' },
    { stationId: 'x'.repeat(33) },
  ]) {
    const refused = store.import('stations', region, [station('S1', bad)])
    await assert.rejects(refused, InvalidReference, JSON.stringify(bad))
  }
  assert.deepEqual(await listItems(database, STATIONS, region, { limit: 10, after: null }), [])
})

test('a place is kept on the grid of the wire, 1e-7 degree', async () => {
  const region = await newRegion()
  await store.import('stations', region, [station('S1', { lonDeg: 174.76330004999 })])
  assert.equal((await getItem(database, STATIONS, region, 'S1'))?.lonDeg, 174.7633)
})

test('once a region has stations a unit must name one of them', async () => {
  const region = await newRegion()
  await store.import('units', region, [unit('A1', 'S9')])
  await store.import('stations', region, [station('S1')])
  assert.deepEqual(await store.unknownStations(region, ['S1', 'S9', 'S8']), ['S8', 'S9'])
  await assert.rejects(store.import('units', region, [unit('A2', 'S1'), unit('A3', 'S9')]), {
    name: 'InvalidReference',
    message: /A3.*"S9"/,
  })
  await store.import('units', region, [unit('A2', 'S1'), unit('A3')])
  assert.equal((await store.listUnits(region)).length, 3)
})

test('where stations are is told of every region that has any', async () => {
  const [region, other, none] = [await newRegion(), await newRegion(), await newRegion()]
  const at = (stationId: string, lonDeg: number) => ({ stationId, name: stationId, lonDeg, latDeg: 1, capacity: null })
  await store.import('stations', region, [at('S2', 20), at('S1', 10)])
  await store.import('stations', other, [at('S1', 30)])
  const places = await store.listStationPlaces()
  assert.deepEqual(places.get(region), [
    { lonDeg: 10, latDeg: 1 },
    { lonDeg: 20, latDeg: 1 },
  ])
  assert.deepEqual(places.get(other), [{ lonDeg: 30, latDeg: 1 }])
  assert.equal(places.get(none), undefined)
})

test('pages follow one another without a gap or a repetition', async () => {
  const region = await newRegion()
  const ids = Array.from({ length: 25 }, (_, n) => `U${n}`)
  await store.import(
    'units',
    region,
    ids.map(id => unit(id)),
  )
  const seen: string[] = []
  for (let after: string | null = null; ; after = seen.at(-1)!) {
    const found = await listItems(database, UNITS, region, { limit: 10, after })
    if (found.length === 0) break
    seen.push(...found.map(each => each.unitId))
  }
  assert.deepEqual(seen, [...ids].sort())
})

test('a unit taken away is retired, and live again once it is put again', async () => {
  const region = await newRegion()
  await store.import('units', region, [unit('A1'), unit('A2')])
  const before = await store.version()
  await database.transaction().execute(async transaction => {
    await removeItem(transaction, UNITS, region, 'A1', await nextVersion(transaction))
  })
  assert.deepEqual(await store.listRetiredUnits(region), ['A1'])
  assert.deepEqual(
    (await store.listUnits(region)).map(each => each.unitId),
    ['A2'],
  )
  assert.deepEqual(await changesSince(region, before), [[], ['A1']])
  const retired = await store.version()
  await store.import('units', region, [unit('A1')])
  assert.deepEqual(await store.listRetiredUnits(region), [])
  assert.deepEqual(await changesSince(region, retired), [['A1'], []])
})

test('a version never comes again, not even for a thing that was deleted and made anew', async () => {
  const region = await newRegion()
  const versions: number[] = []
  for (let i = 0; i < 3; i += 1) {
    await store.import('stations', region, [station('S1')])
    versions.push((await getItem(database, STATIONS, region, 'S1'))!.version)
    await database.transaction().execute(async transaction => {
      await removeItem(transaction, STATIONS, region, 'S1', await nextVersion(transaction))
    })
  }
  assert.equal(new Set(versions).size, 3)
})

test('what changed among the units of a region is told without the others, of it or of another', async () => {
  const [one, other] = [await newRegion(), await newRegion()]
  await store.import('units', one, [unit('A1'), unit('A2'), unit('A3')])
  const before = await store.version()
  await store.import('units', other, [unit('A1')])
  await store.import('stations', one, [station('S1')])
  assert.deepEqual(await changesSince(one, before), [[], []])
  await store.import('units', one, [unit('A1'), { ...unit('A2'), callSign: 'Another' }, unit('A4')])
  assert.deepEqual(await changesSince(one, before), [['A2', 'A4'], []])
  assert.deepEqual(await changesSince(one, null), [['A1', 'A3', 'A2', 'A4'], []])
})

test('of many changes each is told once, those of one version and those of many', async () => {
  const region = await newRegion()
  const ids = Array.from({ length: 2_500 }, (_, i) => `U${i}`)
  await store.import(
    'units',
    region,
    ids.map(id => unit(id)),
  )
  const before = await store.version()
  for (const id of ids.slice(0, 30)) await store.import('units', region, [{ ...unit(id), callSign: 'Another' }])
  const [all] = await changesSince(region, null)
  assert.deepEqual([...all!].sort(), [...ids].sort())
  assert.deepEqual(await changesSince(region, before), [ids.slice(0, 30), []])
})

async function changesSince(region: string, version: number | null): Promise<string[][]> {
  const units = await store.listUnits(region, version)
  return [units.map(({ unitId }) => unitId), await store.listRetiredUnits(region, version)]
}

test('changes that come at once happen one after the other', async () => {
  const region = await newRegion()
  const first = await store.version()
  await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      database.transaction().execute(async transaction => {
        await putItems(transaction, STATIONS, region, [station(`S${n}`)], await nextVersion(transaction))
      }),
    ),
  )
  const versions = (await listItems(database, STATIONS, region, { limit: 10, after: null })).map(each => each.version)
  assert.deepEqual(
    [...versions].sort((a, b) => a - b),
    Array.from({ length: 8 }, (_, n) => first + 1 + n),
  )
})
