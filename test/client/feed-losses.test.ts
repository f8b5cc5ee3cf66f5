/** Whatever the network and the engine do, every fix of every unit of a feed is stored once and in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connect } from '../../src/client/index.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { ModelEngine } from './model-engine.ts'
import { ModelFeeds } from './model-feeds.ts'
import { DeviceClocks, VirtualTime } from './virtual-time.ts'

const UNITS = Array.from({ length: 7 }, (_, i) => `U${i}`)

type Step =
  | { readonly do: 'send'; readonly unit: string; readonly count: number }
  | { readonly do: 'attach' | 'steal'; readonly unit: string }
  | { readonly do: 'disconnect' | 'crash' | 'silence' | 'down' | 'up' | 'stall' | 'flow' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'set-clock'; readonly aheadMs: number }

const unit = fc.constantFrom(...UNITS)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('send' as const), unit, count: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('send' as const), unit, count: fc.constant(700) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('attach' as const, 'steal' as const), unit }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constant(50_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set-clock' as const),
      aheadMs: fc.constantFrom(-10_000_000_000, -10_000_000, -10_000, 0, 10_000, 10_000_000, 10_000_000_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['disconnect', 'crash', 'silence', 'down', 'up', 'stall', 'flow'] as const)),
    }),
  },
)
const shift = fc.record({
  seed: fc.integer(),
  format: fc.constantFrom('binary' as const, 'json' as const),
  rate: fc.constantFrom(1, 60),
  refusalChance: fc.constantFrom(0, 0.2),
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
})

test('every fix of every unit is durable once and in order, through losses of all kinds', async () => {
  await fc.assert(
    fc.asyncProperty(shift, async ({ seed, format, rate, refusalChance, steps }) => {
      const time = new VirtualTime()
      const device = new DeviceClocks(time)
      const random = seeded(seed)
      const engine = new ModelEngine(time, random)
      const feeds = new ModelFeeds(engine)
      engine.rate = rate
      engine.refusalChance = refusalChance
      let ids = 0
      const feed = connect({
        url: 'ws://model',
        token: async () => 'token',
        region: 'akl',
        role: 'feed',
        format,
        random,
        timers: device,
        webSocket: engine.socketClass(),
        newId: () => `id-${++ids}`,
      })
      // A unit that is taken away is taken back after a while.
      feed.onDetached(({ unitId }) => time.setTimeout(() => feed.attach([unitId]), 2_000))
      feeds.start()
      await time.advance(200)

      const sent = new Map<string, { seq: number; fixedAtMs: number; lonE7: number }[]>()
      for (const step of steps) {
        switch (step.do) {
          case 'attach':
            feed.attach([step.unit])
            break
          case 'send': {
            feed.attach([step.unit])
            const fixes = sent.get(step.unit) ?? []
            sent.set(step.unit, fixes)
            for (let i = 0; i < step.count; i += 1) {
              const fixedAtMs = Math.floor(engine.regionMs(time.now())) - i
              const fix = { seq: fixes.length + 1, fixedAtMs, lonE7: fixes.length }
              assert.equal(feed.send(step.unit, { ...fix, lonDeg: fix.lonE7 / 1e7, latDeg: -36 }), fix.seq)
              fixes.push(fix)
            }
            break
          }
          case 'set-clock':
            device.aheadMs = step.aheadMs
            break
          case 'steal':
            feeds.steal(step.unit)
            break
          case 'disconnect':
            engine.socket?.break(1006)
            break
          case 'crash':
            feeds.crash()
            break
          case 'silence':
            if (engine.socket !== undefined) engine.socket.dead = true
            break
          case 'down':
          case 'up':
            engine.down = step.do === 'down'
            if (engine.down) feeds.crash()
            break
          case 'stall':
          case 'flow':
            engine.stalled = step.do === 'stall'
            break
          case 'wait':
            await time.advance(step.ms)
        }
      }
      engine.down = false
      engine.stalled = false
      engine.refusalChance = 0
      await time.advance(120_000)
      let marked = false
      void feed.mark().then(() => {
        marked = true
      })
      await time.advance(280_000)
      assert.ok(marked, `still ${feed.fixesNotDurable} fixes not durable, ${feed.connectionState}`)

      assert.deepEqual(engine.problems, [])
      for (const [unitId, fixes] of sent) {
        const streams = [...feeds.streams.get(unitId)!.values()]
        assert.equal(streams.length, 1)
        assert.deepEqual(streams[0]!.received, fixes)
        assert.equal(feed.progress(unitId)!.durableSeq, fixes.length)
      }
      assert.equal(feed.fixesNotDurable, 0)
      assert.equal(feed.fixesDropped, 0)

      feed.close()
      feeds.stop()
      await time.advance(100_000)
      assert.equal(time.timersRunning, 0)
    }),
    { numRuns: times(25, 2_000), includeErrorInReport: true },
  )
})
