import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { mostWithin, percentile, returnFigures } from '../../bench/come-back-figures.ts'

const KILLED = { killedAtMs: 1_000, readyAtMs: 5_000 }

test('how soon clients are back counts from the readiness, and not below it', () => {
  const { downMs, lost, backP50Ms, backP99Ms, backLastMs } = returnFigures({
    ...KILLED,
    // Told `welcome` just before the readiness was seen, a second after it, and three.
    backAtMs: Float64Array.of(8_000, 4_990, 6_000),
    attempts: Uint32Array.of(1, 1, 1),
    reachedAtMs: Float64Array.of(),
  })
  assert.deepEqual([downMs, lost, backP50Ms, backP99Ms, backLastMs], [4_000, 0, 1_000, 3_000, 3_000])
})

test('a client that is not back is lost, and none of the others is slower for it', () => {
  const { lost, backLastMs } = returnFigures({
    ...KILLED,
    backAtMs: Float64Array.of(6_000, Number.NaN),
    attempts: Uint32Array.of(1, 9),
    reachedAtMs: Float64Array.of(6_000),
  })
  assert.deepEqual([lost, backLastMs], [1, 1_000])
})

test('attempts are told by client, and those that reached a server by the second', () => {
  const figures = returnFigures({
    ...KILLED,
    backAtMs: Float64Array.of(7_000, 9_000),
    attempts: Uint32Array.of(2, 5),
    // One before the kill, two turned away before the readiness, four after it.
    reachedAtMs: Float64Array.of(9_000, 500, 4_000, 4_500, 6_000, 6_100, 6_999.9),
  })
  assert.equal(figures.attemptsPerClient, 3.5)
  assert.equal(figures.attemptsPerClientMax, 5)
  assert.equal(figures.reachedPerClient, 2)
  assert.equal(figures.reachedMeanPerS, 1)
  assert.equal(figures.reachedPeakPerS, 3)
})

test('nobody who comes back makes no figure that is no number', () => {
  const figures = returnFigures({
    ...KILLED,
    backAtMs: Float64Array.of(Number.NaN),
    attempts: Uint32Array.of(0),
    reachedAtMs: Float64Array.of(),
  })
  for (const figure of Object.values(figures)) assert.ok(Number.isFinite(figure))
})

test('a percentile is the smallest value that so many do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  assert.deepEqual(
    [0.01, 0.5, 0.99, 1].map(share => percentile(hundred, share)),
    [1, 50, 99, 100],
  )
  assert.equal(percentile([7], 0.5), 7)
  assert.equal(percentile([], 0.99), 0)
})

test('the most within any second is what looking at each second in turn finds', () => {
  const moments = fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 60 })
  fc.assert(
    fc.property(moments, drawn => {
      const sorted = drawn.sort((a, b) => a - b)
      const counts = sorted.map(fromMs => sorted.filter(atMs => atMs >= fromMs && atMs < fromMs + 1_000).length)
      assert.equal(mostWithin(sorted, 1_000), Math.max(0, ...counts))
    }),
  )
})
