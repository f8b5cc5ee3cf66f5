/** The client library's view of the fleet on the real live view of a region: it comes to what the region would tell anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestLost } from '../../../../src/client/command-queue.ts'
import { type FleetListener, FleetView } from '../../../../src/client/fleet-view.ts'
import { RegionTime } from '../../../../src/client/region-time.ts'
import { fullTimers } from '../../../../src/client/timing.ts'
import { DEFAULT_POLICY } from '../../../../src/domain/policy.ts'
import { times } from '../../../support/long.ts'
import { type RecordingSession, RegionWorld, settle } from '../../../support/region-world.ts'
import { HERE, look, MIDDLE, NORTH, NORTH_M, WIDE } from './stage.ts'

const UNITS = ['A1', 'A2', 'A3']
const LOOKS = [[HERE, NORTH], [HERE], [NORTH], [MIDDLE], [WIDE, NORTH]] as const

/** A console: the library's view, and a line on which frames arrive in order, late, and not at all once it is cut. */
class Console {
  readonly view: FleetView
  readonly #world: RegionWorld
  readonly #replies = new Map<string, () => void>()
  #listener!: FleetListener
  #session: RecordingSession | null = null
  #delivered = 0
  #requests = 0
  #loseAll: (() => void)[] = []

  constructor(world: RegionWorld) {
    this.#world = world
    const { machine } = world
    const timers = fullTimers({
      now: () => machine.wallMs(),
      setTimeout: (run, ms) => machine.after(ms, run),
      clearTimeout: timer => (timer as (() => void) | null)?.(),
    })
    this.view = new FleetView({
      timers,
      random: () => 0.5,
      time: new RegionTime(timers),
      freshness: () => DEFAULT_POLICY,
      watch: tiles =>
        new Promise((resolve, reject) => {
          this.#requests += 1
          const id = `q-${this.#requests}`
          this.#replies.set(id, () => resolve(null))
          this.#loseAll.push(() => reject(new RequestLost('cut')))
          world.host.tell(this.#session!, { type: 'watch-tiles', id, tiles })
        }),
      refused: refusal => assert.fail(refusal.message),
      listen: listener => {
        this.#listener = listener
      },
    })
  }

  set isBehind(isBehind: boolean) {
    if (this.#session !== null) this.#session.isBehind = isBehind
  }

  async connect(): Promise<void> {
    if (this.#session !== null) return
    this.#session = this.#world.dispatcher()
    this.#delivered = 0
    await settle()
    this.#listener.connectionOpened()
  }

  /** What is under way is lost. Input: whether the region hears of it; not when it was killed. */
  cut(tell = true): void {
    if (this.#session === null) return
    if (tell) this.#world.host.closed(this.#session)
    this.#session = null
    this.#replies.clear()
    this.#listener.connectionLost()
    for (const lose of this.#loseAll.splice(0)) lose()
  }

  /** So many of the frames under way arrive; all of them unless told. */
  deliver(count = Number.POSITIVE_INFINITY): void {
    const { messages = [] } = this.#session ?? {}
    for (const message of messages.slice(this.#delivered, this.#delivered + count)) {
      this.#delivered += 1
      if (message[0] === 'tile' || message[0] === 'tile-moves') this.#listener.received(message)
      else if (message[0] === 'reply') this.#replies.get(message[1])?.()
    }
  }

  end(): void {
    this.#listener.clientEnded()
  }
}

const unit = fc.constantFrom(...UNITS)
const console = fc.nat(1)
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('drive' as const), unit, northM: fc.integer({ min: 0, max: NORTH_M }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign' as const), unit, on: fc.boolean() }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 20, max: 700 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constant(16_000) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), console, count: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const), console, at: fc.nat(LOOKS.length - 1) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom(...(['cut', 'connect', 'slow', 'fast'] as const)), console }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
)

test('two consoles come to what the region tells a third one, whatever they missed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      const world = await RegionWorld.open()
      const crews = new Map<string, RecordingSession>()
      for (const [i, unitId] of UNITS.entries()) crews.set(unitId, await world.onDuty(unitId, i * 3_000))
      const consoles = [new Console(world), new Console(world)]
      for (const { view } of consoles) view.lookAtTiles(LOOKS[0])
      for (const step of steps) {
        switch (step.do) {
          case 'drive':
            world.fixAt(crews.get(step.unit)!, step.northM)
            break
          case 'sign':
            world.drive(crews.get(step.unit)!, { type: step.on ? 'sign-on' : 'sign-off', happenedAtMs: world.nowMs })
            break
          case 'wait':
            await world.advance(step.ms)
            break
          case 'deliver':
            consoles[step.console]!.deliver(step.count)
            break
          case 'look':
            consoles[step.console]!.view.lookAtTiles(LOOKS[step.at]!)
            break
          case 'cut':
            consoles[step.console]!.cut()
            break
          case 'connect':
            await consoles[step.console]!.connect()
            break
          case 'slow':
          case 'fast':
            consoles[step.console]!.isBehind = step.do === 'slow'
            break
          case 'crash':
            for (const console of consoles) console.cut(false)
            await world.restart()
            for (const unitId of UNITS) crews.set(unitId, world.connect(unitId))
            await settle()
        }
        await settle()
      }
      for (const console of consoles) {
        console.isBehind = false
        await console.connect()
        console.view.lookAtTiles(LOOKS[0])
      }
      // Long enough for a snapshot that is asked for again, and for units that have left.
      for (let i = 0; i < 40; i += 1) {
        await world.advance(250)
        for (const console of consoles) console.deliver()
        await settle()
      }

      const third = world.dispatcher()
      await settle()
      await look(world, third, ...LOOKS[0])
      const truth = third.all('tile').flatMap(([, , , atMs, units]) =>
        units.map(([unitId, lonE7, latE7, ageMs, , , status]) => {
          return { unitId, lonE7, latE7, fixedAtMs: atMs - ageMs, status }
        }),
      )
      for (const { view } of consoles) {
        const picture = [...view].map(({ unitId, lonDeg, latDeg, fixedAtMs, status }) => {
          return { unitId, lonE7: Math.round(lonDeg * 1e7), latE7: Math.round(latDeg * 1e7), fixedAtMs, status }
        })
        assert.deepEqual(sorted(picture), sorted(truth))
        assert.equal(view.tilesAwaited, 0)
        assert.equal(view.gaps, 0, 'what the region leaves out it makes up for without being asked')
      }
      for (const console of consoles) console.end()
      await world.close()
    }),
    { numRuns: times(20, 500), includeErrorInReport: true },
  )
})

const sorted = <T extends { unitId: string }>(units: T[]): T[] => units.sort((a, b) => (a.unitId < b.unitId ? -1 : 1))
