/**
 * MessagePack and JSON written by hand, so that a value can be put on the wire in ways that no library would choose.
 *
 * Beside plain values the writers take `Raw` (bytes or text as they are) and `Pairs` (a map whose keys may repeat).
 */
import type { WireFormat } from '../../src/protocol/codec.ts'

/** A part of a frame that is written as it is: something else for each format. */
export class Raw {
  readonly binary: Uint8Array
  readonly json: string

  constructor(binary: Uint8Array | string, json: string) {
    this.binary = typeof binary === 'string' ? Buffer.from(binary, 'hex') : binary
    this.json = json
  }
}

/** A map as a list of its entries. */
export class Pairs {
  readonly entries: readonly (readonly [key: string, value: unknown])[]

  constructor(entries: readonly (readonly [key: string, value: unknown])[]) {
    this.entries = entries
  }
}

/** Larger than any frame that is read. */
const ROOM = 512 * 1024
const room = Buffer.alloc(ROOM)
let end = 0

/** Output: a view that holds until the next call. */
export function write(value: unknown, format: WireFormat): Uint8Array {
  if (format === 'json') return Buffer.from(jsonOf(value), 'latin1')
  end = 0
  pack(value)
  return room.subarray(0, end)
}

function pack(value: unknown): void {
  if (end > ROOM / 2) throw new RangeError('A frame that is larger than the writer has room for.')
  if (value === null || value === undefined) room[end++] = 0xc0
  else if (typeof value === 'boolean') room[end++] = value ? 0xc3 : 0xc2
  else if (typeof value === 'number') packNumber(value)
  else if (typeof value === 'string') packText(value)
  else if (value instanceof Raw) {
    room.set(value.binary, end)
    end += value.binary.length
  } else if (Array.isArray(value)) {
    packHead(value.length, 0x90, 0xdc)
    for (const item of value) pack(item)
  } else {
    const entries = value instanceof Pairs ? value.entries : Object.entries(value)
    packHead(entries.length, 0x80, 0xde)
    for (const [key, item] of entries) {
      packText(key)
      pack(item)
    }
  }
}

function packNumber(value: number): void {
  if (Number.isInteger(value) && !Object.is(value, -0)) {
    if (value >= 0 && value < 0x80) room[end++] = value
    else if (value < 0 && value >= -32) room[end++] = value & 0xff
    else if (value >= 0 && value <= 0xffff_ffff) {
      room[end++] = 0xce
      end = room.writeUInt32BE(value, end)
    } else if (value < 0 && value >= -0x8000_0000) {
      room[end++] = 0xd2
      end = room.writeInt32BE(value, end)
    } else if (Math.abs(value) < 2 ** 63) {
      room[end++] = 0xd3
      end = room.writeBigInt64BE(BigInt(value), end)
    } else packDouble(value)
  } else packDouble(value)
}

function packDouble(value: number): void {
  room[end++] = 0xcb
  end = room.writeDoubleBE(value, end)
}

function packText(text: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes < 32) room[end++] = 0xa0 | bytes
  else {
    room[end++] = 0xda
    if (bytes > 0xffff) {
      room[end - 1] = 0xdb
      end = room.writeUInt32BE(bytes, end)
    } else end = room.writeUInt16BE(bytes, end)
  }
  end += room.write(text, end)
}

function packHead(count: number, small: number, large: number): void {
  if (count < 16) room[end++] = small | count
  else if (count <= 0xffff) {
    room[end++] = large
    end = room.writeUInt16BE(count, end)
  } else {
    room[end++] = large + 1
    end = room.writeUInt32BE(count, end)
  }
}

/** Output: one character a byte, so that text which is no UTF-8 can be part of it. */
function jsonOf(value: unknown): string {
  if (value instanceof Raw) return value.json
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = value instanceof Pairs ? value.entries : Object.entries(value)
    return `{${entries.map(([key, item]) => `${jsonOf(key)}:${jsonOf(item)}`).join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value === undefined ? 'null' : Buffer.from(JSON.stringify(value)).toString('latin1')
}
