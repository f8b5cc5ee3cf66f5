import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LoginAttempt, LoginThrottle } from '../../src/access/login-throttle.ts'
import { RecentMap } from '../../src/base/recent-map.ts'
import { times } from '../support/long.ts'

const OWNER = 'person-1'
const HOME = '192.0.2.7'
const MINUTE_MS = 60_000

/** A throttle, and a clock that the test moves. */
class Door {
  nowMs = 1_000_000
  readonly throttle = new LoginThrottle(() => this.nowMs)

  /** How long the door stays shut; 0: the attempt was let in, and ended as told. */
  try(name: string, address: string, end: 'succeeded' | 'failed' | 'abandoned'): number {
    const admitted = this.throttle.admit(name, address)
    if (admitted.ok) {
      admitted.value[end]()
      return 0
    }
    assert.equal(admitted.refusal.code, 'rate-limited')
    return admitted.refusal.details!.retryAfterMs as number
  }

  begin(name: string, address: string): LoginAttempt | null {
    const admitted = this.throttle.admit(name, address)
    return admitted.ok ? admitted.value : null
  }

  fail(times: number, name: string, address: string): void {
    for (let n = 0; n < times; n++) assert.equal(this.try(name, address, 'failed'), 0)
  }

  wait(ms: number): this {
    this.nowMs += ms
    return this
  }
}

const address = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`

test('five tries are free; from then on each failure doubles the wait, up to 15 minutes', () => {
  const door = new Door()
  door.fail(5, OWNER, HOME)
  const waits: number[] = []
  for (let n = 0; n < 13; n++) {
    const waitMs = door.try(OWNER, HOME, 'failed')
    waits.push(waitMs)
    assert.equal(door.wait(waitMs - 1).try(OWNER, HOME, 'failed'), 1, 'a millisecond too early')
    door.wait(1).fail(1, OWNER, HOME)
  }
  assert.deepEqual(
    waits,
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900].map(seconds => seconds * 1_000),
  )
})

test('success forgets the failures of this name from this network', () => {
  const door = new Door()
  door.fail(4, OWNER, HOME)
  assert.equal(door.try(OWNER, HOME, 'succeeded'), 0)
  door.fail(5, OWNER, HOME)
  assert.equal(door.try(OWNER, HOME, 'failed'), 1_000)
})

test('an attempt that was never decided counts for nothing', () => {
  const door = new Door()
  for (let n = 0; n < 100; n++) assert.equal(door.try(OWNER, HOME, 'abandoned'), 0)
  door.fail(4, OWNER, HOME)
  for (let n = 0; n < 100; n++) assert.equal(door.try(OWNER, HOME, 'abandoned'), 0)
  door.fail(1, OWNER, HOME)
  assert.equal(door.try(OWNER, HOME, 'failed'), 1_000)
})

test('attempts under way count as failures, so many at once are no way around the wait', () => {
  const door = new Door()
  const under = [1, 2, 3, 4, 5, 6, 7].map(() => door.begin(OWNER, HOME))
  assert.deepEqual(
    under.map(attempt => attempt !== null),
    [true, true, true, true, true, false, false],
  )
})

test('one network has eight attempts under way at most, over all names, and each frees its place once', () => {
  const door = new Door()
  const under = Array.from({ length: 8 }, (_, n) => door.begin(`crew-${n}`, HOME)!)
  assert.equal(door.try('crew-9', HOME, 'failed'), 500)
  assert.equal(door.try('crew-9', '192.0.2.8', 'succeeded'), 0, 'another network has its own')
  under[0]!.succeeded()
  under[0]!.abandoned()
  assert.notEqual(door.begin('crew-9', HOME), null)
  assert.equal(door.begin('crew-10', HOME), null)
})

test('a shift that signs in from one network is not slowed by its number', () => {
  const door = new Door()
  for (let n = 0; n < 500; n++) assert.equal(door.try(`crew-${n}`, HOME, 'succeeded'), 0)
})

test('a network that fails under ever new names is refused after 30, and let in at one in 10 s', () => {
  const door = new Door()
  for (let n = 0; n < 30; n++) door.fail(1, `name-${n}`, HOME)
  assert.equal(door.try('name-31', HOME, 'failed'), 10_000)
  door.wait(10_000).fail(1, 'name-31', HOME)
  assert.equal(door.try('name-32', HOME, 'failed'), 10_000)
  assert.equal(door.try('name-32', '192.0.2.8', 'failed'), 0)
})

test('whoever has signed in from a network is not kept out by strangers there who guess at other names', () => {
  const door = new Door()
  assert.equal(door.try(OWNER, HOME, 'succeeded'), 0)
  for (let n = 0; n < 30; n++) door.fail(1, `name-${n}`, HOME)
  for (let n = 0; n < 8; n++) door.wait(10_000).begin(`name-${n}`, HOME)
  assert.ok(door.try('name-31', HOME, 'failed') > 0)
  assert.equal(door.try(OWNER, HOME, 'succeeded'), 0)
})

test('a device with a mark is not kept out by whoever guesses at its name from behind the same address', () => {
  const door = new Door()
  for (let n = 0; n < 24; n++) door.wait(door.try(OWNER, HOME, 'failed'))
  door.try(OWNER, HOME, 'failed')
  assert.ok(door.try(OWNER, HOME, 'failed') > 60_000)
  const admitted = door.throttle.admit(OWNER, HOME, 'tablet-1')
  assert.ok(admitted.ok && admitted.value.isKnown)
  admitted.value.succeeded()
  assert.ok(door.try(OWNER, HOME, 'failed') > 60_000, 'without the mark as before')
})

test('who guesses with a mark waits as anybody does', () => {
  const door = new Door()
  for (let n = 0; n < 5; n++) {
    const admitted = door.throttle.admit(OWNER, address(n), 'stolen')
    assert.ok(admitted.ok)
    admitted.value.failed()
  }
  assert.equal(door.throttle.admit(OWNER, address(9), 'stolen').ok, false)
})

test('networks of one IPv6 /56 and /48, and of one IPv4 /24, share a larger count', () => {
  for (const [of, share, beyond] of [
    [(n: number) => `2001:db8:0:70${(n % 256).toString(16).padStart(2, '0')}::1`, 2, '2001:db8:0:7100::1'],
    [(n: number) => `2001:db8:1:${(n * 256).toString(16)}::1`, 4, '2001:db8:2::1'],
    [(n: number) => `203.0.113.${n}`, 4, '203.0.112.1'],
  ] as const) {
    const door = new Door()
    for (let n = 0; n < 30 * share; n++) door.fail(1, `name-${n}`, of(n))
    assert.ok(door.try('one', of(200), 'failed') > 0, of(200))
    assert.equal(door.try('one', beyond, 'failed'), 0, beyond)
  }
})

test('one valid account does not buy its network more guesses at others', () => {
  const door = new Door()
  for (let n = 0; n < 30; n++) {
    door.fail(1, `name-${n}`, HOME)
    assert.equal(door.try('mine', HOME, 'succeeded'), 0)
  }
  assert.ok(door.try('name-30', HOME, 'failed') > 0)
})

test('an IPv6 client is its /64, however it is written; an IPv4 client is its address', () => {
  const door = new Door()
  for (let n = 0; n < 30; n++) door.fail(1, `name-${n}`, `2001:db8:0:7::${n.toString(16)}`)
  assert.ok(door.try('other', '2001:0db8:0000:0007:ffff:0000:0000:0001', 'failed') > 0)
  assert.equal(door.try('other', '2001:db8:0:8::1', 'failed'), 0)
  assert.equal(door.try('other', '192.0.2.8', 'failed'), 0)
})

test('a flood from one network does not stop the owner at another', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ gapMs: fc.nat(5_000), end: fc.constantFrom('failed', 'abandoned') }), { maxLength: 300 }),
      fc.boolean(),
      (flood, hasSignedIn) => {
        const door = new Door()
        if (hasSignedIn) assert.equal(door.try(OWNER, HOME, 'succeeded'), 0)
        for (const { gapMs, end } of flood) door.wait(gapMs).try(OWNER, '203.0.113.5', end as 'failed')
        const waitMs = door.try(OWNER, HOME, 'succeeded')
        // One who was never here may have to wait once, and then is let in.
        if (hasSignedIn) assert.equal(waitMs, 0)
        else if (waitMs > 0) {
          assert.equal(waitMs, 30_000)
          assert.equal(door.wait(waitMs).try(OWNER, HOME, 'succeeded'), 0)
        }
      },
    ),
    { numRuns: times(100, 5_000) },
  )
})

test('a name under attack from many networks is slowed for strangers only, and for each of them once', () => {
  const door = new Door()
  assert.equal(door.try(OWNER, HOME, 'succeeded'), 0)
  for (let n = 0; n < 10; n++) door.fail(1, OWNER, address(n))
  assert.equal(door.try(OWNER, address(10), 'failed'), 30_000)
  assert.equal(door.try(OWNER, HOME, 'failed'), 0, 'the owner at home mistypes')
  assert.equal(door.try(OWNER, HOME, 'succeeded'), 0, 'the owner at home')
  assert.equal(door.try('person-2', address(10), 'failed'), 0, 'another name')
  door.wait(29_999)
  assert.equal(door.try(OWNER, '198.51.100.1', 'succeeded'), 30_000, 'the owner somewhere new')
  door.wait(30_000)
  for (let n = 0; n < 10; n++) door.try(OWNER, address(100 + n), 'failed')
  assert.equal(door.try(OWNER, '198.51.100.1', 'succeeded'), 0, 'after the wait that was told')
  assert.equal(door.try(OWNER, '198.51.100.1', 'succeeded'), 0, 'no stranger any more')
})

test('an attack on a name is over ten minutes after its last failure', () => {
  const door = new Door()
  for (let n = 0; n < 10; n++) door.fail(1, OWNER, address(n))
  assert.equal(door.wait(10 * MINUTE_MS).try(OWNER, address(11), 'failed'), 30_000)
  assert.equal(door.wait(1).try(OWNER, address(12), 'failed'), 0)
})

test('a refresh from a network makes it no stranger', () => {
  const door = new Door()
  for (let n = 0; n < 10; n++) door.fail(1, OWNER, address(n))
  door.throttle.remember(OWNER, HOME)
  assert.equal(door.begin(OWNER, HOME)!.isKnown, true)
})

test('whoever is refused is let in when it has waited as told, whatever happened before', () => {
  const step = fc.record({
    name: fc.constantFrom('person-1', 'person-2'),
    from: fc.nat(12),
    gapMs: fc.nat(20_000),
    end: fc.constantFrom('succeeded', 'failed', 'failed', 'failed', 'abandoned'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), steps => {
      const door = new Door()
      for (const { name, from, gapMs, end } of steps) {
        door.wait(gapMs).try(name, address(from), end as 'failed')
      }
      for (let tries = 0; ; tries++) {
        const waitMs = door.try(OWNER, address(3), 'succeeded')
        if (waitMs === 0) break
        // The network's own wait may stand before that of the pair, and that of the attack behind it.
        assert.ok(tries < 3 && waitMs <= 15 * MINUTE_MS, `refused ${tries + 1} times, now for ${waitMs} ms`)
        door.wait(waitMs)
      }
    }),
    { numRuns: times(100, 5_000) },
  )
})

test('memory stays bounded, whatever names and networks come', () => {
  const door = new Door()
  for (let n = 0; n < 21_000; n++) {
    // Each of another /24.
    door.try(`owner-${n}`, address(256 * n), 'succeeded')
    door.try(`guess-${n}`, address(256 * n), 'failed')
  }
  assert.equal(door.throttle.size, 4 * 20_000)
})

test('a recent map forgets what was left alone longest', () => {
  const map = new RecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  assert.equal(map.get('a'), 1)
  map.set('c', 3)
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c'), map.size], [1, undefined, 3, 2])
  map.delete('a')
  assert.equal(map.size, 1)
})
