/** A stream keeps of its fixes what it needs, and no more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FixStream } from '../../src/client/fix-stream.ts'
import { RegionTime } from '../../src/client/region-time.ts'
import { VirtualTime } from './virtual-time.ts'

test('while region time is not known, or in doubt, moments are kept of the fixes that are held and of no others', async t => {
  const virtual = new VirtualTime()
  const time = new RegionTime(virtual)
  const stream = new FixStream(time, { streamId: 's', firstSeq: 1, bufferedFixesMax: 10 })
  const at = t.mock.method(time, 'at')
  const welcome = () => {
    const hello = time.hello()
    const nowMs = virtual.now()
    assert.equal(time.heard({ nowMs, anchorRegionMs: nowMs, anchorWallMs: nowMs, rate: 1 }, hello), true)
    at.mock.resetCalls()
    stream.retime()
    return at.mock.callCount()
  }
  const report = async (count: number, withTime = false) => {
    for (let i = 0; i < count; i += 1) {
      stream.report({ lonDeg: 0, latDeg: 0, ...(withTime && { fixedAtMs: virtual.now() }) })
      await virtual.advance(1_000)
    }
  }

  await report(1_000)
  assert.deepEqual([stream.notDurable, welcome()], [10, 10])
  virtual.sleep(60_000)
  await report(1_000)
  assert.equal(welcome(), 10)
  virtual.sleep(60_000)
  await report(10)
  await report(7, true)
  assert.equal(welcome(), 3, 'fixes with a time of their own push the others out as well')
  assert.equal(welcome(), 0)

  virtual.sleep(60_000)
  const firstMs = virtual.now() + 2_000
  await report(12)
  welcome()
  stream.declared(0, stream.lowestSeq)
  const sentAtMs = virtual.now()
  assert.deepEqual(
    stream.take(10, sentAtMs).map(([, ageMs]) => sentAtMs - ageMs),
    Array.from({ length: 10 }, (_, index) => firstMs + index * 1_000),
  )
})
