/** Connections without a welcome: how many an address may have, and how much is kept of what they send. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { over } from '../support/transport.ts'
import { Door, type RawSocket } from './door.ts'
import { REGION } from './harness.ts'

/** Of one that says 1009 and no more. */
const CLOSE_FRAME_BYTES = 4

const LIMITS = { strangersPerAddress: 2 }

test('[LM-6] an address has so many connections without a welcome, whatever becomes of them, and any number with one', async t => {
  const door = await Door.start(t, { limits: { ...LIMITS, badFrames: 1 } })
  const greeted = [await door.signIn(), await door.signIn(), await door.signIn()]
  const strangers = [await door.connect(), await door.connect()]
  const refused = await door.refusedUpgrade()
  assert.deepEqual([refused.status, refused.code], [429, 'too-many-connections'])
  assert.equal((refused.details as { limit: string }).limit, 'strangersPerAddress')
  assert.equal(await door.refusals('strangersPerAddress'), 1)
  // One is cut, one leaves, one is welcomed, one is turned away, one falls silent: each makes room, once.
  strangers[0]!.socket.send('[]')
  await strangers[0]!.closed
  strangers[1]!.socket.close()
  await strangers[1]!.closed
  for (const token of ['person-1/dispatcher', 'nobody']) {
    const client = await door.connect()
    client.send(['hello', 'h1', token, REGION, 'dispatcher', null, 1_000, []])
    await client.next()
    if (token === 'nobody') await client.closed
    else greeted.push(client)
  }
  for (const { socket } of greeted) socket.close()
  for (const client of greeted) await client.closed
  for (let i = 0; i < 2; i += 1) await door.connect()
  assert.equal((await door.refusedUpgrade()).code, 'too-many-connections')
})

test('the audit keeps nothing that a stranger claims in a hello, and of a known one what it asked for', async t => {
  const door = await Door.start(t)
  const refused = async (token: string, region: string, unit: string) => {
    const client = await door.connect()
    client.send(['hello', 'h1', token, region, 'driver', unit, 0, []])
    await client.nextError()
    await client.closed
    const { actor, region: kept, subject } = door.notes.at(-1)!
    return [actor, kept, subject]
  }
  assert.deepEqual(await refused('bad', 'elsewhere', 'U1'), ['-', null, null])
  assert.deepEqual(await refused('person-1/driver', 'wlg', 'U2'), ['person-1', 'wlg', 'U2'])
})

test('a stranger that is overdue makes room', async t => {
  const door = await Door.start(t, { limits: { ...LIMITS, helloTimeoutMs: 100 } })
  const overdue = [await door.connect(), await door.connect()]
  for (const client of overdue) await client.closed
  await door.connect()
})

const upgrade =
  'GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: goldenhour.v1.json\r\n\r\n'

async function stranger(door: Door): Promise<RawSocket> {
  const raw = door.raw()
  raw.socket.write(upgrade)
  assert.equal((await raw.answer()).status, 101)
  return raw
}

/** The head of a text frame of so many bytes, with a mask of zeros. */
function frameHead(bytes: number): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x81
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(bytes), 2)
  return head
}

test('[ER-4] a frame more than 1 kB over the largest limit ends the connection at its head, before anything is kept', async t => {
  const door = await Door.start(t)
  const most = DEFAULT_LIMITS.frameBytes.desk + 1_024
  const answered = await stranger(door)
  answered.socket.write(Buffer.concat([frameHead(most), Buffer.alloc(most, 97)]))
  await answered.has('frame-too-large')
  assert.equal(answered.socket.destroyed, false)
  for (const size of [most + 1, 4 * DEFAULT_LIMITS.frameBytes.desk, 2 ** 40]) {
    const cut = await stranger(door)
    cut.socket.write(frameHead(size))
    await cut.closed
    assert.equal(cut.received.length, over({ native: 0, portable: CLOSE_FRAME_BYTES }))
  }
  const split = await stranger(door)
  const half = frameHead(40_000)
  split.socket.write(Buffer.concat([half.fill(0x01, 0, 1), Buffer.alloc(40_000, 97)]))
  const rest = frameHead(40_000)
  split.socket.write(Buffer.concat([rest.fill(0x80, 0, 1), Buffer.alloc(40_000, 97)]))
  await split.closed
})
