/** How soon a region comes back that was dropped. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReopenDelay } from '../../src/actors/reopen-delay.ts'

test('a region that is dropped whenever it comes waits twice as long each time, up to ten seconds', () => {
  const delay = new ReopenDelay()
  let nowMs = 1_000_000
  const waits = Array.from({ length: 10 }, () => {
    const waitMs = delay.dropped(nowMs)
    nowMs += waitMs
    delay.opened(nowMs)
    nowMs += 59_999
    return waitMs
  })
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  delay.opened(nowMs)
  assert.equal(delay.dropped(nowMs + 60_000), 50)
})

test('a store that does not answer is asked again within two seconds, however often the region was dropped', () => {
  const delay = new ReopenDelay()
  assert.equal(delay.dropped(0), 50)
  assert.deepEqual(
    Array.from({ length: 8 }, () => delay.failed()),
    [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000],
  )
  delay.opened(60_000)
  assert.equal(delay.dropped(60_001), 100)
  assert.equal(delay.failed(), 100)
})
