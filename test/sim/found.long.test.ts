/** What the simulation found, by the seeds that showed it: each was a mistake of ours, and must stay mended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from './plan.ts'
import { runSimulation } from './run.ts'

async function holds(seed: number, hours: number): Promise<void> {
  const { violations } = await runSimulation(drawPlan(seed, { hours, faults: 'terrible' }), { stopAtFirst: true })
  assert.deepEqual(violations, [])
}

test('seed 704: a phone whose clock is set while it is connected dates its buttons by region time', () => holds(704, 1))

test('seed 712: a write that is done between its settling and its repetition is no refused content', () =>
  holds(712, 0.5))

test('seed 221603: the lease of a dead engine lasts no longer than any, although the database sets its clock back', () =>
  holds(221603, 0.5))
