/** The little of protocol buffers that OpenStreetMap's binary form needs: fields of a message, and lists of numbers. */
import { UnreadableOsm } from './osm-elements.ts'

export interface ProtoField {
  readonly number: number
  /** Of a number; 0 for bytes. */
  readonly value: number
  /** Of a text, a message or a list; empty for a number. */
  readonly bytes: Uint8Array
}

const NO_BYTES = new Uint8Array(0)
const WIRE_NUMBER = 0
const WIRE_EIGHT_BYTES = 1
const WIRE_BYTES = 2
const WIRE_FOUR_BYTES = 5

/** Errors: UnreadableOsm for what is no message. */
export function fieldsOf(bytes: Uint8Array): ProtoField[] {
  const fields: ProtoField[] = []
  const cursor = { at: 0 }
  while (cursor.at < bytes.length) {
    const key = numberFrom(bytes, cursor)
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (wire === WIRE_NUMBER) fields.push({ number, value: numberFrom(bytes, cursor), bytes: NO_BYTES })
    else if (wire === WIRE_BYTES) {
      const end = numberFrom(bytes, cursor) + cursor.at
      if (end > bytes.length) throw new UnreadableOsm('It is damaged: a field is longer than what holds it.')
      fields.push({ number, value: 0, bytes: bytes.subarray(cursor.at, end) })
      cursor.at = end
    } else if (wire === WIRE_EIGHT_BYTES) cursor.at += 8
    else if (wire === WIRE_FOUR_BYTES) cursor.at += 4
    else throw new UnreadableOsm('It is damaged: a field has a form that there is not.')
  }
  return fields
}

export function packedNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = []
  const cursor = { at: 0 }
  while (cursor.at < bytes.length) numbers.push(numberFrom(bytes, cursor))
  return numbers
}

/** Of a number that tells its sign in its last bit. */
export const signed = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Seven bits a byte, the least first. Numbers of OpenStreetMap are below 2^53; ten bytes are a negative one. */
function numberFrom(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0
  let scale = 1
  for (let length = 1; length <= 10; length++) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) break
    // The tenth byte is there for negative numbers alone, which are told as 2^64 more.
    if (length === 10) return negativeFrom(bytes, cursor.at)
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
    scale *= 128
  }
  throw new UnreadableOsm('It is damaged: a number has no end.')
}

function negativeFrom(bytes: Uint8Array, end: number): number {
  let value = 0n
  for (let at = end - 1; at >= end - 10; at--) value = (value << 7n) | BigInt(bytes[at]! & 0x7f)
  return Number(BigInt.asIntN(64, value))
}
