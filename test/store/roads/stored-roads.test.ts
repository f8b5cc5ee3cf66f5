/** What an engine makes of the roads and the learned speeds that the database has. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { RoadsRefused } from '../../../src/actors/road-news.ts'
import { RoadMaps } from '../../../src/engine/road-maps.ts'
import { storedRoads } from '../../../src/engine/stored-roads.ts'
import { hashIn } from '../../../src/roads/array-blob.ts'
import { generatedCity } from '../../../src/roads/city.ts'
import { encodeGraph } from '../../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../../src/roads/road-times.ts'
import { USUAL_TRAVEL_MODEL } from '../../../src/roads/times/travel-model.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { RoadStore } from '../../../src/store/roads/road-store.ts'
import { SpeedStore } from '../../../src/store/roads/speed-store.ts'
import { createLogger } from '../../../src/telemetry/log.ts'
import { seeded } from '../../../tools/shared/random.ts'
import { testDatabase } from '../../support/postgres.ts'

const outcome = generatedCity({ centre: { lonDeg: 10, latDeg: 50 }, columns: 24, rows: 24, random: seeded(4) })
assert.ok(outcome.ok)
const graph = encodeGraph(outcome.graph)
const hierarchy = encodeHierarchy(
  buildHierarchy(outcome.graph, outcome.graph.timesMs.get(WAY_DRIVEN)!),
  graph,
  WAY_DRIVEN,
)
const NETWORK = { graph, hierarchy, sha256: hashIn(graph), nodes: 1, arcs: 1, report: {} }
const region = 'metro'

let database: Database
let drop: () => Promise<void>
const lines: string[] = []
const log = createLogger({ level: 'info', sink: { write: line => void lines.push(line) } })
const { signal } = new AbortController()

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  database = openDatabase(made.engineUrl)
  await new ReferenceStore(database).addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
})
after(async () => {
  await database.destroy()
  await drop()
})

test('the speeds in use come with the roads, and their model is what is driven by', async () => {
  const source = storedRoads(database, new RoadMaps(), log)
  const speeds = new SpeedStore(database, Date.now)
  await new RoadStore(database, Date.now).add(region, NETWORK, null)
  assert.deepEqual((await source.standing()).get(region), { version: 1, sha256: NETWORK.sha256, speeds: null })
  await speeds.add(region, { model: USUAL_TRAVEL_MODEL, facts: {} }, null)
  await speeds.put(region, 1, null)
  const standing = (await source.standing()).get(region)!
  assert.equal(standing.speeds!.version, 1)
  const roads = await source.load(region, { ...standing, sha256: NETWORK.sha256 }, signal)
  assert.deepEqual([roads.version, roads.speedsVersion], [1, 1])
  roads.stop()
})

test('speeds that cannot be read are told in the log, and the roads are taken with the usual ones', async () => {
  const speeds = { version: 7, model: { bands: 'none' } }
  const roads = await storedRoads(database, new RoadMaps(), log).load(
    region,
    { version: 1, sha256: NETWORK.sha256, speeds },
    signal,
  )
  assert.deepEqual([roads.version, roads.speedsVersion], [1, undefined])
  roads.stop()
  assert.match(lines.at(-1)!, /learned speeds cannot be read; the region goes by the usual ones/)
  assert.match(lines.at(-1)!, /It is no travel model: bands/)
})

test('a damaged network is refused, and the log says once why', async () => {
  const damaged = graph.slice()
  damaged[damaged.length - 1]! ^= 1
  const sha256 = '0'.repeat(64)
  await new RoadStore(database, Date.now).add(region, { ...NETWORK, graph: damaged, sha256 }, null)
  const refused = await storedRoads(database, new RoadMaps(), log)
    .load(region, { version: 2, sha256 }, signal)
    .then(() => assert.fail('it is taken'))
    .catch((error: Error) => error)
  assert.ok(refused instanceof RoadsRefused)
  log.error({ err: refused }, 'roads could not be taken up')
  const { message } = (JSON.parse(lines.at(-1)!) as { err: { message: string } }).err
  const why = (refused.cause as Error).message
  assert.ok(message.startsWith('Version 2 of the roads cannot be used: '), message)
  assert.equal(message.split(why).length, 2, message)
})
