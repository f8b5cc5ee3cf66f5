/** What is done to a message, or to its bytes, before it is sent: each class of damage by its name. */
import type { WireFormat } from '../../src/protocol/codec.ts'
import type { Dice } from './dice.ts'
import { deep, LYING_SIZES, ODD_KINDS, ODD_NUMBERS, ODD_TEXTS, oddMap, oddValue } from './odd-values.ts'
import { Pairs, Raw, write } from './writers.ts'

/** How often each class is sent. */
export const CLASSES = {
  valid: 34,
  repeated: 2,
  confused: 12,
  number: 6,
  text: 5,
  kind: 4,
  size: 4,
  deep: 2,
  long: 1,
  keys: 4,
  envelope: 4,
  flipped: 8,
  inserted: 4,
  deleted: 4,
  duplicated: 3,
  spliced: 4,
  truncated: 4,
  noise: 3,
  'wrong-kind': 1,
} as const
export type FrameClass = keyof typeof CLASSES

/**
 * A message, or the body of a request, with the damage of its class.
 *
 * Input: `before`, the bytes of an earlier one, for those that are repeated or spliced. Output: bytes that the caller
 * may keep.
 */
export function frameOf(
  kind: FrameClass,
  message: unknown,
  before: Uint8Array,
  format: WireFormat,
  dice: Dice,
): Uint8Array {
  switch (kind) {
    case 'repeated':
      return Buffer.from(before)
    case 'noise':
      return dice.oneIn(4) ? looseBytes(dice) : dice.bytes(dice.below(dice.oneIn(10) ? 2_000 : 60))
    case 'valid':
    case 'wrong-kind':
      return Buffer.from(write(message, format))
    case 'confused':
      return written(message, format, dice, () => oddValue(dice))
    case 'number':
      return written(message, format, dice, () => dice.pick(ODD_NUMBERS))
    case 'text':
      return written(message, format, dice, () => dice.pick(ODD_TEXTS))
    case 'kind':
      return written(message, format, dice, () => dice.pick(ODD_KINDS))
    case 'size':
      return written(message, format, dice, () => dice.pick(LYING_SIZES))
    case 'deep':
      return written(message, format, dice, value => deep(dice, value))
    case 'long':
      return written(message, format, dice, () => long(dice))
    case 'keys':
      return written(message, format, dice, value => (isMap(value) ? repeatedKeys(value, dice) : oddMap(dice)))
    case 'envelope':
      return Buffer.from(write(Array.isArray(message) ? envelope(message, dice) : [message], format))
    default:
      return damagedAs(kind, Buffer.from(write(message, format)), before, dice)
  }
}

function written(message: unknown, format: WireFormat, dice: Dice, change: (value: unknown) => unknown): Uint8Array {
  return Buffer.from(write(replaced(message, change, dice), format))
}

/** The message with one of its values, at any depth, become another. */
function replaced(value: unknown, change: (value: unknown) => unknown, dice: Dice, depth = 0): unknown {
  const stops = depth > 0 && dice.oneIn(3)
  if (!stops && Array.isArray(value) && value.length > 0) {
    const at = depth === 0 && !dice.oneIn(12) ? 1 + dice.below(Math.max(1, value.length - 1)) : dice.below(value.length)
    return value.map((item, i) => (i === at ? replaced(item, change, dice, depth + 1) : item))
  }
  if (!stops && isMap(value)) {
    const entries = Object.entries(value)
    const at = dice.below(entries.length)
    return new Pairs(entries.map(([key, item], i) => [key, i === at ? replaced(item, change, dice, depth + 1) : item]))
  }
  return change(value)
}

const isMap = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Raw) &&
  Object.keys(value).length > 0

function repeatedKeys(value: object, dice: Dice): Pairs {
  const entries = Object.entries(value)
  const [key] = dice.pick(entries)
  return new Pairs([...entries, dice.oneIn(2) ? [key, oddValue(dice)] : ['__proto__', new Pairs(entries)]])
}

function long(dice: Dice): unknown {
  switch (dice.below(4)) {
    case 0:
      return dice.text('aä', dice.pick([2_000, 8_191, 8_193, 20_000, 70_000]))
    case 1:
      return Array.from({ length: dice.pick([255, 256, 257, 1_001, 10_240, 12_000]) }, () => 0)
    case 2:
      return Array.from({ length: 300 }, () => [1, 0, 0, 0, null, null, null])
    default:
      return new Pairs(Array.from({ length: dice.pick([15, 16, 300, 5_200]) }, (_, i) => [`k${i}`, null]))
  }
}

/** Elements too many or too few, in another order, or with a map behind them. */
function envelope(message: readonly unknown[], dice: Dice): unknown {
  const traceparent = dice.pick<unknown>([
    `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    `ff-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
    ...ODD_TEXTS.slice(0, 8),
    7,
  ])
  switch (dice.below(8)) {
    case 0:
      return [...message, { traceparent }]
    case 1:
      return [...message, dice.pick(ODD_NUMBERS), { traceparent }, { traceparent }]
    case 2:
      return message.slice(0, dice.below(message.length))
    case 3:
      return [...message, ...Array.from({ length: dice.below(20) }, () => oddValue(dice))]
    case 4:
      return [message]
    case 5:
      return [message[0], ...message.slice(1).reverse()]
    case 6:
      return { ...message }
    default:
      return dice.pick([null, 0, '', [], {}, true, message[0]])
  }
}

/** Input: bytes that may be changed in place. */
export function damagedAs(kind: FrameClass, bytes: Buffer, before: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1)
  switch (kind) {
    case 'flipped':
      for (let flips = 1 + dice.below(4); flips > 0; flips -= 1) {
        const place = dice.below(bytes.length)
        bytes[place] = bytes[place]! ^ (1 << dice.below(8))
      }
      return bytes
    case 'inserted':
      return Buffer.concat([bytes.subarray(0, at), looseBytes(dice), bytes.subarray(at)])
    case 'deleted':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(8))])
    case 'duplicated': {
      const part = bytes.subarray(at, at + 1 + dice.below(40))
      return Buffer.concat([
        bytes.subarray(0, at),
        ...Array.from({ length: 1 + dice.below(4) }, () => part),
        bytes.subarray(at),
      ])
    }
    case 'spliced':
      return Buffer.concat([bytes.subarray(0, at), before.subarray(dice.below(before.length + 1))])
    default:
      return bytes.subarray(0, at)
  }
}

const HEADS = [0x00, 0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4]
const MORE_HEADS = [
  0xc7, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff, 0xed, 0xfe,
]

/** A few bytes that mean something to one of the decoders. */
const looseBytes = (dice: Dice): Uint8Array =>
  Uint8Array.from({ length: 1 + dice.below(6) }, () => dice.pick(dice.oneIn(2) ? HEADS : MORE_HEADS))
