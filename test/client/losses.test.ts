/** Whatever the network and the engine do, every fix is stored once and every command happens once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connect } from '../../src/client/index.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { ModelEngine } from './model-engine.ts'
import { DeviceClocks, VirtualTime } from './virtual-time.ts'

type Step =
  | { readonly do: 'report'; readonly count: number }
  | { readonly do: 'clock'; readonly byMs: number }
  | {
      readonly do:
        | 'command'
        | 'repeat'
        | 'disconnect'
        | 'crash'
        | 'silence'
        | 'down'
        | 'up'
        | 'stall'
        | 'flow'
        | 'drain'
    }
  | { readonly do: 'wait'; readonly ms: number }

const HOUR_MS = 3_600_000
const CLOCK_MS = [-500 * 24, -26, -3, -0.003, 0, 0.003, 3, 26, 500 * 24].map(hours => hours * HOUR_MS)
/** Region time for which a device may sleep in all: what is 30 days old no frame can date. */
const SLEEP_MAX_MS = 20 * 24 * HOUR_MS

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('report' as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'report' as const, count: 4_500 }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('clock' as const), byMs: fc.constantFrom(...CLOCK_MS) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constant(50_000) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('command' as const, 'repeat' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['disconnect', 'crash', 'silence', 'down', 'up', 'stall', 'flow', 'drain'] as const)),
    }),
  },
)
/** By how much a time may be off that a message brings which was under way. */
const NEAR_MS = 100

const day = fc.record({
  seed: fc.integer(),
  format: fc.constantFrom('binary' as const, 'json' as const),
  rate: fc.constantFrom(1, 60, 7.3),
  refusalChance: fc.constantFrom(0, 0.15),
  /** What befalls the device's clocks: somebody sets the time, or it sleeps. */
  clocks: fc.constantFrom('are set' as const, 'sleep' as const),
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
})

test('every fix is durable once and in order, and every command happens once, through losses of all kinds', async () => {
  await fc.assert(
    fc.asyncProperty(day, async ({ seed, format, rate, refusalChance, clocks, steps }) => {
      const time = new VirtualTime()
      const device = new DeviceClocks(time)
      const random = seeded(seed)
      const engine = new ModelEngine(time, random)
      engine.rate = rate
      engine.refusalChance = refusalChance
      let ids = 0
      const driver = connect({
        url: 'ws://model',
        token: async () => 'token',
        region: 'akl',
        role: 'driver',
        unitId: 'A1',
        format,
        random,
        timers: device,
        webSocket: engine.socketClass(),
        newId: () => `id-${++ids}`,
      })
      // What comes before the first welcome is not known to be a sleep or a setting; `clocks.test.ts` has those cases.
      while (driver.connectionState !== 'open') await time.advance(500)

      const trueMs = () => engine.regionMs(time.now())
      const reported: { fixedAtMs: number; lonE7: number; isExact: boolean }[] = []
      const issued: string[] = []
      const issuedAtMs = new Map<string, number>()
      let sleptMs = 0
      const answers: { id: string; position: number }[] = []
      const answer = (promise: Promise<{ id: string; position: number }>) =>
        promise.then(
          ({ id, position }) => answers.push({ id, position }),
          error => assert.fail(error),
        )
      let repeats = 0
      for (const step of steps) {
        switch (step.do) {
          case 'report':
            for (let i = 0; i < step.count; i += 1) {
              const lonE7 = reported.length
              const isExact = i % 3 !== 0
              const fixedAtMs = Math.floor(trueMs()) - (isExact ? i : 0)
              const fix = { lonDeg: lonE7 / 1e7, latDeg: -36, ...(isExact ? { fixedAtMs } : {}) }
              assert.equal(driver.report(fix), reported.length + 1)
              reported.push({ fixedAtMs, lonE7, isExact })
            }
            break
          case 'command': {
            const id = `command-${issued.length}`
            issued.push(id)
            issuedAtMs.set(id, trueMs())
            void answer(driver.becomeAvailable({ id }))
            break
          }
          case 'repeat':
            if (issued.length === 0) break
            repeats += 1
            void answer(driver.repeat(issued[Math.floor(random() * issued.length)]!))
            break
          case 'clock':
            if (clocks === 'are set') device.aheadMs = step.byMs
            else if ((sleptMs + Math.abs(step.byMs)) * rate < SLEEP_MAX_MS) {
              sleptMs += Math.abs(step.byMs)
              time.sleep(Math.abs(step.byMs))
            }
            break
          case 'disconnect':
            engine.socket?.break(1006)
            break
          case 'crash':
            engine.crash()
            break
          case 'silence':
            if (engine.socket !== undefined) engine.socket.dead = true
            break
          case 'drain':
            engine.send(['going-away', 200, 1_000])
            engine.socket?.closeFromServer(4503)
            break
          case 'down':
          case 'up':
            engine.down = step.do === 'down'
            if (engine.down) engine.crash()
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
      let marked = false
      void driver.mark().then(() => {
        marked = true
      })
      await time.advance(400_000)
      assert.ok(marked, `still ${driver.fixesNotDurable} fixes not durable, ${driver.connectionState}`)

      assert.deepEqual(engine.problems, [])
      const stored = [...engine.streams.values()].flatMap(stream => stream.received)
      assert.equal(engine.streams.size, 1)
      assert.deepEqual(
        stored.map(({ seq, lonE7 }) => [seq, lonE7]),
        reported.map(({ lonE7 }, index) => [index + 1, lonE7]),
      )
      const isNear = (atMs: number, expectedMs: number) => Math.abs(atMs - expectedMs) <= NEAR_MS * rate
      for (const [index, { fixedAtMs }] of stored.entries()) {
        const fix = reported[index]!
        const isRight = fix.isExact ? fixedAtMs === fix.fixedAtMs : isNear(fixedAtMs, fix.fixedAtMs)
        assert.ok(isRight, `fix ${index + 1} is dated ${fixedAtMs - fix.fixedAtMs} ms late`)
      }
      for (const request of engine.requests) {
        if (request.type !== 'command') continue
        const { happenedAtMs } = request.command as { happenedAtMs: number }
        const offMs = happenedAtMs - issuedAtMs.get(request.id)!
        assert.ok(isNear(happenedAtMs, issuedAtMs.get(request.id)!), `${request.id} is dated ${offMs} ms late`)
      }
      assert.equal(driver.fixesNotDurable, 0)
      assert.equal(driver.fixesDurable, reported.length)
      assert.equal(driver.durableSeq, driver.lastSeq)

      assert.deepEqual([...engine.executed].sort(), [...issued].sort())
      if (refusalChance === 0) assert.deepEqual(engine.executed, issued)
      assert.equal(answers.length, issued.length + repeats)
      for (const { id, position } of answers) assert.equal(position, engine.executed.indexOf(id) + 1)
      assert.equal(driver.commandsPending, 0)

      driver.close()
      await time.advance(100_000)
      assert.equal(time.timersRunning, 0)
    }),
    { numRuns: times(12, 1_500), includeErrorInReport: true },
  )
})
