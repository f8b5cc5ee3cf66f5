/** Shrinking keeps what breaks the same rule and leaves out the rest; the run is a function here, and once the real one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Violation } from './judge/verdict.ts'
import { drawPlan, type Plan } from './plan.ts'
import { shrink } from './shrink.ts'

const HOUR_MS = 3_600_000
const LARGE: Plan = {
  ...drawPlan(3, { hours: 8, drivers: 40, callsPerHour: 60, faults: 'terrible' }),
  feedUnits: 5,
  dispatchers: 3,
  consoles: 2,
  troubles: {
    cuts: 40,
    halfOpens: 3,
    stalls: 5,
    storms: 1,
    storeAway: 2,
    storeSlow: 7,
    storeLocked: 1,
    poolExhausted: 1,
    writesRefusedPerMille: 20,
    writesUnknownPerMille: 5,
    rowsRejectedPerMille: 1,
    crashes: 6,
    pauses: 2,
    takeovers: 3,
    drains: 1,
    clockJumps: 4,
    referenceChanges: 2,
    policyChanges: 3,
    pendingMax: 5,
    memoryShort: 30,
    clumsiness: 0.5,
    appLoops: 2,
    blackouts: 1,
  },
}

const broken = (rule: string, atMs: number): Violation[] => [{ rule, atMs, text: 'crew-1' }]
const FIRST = broken('double-booked', 3 * HOUR_MS)[0]!
const total = ({ troubles }: Plan): number => Object.values(troubles).filter(often => often > 0).length

test('what has no part in it is left out', async () => {
  // Two crashes an hour and seven drivers are needed, and it takes an hour and a half.
  const run = async ({ troubles, drivers, hours }: Plan) =>
    troubles.crashes >= 2 && drivers >= 7 && hours >= 1.5 ? broken('double-booked', 1.5 * HOUR_MS) : []
  const { plan, isDone, violation } = await shrink(LARGE, FIRST, { run, runsMax: 200 })
  assert.equal(isDone, true)
  assert.equal(violation.atMs, 1.5 * HOUR_MS)
  assert.equal(total(plan), 1)
  assert.ok(plan.troubles.crashes >= 2 && plan.troubles.crashes < 4)
  assert.equal(plan.drivers, 7)
  assert.equal(plan.hours, 1.5)
  assert.deepEqual([plan.feedUnits, plan.consoles, plan.dispatchers, plan.callsPerHour], [0, 0, 1, 1])
  assert.equal(plan.seed, LARGE.seed)
})

test('a plan that breaks another rule is not the same failure', async () => {
  const run = async ({ drivers }: Plan) => broken(drivers === 40 ? 'double-booked' : 'log-without-gaps', HOUR_MS)
  const { plan } = await shrink(LARGE, FIRST, { run, runsMax: 200 })
  assert.equal(plan.drivers, 40)
  assert.equal(total(plan), 0)
})

test('a plan of which nothing can be left out stays as it is', async () => {
  const { plan, violation } = await shrink(LARGE, FIRST, { run: async () => [], runsMax: 200 })
  assert.deepEqual(plan, LARGE)
  assert.deepEqual(violation, FIRST)
})

test('no plan is run twice, and never more often than was allowed', async () => {
  const seen: string[] = []
  const run = async (plan: Plan) => {
    seen.push(JSON.stringify(plan))
    return plan.troubles.cuts > 0 ? broken('double-booked', HOUR_MS) : []
  }
  const { runs, isDone } = await shrink(LARGE, FIRST, { run, runsMax: 9 })
  assert.deepEqual([runs, isDone, seen.length, new Set(seen).size], [9, false, 9, 9])
  assert.ok(!seen.includes(JSON.stringify(LARGE)))
})

test('no run is begun when the time is over', async () => {
  const { runs, isDone } = await shrink(LARGE, FIRST, { run: async () => [], msMax: 0 })
  assert.deepEqual([runs, isDone], [0, false])
})

test('each try is told with what became of it', async () => {
  const told: string[] = []
  const run = async ({ consoles }: Plan) => (consoles === 2 ? broken('double-booked', HOUR_MS) : [])
  await shrink(LARGE, FIRST, { run, runsMax: 200, onTry: (change, isKept) => told.push(`${isKept} ${change}`) })
  assert.ok(told.includes('false no consoles'))
  assert.ok(told.includes('true no troubles'))
  assert.ok(told.includes('true one driver'))
})
