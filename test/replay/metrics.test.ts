/** Metrics as an operator reads them: samples by name, and quantiles of histograms that several processes counted. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HistogramSum, ofRegion } from '../../tools/replay/metrics.ts'
import { parseExposition } from '../../tools/shared/prometheus.ts'

const histogram = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([le, count]) => `lag_seconds_bucket{le="${le}"} ${count}`)
    .join('\n')

test('samples are read by name and region, and comments and other regions are left alone', () => {
  const samples = parseExposition(
    '# HELP head Last record.\n# TYPE head gauge\nhead{region="a"} 7\nhead{region="b"} 9\nup 1\n',
  )
  assert.deepEqual([ofRegion(samples, 'head', 'a'), ofRegion(samples, 'head', 'c'), samples.get('up')], [7, 0, 1])
})

test('a quantile lies within its bucket, as far as its rank does', () => {
  const sum = new HistogramSum('lag_seconds')
  sum.add(parseExposition(histogram({ '0.1': 0, '0.2': 50, '0.4': 100, '+Inf': 100 })))
  assert.deepEqual([sum.quantile(0.25), sum.quantile(0.5)], [0.15000000000000002, 0.2])
  assert.ok(Math.abs(sum.quantile(0.75)! - 0.3) < 1e-9)
})

test('what lies above the last bound counts as the last bound', () => {
  const sum = new HistogramSum('lag_seconds')
  sum.add(parseExposition(histogram({ '1': 1, '+Inf': 10 })))
  assert.equal(sum.quantile(0.99), 1)
})

test('processes that followed each other add up, and none at all has no quantile', () => {
  const sum = new HistogramSum('lag_seconds')
  assert.equal(sum.quantile(0.5), null)
  sum.add(parseExposition(histogram({ '0.1': 90, '0.2': 90, '+Inf': 90 })))
  sum.add(parseExposition(histogram({ '0.1': 0, '0.2': 10, '+Inf': 10 })))
  assert.equal(sum.count, 100)
  assert.ok(sum.quantile(0.89)! < 0.1 && sum.quantile(0.95)! > 0.1)
})
