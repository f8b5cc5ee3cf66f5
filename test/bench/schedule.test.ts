import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { OpenLoopSchedule } from '../../bench/schedule.ts'

const schedules = fc.record({
  drivers: fc.integer({ min: 1, max: 300 }),
  cadenceMs: fc.integer({ min: 50, max: 60_000 }),
  seed: fc.nat(),
})

test('fixes are due in the order of their numbers, each driver exactly one cadence apart', () => {
  fc.assert(
    fc.property(schedules, fc.nat(1_000), ({ drivers, cadenceMs, seed }, n) => {
      const schedule = new OpenLoopSchedule(drivers, cadenceMs, seed)
      assert.ok(schedule.dueMs(n + 1) >= schedule.dueMs(n))
      assert.ok(Math.abs(schedule.dueMs(n + drivers) - schedule.dueMs(n) - cadenceMs) < 1e-6)
    }),
  )
})

test('drivers are spread evenly: each is due within its own part of the cadence', () => {
  fc.assert(
    fc.property(schedules, ({ drivers, cadenceMs, seed }) => {
      const schedule = new OpenLoopSchedule(drivers, cadenceMs, seed)
      for (let n = 0; n < drivers; n++) assert.equal(Math.floor((schedule.dueMs(n) / cadenceMs) * drivers + 1e-9), n)
    }),
  )
})

test('the number of the first fix at or after a moment counts those before it', () => {
  fc.assert(
    fc.property(schedules, fc.integer({ min: 0, max: 200_000 }), ({ drivers, cadenceMs, seed }, momentMs) => {
      const schedule = new OpenLoopSchedule(drivers, cadenceMs, seed)
      const first = schedule.dueBefore(momentMs)
      assert.ok(schedule.dueMs(first) >= momentMs)
      if (first > 0) assert.ok(schedule.dueMs(first - 1) < momentMs)
    }),
  )
})

test('the same seed makes the same schedule, another seed another', () => {
  const phases = (seed: number) => [0, 1, 2].map(n => new OpenLoopSchedule(3, 1_000, seed).dueMs(n))
  assert.deepEqual(phases(1), phases(1))
  assert.notDeepEqual(phases(1), phases(2))
})
