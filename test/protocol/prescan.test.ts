/** What never reaches a decoder: lies about sizes, depth, extension types, and whatever else could make it work or allocate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBinary, encodeServer } from '../../src/protocol/codec.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { parseFrame } from '../../src/protocol/parse.ts'
import { scanBinary, scanJson } from '../../src/protocol/prescan.ts'
import { serverMessage } from './arbitraries.ts'
import { hex, MAX_BYTES, refused, utf8 } from './frames.ts'

const problem = (digits: string): string => {
  const scan = scanBinary(hex(digits))
  return scan.ok ? 'passed' : scan.problem
}

test("[EN-5] extension types are refused wherever they stand: fixext, ext 8 to 32, timestamps, msgpackr's own", () => {
  const extensions = [
    'd4 01 00',
    'd5 01 0000',
    'd6 ff 00000000', // timestamp 32
    'd7 ff 0000000000000000', // timestamp 64
    'd8 01 00000000000000000000000000000000',
    'c7 0c ff 000000000000000000000000', // timestamp 96
    'c8 0001 01 00',
    'c9 00000001 01 00',
    'd4 72 40', // a record definition
    'd4 73 90', // a set
    'd4 78 00', // a regular expression
    'd4 65 00', // an error
    'd4 00 00', // undefined
  ]
  for (const extension of extensions) {
    for (const digits of [extension, `91 ${extension}`, `92 04 ${extension}`, `93 04 00 81 a1 78 ${extension}`]) {
      assert.match(problem(digits), /begins a kind of value/, digits)
      assert.equal(refused(parseFrame(hex(digits), 'binary', MAX_BYTES)), 'malformed-frame')
    }
    assert.match(problem(`92 04 81 ${extension} 00`), /begins a kind of value/)
  }
})

test('[EN-5] binary strings and the byte that MessagePack never uses are refused', () => {
  for (const digits of ['92 04 c4 01 00', '92 04 c5 0001 00', '92 04 c6 00000001 00', '92 04 c1']) {
    assert.match(problem(digits), /begins a kind of value/)
  }
})

test('a declared size beyond the bytes left is refused before anything is allocated', () => {
  for (const digits of [
    'dd ffffffff',
    'dc ffff',
    'df ffffffff',
    'de ffff',
    '9f',
    '8f',
    'dd 7fffffff 00',
    'df 00000002 a0 00',
  ]) {
    assert.match(problem(digits), /declares more values/, digits)
  }
  for (const digits of ['db ffffffff', 'da ffff 61', 'd9 ff', 'bf 61', 'db', 'd9', 'cd 00', 'cb 00']) {
    assert.match(problem(digits), /bytes end/, digits)
  }
  // The frame that aborts older decoders: arrays that each claim what is left of the frame.
  const nested = hex(Array.from({ length: 1_500 }, () => 'dc 1000').join(''))
  assert.equal(scanBinary(nested).ok, false)
})

test('containers may nest as deep as the limit and no deeper, in both formats', () => {
  const deep = (levels: number) => hex(`${'91'.repeat(levels - 1)}90`)
  const deepMaps = (levels: number) => hex(`${'81a0'.repeat(levels - 1)}80`)
  const text = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  assert.equal(scanBinary(deep(DEFAULT_LIMITS.depth)).ok, true)
  assert.equal(scanBinary(deepMaps(DEFAULT_LIMITS.depth)).ok, true)
  assert.equal(scanJson(text(DEFAULT_LIMITS.depth)).ok, true)
  for (const levels of [DEFAULT_LIMITS.depth + 1, 100, 10_000]) {
    assert.match(problem(Buffer.from(deep(levels)).toString('hex')), /deeper/)
    assert.match(problem(Buffer.from(deepMaps(levels)).toString('hex')), /deeper/)
    assert.equal(scanJson(text(levels)).ok, false)
    assert.equal(scanJson('{"a":'.repeat(levels)).ok, false)
    assert.equal(refused(parseFrame(utf8(text(levels)), 'json', MAX_BYTES)), 'malformed-frame')
  }
})

test('a frame may hold as many values as the limit and not one more, counted alike in both formats', () => {
  const values = (count: number) => Array.from({ length: count - 1 }, () => 0)
  const bytes = (count: number) => {
    const head = Buffer.from([0xdc, (count - 1) >> 8, (count - 1) & 0xff])
    return new Uint8Array([...head, ...values(count)])
  }
  assert.equal(scanBinary(bytes(DEFAULT_LIMITS.nodes)).ok, true)
  assert.equal(scanBinary(bytes(DEFAULT_LIMITS.nodes + 1)).ok, false)
  assert.equal(scanJson(JSON.stringify(values(DEFAULT_LIMITS.nodes))).ok, true)
  assert.equal(scanJson(JSON.stringify(values(DEFAULT_LIMITS.nodes + 1))).ok, false)
  const strings = (count: number) =>
    JSON.stringify(
      values(count).map(() => 'a,[{"'),
      null,
      1,
    )
  assert.equal(scanJson(strings(DEFAULT_LIMITS.nodes)).ok, true)
  assert.equal(scanJson(strings(DEFAULT_LIMITS.nodes + 1)).ok, false)
})

test('[EN-5] a map key that is no string is refused', () => {
  for (const key of ['00', 'c0', '90', '80', 'cb0000000000000000']) assert.match(problem(`81 ${key} 00`), /key/, key)
  assert.equal(problem('82 a161 00 a162 a163'), 'passed')
})

test('brackets, quotes and escapes inside JSON strings do not count', () => {
  const text = JSON.stringify(['[[[[[[[[[[[[', '{"a":{"b":', '\\', '"', '\\"[', '\u0001'])
  assert.deepEqual(scanJson(text), { ok: true, suspectText: false })
})

test('text that may hold NUL or half a surrogate pair is marked for a closer look, and no other text is', () => {
  assert.deepEqual(scanJson('["\\u0000"]'), { ok: true, suspectText: true })
  assert.deepEqual(scanJson('["\\uD83D\\uDE91"]'), { ok: true, suspectText: true })
  assert.deepEqual(scanJson('["\\\\u0000"]'), { ok: true, suspectText: false })
  assert.deepEqual(scanJson('["\\u0041 🚑"]'), { ok: true, suspectText: false })
  assert.deepEqual(scanBinary(hex('a3 610062')), { ok: true, suspectText: true })
  assert.deepEqual(scanBinary(hex('a4 c3a900 62')), { ok: true, suspectText: true })
  assert.deepEqual(scanBinary(hex('a4 f09f9a91')), { ok: true, suspectText: false })
})

test('whatever our own encoder writes has neither extension types nor binary strings, so any MessagePack library reads it', () => {
  fc.assert(
    fc.property(serverMessage, message => {
      const scan = scanBinary(encodeServer(message, 'binary') as Uint8Array)
      // Views nest and count beyond a client's limits; nothing else may be wrong with them.
      if (!scan.ok) assert.match(scan.problem, /deeper|more than/)
    }),
    { numRuns: 100 },
  )
})

test('what the scan passes, the decoder reads to its end without a throw', () => {
  // Bytes drawn from the heads of all kinds, so that many of them are nearly or wholly well-formed.
  const heads = fc.constantFrom(
    0x00,
    0x7f,
    0x80,
    0x81,
    0x82,
    0x90,
    0x91,
    0x93,
    0xa0,
    0xa1,
    0xa3,
    0xc0,
    0xc2,
    0xca,
    0xcb,
    0xcc,
    0xcd,
    0xce,
    0xcf,
    0xd0,
    0xd1,
    0xd2,
    0xd3,
    0xd9,
    0xda,
    0xdb,
    0xdc,
    0xdd,
    0xde,
    0xdf,
    0xe0,
    0xff,
    0x61,
  )
  let passed = 0
  fc.assert(
    fc.property(fc.array(heads, { minLength: 1, maxLength: 24 }), bytes => {
      const frame = new Uint8Array(bytes)
      if (!scanBinary(frame).ok) return
      passed += 1
      decodeBinary(frame)
    }),
    { numRuns: 30_000 },
  )
  assert.ok(passed > 500, `only ${passed} frames were well-formed`)
})

test('a string may be as long as the limit in UTF-8 bytes and not one byte longer, in both formats', () => {
  const { stringBytes } = DEFAULT_LIMITS
  const bytesOf = (text: string) => encodeServer(['going-away', text, 0] as never, 'binary') as Uint8Array
  for (const unit of ['a', 'é', '€', '🚑', '\n', '"']) {
    const width = Buffer.byteLength(unit)
    const longest = unit.repeat(Math.floor(stringBytes / width))
    const longer = unit.repeat(Math.floor(stringBytes / width) + 1)
    assert.equal(scanBinary(bytesOf(longest)).ok, true, unit)
    assert.equal(scanBinary(bytesOf(longer)).ok, false, unit)
    for (const asJson of [JSON.stringify, escaped]) {
      assert.equal(scanJson(`[${asJson(longest)}]`).ok, true, unit)
      assert.equal(scanJson(`[${asJson(longer)}]`).ok, false, unit)
      assert.equal(scanJson(`{${asJson(longer)}:1}`).ok, false, unit)
    }
  }
})

/** A JSON string in which every UTF-16 unit is an escape. */
const escaped = (text: string): string =>
  `"${text
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')}"`

test('limits that an operator set are held in place of the usual ones, with at most 32 levels', () => {
  const tight = { ...DEFAULT_LIMITS, depth: 2, nodes: 4, stringBytes: 3 }
  for (const [good, bad] of [
    ['[[1,2]]', '[[[]]]'],
    ['[1,2,3]', '[1,2,3,4]'],
    ['["abc"]', '["abcd"]'],
  ] as const) {
    assert.equal(scanJson(good, tight).ok, true, good)
    assert.equal(scanJson(bad, tight).ok, false, bad)
  }
  const levels = (count: number) => hex(`${'91'.repeat(count - 1)}90`)
  assert.equal(scanBinary(levels(2), tight).ok, true)
  assert.equal(scanBinary(levels(3), tight).ok, false)
  assert.equal(scanBinary(hex('9301 02 03'), tight).ok, true)
  assert.equal(scanBinary(hex('9401 02 03 04'), tight).ok, false)
  assert.equal(scanBinary(hex('91a3616263'), tight).ok, true)
  assert.equal(scanBinary(hex('91a461626364'), tight).ok, false)
  const deepest = { ...DEFAULT_LIMITS, depth: 1_000 }
  assert.equal(scanBinary(levels(32), deepest).ok, true)
  assert.equal(scanBinary(levels(33), deepest).ok, false)
})
