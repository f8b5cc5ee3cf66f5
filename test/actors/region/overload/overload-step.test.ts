/** The steps of an overload, by how long fixes have waited. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHeldAfter, OVERLOAD_STEPS, stepAfter } from '../../../../src/actors/region/overload/overload-step.ts'
import { Pace } from '../../../../src/actors/region/overload/pace.ts'

const steps = fc.constantFrom(...OVERLOAD_STEPS)
const waits = fc.integer({ min: 0, max: 10_000 })
const rank = (step: (typeof OVERLOAD_STEPS)[number]) => OVERLOAD_STEPS.indexOf(step)

test('a longer wait never leads to a lower step, nor does a higher step before', () => {
  fc.assert(
    fc.property(steps, steps, waits, waits, (before, other, waitedMs, otherMs) => {
      if (otherMs >= waitedMs) assert.ok(rank(stepAfter(before, otherMs)) >= rank(stepAfter(before, waitedMs)))
      if (rank(other) >= rank(before)) assert.ok(rank(stepAfter(other, waitedMs)) >= rank(stepAfter(before, waitedMs)))
      if (otherMs >= waitedMs && isHeldAfter(false, waitedMs)) assert.ok(isHeldAfter(false, otherMs))
    }),
  )
})

test('the same wait leads to the same step however often it is looked at, and none waits long for nothing', () => {
  fc.assert(
    fc.property(steps, waits, (before, waitedMs) => {
      const step = stepAfter(before, waitedMs)
      assert.equal(stepAfter(step, waitedMs), step)
      assert.equal(stepAfter(step, 0), 'none')
    }),
  )
})

test('places are coalesced first, maps thinned next, and senders held back last', () => {
  const first = (is: (waitedMs: number) => boolean) => Array.from({ length: 5_000 }, (_, ms) => ms).find(is)!
  const coalescing = first(ms => stepAfter('none', ms) !== 'none')
  const thinning = first(ms => stepAfter('none', ms) === 'thinning')
  const held = first(ms => isHeldAfter(false, ms))
  assert.ok(coalescing > 0 && coalescing < thinning && thinning < held, `${coalescing}, ${thinning}, ${held}`)
})

test('the pace is what was worked off in the time, whatever the parts in which it was', () => {
  const parts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 20, maxLength: 200 })
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 1_000 }), (waits, perMs) => {
      const pace = new Pace()
      assert.equal(pace.msOf(1_000), 0)
      let nowMs = 0
      pace.took(0, nowMs)
      for (const ms of [...waits, 100]) {
        nowMs += ms
        pace.took(ms * perMs, nowMs)
      }
      assert.ok(Math.abs(pace.msOf(perMs * 500) - 500) < 1e-6)
      pace.rest()
      assert.ok(Math.abs(pace.msOf(perMs * 500) - 500) < 1e-6)
    }),
  )
})
