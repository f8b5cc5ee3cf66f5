/** Token buckets: what a client may send, and what a flood brings upon it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyedBuckets } from '../../../src/gateway/limits/keyed-buckets.ts'
import { Principals, PrincipalUsage } from '../../../src/gateway/limits/principals.ts'
import { RateLimiter, Usage } from '../../../src/gateway/limits/rate-limiter.ts'
import { type DEFAULT_LIMITS, RATE_CLASSES, type Rate } from '../../../src/protocol/limits.ts'

function limiterOf(rate: Rate, floodBursts = 10) {
  const clock = { nowMs: 1_000_000 }
  const rates = Object.fromEntries(RATE_CLASSES.map(name => [name, rate])) as typeof DEFAULT_LIMITS.rates
  return { clock, limiter: new RateLimiter({ rates, floodBursts }, () => clock.nowMs) }
}

const TEN = { connectionPerS: 10, userPerS: 15, burstS: 2 }

test('a burst is taken at once, then as many as the rate brings', () => {
  const { clock, limiter } = limiterOf(TEN)
  const own = new Usage()
  for (let i = 0; i < 20; i += 1) assert.equal(limiter.take(own, null, 'command', 1), 0, String(i))
  assert.equal(limiter.take(own, null, 'command', 1), 100)
  clock.nowMs += 99
  assert.equal(limiter.take(own, null, 'command', 1), 1)
  clock.nowMs += 1
  assert.equal(limiter.take(own, null, 'command', 1), 0)
  assert.equal(limiter.take(own, null, 'command', 1), 100)
})

test('classes have buckets of their own', () => {
  const { limiter } = limiterOf(TEN)
  const own = new Usage()
  while (limiter.take(own, null, 'command', 1) === 0) {}
  for (const other of ['fix', 'feedFix', 'query', 'control'] as const)
    assert.equal(limiter.take(own, null, other, 1), 0)
})

test('connections of one principal share its rate, and one that is refused takes nothing from it', () => {
  const { limiter } = limiterOf(TEN)
  const principal = new Usage()
  const [one, two] = [new Usage(), new Usage()]
  for (let i = 0; i < 20; i += 1) assert.equal(limiter.take(one, principal, 'query', 1), 0)
  // The first connection has spent its own burst of 20, and no try of it costs the principal's 30.
  for (let i = 0; i < 5; i += 1) assert.ok(limiter.take(one, principal, 'query', 1) > 0)
  for (let i = 0; i < 10; i += 1) assert.equal(limiter.take(two, principal, 'query', 1), 0, String(i))
  assert.ok(limiter.take(two, principal, 'query', 1) > 0)
})

test('a frame larger than a whole burst is taken by a full bucket, which owes the rest', () => {
  const { clock, limiter } = limiterOf(TEN)
  const own = new Usage()
  assert.equal(limiter.take(own, null, 'fix', 256), 0)
  assert.equal(limiter.take(own, null, 'fix', 256), 25_600)
  clock.nowMs += 25_600
  assert.equal(limiter.take(own, null, 'fix', 256), 0)
})

test('a wait that was kept is long enough, and not much too long', () => {
  fc.assert(
    fc.property(
      fc.record({ connectionPerS: fc.integer({ min: 1, max: 5_000 }), userPerS: fc.integer({ min: 1, max: 5_000 }) }),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      fc.array(fc.record({ count: fc.integer({ min: 1, max: 300 }), pauseMs: fc.integer({ min: 0, max: 500 }) })),
      (perS, burstS, sends) => {
        const { clock, limiter } = limiterOf({ ...perS, burstS })
        const own = new Usage()
        const principal = new Usage()
        for (const { count, pauseMs } of sends) {
          clock.nowMs += pauseMs
          const waitMs = limiter.take(own, principal, 'fix', count)
          if (waitMs === 0) continue
          const copies = [own, principal].map(usage => Object.assign(new Usage(), { fullAtMs: [...usage.fullAtMs] }))
          if (waitMs > 2) {
            clock.nowMs += waitMs - 2
            assert.ok(limiter.take(copies[0]!, copies[1]!, 'fix', count) > 0)
            clock.nowMs += 2
          } else {
            clock.nowMs += waitMs
          }
          assert.equal(limiter.take(own, principal, 'fix', count), 0)
        }
      },
    ),
  )
})

test('over any stretch of time no more is taken than a burst, the rate and one frame', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ count: fc.integer({ min: 1, max: 50 }), pauseMs: fc.nat(400) }), { minLength: 1 }),
      sends => {
        const { clock, limiter } = limiterOf({ connectionPerS: 20, userPerS: 1_000, burstS: 1 })
        const own = new Usage()
        const taken: { atMs: number; count: number }[] = []
        for (const { count, pauseMs } of sends) {
          clock.nowMs += pauseMs
          if (limiter.take(own, null, 'fix', count) === 0) taken.push({ atMs: clock.nowMs, count })
        }
        for (let from = 0; from < taken.length; from += 1) {
          let sum = 0
          for (let to = from; to < taken.length; to += 1) {
            sum += taken[to]!.count
            assert.ok(sum <= 20 + ((taken[to]!.atMs - taken[from]!.atMs) * 20) / 1_000 + 50 + 1e-6)
          }
        }
      },
    ),
  )
})

test('whoever goes on far over the rate is a flood; who is a little over it, or stops, is none', () => {
  const { clock, limiter } = limiterOf(TEN)
  const flood = new Usage()
  let sent = 0
  while (!flood.isFlood) {
    limiter.take(flood, null, 'command', 1)
    sent += 1
  }
  // The burst of 20, and ten bursts that were refused.
  assert.equal(sent, 20 + 10 * 20 + 1)
  const hasty = new Usage()
  for (let i = 0; i < 10_000; i += 1) {
    limiter.take(hasty, null, 'command', 1)
    clock.nowMs += 60
  }
  assert.equal(hasty.isFlood, false)
})

test('a principal that leaves and comes back finds what it had used, and is forgotten when nothing is left of it', () => {
  const { clock, limiter } = limiterOf(TEN)
  const principals = new Principals(2, () => clock.nowMs)
  const first = principals.join('person-1')!
  while (limiter.takeRequest(first, 'command') === 0) {}
  principals.leave(first)
  assert.ok(limiter.takeRequest(principals.usageOf('person-1'), 'command') > 0)
  clock.nowMs += 60_000
  for (let i = 0; i < 10_000; i += 1) principals.usageOf(`person-${i}`)
  assert.notEqual(principals.usageOf('person-1'), first)
  assert.ok(principals.size < 200, String(principals.size))
})

test('whoever floods again waits twice as long, up to a bound, and begins anew after quiet', () => {
  const usage = new PrincipalUsage()
  let nowMs = 1_000_000
  assert.equal(usage.pauseMs(nowMs), 0)
  const pauses: number[] = []
  for (let i = 0; i < 8; i += 1) {
    usage.flooded(nowMs)
    const pauseMs = usage.pauseMs(nowMs)
    pauses.push(pauseMs)
    // The flood's other connections are cut a little later.
    usage.flooded(nowMs + pauseMs - 1)
    assert.equal(usage.pauseMs(nowMs + pauseMs - 1), 1)
    nowMs += pauseMs
    assert.equal(usage.pauseMs(nowMs), 0)
    assert.equal(usage.isIdle(nowMs), false)
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  nowMs += 299_999
  assert.equal(usage.isIdle(nowMs), false)
  nowMs += 1
  assert.equal(usage.isIdle(nowMs), true)
  usage.flooded(nowMs)
  assert.equal(usage.pauseMs(nowMs), 1_000)
})

test('a principal has no more sessions than the limit, however they come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ who: fc.nat(3), joins: fc.boolean() })), steps => {
      const principals = new Principals(3, () => 0)
      const open = new Map<number, ReturnType<Principals['usageOf']>[]>()
      for (const { who, joins } of steps) {
        const mine = open.get(who) ?? []
        open.set(who, mine)
        if (joins) {
          const usage = principals.join(`person-${who}`)
          assert.equal(usage === null, mine.length === 3)
          if (usage !== null) mine.push(usage)
        } else {
          const usage = mine.pop()
          if (usage !== undefined) principals.leave(usage)
        }
      }
      for (const [who, mine] of open) assert.equal(principals.usageOf(`person-${who}`).sessions, mine.length)
    }),
  )
})

test('buckets by key are bounded in number, whoever comes, and a busy key keeps its own', () => {
  const clock = { nowMs: 0 }
  const buckets = new KeyedBuckets(1, 2, () => clock.nowMs, 1_000)
  for (let i = 0; i < 5_000; i += 1) assert.equal(buckets.take(`2001:db8:${i}::/64`), 0)
  assert.ok(buckets.size <= 1_000)
  assert.equal(buckets.take('192.0.2.1'), 0)
  assert.equal(buckets.take('192.0.2.1'), 0)
  assert.equal(buckets.look('192.0.2.1'), 1_000)
  assert.equal(buckets.take('192.0.2.1'), 1_000)
  clock.nowMs += 10_000
  for (let i = 0; i < 1_000; i += 1) buckets.take(`198.51.100.${i}`)
  clock.nowMs += 10_000
  for (let i = 0; i < 65; i += 1) buckets.take(`203.0.113.${i}`)
  assert.ok(buckets.size <= 1_000)
})
