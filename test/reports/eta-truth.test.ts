/** How true predicted arrivals were, in numbers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Arrival } from '../../src/reports/arrivals.ts'
import { etaReport } from '../../src/reports/eta-report.ts'
import { type Compared, fractile, truthOf } from '../../src/reports/eta-truth.ts'

const INTERVAL = { from: 0.75, to: 1.5 }
const compared = (...pairs: readonly (readonly [predictedMs: number, realMs: number])[]): Compared[] =>
  pairs.map(([predictedMs, realMs]) => ({ predictedMs, realMs }))

describe('the truth of predicted arrivals', () => {
  test('is none without arrivals', () => {
    assert.equal(truthOf([], INTERVAL), null)
  })

  test('has a bias with a sign, and sizes of errors without', () => {
    const truth = truthOf(compared([100, 140], [100, 90], [100, 100], [100, 170]), INTERVAL)
    assert.deepEqual(truth, {
      arrivals: 4,
      biasMs: 25,
      medianErrorMs: 0,
      p50Ms: 10,
      p90Ms: 70,
      coverage: 3 / 4,
      medianRatio: 1,
    })
  })

  test('counts the ends of the interval in, and a prediction of no time only for its error', () => {
    const truth = truthOf(compared([100, 75], [100, 150], [100, 151], [0, 5]), INTERVAL)!
    assert.deepEqual([truth.coverage, truth.medianRatio, truth.arrivals], [2 / 4, 1.5, 4])
    assert.equal(truthOf(compared([0, 0]), INTERVAL)!.medianRatio, null)
  })

  test('has fractiles that occurred, below which lie at least so many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, share) => {
          const sorted = all.toSorted((a, b) => a - b)
          const value = fractile(sorted, share)
          const notMore = sorted.filter(each => each <= value).length
          const less = sorted.filter(each => each < value).length
          assert.ok(notMore >= share * sorted.length)
          assert.ok(less < share * sorted.length || value === sorted[0])
        },
      ),
    )
  })
})

describe('the groups of the report', () => {
  const at = (hourUtc: number) => Date.UTC(2026, 0, 5, hourUtc, 30)
  const arrival = (change: Partial<Arrival>): Arrival => ({
    ...{ tripId: 'T-1', unitId: 'A1', priority: 1, decidedAtMs: at(0), predictedMs: 100, isEstimated: false },
    ...{ realMs: 120, driveMs: null },
    ...change,
  })
  const settings = { timeZone: 'Pacific/Auckland', interval: INTERVAL, siren: [1, 2] } as const
  const counts = (found: Parameters<typeof etaReport>[0]) =>
    Object.fromEntries(etaReport(found, settings).groups.map(({ group, truth }) => [group, truth.arrivals]))

  test('go by the hour of the local day, by priority, and by siren', () => {
    const found = [arrival({}), arrival({ decidedAtMs: at(11), priority: 2 }), arrival({ priority: 5 })]
    // Auckland is 13 hours ahead in January.
    assert.deepEqual(counts(found), {
      ...{ all: 3, 'hour 00': 1, 'hour 13': 2 },
      ...{ 'priority 1': 1, 'priority 2': 1, 'priority 5': 1, siren: 2, 'no siren': 1 },
    })
  })

  test('keep apart what was by the straight line, and say of whom there is nothing to compare', () => {
    const report = etaReport([arrival({ isEstimated: true }), 'not-arrived', 'not-arrived', 'not-predicted'], settings)
    assert.deepEqual(
      report.groups.map(({ group }) => group),
      ['estimated'],
    )
    assert.deepEqual(report.leftOut, { 'not-predicted': 1, 'not-arrived': 2, 'before-the-decision': 0 })
  })
})
