/** Two consoles that look at the same places come to the same picture, the true one, whatever happened on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connect, type DispatcherClient } from '../../src/client/index.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { ModelEngine, type ModelSocket } from './model-engine.ts'
import { ModelMap } from './model-map.ts'
import { VirtualTime } from './virtual-time.ts'

/** A corner of four tiles of each zoom, so that short ways cross from one into another. */
const CORNER = { lonDeg: 174.375, latDeg: -36.597_889_133_071_2 }
const UNITS = 12
/** About 0.35 degrees wide: the units drive within it, half of it to each side of the corner. */
const SPREAD_DEG = 0.35

/** Wherever a unit may drive. */
const ALL = { westDeg: 174.2, eastDeg: 174.55, southDeg: -36.775, northDeg: -36.42 }

type Step =
  | { readonly do: 'drive' | 'status' | 'remove'; readonly unit: number; readonly east: number; readonly north: number }
  | {
      readonly do: 'look' | 'look-at-all'
      readonly console: number
      readonly zoom: number
      readonly east: number
    }
  | { readonly do: 'disconnect' | 'silence' | 'slow' | 'fast'; readonly console: number }
  | { readonly do: 'restart' | 'lossy' | 'lossless' }
  | { readonly do: 'wait'; readonly ms: number }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const unit = fc.nat(UNITS - 1)
const console = fc.nat(1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('drive' as const), unit, east: share, north: share }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('status' as const, 'remove' as const),
      unit,
      east: share,
      north: share,
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 10, max: 1_500 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constant(20_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('look' as const, 'look-at-all' as const),
      console,
      zoom: fc.constantFrom(6, 9, 12),
      east: share,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['disconnect', 'silence', 'slow', 'fast'] as const)),
      console,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom(...(['restart', 'lossy', 'lossless'] as const)) }) },
)
const history = fc.record({
  seed: fc.integer(),
  format: fc.constantFrom('binary' as const, 'json' as const),
  rate: fc.constantFrom(1, 60),
  zoom: fc.constantFrom(9, 12),
  refusalChance: fc.constantFrom(0, 0.2),
  steps: fc.array(step, { minLength: 5, maxLength: 80 }),
})

class Console {
  readonly client: DispatcherClient
  readonly sockets: ModelSocket[] = []

  constructor(engine: ModelEngine, time: VirtualTime, format: 'binary' | 'json', name: string) {
    const base = engine.socketClass()
    const { sockets } = this
    let ids = 0
    this.client = connect({
      url: 'ws://model',
      token: async () => 'token',
      region: 'akl',
      role: 'dispatcher',
      format,
      random: engine.random,
      timers: time,
      newId: () => `${name}-${++ids}`,
      webSocket: class {
        constructor(url: string, protocols: string) {
          const socket = new base(url, protocols) as ModelSocket
          sockets.push(socket)
          // biome-ignore lint/correctness/noConstructorReturn: the model's socket, noted on its way
          return socket
        }
      } as unknown as typeof base,
    })
  }

  get socket(): ModelSocket | undefined {
    return this.sockets.at(-1)
  }
}

const place = (east: number, north: number): [lonE7: number, latE7: number] => [
  Math.round((CORNER.lonDeg + (east - 0.5) * SPREAD_DEG) * 1e7),
  Math.round((CORNER.latDeg + (north - 0.5) * SPREAD_DEG) * 1e7),
]

function picture(client: DispatcherClient): unknown[] {
  return [...client.fleet()]
    .map(({ unitId, lonDeg, latDeg, fixedAtMs, status }) => ({ unitId, lonDeg, latDeg, fixedAtMs, status }))
    .sort((a, b) => (a.unitId < b.unitId ? -1 : 1))
}

test('two consoles come to the same, true picture through losses, delays, reconnects, thinning and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ seed, format, rate, zoom, refusalChance, steps }) => {
      const time = new VirtualTime()
      const engine = new ModelEngine(time, seeded(seed))
      engine.rate = rate
      engine.refusalChance = refusalChance
      const map = new ModelMap(engine)
      const consoles = [new Console(engine, time, format, 'a'), new Console(engine, time, 'binary', 'b')]
      for (const { client } of consoles) client.fleet().lookAt(ALL, zoom)
      map.start()
      let regress = new Map(map.units)
      for (const step of steps) {
        switch (step.do) {
          case 'drive':
            map.move(`M${step.unit}`, ...place(step.east, step.north))
            break
          case 'status':
            map.setStatus(`M${step.unit}`, step.east < 0.5 ? 'en-route' : 'available')
            break
          case 'remove':
            map.remove(`M${step.unit}`)
            break
          case 'look': {
            const westDeg = CORNER.lonDeg + (step.east - 0.7) * SPREAD_DEG
            const bounds = { ...ALL, westDeg, eastDeg: westDeg + 0.1 }
            consoles[step.console]!.client.fleet().lookAt(bounds, step.zoom)
            break
          }
          case 'look-at-all':
            consoles[step.console]!.client.fleet().lookAt(ALL, zoom)
            break
          case 'disconnect':
            consoles[step.console]!.socket?.break(1006)
            break
          case 'silence':
            if (consoles[step.console]!.socket !== undefined) consoles[step.console]!.socket!.dead = true
            break
          case 'slow':
          case 'fast':
            if (consoles[step.console]!.socket !== undefined) {
              map.setBehind(consoles[step.console]!.socket!, step.do === 'slow')
            }
            break
          case 'restart':
            map.restart(regress)
            engine.crash()
            break
          case 'lossy':
          case 'lossless':
            map.lossChance = step.do === 'lossy' ? 0.3 : 0
            break
          case 'wait':
            await time.advance(step.ms)
            // What is not durable yet, a crash takes back.
            regress = new Map([...map.units].filter(() => engine.random() < 0.5))
        }
        for (const { client } of consoles) assert.ok(client.fleet().size <= UNITS)
      }
      map.lossChance = 0
      engine.refusalChance = 0
      for (const { client, socket } of consoles) {
        if (socket !== undefined) map.setBehind(socket, false)
        client.fleet().lookAt(ALL, zoom)
      }
      await time.advance(100_000)
      // A loss is noticed by the next frame, so each tile gets one.
      map.round(true)
      await time.advance(10_000)

      const tiles = consoles[0]!.client.fleet().tiles
      const truth = [...map.truth(tiles)]
        .map(([unitId, { lonE7, latE7, fixedAtMs, status }]) => {
          return { unitId, lonDeg: lonE7 / 1e7, latDeg: latE7 / 1e7, fixedAtMs, status }
        })
        .sort((a, b) => (a.unitId < b.unitId ? -1 : 1))
      assert.equal(truth.length, map.units.size, 'the last look is at all of them')
      for (const { client } of consoles) {
        assert.equal(client.connectionState, 'open')
        assert.deepEqual(picture(client), truth)
        assert.equal(client.fleet().tilesAwaited, 0)
        assert.equal(client.badFrames, 0)
      }
      assert.deepEqual(engine.problems, [])

      for (const { client } of consoles) client.close()
      map.stop()
      await time.advance(100_000)
      assert.equal(time.timersRunning, 0)
    }),
    { numRuns: times(100, 6_000), includeErrorInReport: true },
  )
})

test('without losses no unit that stays in sight ever leaves the picture, whichever tiles it drives through', async () => {
  const ride = fc.record({
    seed: fc.integer(),
    zoom: fc.constantFrom(9, 12),
    places: fc.array(fc.tuple(unit, share, share, fc.integer({ min: 1, max: 900 })), { minLength: 1, maxLength: 80 }),
  })
  await fc.assert(
    fc.asyncProperty(ride, async ({ seed, zoom, places }) => {
      const time = new VirtualTime()
      const engine = new ModelEngine(time, seeded(seed))
      const map = new ModelMap(engine)
      const { client } = new Console(engine, time, 'binary', 'a')
      const fleet = client.fleet()
      fleet.lookAt(ALL, zoom)
      map.start()
      await time.advance(500)
      const gone: string[] = []
      fleet.onChanged(change => gone.push(...change.gone))
      for (const [driving, east, north, ms] of places) {
        map.move(`M${driving}`, ...place(east, north))
        await time.advance(ms)
      }
      await time.advance(5_000)
      assert.equal(fleet.size, map.units.size)
      assert.deepEqual(gone, [])
      client.close()
      map.stop()
    }),
    { numRuns: times(30, 2_000) },
  )
})
