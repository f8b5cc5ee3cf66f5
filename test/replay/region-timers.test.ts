import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegionTimers } from '../../tools/replay/region-timers.ts'

test('a timer that fires is noted before what it does, so that nobody takes the run for stuck meanwhile', async () => {
  const timers = new RegionTimers(() => performance.now(), 1)
  const startedMs = performance.now()
  assert.ok(timers.firedAtMs < startedMs)
  const seen = await new Promise<{ firedAtMs: number; waiting: number }>(resolve => {
    timers.at(startedMs + 10, () => resolve({ firedAtMs: timers.firedAtMs, waiting: timers.waiting }))
  })
  assert.ok(seen.firedAtMs >= startedMs + 10)
  assert.equal(seen.waiting, 0)
})

test('a timer that was taken back fires no more, and is not waited for', () => {
  const timers = new RegionTimers(() => 0, 1)
  const cancel = timers.at(1_000_000, () => assert.fail('it was taken back'))
  assert.equal(timers.waiting, 1)
  cancel()
  assert.equal(timers.waiting, 0)
  timers.stop()
})
