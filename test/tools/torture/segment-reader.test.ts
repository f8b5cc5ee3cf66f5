/** The checker's reading of segments against the engine's writing of them: two programs that share a description only. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { readSegment, UnreadableSegment } from '../../../tools/torture/checker/segment-reader.ts'

const maybe = (most: number) => fc.option(fc.integer({ min: 0, max: most }), { nil: null })
const row = fc.record({
  unitId: fc.constantFrom('C01', 'C02', 'F1-08', 'a-unit-with-a-name-as-long-as-it'),
  streamId: fc.constantFrom('abcdefgh', 'abcdefgx', 'z'),
  seq: fc.integer({ min: 1, max: 2 ** 40 }),
  fixedAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
  lonE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
  latE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
  accuracyM: maybe(1_000),
  speedMps: maybe(100),
  headingDeg: maybe(359),
})

function written(rows: readonly Row[]): Buffer {
  const encoder = new SegmentEncoder()
  for (const each of rows) {
    const { unitId, streamId, lonE7, latE7, ...fix } = each
    encoder.add(unitId, streamId, { ...fix, lonDeg: lonE7 / 1e7, latDeg: latE7 / 1e7 }, 0)
  }
  return Buffer.from(encoder.finish().bytes)
}

interface Row {
  readonly unitId: string
  readonly streamId: string
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonE7: number
  readonly latE7: number
  readonly accuracyM: number | null
  readonly speedMps: number | null
  readonly headingDeg: number | null
}

test('what the engine wrote into a segment is what the checker reads from it', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), rows => {
      const read = readSegment(written(rows))
      assert.deepEqual(
        read,
        rows.map(({ accuracyM, speedMps, headingDeg, ...same }) => ({
          ...same,
          accuracyDm: accuracyM === null ? null : accuracyM * 10,
          speedCmps: speedMps === null ? null : speedMps * 100,
          headingDd: headingDeg === null ? null : headingDeg * 10,
        })),
      )
    }),
  )
})

test('a segment of another version, one cut short and one with bytes behind it are unreadable', () => {
  const bytes = written([
    {
      unitId: 'C01',
      streamId: 's',
      seq: 1,
      fixedAtMs: 1,
      lonE7: 1,
      latE7: 1,
      accuracyM: null,
      speedMps: null,
      headingDeg: null,
    },
  ])
  assert.throws(() => readSegment(Buffer.concat([Buffer.from([9]), bytes.subarray(1)])), UnreadableSegment)
  assert.throws(() => readSegment(bytes.subarray(0, -1)), UnreadableSegment)
  assert.throws(() => readSegment(Buffer.concat([bytes, Buffer.from([0])])), UnreadableSegment)
})
