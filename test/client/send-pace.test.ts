/** How many fixes a feed may send once it was told how fast they get on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SendPace } from '../../src/client/send-pace.ts'

test('before it is told, and after a new connection, there is room for all', () => {
  const pace = new SendPace()
  assert.equal(pace.room(1_000), Number.POSITIVE_INFINITY)
  pace.sent(1_000_000)
  pace.told(10, 2_000)
  assert.equal(pace.room(2_000), 0)
  pace.reset()
  assert.equal(pace.room(2_001), Number.POSITIVE_INFINITY)
})

test('it keeps to what it was told and half as much more each second, whenever it is asked, and never stands still', () => {
  const waits = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 100, maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), waits, (perS, waits) => {
      const pace = new SendPace()
      pace.told(perS, 0)
      let [nowMs, sent] = [0, 0]
      for (const ms of [...waits, 1_000, 1_000]) {
        nowMs += ms
        const room = pace.room(nowMs)
        pace.sent(room)
        sent += room
      }
      const s = nowMs / 1_000
      assert.ok(sent >= 1 && sent <= perS * Math.exp(0.5 * s) * s + 1, `${sent} in ${s} s`)
    }),
  )
})
