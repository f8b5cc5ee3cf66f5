/** Bytes nobody meant: random ones, damaged messages, and well-formed values in the wrong places. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ERRORS } from '../../src/protocol/errors.ts'
import { type Parsed, parseFrame } from '../../src/protocol/parse.ts'
import { CLIENT_TYPES } from '../../src/protocol/wire/message-types.ts'
import { times } from '../support/long.ts'
import { clientMessage } from './arbitraries.ts'
import { parseCallBody } from './call-body.ts'
import { FORMATS, frame, MAX_BYTES, SAMPLES, TYPE_NAMES } from './frames.ts'

/** The promise of the border: a request of a known type, or a refusal of a known code; and never bad text. */
function holds(parsed: Parsed): void {
  if (!parsed.ok) {
    assert.ok(Object.hasOwn(ERRORS, parsed.refusal.code))
    assert.ok(parsed.refusal.message.length < 600)
    return
  }
  assert.ok(parsed.request.type === 'command' || Object.hasOwn(CLIENT_TYPES, parsed.request.type))
  for (const text of strings(parsed.request)) assert.ok(!text.includes('\0') && text.isWellFormed())
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...FORMATS), (bytes, format) =>
      holds(parseFrame(bytes, format, MAX_BYTES)),
    ),
    { numRuns: times(2_000, 500_000) },
  )
})

test('messages with flipped, cut, inserted and repeated bytes never throw', () => {
  const damage = fc.record({
    kind: fc.constantFrom('set', 'insert', 'cut', 'repeat'),
    at: fc.nat(),
    byte: fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x00, 0x22, 0x5b, 0x5c, 0x7b, 0xc0, 0xc1, 0xc7, 0xcb, 0xd4, 0xdb, 0xdd, 0xdf),
    ),
  })
  fc.assert(
    fc.property(
      clientMessage,
      fc.constantFrom(...FORMATS),
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      (message, format, damages) => {
        const bytes = [...frame(message, format)]
        for (const { kind, at, byte } of damages) {
          const place = at % (bytes.length + 1)
          if (kind === 'set') bytes[place] = byte
          if (kind === 'insert') bytes.splice(place, 0, byte)
          if (kind === 'cut') bytes.splice(place, 1 + (byte % 4))
          if (kind === 'repeat') bytes.splice(place, 0, ...bytes.slice(place, place + (byte % 32)))
        }
        holds(parseFrame(new Uint8Array(bytes), format, MAX_BYTES))
      },
    ),
    { numRuns: times(1_000, 300_000) },
  )
})

test('any well-formed value in any place of any message never throws', () => {
  const value = fc.oneof(
    fc.anything({ maxDepth: 3, withNullPrototype: false }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom<unknown>(
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      2 ** 53,
      '\0',
      '__proto__',
      { __proto__: null },
      [[[[[[[[[[]]]]]]]]]],
    ),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...TYPE_NAMES),
      fc.nat(8),
      value,
      fc.constantFrom(...FORMATS),
      (name, place, odd, format) => {
        const tuple: unknown[] = [...SAMPLES[name]]
        tuple[1 + (place % tuple.length)] = odd
        holds(parseFrame(frame(tuple, format), format, MAX_BYTES))
      },
    ),
    { numRuns: times(1_000, 300_000) },
  )
})

test('any JSON as the body of a call never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), text => {
      const parsed = parseCallBody(text)
      if (!parsed.ok) assert.ok(Object.hasOwn(ERRORS, parsed.refusal.code))
    }),
    { numRuns: times(1_000, 100_000) },
  )
})
