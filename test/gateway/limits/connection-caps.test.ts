/** Caps on connections, whose counters must come back to nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectionCaps } from '../../../src/gateway/limits/connection-caps.ts'

const capsOf = (connections: number, connectionsPerAddress: number, connectsPerAddressPerS: number) => {
  const clock = { nowMs: 0 }
  const limits = { connections, connectionsPerAddress, strangersPerAddress: 2, connectsPerAddressPerS }
  return { clock, caps: new ConnectionCaps(limits, () => clock.nowMs) }
}

test('a connection over a cap is refused by the name of that cap, and one that closes makes room', () => {
  const { caps } = capsOf(3, 2, 1_000)
  assert.equal(caps.enter('a', 0), null)
  assert.equal(caps.enter('a', 0), null)
  assert.equal(caps.enter('a', 0)?.limit, 'connectionsPerAddress')
  assert.equal(caps.enter('b', 0), null)
  assert.equal(caps.enter('c', 0)?.limit, 'connections')
  caps.leave('a')
  assert.equal(caps.enter('c', 0), null)
  assert.equal(caps.enter('a', 0)?.refusal.code, 'too-many-connections')
})

test('an address that opens connections too fast is told when to come back', () => {
  const { caps, clock } = capsOf(100, 100, 2)
  assert.equal(caps.enter('a', 0), null)
  assert.equal(caps.enter('a', 0), null)
  const refused = caps.enter('a', 0)
  assert.deepEqual([refused?.limit, refused?.refusal.details?.retryAfterMs], ['connectsPerAddressPerS', 500])
  assert.equal(caps.enter('b', 0), null)
  clock.nowMs += 500
  assert.equal(caps.enter('a', 0), null)
})

test('an address with as many strangers as it may have gets no more of them, and another does', () => {
  const { caps } = capsOf(100, 100, 1_000)
  assert.equal(caps.enter('a', 1), null)
  assert.equal(caps.enter('a', 2)?.limit, 'strangersPerAddress')
  assert.equal(caps.enter('b', 0), null)
})

test('counters never leak: whatever comes, goes and is refused, they tell who is there, and end at nothing', () => {
  const step = fc.record({ address: fc.constantFrom('a', 'b', 'c', 'd'), opens: fc.boolean(), pauseMs: fc.nat(300) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const { caps, clock } = capsOf(5, 3, 4)
      const open: string[] = []
      for (const { address, opens, pauseMs } of steps) {
        clock.nowMs += pauseMs
        if (opens) {
          const ofAddress = open.filter(each => each === address).length
          const refused = caps.enter(address, 0)
          if (refused === null) open.push(address)
          else if (refused.limit === 'connections') assert.equal(open.length, 5)
          else if (refused.limit === 'connectionsPerAddress') assert.equal(ofAddress, 3)
          assert.ok(open.length <= 5 && ofAddress <= 3)
        } else if (open.includes(address)) {
          open.splice(open.indexOf(address), 1)
          caps.leave(address)
        }
        assert.deepEqual([caps.open, caps.addresses], [open.length, new Set(open).size])
      }
      for (const address of open) caps.leave(address)
      assert.deepEqual([caps.open, caps.addresses], [0, 0])
    }),
  )
})
