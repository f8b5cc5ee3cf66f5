/** The ring of fixes agrees with a plain list, however it is filled and emptied. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BufferedFix, FixBuffer } from '../../src/client/fix-buffer.ts'

const fix: fc.Arbitrary<BufferedFix> = fc.record({
  fixedAtMs: fc.integer({ min: 0, max: 2_000_000_000 }),
  lonE7: fc.integer({ min: -1_800_000_000, max: 1_800_000_000 }),
  latE7: fc.integer({ min: -900_000_000, max: 900_000_000 }),
  accuracyDm: fc.option(fc.integer({ min: 0, max: 65_535 })),
  speedCmps: fc.option(fc.integer({ min: 0, max: 65_535 })),
  headingDd: fc.option(fc.integer({ min: 0, max: 3_600 })),
})
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ push: fc.array(fix, { minLength: 1, maxLength: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ mark: fc.nat(20) }) },
)

test('the ring holds exactly what was pushed and neither dropped nor marked', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1_000), fc.array(step), (bound, offset, steps) => {
      const firstSeq = offset + 1
      const buffer = new FixBuffer(bound, firstSeq)
      let next = firstSeq
      let dropped = 0
      let held: { seq: number; fix: BufferedFix }[] = []
      for (const step of steps) {
        if ('push' in step) {
          for (const fix of step.push) {
            assert.equal(buffer.push(fix), next)
            held.push({ seq: next, fix })
            next += 1
            if (held.length > bound) {
              held.shift()
              dropped += 1
            }
          }
        } else {
          const mark = Math.min(next - 1, (held[0]?.seq ?? next) - 1 + step.mark)
          const kept = held.filter(({ seq }) => seq > mark)
          assert.equal(buffer.dropThrough(mark), held.length - kept.length)
          held = kept
        }
        assert.equal(buffer.size, held.length)
        assert.equal(buffer.lowestSeq, held[0]?.seq ?? next)
        assert.equal(buffer.lastSeq, next - 1)
        assert.equal(buffer.dropped, dropped)
      }
      for (const { seq, fix } of held) {
        const { fixedAtMs, lonE7, latE7, accuracyDm, speedCmps, headingDd } = fix
        const ageMs = 2_000_000_000 - fixedAtMs
        assert.deepEqual(buffer.wireFix(seq, 2_000_000_000), [
          seq,
          ageMs,
          lonE7,
          latE7,
          accuracyDm,
          speedCmps,
          headingDd,
        ])
      }
    }),
    { numRuns: 200 },
  )
})

test('an age that the server does not take is never made one that it takes, and has as few bytes as that', () => {
  const buffer = new FixBuffer(10, 1)
  const plain = { lonE7: 0, latE7: 0, accuracyDm: null, speedCmps: null, headingDd: null }
  buffer.push({ fixedAtMs: 0, ...plain })
  for (const [nowMs, ageMs] of [
    [2_592_000_000, 2_592_000_000],
    [10 ** 12, 2_592_000_001],
    [-2_592_000_000, -2_592_000_000],
    [-(10 ** 12), -2_592_000_001],
  ] as const) {
    assert.equal(buffer.wireFix(1, nowMs)[1], ageMs)
  }
})
