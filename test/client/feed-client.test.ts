/** What a feed's client does with units, fixes, marks and refusals. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import {
  type ClientFault,
  connect,
  type FeedClient,
  type FeedOptions,
  type UnitDetached,
} from '../../src/client/index.ts'
import type { FeedFix } from '../../src/protocol/wire/fix-tuples.ts'
import { type Peer, ScriptedServer } from './scripted-server.ts'

let server: ScriptedServer
const clients: FeedClient[] = []

beforeEach(async () => {
  server = await ScriptedServer.listen()
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  server.close()
})

function feed(more: Partial<FeedOptions> = {}): FeedClient {
  const client = connect({
    url: server.url,
    token: 'token',
    region: 'akl',
    role: 'feed',
    random: () => 0,
    gatherMs: 5,
    ...more,
  })
  clients.push(client)
  return client
}

const LIMITS = { limits: { frameBytes: 65_536, fixesPerFrame: 1_000 } }
const HERE = { lonDeg: 174.7633, latDeg: -36.8485 }
const faultOf = (client: FeedClient) => new Promise<ClientFault>(resolve => client.onFault(resolve))
const detachedOf = (client: FeedClient) => new Promise<UnitDetached>(resolve => client.onDetached(resolve))

async function opened(client: FeedClient): Promise<Peer> {
  const peer = await server.peer()
  await peer.welcome(LIMITS)
  await client.opened()
  return peer
}

/** Answers the next `attach` with these marks, 0 unless told. Output: what it declared, by unit. */
async function attach(peer: Peer, marks: Record<string, number> = {}, refused: [number, string][] = []) {
  const [, id, channels] = await peer.next('attach')
  const no = new Set(refused.map(([channel]) => channel))
  const taken = channels.filter(([channel]) => !no.has(channel))
  const result = { channels: taken.map(([channel, unitId]) => [channel, marks[unitId] ?? 0]), refused }
  peer.send(['reply', id, 1, result])
  return channels
}

/** The next fixes, as unit's channel and seq. */
async function nextFixes(peer: Peer): Promise<[channel: number, seq: number][]> {
  const [, , ...fixes] = await peer.next('feed-fixes')
  return (fixes as FeedFix[]).map(([channel, seq]) => [channel, seq] as [number, number])
}
const send = (client: FeedClient, unitId: string, count: number) => {
  for (let i = 0; i < count; i += 1) client.send(unitId, HERE)
}

test('a feed says hello without unit and streams, attaches its units, and sends their fixes together', async () => {
  const client = feed()
  client.attach(['A1', { unitId: 'A2', streamId: 'kept', firstSeq: 7 }])
  const fixedAtMs = Date.now() - 500
  assert.equal(client.send('A1', { ...HERE, fixedAtMs, speedMps: 10 }), 1)
  assert.equal(client.send('A2', HERE), 7)
  const peer = await server.peer()
  const hello = await peer.welcome(LIMITS)
  assert.deepEqual([hello[4], hello[5], hello[7]], ['feed', null, []])
  assert.deepEqual(await attach(peer), [
    [0, 'A1', client.progress('A1')!.streamId, 'gnss', 1],
    [1, 'A2', 'kept', 'gnss', 7],
  ])
  const [, sentAtMs, first, second] = await peer.next('feed-fixes')
  assert.deepEqual(first, [0, 1, hello[6] + sentAtMs - fixedAtMs, 1_747_633_000, -368_485_000, null, 1_000, null])
  assert.deepEqual((second as FeedFix).slice(0, 2), [1, 7])
  assert.deepEqual([client.units, client.unitsAttached, client.fixesNotDurable], [['A1', 'A2'], 2, 2])
})

test('marks free the fixes that they cover, and mark() resolves when those of all units are durable', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 3)
  send(client, 'A2', 2)
  let durable = false
  const mark = client.mark().then(() => {
    durable = true
  })
  assert.equal((await nextFixes(peer)).length, 5)
  assert.deepEqual([(await peer.next('mark'))[1], (await peer.next('mark'))[1]].sort(), [0, 1])
  const fault = faultOf(client)
  peer.send(['feed-marks', [[0, 3]]])
  peer.send(['feed-marks', [[1, 9]]])
  assert.equal((await fault).kind, 'bad-server-data', 'a mark beyond what was sent')
  assert.deepEqual([durable, client.fixesDurable, client.fixesNotDurable], [false, 3, 2])
  peer.send(['feed-marks', [[1, 2]]])
  await mark
  assert.deepEqual([client.progress('A2')!.durableSeq, client.fixesNotDurable], [2, 0])
  await client.mark()
})

test('after a reconnect all units are attached anew from what they hold, and go on from the marks', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  let peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 4)
  await nextFixes(peer)
  peer.send(['feed-marks', [[0, 1]]])
  peer.socket.terminate()
  await faultOf(client)
  send(client, 'A2', 1)
  peer = await opened(client)
  const declared = await attach(peer, { A1: 3 })
  assert.deepEqual(
    declared.map(([, unitId, , , lowestSeq]) => [unitId, lowestSeq]),
    [
      ['A1', 2],
      ['A2', 1],
    ],
  )
  assert.deepEqual(await nextFixes(peer), [
    [0, 4],
    [1, 1],
  ])
  assert.deepEqual([client.fixesDurable, client.progress('A1')!.durableSeq], [3, 3])
})

test('a great many units are attached a thousand at a time at most, in frames that the server takes', async () => {
  const client = feed()
  client.attach(Array.from({ length: 2_500 }, (_, i) => `unit-with-a-long-name-${i}`))
  const peer = await opened(client)
  let attached = 0
  while (attached < 2_500) {
    const [, id, channels] = await peer.next('attach')
    assert.ok(channels.length <= 1_000 && JSON.stringify(channels).length < LIMITS.limits.frameBytes)
    attached += channels.length
    peer.send(['reply', id, 1, { channels: channels.map(([channel]) => [channel, 0]), refused: [] }])
  }
  await until(() => client.unitsAttached === 2_500)
})
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
}

test('a frame holds no more fixes than welcome allows, and one unit does not keep the others waiting', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await server.peer()
  await peer.welcome({ limits: { frameBytes: 65_536, fixesPerFrame: 100 } })
  send(client, 'A1', 150)
  send(client, 'A2', 20)
  await attach(peer)
  const frames = [await nextFixes(peer), await nextFixes(peer)]
  assert.deepEqual(
    frames.map(frame => frame.length),
    [100, 70],
  )
  assert.deepEqual(
    frames.flat().filter(([channel]) => channel === 1),
    Array.from({ length: 20 }, (_, i) => [1, i + 1]),
  )
})

test('a gap on one channel is filled from where the server says, and the others go on', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 5)
  await nextFixes(peer)
  for (let i = 0; i < 3; i += 1) {
    peer.send(['error', null, 'fix-gap', 'send from 3', { channel: 0, expectedSeq: 3 }])
  }
  assert.deepEqual(await nextFixes(peer), [
    [0, 3],
    [0, 4],
    [0, 5],
  ])
  send(client, 'A2', 1)
  assert.deepEqual(await nextFixes(peer), [[1, 1]])
  assert.deepEqual(peer.unread, [], 'three errors for one gap are answered once')
})

test('one error tells of gaps on several channels, and each goes on from its own', async () => {
  const client = feed()
  client.attach(['A1', 'A2', 'A3'])
  const peer = await opened(client)
  await attach(peer)
  for (const unitId of ['A1', 'A2', 'A3']) send(client, unitId, 3)
  await nextFixes(peer)
  const others = [[2, 3], 'nonsense', [77, 1]]
  peer.send(['error', null, 'fix-gap', 'gaps', { channel: 0, expectedSeq: 2, others }])
  const again: unknown[] = []
  while (again.length < 3) again.push(...(await nextFixes(peer)))
  assert.deepEqual(again.sort(), [
    [0, 2],
    [0, 3],
    [2, 3],
  ])
})

test('fixes that the engine has no room for are sent again after its pause, those of other units at once', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 2)
  await nextFixes(peer)
  const refusedAtMs = performance.now()
  peer.send(['error', null, 'overloaded', 'full', { channel: 0, expectedSeq: 2, retryAfterMs: 80 }])
  send(client, 'A2', 1)
  assert.deepEqual(await nextFixes(peer), [[1, 1]])
  assert.deepEqual(await nextFixes(peer), [[0, 2]])
  assert.ok(performance.now() - refusedAtMs >= 75)
})

test('an error that names no channel holds back everything for its pause, and what was sent lately goes out again', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 2)
  send(client, 'A2', 1)
  await nextFixes(peer)
  const refusedAtMs = performance.now()
  const fault = faultOf(client)
  peer.send(['error', null, 'rate-limited', 'Too many fixes.', { retryAfterMs: 80 }])
  assert.equal((await fault).refusal!.code, 'rate-limited')
  send(client, 'A2', 1)
  const fixes = await nextFixes(peer)
  assert.ok(performance.now() - refusedAtMs >= 75)
  assert.deepEqual(fixes.sort(), [
    [0, 1],
    [0, 2],
    [1, 1],
    [1, 2],
  ])
})

test('a unit that the server refuses or gives away is told with what it holds, and goes on when attached again', async () => {
  const client = feed()
  client.attach(['A1', 'A9'])
  send(client, 'A1', 2)
  const peer = await opened(client)
  const refused = detachedOf(client)
  await attach(peer, {}, [[1, 'unknown-unit']])
  assert.deepEqual([(await refused).unitId, (await refused).code], ['A9', 'unknown-unit'])
  assert.throws(() => client.send('A9', HERE), { name: 'UnitDetached', unitId: 'A9' })
  await nextFixes(peer)

  const taken = detachedOf(client)
  const mark = client.mark()
  peer.send(['detached', 0, 'superseded'])
  assert.deepEqual([(await taken).code, (await taken).fixesNotDurable], ['superseded', 2])
  await assert.rejects(mark, { name: 'UnitDetached', code: 'superseded' })
  assert.deepEqual([client.unitsAttached, client.fixesNotDurable], [0, 2])

  client.attach(['A1'])
  assert.equal((await skip(peer, 'mark', () => attach(peer)))[0]![4], 1)
  assert.deepEqual(await nextFixes(peer), [
    [0, 1],
    [0, 2],
  ])
})
test("a unit whose marks the server cannot read yet stays the feed's, keeps what it holds, and is attached again later", async () => {
  const client = feed()
  const lost: UnitDetached[] = []
  client.onDetached(unit => lost.push(unit))
  client.attach(['A1', 'A2'])
  send(client, 'A1', 2)
  send(client, 'A2', 1)
  const peer = await opened(client)
  const refusedAtMs = performance.now()
  await attach(peer, {}, [[0, 'unavailable']])
  assert.deepEqual(await nextFixes(peer), [[1, 1]])
  // It still reports, and waits.
  send(client, 'A1', 1)
  const channels = await skip(peer, 'mark', () => attach(peer))
  assert.ok(performance.now() - refusedAtMs >= 990)
  assert.deepEqual(
    channels.map(([channel, unitId]) => [channel, unitId]),
    [[0, 'A1']],
  )
  assert.deepEqual(await nextFixes(peer), [
    [0, 1],
    [0, 2],
    [0, 3],
  ])
  assert.deepEqual([lost, client.unitsAttached], [[], 2])
})

/** Leaves aside what is unread of a type. */
async function skip<T>(peer: Peer, type: string, then: () => Promise<T>): Promise<T> {
  while (peer.unread[0]?.[0] === type) await peer.next(type as 'mark')
  return then()
}

test('a unit that is let go is forgotten here and told to the server', async () => {
  const client = feed()
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  await until(() => client.unitsAttached === 2)
  client.detach(['A1'])
  assert.deepEqual((await peer.next('detach'))[2], [0])
  assert.deepEqual([client.units, client.progress('A1')], [['A2'], undefined])
  assert.throws(() => client.send('A1', HERE), { name: 'UnitDetached', code: 'released' })
  peer.send(['feed-marks', [[0, 1]]])
  send(client, 'A2', 1)
  assert.deepEqual(await nextFixes(peer), [[1, 1]])
})

test('a channel that the server does not know is attached again', async () => {
  const client = feed()
  client.attach(['A1'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 2)
  await nextFixes(peer)
  peer.send(['error', null, 'unknown-stream', 'Attach it first.', { channel: 0 }])
  await attach(peer, { A1: 1 })
  assert.deepEqual(await nextFixes(peer), [[0, 2]])
})

test('[FX-13] what the server leaves out is counted as dropped of its unit, told once, and sent never again', async () => {
  const client = feed()
  const faults: ClientFault[] = []
  client.onFault(fault => faults.push(fault))
  client.attach(['A1', 'A2'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 2)
  send(client, 'A2', 3)
  await nextFixes(peer)
  const mark = client.mark()
  const leftOut = [
    { path: 'fixes.0.lonE7', channel: 0, seq: 1 },
    { path: 'fixes.3.lonE7', channel: 1, seq: 2 },
  ]
  peer.send(['error', null, 'invalid-field', 'Three fixes are left out.', { path: 'fixes.0.lonE7', leftOut, more: 1 }])
  peer.send([
    'feed-marks',
    [
      [0, 2],
      [1, 3],
    ],
  ])
  await mark
  const counts = (unitId: string) => [client.progress(unitId)!.durableCount, client.progress(unitId)!.dropped]
  assert.deepEqual(
    [counts('A1'), counts('A2')],
    [
      [1, 1],
      [1, 2],
    ],
  )
  assert.deepEqual([client.fixesDurable, client.fixesDropped], [2, 3])
  assert.deepEqual(
    faults.map(({ refusal }) => refusal?.code),
    ['invalid-field'],
  )
  send(client, 'A1', 1)
  assert.deepEqual(await skip(peer, 'mark', () => nextFixes(peer)), [[0, 3]])
})

test('fixes lost from a full buffer are told by attaching from what is left', async () => {
  const client = feed({ bufferedFixesMax: 10 })
  client.attach(['A1'])
  const peer = await opened(client)
  await attach(peer)
  send(client, 'A1', 10)
  await nextFixes(peer)
  peer.send(['error', null, 'overloaded', 'full', { channel: 0, expectedSeq: 1, retryAfterMs: 30 }])
  await faultOf(client)
  send(client, 'A1', 5)
  const [[, , , , lowestSeq]] = (await attach(peer)) as [readonly [number, string, string, string, number]]
  assert.deepEqual([lowestSeq, client.fixesDropped], [6, 5])
  assert.deepEqual((await nextFixes(peer))[0], [0, 6])
})

test('a stream that another client has used on is left, and what is held starts a new one', async () => {
  const client = feed()
  client.attach([{ unitId: 'A1', streamId: 'kept', firstSeq: 11 }])
  send(client, 'A1', 1)
  const peer = await opened(client)
  await attach(peer, { A1: 50 })
  const [[, , streamId, , lowestSeq]] = (await attach(peer)) as [readonly [number, string, string, string, number]]
  assert.notEqual(streamId, 'kept')
  assert.equal(lowestSeq, 1)
  assert.deepEqual(await nextFixes(peer), [[0, 1]])
})

test('names and fixes that no server takes are refused here', () => {
  const client = feed()
  assert.throws(() => client.attach(['A 1']), RangeError)
  assert.throws(() => client.attach([{ unitId: 'A1', streamId: 'no stream' }]), RangeError)
  client.attach(['A1'])
  assert.throws(() => client.send('A1', { lonDeg: 181, latDeg: 0 }), RangeError)
  assert.equal(client.progress('A1')!.lastSeq, 0)
})
