/** A limit on an answer counts the time in which the answer could have been heard. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterLive } from '../../../src/store/postgres/live-time.ts'

test('a limit that a loop was held past does not fire before what came meanwhile is heard', async () => {
  let fired = false
  const cancel = afterLive(200, () => {
    fired = true
  })
  const heldUntilMs = performance.now() + 400
  while (performance.now() < heldUntilMs);
  // One turn of the loop, in which the due timers run and sockets are read.
  await new Promise(resolve => setImmediate(resolve))
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(fired, false)
  cancel()
})

test('a limit fires once its time has passed on a loop that was free, and not when it was cancelled', async () => {
  const fired: string[] = []
  afterLive(50, () => fired.push('kept'))
  const cancel = afterLive(50, () => fired.push('cancelled'))
  await sleep(20)
  cancel()
  while (fired.length === 0) await sleep(10)
  assert.deepEqual(fired, ['kept'])
})
