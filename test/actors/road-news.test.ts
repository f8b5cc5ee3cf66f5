/** Which roads regions are told: what stands, once it is ready; refused roads are not tried again, a store that is away is. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { RoadNews, RoadsRefused, type RoadsToTake, type RoadTaker } from '../../src/actors/road-news.ts'
import type { Roads } from '../../src/domain/dispatch/travel-times.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import { ManualMachine } from '../support/manual-machine.ts'

interface Load {
  readonly region: string
  readonly version: number
  readonly speeds: number | null
  readonly signal: AbortSignal
  done(): void
  fail(error: Error): void
}

const machine = new ManualMachine()
const log = createLogger({ level: 'silent' })
let standing: Map<string, RoadsToTake>
let asked: number
let loads: Load[]
let told: [region: string, version: number | null][]
let outages: OutageLog
let hosts: RoadTaker[]
let news: RoadNews

const UNASKED = { stop: () => {}, there: () => ({ arcs: 0, room: 0 }), restrict: () => 0 }
const hostOf = (regionId: string): RoadTaker => ({
  regionId,
  driveOn: (roads: Roads | null) => void told.push([regionId, roads?.version ?? null]),
})
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

beforeEach(() => {
  standing = new Map([['akl', { version: 1, sha256: 'a' }]])
  ;[asked, loads, told, hosts] = [0, [], [], [hostOf('akl'), hostOf('sf')]]
  outages = new OutageLog(log, () => 0)
  news = new RoadNews({
    source: {
      standing: async () => {
        asked += 1
        return standing
      },
      load: (region, { version, speeds }, signal) =>
        new Promise((resolve, reject) => {
          const done = () => resolve({ version, look: () => assert.fail('nobody asks'), ...UNASKED })
          loads.push({ region, version, speeds: speeds?.version ?? null, signal, done, fail: reject })
        }),
    },
    hosts: () => hosts,
    machine,
    telemetry: { log, outages },
  })
})

const look = async (version: number) => {
  await news.look(version)
  await turn()
}
const hasTrouble = () => [...outages.now()].some(([trouble, isThere]) => trouble === 'roads' && isThere)

test('a region is told the roads that stand once they are ready, and is asked about no more until something changes', async () => {
  await look(1)
  assert.deepEqual(told, [])
  loads[0]!.done()
  await turn()
  assert.deepEqual(told, [['akl', 1]])
  await look(1)
  assert.deepEqual([asked, loads.length], [1, 1])
  await look(2)
  assert.deepEqual([asked, loads.length], [2, 1])
})

test('a newer version takes the place of one, and one without a network goes back to the straight line', async () => {
  await look(1)
  loads[0]!.done()
  standing.set('akl', { version: 2, sha256: 'b' })
  await look(2)
  loads[1]!.done()
  standing.set('akl', { version: 3, sha256: null })
  await look(3)
  assert.deepEqual(told, [
    ['akl', 1],
    ['akl', 2],
    ['akl', null],
  ])
  assert.equal(loads.length, 2)
})

test('other speeds take the place of those in use as another version of roads does, and go again', async () => {
  const speedsOf = (version: number) => ({ version: 1, sha256: 'a', speeds: { version, model: {} } })
  await look(1)
  loads[0]!.done()
  for (const [at, each] of [
    speedsOf(2),
    speedsOf(2),
    speedsOf(3),
    { version: 1, sha256: 'a', speeds: null },
  ].entries()) {
    standing.set('akl', each)
    await look(2 + at)
    loads.at(-1)!.done()
    await turn()
  }
  assert.deepEqual(
    loads.map(({ version, speeds }) => [version, speeds]),
    [
      [1, null],
      [1, 2],
      [1, 3],
      [1, null],
    ],
  )
  assert.deepEqual(
    told,
    Array.from({ length: 4 }, () => ['akl', 1]),
  )
  standing.set('akl', { version: 2, sha256: null, speeds: { version: 3, model: {} } })
  await look(7)
  standing.set('akl', { version: 2, sha256: null, speeds: { version: 4, model: {} } })
  await look(8)
  assert.deepEqual(told.at(-1), ['akl', null])
  assert.deepEqual([told.length, loads.length], [5, 4], 'speeds without roads say nothing')
})

test('one network is made ready after the other, and what is out of date by then is left out', async () => {
  standing.set('sf', { version: 4, sha256: 'c' })
  await look(1)
  standing.set('sf', { version: 5, sha256: 'd' })
  await look(2)
  assert.deepEqual(
    loads.map(({ region }) => region),
    ['akl'],
  )
  loads[0]!.done()
  await turn()
  assert.deepEqual(
    loads.map(({ region, version }) => [region, version]),
    [
      ['akl', 1],
      ['sf', 5],
    ],
  )
})

test('roads that are refused are a trouble, the region keeps what it has, and they are not tried again', async () => {
  await look(1)
  loads[0]!.fail(new RoadsRefused('damaged'))
  await turn()
  await look(1)
  await look(2)
  assert.deepEqual([told, loads.length, hasTrouble()], [[], 1, true])
  standing.set('akl', { version: 2, sha256: 'b' })
  await look(3)
  loads[1]!.done()
  await turn()
  assert.deepEqual([told, hasTrouble()], [[['akl', 2]], false])
})

test('a store that is away is asked again with the next look', async () => {
  await look(1)
  loads[0]!.fail(new Error('away'))
  await turn()
  assert.equal(hasTrouble(), true)
  await look(1)
  loads[1]!.done()
  await turn()
  assert.deepEqual([told, hasTrouble()], [[['akl', 1]], false])
})

test('a host that is new for a region is told, too', async () => {
  await look(1)
  loads[0]!.done()
  await turn()
  hosts = [hostOf('akl')]
  await look(1)
  loads[1]!.done()
  await turn()
  assert.deepEqual(told, [
    ['akl', 1],
    ['akl', 1],
  ])
})

test('a start waits for them, but not for ever; an end begins nothing more', async () => {
  await look(1)
  let isOver = false
  const settled = news.settled(10_000).then(() => {
    isOver = true
  })
  await machine.advance(9_999, turn)
  assert.equal(isOver, false)
  await machine.advance(1, turn)
  await settled
  news.end()
  assert.equal(loads[0]!.signal.aborted, true)
  loads[0]!.fail(new Error('aborted'))
  await turn()
  assert.equal(hasTrouble(), false)
})
