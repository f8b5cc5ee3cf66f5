/**
 * Violations of RFC 6455 over a raw socket: each ends its connection without a message, and disturbs nobody else.
 *
 * Where uWebSockets.js is laxer than the RFC the table says so in `deviates`, and states what happens instead.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { over } from '../support/transport.ts'
import { Door, type RawSocket } from './door.ts'

const TEXT = 0x81
const PING = 0x89
const CLOSE = 0x88
/** A message that is delivered, and answered with an error. */
const MESSAGE = '["hint"]'
const MASK = Buffer.from([0x11, 0x22, 0x33, 0x44])

interface Form {
  /** How the length is written: in the first byte, or behind it in 2 or 8 bytes. */
  readonly length?: 'short' | Buffer
  readonly isMasked?: boolean
}

function frame(firstByte: number, payload: string | Buffer, { length, isMasked = true }: Form = {}): Buffer {
  const bytes = Buffer.from(payload)
  const bit = isMasked ? 0x80 : 0
  let head: Buffer
  if (Buffer.isBuffer(length)) {
    head = Buffer.concat([Buffer.from([firstByte, bit | (length.length === 2 ? 126 : 127)]), length])
  } else if (bytes.length < 126) {
    head = Buffer.from([firstByte, bit | bytes.length])
  } else {
    head = Buffer.concat([Buffer.from([firstByte, bit | 126]), uint16(bytes.length)])
  }
  if (!isMasked) return Buffer.concat([head, bytes])
  return Buffer.concat([head, MASK, bytes.map((byte, index) => byte ^ MASK[index % 4]!)])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

interface Case {
  readonly name: string
  readonly frames: readonly Buffer[]
  /** `cut`: without a close frame; `closed`: with one, its code or null for none; `goes on`: the connection stays. */
  readonly end: 'cut' | { readonly closed: number | null } | 'goes on'
  /** Messages that reach the conversation. */
  readonly delivered?: number
  /** What the RFC asks for, where uWebSockets.js does something else. */
  readonly deviates?: string
  /** How the portable transport ends it, where not by a close frame with 1002. */
  readonly portable?: Case['end']
}

/** The portable transport says in a close frame what the native one cuts for. */
function endOf({ end, portable }: Case): Case['end'] {
  const isViolation = end === 'cut' || (end !== 'goes on' && end.closed === null)
  return over({ native: end, portable: portable ?? (isViolation ? { closed: 1002 } : end) })
}

const after = frame(TEXT, MESSAGE)

const CASES: readonly Case[] = [
  ...[0x40, 0x20, 0x10, 0x70].map(
    (bits): Case => ({
      name: `reserved bits 0x${bits.toString(16)}`,
      frames: [frame(TEXT | bits, MESSAGE), after],
      end: 'cut',
    }),
  ),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode): Case => ({ name: `opcode ${opcode}`, frames: [frame(0x80 | opcode, MESSAGE), after], end: 'cut' }),
  ),
  {
    name: 'a text frame without a mask',
    frames: [frame(TEXT, MESSAGE, { isMasked: false })],
    end: 'goes on',
    portable: { closed: 1002 },
    deviates: 'fail the connection; here four bytes of the payload are taken for the mask, and the rest is awaited',
  },
  {
    name: 'text frames without a mask, read as one masked frame that is no UTF-8',
    frames: [frame(TEXT, MESSAGE, { isMasked: false }), frame(TEXT, MESSAGE, { isMasked: false })],
    end: 'cut',
  },
  {
    name: 'text that is no UTF-8',
    frames: [frame(TEXT, Buffer.from([0xc3, 0x28])), after],
    end: 'cut',
    portable: { closed: 1007 },
  },
  {
    name: 'text with a surrogate',
    frames: [frame(TEXT, Buffer.from([0xed, 0xa0, 0x80])), after],
    end: 'cut',
    portable: { closed: 1007 },
  },
  {
    name: 'text that becomes no UTF-8 across fragments',
    frames: [frame(0x01, Buffer.from([0xc3])), frame(0x80, Buffer.from([0x28])), after],
    end: 'cut',
    portable: { closed: 1007 },
  },
  {
    name: 'a close reason that is no UTF-8',
    frames: [frame(CLOSE, Buffer.concat([uint16(1000), Buffer.from([0xc3, 0x28])])), after],
    end: { closed: null },
    portable: { closed: 1007 },
  },
  { name: 'a fragmented ping', frames: [frame(0x09, 'a'), frame(0x80, 'b'), after], end: 'cut' },
  { name: 'a fragmented close', frames: [frame(0x08, uint16(1000)), after], end: 'cut' },
  { name: 'a ping of 126 bytes', frames: [frame(PING, 'a'.repeat(126)), after], end: 'cut' },
  {
    name: 'a close of 126 bytes',
    frames: [frame(CLOSE, Buffer.concat([uint16(1000), Buffer.alloc(124, 97)])), after],
    end: 'cut',
  },
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
    (code): Case => ({
      name: `close code ${code}`,
      frames: [frame(CLOSE, uint16(code)), after],
      end: { closed: null },
    }),
  ),
  ...[1012, 1013, 1014, 3000, 3999].map(
    (code): Case => ({
      name: `close code ${code}`,
      frames: [frame(CLOSE, uint16(code)), after],
      end: { closed: null },
      deviates: 'echo the code, which is a registered one',
      portable: { closed: code },
    }),
  ),
  ...[1000, 1001, 1011, 4000, 4999].map(
    (code): Case => ({
      name: `close code ${code}`,
      frames: [frame(CLOSE, uint16(code)), after],
      end: { closed: code },
    }),
  ),
  {
    name: 'a close without a code',
    frames: [frame(CLOSE, ''), after],
    end: { closed: null },
    portable: { closed: null },
  },
  { name: 'a close of one byte', frames: [frame(CLOSE, 'a'), after], end: { closed: null } },
  { name: 'a continuation of nothing', frames: [frame(0x80, MESSAGE), after], end: 'cut' },
  { name: 'an open continuation of nothing', frames: [frame(0x00, MESSAGE), after], end: 'cut' },
  { name: 'a new message inside a fragmented one', frames: [frame(0x01, '['), after, frame(0x80, ']')], end: 'cut' },
  {
    name: 'a length of 2 bytes that fits into 7 bits',
    frames: [frame(TEXT, MESSAGE, { length: uint16(MESSAGE.length) })],
    end: 'goes on',
    delivered: 1,
    deviates: 'fail the connection: lengths are to be minimal',
  },
  {
    name: 'a length of 8 bytes that fits into 7 bits',
    frames: [frame(TEXT, MESSAGE, { length: uint64(BigInt(MESSAGE.length)) })],
    end: 'goes on',
    delivered: 1,
    deviates: 'fail the connection: lengths are to be minimal',
  },
  {
    name: 'a length of 8 bytes with the high bit',
    frames: [frame(TEXT, MESSAGE, { length: uint64(0x8000_0000_0000_0008n) }), after],
    end: 'cut',
    portable: { closed: 1009 },
  },
  {
    name: 'a length of 2^63 - 1',
    frames: [frame(TEXT, MESSAGE, { length: uint64(2n ** 63n - 1n) })],
    end: 'cut',
    portable: { closed: 1009 },
  },
  {
    name: 'a length of 4 GB',
    frames: [frame(TEXT, MESSAGE, { length: uint64(2n ** 32n) })],
    end: 'cut',
    portable: { closed: 1009 },
  },
  {
    name: 'a frame past what is buffered, before all of it has come',
    frames: [frame(TEXT, 'a', { length: uint64(BigInt(4 * DEFAULT_LIMITS.frameBytes.desk + 1)) })],
    end: 'cut',
    portable: { closed: 1009 },
  },
  {
    name: 'fragments that are past what is buffered together',
    frames: [
      frame(0x01, Buffer.alloc(60_000, 97)),
      ...Array.from({ length: 5 }, () => frame(0x00, Buffer.alloc(60_000, 97))),
      after,
    ],
    end: 'cut',
    portable: { closed: 1009 },
  },
  { name: 'data behind a close', frames: [Buffer.concat([frame(CLOSE, uint16(1000)), after])], end: { closed: 1000 } },
  // What looks odd and is allowed.
  {
    name: 'a ping inside a fragmented message',
    frames: [frame(0x01, MESSAGE.slice(0, 3)), frame(PING, 'p'), frame(0x80, MESSAGE.slice(3))],
    end: 'goes on',
    delivered: 1,
  },
  {
    name: 'a thousand empty fragments',
    frames: [frame(0x01, MESSAGE), ...Array.from({ length: 1_000 }, () => frame(0x00, '')), frame(0x80, '')],
    end: 'goes on',
    delivered: 1,
  },
  { name: 'a pong that nobody asked for', frames: [frame(0x8a, 'x'), after], end: 'goes on', delivered: 1 },
]

const REQUEST = [
  'GET /v1/ws HTTP/1.1',
  'Host: a',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: goldenhour.v1.json',
]
const requestWith = (name: string, value: string | null): string =>
  `${REQUEST.flatMap(line => {
    if (!line.startsWith(`${name}: `)) return [line]
    return value === null ? [] : [`${name}: ${value}`]
  }).join('\r\n')}\r\n\r\n`

async function openRaw(door: Door): Promise<RawSocket> {
  const raw = door.raw()
  raw.socket.write(requestWith('', ''))
  assert.equal((await raw.answer()).status, 101)
  return raw
}

/** Messages that have reached a conversation, good or bad. */
async function deliveredIn(door: Door): Promise<number> {
  const lines = (await door.metrics.text()).split('\n').filter(line => /^goldenhour_frames_total\{.*"in"/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
}

test('a violation ends its connection, delivers nothing and disturbs nobody', async t => {
  const door = await Door.start(t, { limits: { badFrames: 10_000 } })
  const onlooker = await door.connect()
  for (const each of CASES) {
    const { name, frames, delivered = 0 } = each
    const end = endOf(each)
    await t.test(name, async () => {
      const before = await deliveredIn(door)
      const raw = await openRaw(door)
      for (const bytes of frames) raw.socket.write(bytes)
      if (end === 'goes on') {
        // Whoever is still there answers a ping, unless it takes that for the rest of what came before.
        if (delivered > 0) {
          raw.socket.write(frame(PING, 'still-there'))
          await raw.has('still-there')
        } else {
          await raw.quiet(50)
        }
        assert.equal(raw.socket.destroyed, false)
        raw.socket.destroy()
      } else {
        await raw.closed
        const code = end === 'cut' ? 'cut' : end.closed
        assert.deepEqual(closeOf(raw.received), code)
      }
      assert.equal((await deliveredIn(door)) - before, delivered)
      onlooker.send(['mark', 0])
      assert.equal((await onlooker.nextError()).code, 'hello-first')
    })
  }
})

/** What the server's last frame says: the code of a close frame, null for one without, `cut` where there is none. */
function closeOf(received: Buffer): number | null | 'cut' {
  if (received.length === 0) return 'cut'
  assert.equal(received[0], CLOSE)
  return received[1] === 0 ? null : received.readUInt16BE(2)
}

test('a handshake that is none is refused, and names the header', async t => {
  const door = await Door.start(t)
  for (const [header, value, status, path] of [
    ['Upgrade', null, 426, undefined],
    ['Upgrade', 'h2c', 426, undefined],
    ['Connection', null, 400, 'Connection'],
    ['Connection', 'close', 400, 'Connection'],
    ['Connection', 'upgraded', 400, 'Connection'],
    ['Sec-WebSocket-Version', null, 400, 'Sec-WebSocket-Version'],
    ['Sec-WebSocket-Version', '8', 400, 'Sec-WebSocket-Version'],
    ['Sec-WebSocket-Version', '13, 8', 400, 'Sec-WebSocket-Version'],
    ['Sec-WebSocket-Key', '!'.repeat(24), 400, 'Sec-WebSocket-Key'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=A', 400, 'Sec-WebSocket-Key'],
    ['Sec-WebSocket-Protocol', null, 400, 'Sec-WebSocket-Protocol'],
    ['Sec-WebSocket-Protocol', 'mqtt, goldenhour.v2', 400, 'Sec-WebSocket-Protocol'],
    ['Sec-WebSocket-Key', null, 400, 'Sec-WebSocket-Key'],
    ['Sec-WebSocket-Key', 'c2hvcnQ=', 400, 'Sec-WebSocket-Key'],
  ] as const) {
    const raw = door.raw()
    raw.socket.write(requestWith(header, value))
    const answer = await raw.answer()
    assert.deepEqual([answer.status, JSON.parse(answer.body).details?.path], [status, path], `${header}: ${value}`)
    if (path === 'Sec-WebSocket-Version') assert.equal(answer.headers['sec-websocket-version'], '13')
    raw.socket.destroy()
  }
  const posted = await door.ask(requestWith('', '').replace('GET', 'POST'))
  assert.equal(posted.status, 405)
  const old = await door.ask(requestWith('', '').replace('HTTP/1.1', 'HTTP/1.0'))
  assert.deepEqual([old.status, old.hasEnded], [505, true])
  assert.equal((await door.request('/healthz')).status, 200)
})

test('a violation that comes byte by byte ends its connection as one that comes whole', async t => {
  const door = await Door.start(t, { limits: { badFrames: 10_000 } })
  for (const each of CASES.filter(({ deviates }) => deviates === undefined)) {
    const { name, frames } = each
    const end = endOf(each)
    const bytes = Buffer.concat(frames)
    if (end === 'goes on' || bytes.length > 300) continue
    const raw = await openRaw(door)
    for (const byte of bytes) {
      if (raw.socket.destroyed) break
      raw.socket.write(Buffer.from([byte]))
      await new Promise(resolve => setImmediate(resolve))
    }
    await raw.closed
    assert.deepEqual(closeOf(raw.received), end === 'cut' ? 'cut' : end.closed, name)
  }
})

test('compression is never agreed on, whoever offers it', async t => {
  const door = await Door.start(t)
  for (const offer of ['permessage-deflate', 'permessage-deflate; client_max_window_bits', 'x-webkit-deflate-frame']) {
    const raw = door.raw()
    raw.socket.write(requestWith('', '').replace('\r\n\r\n', `\r\nSec-WebSocket-Extensions: ${offer}\r\n\r\n`))
    const { status, headers } = await raw.answer()
    assert.deepEqual([status, headers['sec-websocket-extensions']], [101, undefined])
    raw.socket.destroy()
  }
})

test('an Origin in any odd form is a foreign one', async t => {
  const door = await Door.start(t)
  const own = `http://127.0.0.1:${door.gateway.port}`
  for (const origin of [
    'null',
    `${own}, ${own}`,
    `http://a@127.0.0.1:${door.gateway.port}`,
    `${own}/`,
    'file://',
    'x',
  ]) {
    const raw = door.raw()
    raw.socket.write(requestWith('', '').replace('\r\n\r\n', `\r\nOrigin: ${origin}\r\n\r\n`))
    assert.equal((await raw.answer()).status, 403, origin)
    await raw.closed
  }
})

test('pings without end cost nothing that stays, read or not', async t => {
  const door = await Door.start(t, { limits: { backpressureBytes: 65_536 } })
  const onlooker = await door.connect()
  const before = process.memoryUsage.rss()
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(PING, 'x'.repeat(20))))
  for (const isRead of [true, false]) {
    const raw = await openRaw(door)
    if (!isRead) raw.socket.pause()
    for (let i = 0; i < 40 && !raw.socket.destroyed; i += 1) {
      raw.socket.write(pings)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    onlooker.send(['mark', 0])
    assert.equal((await onlooker.nextError()).code, 'hello-first')
    raw.socket.destroy()
  }
  assert.ok(process.memoryUsage.rss() - before < 100_000_000)
})
