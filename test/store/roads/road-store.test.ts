/** Roads as the database has them: versions that only grow, what stands, and the bytes of the last few networks. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { auditedByCommandLine } from '../../../src/cli/audited.ts'
import { listAudit } from '../../../src/store/audit/audit-chain.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { NETWORKS_KEPT, ROAD_BYTES_MAX, RoadStore, type RoadsImport } from '../../../src/store/roads/road-store.ts'
import { testDatabase } from '../../support/postgres.ts'

let database: Database
let store: RoadStore
let drop: () => Promise<void>
const nowMs = 1_700_000_000_000

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  // As an engine, and the command line beside one.
  database = openDatabase(made.engineUrl)
  store = new RoadStore(database, () => nowMs)
})
after(async () => {
  await database.destroy()
  await drop()
})

const added = async (region: string) => {
  await new ReferenceStore(database).addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
  return region
}
const network = (of: number, size = 100): RoadsImport => ({
  sha256: String(of).padStart(64, '0'),
  graph: new Uint8Array(size).fill(of),
  hierarchy: new Uint8Array(10).fill(of),
  nodes: 7,
  arcs: 9,
  report: { nodesRead: 8 },
})
const numbersOf = async (region: string) =>
  (await store.versions(region)).map(({ version, sha256, again, isStored }) => [
    version,
    sha256 === null ? null : Number(sha256),
    again,
    isStored,
  ])

test('an import adds a version, which stands from then on, and engines are told that something changed', async () => {
  const region = await added('grows')
  assert.deepEqual(await store.versions(region), [])
  assert.equal((await store.standing()).get(region), undefined)
  const reference = new ReferenceStore(database)
  const before = await reference.version()
  assert.deepEqual(await store.add(region, network(1), 'first'), { version: 1, sha256: network(1).sha256 })
  assert.equal(await reference.version(), before + 1)
  assert.deepEqual(await store.versions(region), [
    {
      ...{ version: 1, sha256: network(1).sha256, again: null, nodes: 7, arcs: 9, report: { nodesRead: 8 } },
      ...{ changedBy: 'command-line', changedAtMs: nowMs, note: 'first', isStored: true },
    },
  ])
  await store.add(region, network(2), null)
  assert.deepEqual((await store.standing()).get(region), { version: 2, sha256: network(2).sha256 })
})

test('a network is read as it was stored, in pieces, in memory that threads share', async () => {
  const region = await added('large')
  const graph = new Uint8Array(randomBytes(1_300_000))
  const told: number[] = []
  await store.add(region, { ...network(3), graph }, null, undefined, bytes => void told.push(bytes))
  assert.deepEqual(told, [524_288, 1_048_576, 1_300_000, 1_300_010])
  const read = await store.read(region, network(3).sha256)
  assert.ok(read!.graph.buffer instanceof SharedArrayBuffer)
  assert.deepEqual(Buffer.from(read!.graph), Buffer.from(graph))
  assert.deepEqual([...read!.hierarchy], new Array(10).fill(3))
  await sql`DELETE FROM roads.parts WHERE region = ${region} AND number = 1`.execute(database)
  assert.equal(await store.read(region, network(3).sha256), null, 'a piece is missing')
  assert.equal(await store.read(region, network(4).sha256), null)
})

test('a network that stands is written anew by another import, which mends its bytes', async () => {
  const region = await added('mends')
  await store.add(region, network(1), null)
  await sql`DELETE FROM roads.parts WHERE region = ${region} AND kind = 'graph'`.execute(database)
  assert.equal(await store.read(region, network(1).sha256), null)
  assert.equal((await store.add(region, network(1), null)).version, 2)
  assert.deepEqual([...(await store.read(region, network(1).sha256))!.graph], new Array(100).fill(1))
})

test('to go back is a version of its own; what stands already adds none', async () => {
  const region = await added('back')
  assert.equal(await store.use(region, null, null), null, 'there never were any')
  await store.add(region, network(1), null)
  await store.add(region, network(2), null)
  assert.equal(await store.use(region, 2, null), null)
  assert.deepEqual(await store.use(region, 1, 'bridge drawn wrong'), { version: 3, sha256: network(1).sha256 })
  assert.deepEqual(await store.use(region, null, null), { version: 4, sha256: null })
  assert.deepEqual(await numbersOf(region), [
    [4, null, null, false],
    [3, 1, 1, true],
    [2, 2, null, true],
    [1, 1, null, true],
  ])
})

test(`the bytes of the last ${NETWORKS_KEPT} networks are kept, of those that stood last; their versions all are`, async () => {
  const region = await added('bounded')
  for (const of of [1, 2, 3, 4]) await store.add(region, network(of), null)
  await store.use(region, 1, null)
  await store.add(region, network(5), null)
  assert.deepEqual(
    (await numbersOf(region)).map(([version, of, , isStored]) => [version, of, isStored]),
    [
      [6, 5, true],
      [5, 1, true],
      [4, 4, true],
      [3, 3, true],
      [2, 2, false],
      [1, 1, true],
    ],
  )
  await assert.rejects(store.use(region, 2, null), /network of version 2 is kept no more, only that of the last 4/)
})

test('what cannot be is refused, and nothing changes', async () => {
  const region = await added('refuses')
  await assert.rejects(store.add('nowhere', network(1), null), /region "nowhere" does not exist/)
  await assert.rejects(store.versions('nowhere'), /region "nowhere" does not exist/)
  await assert.rejects(
    store.use(region, 7, null),
    /has no version 7 of its roads; list them with goldenhour roads list/,
  )
  await assert.rejects(store.add(region, network(1), 'a\nb'), /^InvalidReference: The note must/)
  const huge = { length: ROAD_BYTES_MAX + 1 } as Uint8Array
  await assert.rejects(store.add(region, { ...network(1), graph: huge }, null), /536870912 is the most that is stored/)
  assert.deepEqual(await store.versions(region), [])
})

test('the audit has who changed the roads, in the same transaction', async () => {
  const region = await added('audited')
  await store.add(region, network(1), null, auditedByCommandLine(database))
  await store.use(region, null, null, auditedByCommandLine(database))
  const entries = []
  for await (const page of listAudit(database, {})) entries.push(...page.filter(entry => entry.region === region))
  assert.deepEqual(
    entries.map(({ actor, action, details }) => [actor, action, details]),
    [
      ['command-line', 'roads-imported', { version: 1, sha256: network(1).sha256, nodes: 7, arcs: 9 }],
      ['command-line', 'roads-changed', { version: 2, sha256: null, again: null }],
    ],
  )
})
