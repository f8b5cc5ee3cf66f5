import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fix } from '../../../src/domain/fix.ts'
import {
  decodeSegment,
  FIX_FLAGS,
  SEGMENT_CODEC_VERSION,
  SegmentCorrupt,
  SegmentEncoder,
  type SegmentFix,
} from '../../../src/store/location/segment-codec.ts'

/** `n / scale`, as the border makes it from a wire integer; never -0, which the wire does not know. */
const scaled = (min: number, max: number, scale: number) => fc.integer({ min, max }).map(n => (n === 0 ? 0 : n / scale))

const plain = { noNullPrototype: true }
const fix: fc.Arbitrary<Fix> = fc.record(
  {
    seq: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 ** 50 - 1 })),
    fixedAtMs: fc.oneof(
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_060_000 }),
      fc.integer({ min: 0, max: 2 ** 50 - 1 }),
    ),
    lonDeg: scaled(-1_800_000_000, 1_800_000_000, 1e7),
    latDeg: scaled(-900_000_000, 900_000_000, 1e7),
    accuracyM: fc.option(scaled(0, 100_000, 10)),
    speedMps: fc.option(scaled(0, 20_000, 100)),
    headingDeg: fc.option(scaled(0, 3_600, 10)),
  },
  plain,
)
const row: fc.Arbitrary<SegmentFix> = fc.record(
  {
    unitId: fc.oneof(fc.constantFrom('A-1', 'A-12', 'B.2'), fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/)),
    streamId: fc.oneof(fc.constantFrom('s', 's1'), fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/)),
    fix,
    flags: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
  },
  plain,
)
const rows = fc.array(row, { minLength: 1, maxLength: 40 })

function encode(encoder: SegmentEncoder, from: readonly SegmentFix[]) {
  for (const { unitId, streamId, fix, flags } of from) encoder.add(unitId, streamId, fix, flags)
  return encoder.finish()
}

const plainFix: Fix = {
  seq: 1,
  fixedAtMs: 1_700_000_000_000,
  lonDeg: -122.4194155,
  latDeg: 37.7749295,
  accuracyM: 4.5,
  speedMps: 12.34,
  headingDeg: 271.5,
}

test('every fix comes back as it was, in its order, whatever segment came before', () => {
  const encoder = new SegmentEncoder()
  fc.assert(
    fc.property(rows, from => {
      assert.deepEqual(decodeSegment(encode(encoder, from).bytes), from)
    }),
  )
})

test('a segment tells its count, its first and last time, and the highest seq of each stream', () => {
  fc.assert(
    fc.property(rows, from => {
      const segment = encode(new SegmentEncoder(), from)
      const times = from.map(r => r.fix.fixedAtMs)
      assert.equal(segment.fixCount, from.length)
      assert.equal(segment.firstFixedAtMs, Math.min(...times))
      assert.equal(segment.lastFixedAtMs, Math.max(...times))
      const marks = new Map<string, { unitId: string; streamId: string; seq: number }>()
      for (const { unitId, streamId, fix } of from) {
        const key = `${unitId} ${streamId}`
        marks.set(key, { unitId, streamId, seq: Math.max(fix.seq, marks.get(key)?.seq ?? 0) })
      }
      assert.deepEqual(segment.marks, [...marks.values()])
    }),
  )
})

test('a segment cut anywhere is corrupt, and says so by its own error', () => {
  fc.assert(
    fc.property(rows, from => {
      const { bytes } = encode(new SegmentEncoder(), from)
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => decodeSegment(bytes.subarray(0, length)), SegmentCorrupt)
      }
    }),
    { numRuns: 30 },
  )
})

test('bytes that follow the last row make a segment corrupt', () => {
  const { bytes } = encode(new SegmentEncoder(), [{ unitId: 'A-1', streamId: 's', fix: plainFix, flags: 0 }])
  assert.throws(() => decodeSegment(Buffer.concat([bytes, Buffer.of(0)])), SegmentCorrupt)
})

test('a version that this code does not know is refused', () => {
  const { bytes } = encode(new SegmentEncoder(), [{ unitId: 'A-1', streamId: 's', fix: plainFix, flags: 0 }])
  const other = Uint8Array.from(bytes)
  assert.equal(other[0], SEGMENT_CODEC_VERSION)
  other[0] = SEGMENT_CODEC_VERSION + 1
  assert.throws(() => decodeSegment(other), /version/)
})

test('arbitrary and damaged bytes give rows or the corruption error, and never take memory they declare', () => {
  const tryDecode = (bytes: Uint8Array) => {
    try {
      decodeSegment(bytes)
    } catch (error) {
      assert.ok(error instanceof SegmentCorrupt, String(error))
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => tryDecode(Uint8Array.of(SEGMENT_CODEC_VERSION, ...bytes))),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(rows, fc.nat(), fc.integer({ min: 1, max: 255 }), (from, at, change) => {
      const bytes = Uint8Array.from(encode(new SegmentEncoder(), from).bytes)
      bytes[at % bytes.length]! ^= change
      tryDecode(bytes)
    }),
    { numRuns: 500 },
  )
  // 2^49 entries in a few bytes.
  tryDecode(Uint8Array.of(SEGMENT_CODEC_VERSION, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 0, 0, 0, 0, 0))
})

test('a number that the border never lets through is refused and leaves the segment as it was', () => {
  const encoder = new SegmentEncoder()
  encoder.add('A-1', 's', plainFix, 0)
  for (const bad of [
    { seq: 1.5 },
    { seq: Number.NaN },
    { fixedAtMs: Number.POSITIVE_INFINITY },
    { lonDeg: Number.NaN },
    { latDeg: 1e9 },
    { accuracyM: -1 },
    { speedMps: Number.NaN },
    { headingDeg: -0.1 },
  ]) {
    assert.throws(() => encoder.add('B-2', 's', { ...plainFix, ...bad }, 0), RangeError)
  }
  assert.throws(() => encoder.add('B-2', 's', plainFix, 256), RangeError)
  assert.deepEqual(decodeSegment(encoder.finish().bytes), [{ unitId: 'A-1', streamId: 's', fix: plainFix, flags: 0 }])
})

test('what is finer than the wire is rounded to it', () => {
  const fine = { ...plainFix, lonDeg: -122.41941554, accuracyM: 4.46, speedMps: 12.344, headingDeg: 271.46 }
  const { bytes } = encode(new SegmentEncoder(), [{ unitId: 'A-1', streamId: 's', fix: fine, flags: 0 }])
  assert.deepEqual(decodeSegment(bytes)[0]!.fix, plainFix)
})

test('the flags are bits of one byte', () => {
  const bits = Object.values(FIX_FLAGS)
  assert.equal(new Set(bits).size, bits.length)
  for (const bit of bits) assert.ok(bit > 0 && bit < 256 && (bit & (bit - 1)) === 0)
})

test('the next fixes of a stream at 5 s in a city take at most 16 bytes each', () => {
  const encoder = new SegmentEncoder()
  const count = 100
  for (let i = 0; i < count; i++) {
    // 12 m/s to the north-east, 60 m every 5 s, the receiver's noise on top.
    const lonDeg = plainFix.lonDeg + i * 0.00048 + (i % 7) * 0.00001
    const latDeg = plainFix.latDeg + i * 0.00038 - (i % 5) * 0.00001
    encoder.add('A-1', 's', { ...plainFix, seq: i + 1, fixedAtMs: plainFix.fixedAtMs + i * 5_000, lonDeg, latDeg }, 0)
  }
  assert.ok(encoder.finish().bytes.length / count <= 16)
})
