/** MessagePack as [EN-5] has it: nil, booleans, numbers, UTF-8 strings, arrays, maps with string keys, and nothing else. */

/** The bytes are not one message of that kind; the message says why. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** Errors: Malformed. */
export function decode(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.value()
  if (!reader.isAtEnd) throw new Malformed('there are bytes behind the message')
  return value
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(): unknown {
    const first = this.#unsigned(1)
    if (first <= 0x7f) return first
    if (first <= 0x8f) return this.#map(first & 0x0f)
    if (first <= 0x9f) return this.#list(first & 0x0f)
    if (first <= 0xbf) return this.#text(first & 0x1f)
    if (first >= 0xe0) return first - 0x100
    switch (first) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xca:
        return this.#view.getFloat32(this.#take(4))
      case 0xcb:
        return this.#view.getFloat64(this.#take(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#unsigned(2 ** (first - 0xcc))
      case 0xd0:
        return this.#view.getInt8(this.#take(1))
      case 0xd1:
        return this.#view.getInt16(this.#take(2))
      case 0xd2:
        return this.#view.getInt32(this.#take(4))
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#take(8)))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(2 ** (first - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(2 ** (first - 0xdb)))
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 ** (first - 0xdd)))
      default:
        throw new Malformed(`0x${first.toString(16)} is an extension type or a binary string, or nothing at all`)
    }
  }

  #unsigned(size: number): number {
    const at = this.#take(size)
    if (size === 1) return this.#view.getUint8(at)
    if (size === 2) return this.#view.getUint16(at)
    return size === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at))
  }

  #text(length: number): string {
    const at = this.#take(length)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(at, at + length))
    } catch {
      throw new Malformed('a string is not UTF-8')
    }
  }

  #list(length: number): unknown[] {
    this.#mustHold(length)
    return Array.from({ length }, () => this.value())
  }

  #map(length: number): Record<string, unknown> {
    this.#mustHold(2 * length)
    const entries = Array.from({ length }, () => {
      const key = this.value()
      if (typeof key !== 'string') throw new Malformed('a key is no string')
      return [key, this.value()] as const
    })
    return Object.fromEntries(entries)
  }

  /** Each value has a byte at least, so what is declared longer than the frame is no list. */
  #mustHold(values: number): void {
    if (values > this.#bytes.length - this.#at) throw new Malformed('a list or map is longer than the frame')
  }

  #take(size: number): number {
    if (size > this.#bytes.length - this.#at) throw new Malformed('the frame is cut short')
    const at = this.#at
    this.#at += size
    return at
  }
}

/** For the few messages that the kit makes up itself: lists, maps, strings, null and integers from 0 to 2^32 - 1. */
export function encode(value: unknown): Uint8Array {
  const bytes: number[] = []
  write(value, bytes)
  return Uint8Array.from(bytes)
}

function write(value: unknown, to: number[]): void {
  const size16 = (lead: number, size: number) => to.push(lead, size >> 8, size & 0xff)
  if (value === null) to.push(0xc0)
  else if (typeof value === 'number')
    to.push(0xce, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
  else if (typeof value === 'string') {
    const text = Buffer.from(value)
    size16(0xda, text.length)
    to.push(...text)
  } else if (Array.isArray(value)) {
    size16(0xdc, value.length)
    for (const each of value) write(each, to)
  } else {
    const entries = Object.entries(value as object)
    size16(0xde, entries.length)
    for (const each of entries.flat()) write(each, to)
  }
}
