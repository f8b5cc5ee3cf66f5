import assert from 'node:assert/strict'
import test from 'node:test'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { growth, parseExposition, quantile, sample } from '../../tools/shared/prometheus.ts'

const LAG = 'goldenhour_durable_lag_seconds'

test('what the engine exposes reads back: counters, labels, histograms', async () => {
  const metrics = new Metrics()
  metrics.fix('current', 3)
  metrics.durableLag(0.004, 5)
  const samples = parseExposition(await metrics.text())
  assert.equal(sample(samples, 'goldenhour_fixes_total{class="current"}'), 3)
  assert.equal(sample(samples, `${LAG}_count`), 5)
  assert.ok(sample(samples, 'process_resident_memory_bytes') > 0)
})

test('a metric that is not there is an error, not zero', () => {
  assert.throws(() => sample(new Map(), 'process_cpu_seconds_total'), /process_cpu_seconds_total/)
  assert.throws(() => growth(new Map(), new Map(), LAG), /goldenhour_durable_lag_seconds/)
})

test('quantiles are those of what came between two readings', async () => {
  const metrics = new Metrics()
  metrics.durableLag(5, 1_000)
  const before = parseExposition(await metrics.text())
  metrics.durableLag(0.0015, 90)
  metrics.durableLag(0.045, 10)
  const buckets = growth(before, parseExposition(await metrics.text()), LAG)
  assert.equal(buckets.at(-1)!.count, 100)
  // 90 observations lie in the bucket from 1 to 2 ms, 10 in the one from 40 to 50 ms.
  assert.equal(quantile(buckets, 0.45).toFixed(6), '0.001500')
  assert.equal(quantile(buckets, 0.9).toFixed(6), '0.002000')
  assert.equal(quantile(buckets, 0.95).toFixed(6), '0.045000')
  assert.equal(quantile(buckets, 0.99).toFixed(6), '0.049000')
})

test('beyond the last finite bound that bound is told, and nothing observed has no quantile', () => {
  const last = Number.POSITIVE_INFINITY
  const within = { le: 1, count: 50 }
  assert.equal(quantile([within, { le: last, count: 100 }], 0.99), 1)
  assert.equal(Number.isNaN(quantile([{ le: last, count: 0 }], 0.99)), true)
})
