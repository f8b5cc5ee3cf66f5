/**
 * Whatever happened on the way, consoles end with the truth: random fixes, sign-ons, stalls of the store, slow readers,
 * reconnects and changes of what is looked at, over a whole region.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tileAt } from '../../../../src/protocol/tiles.ts'
import type { TileWatch } from '../../../../src/protocol/wire/tile-tuples.ts'
import { times } from '../../../support/long.ts'
import { type RecordingSession, RegionWorld, SCENE, settle } from '../../../support/region-world.ts'
import { HERE, look, MIDDLE, NORTH, NORTH_M, pictureOf, ROUND_MS, WIDE } from './stage.ts'

const UNITS = ['A1', 'A2', 'A3']
const CONSOLES = 2
const TILES = [HERE, NORTH, MIDDLE, WIDE]

const unit = fc.nat(UNITS.length - 1)
const desk = fc.nat(CONSOLES - 1)
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('fix' as const), unit, northM: fc.constantFrom(0, 90, NORTH_M) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('duty' as const), unit, on: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(5, 100, 260, 2_000, 16_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stall' as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('behind' as const), desk, on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), desk, tiles: fc.subarray(TILES) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), desk }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A dispatcher who keeps looking, over several sessions. */
class Desk {
  readonly #world: RegionWorld
  session: RecordingSession
  tiles: string[] = []

  constructor(world: RegionWorld) {
    this.#world = world
    this.session = world.dispatcher()
  }

  async look(tiles: readonly string[]): Promise<void> {
    const known = pictureOf(this.session)
    this.tiles = [...tiles]
    const watches = tiles.map((tile): TileWatch => {
      const picture = known.get(tile)
      return picture === undefined ? [tile, null, null] : [tile, picture.streamId, picture.seq]
    })
    await look(this.#world, this.session, ...watches)
  }

  /** The connection breaks; the next goes on from what the client has. */
  async cut(): Promise<void> {
    const former = this.session
    this.#world.host.closed(former)
    this.session = this.#world.dispatcher()
    this.session.messages.push(...former.messages)
    await this.look(this.tiles)
  }
}

async function play(world: RegionWorld, desks: readonly Desk[], steps: readonly Step[]): Promise<void> {
  const crews = new Map<string, RecordingSession>()
  for (const unitId of UNITS) crews.set(unitId, await world.onDuty(unitId, 0))
  for (const one of steps) {
    if (one.kind === 'fix') {
      await world.advance(1)
      world.fixAt(crews.get(UNITS[one.unit]!)!, one.northM)
    } else if (one.kind === 'duty') {
      const type = one.on ? 'sign-on' : 'sign-off'
      world.drive(crews.get(UNITS[one.unit]!)!, { type, happenedAtMs: world.nowMs })
    } else if (one.kind === 'wait') await world.advance(one.ms)
    else if (one.kind === 'stall') one.on ? world.journal.stall() : world.journal.resume()
    else if (one.kind === 'behind') desks[one.desk]!.session.isBehind = one.on
    else if (one.kind === 'look') await desks[one.desk]!.look(one.tiles)
    else await desks[one.desk]!.cut()
    await settle()
  }
  world.journal.resume()
  for (const { session } of desks) session.isBehind = false
  await world.advance(3 * ROUND_MS)
}

test('every console ends with exactly the units of the tiles it looks at, without a gap on the way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const world = await RegionWorld.open()
      try {
        const desks = Array.from({ length: CONSOLES }, () => new Desk(world))
        await settle()
        await play(world, desks, steps)
        const onDuty = (await world.board()).units.filter(({ status }) => status !== 'off-duty')
        for (const { session, tiles } of desks) {
          const shown = pictureOf(session)
          for (const tile of tiles) {
            const zoom = Number(tile.split('/')[0])
            const truth = onDuty
              .filter(({ fix }) => tileAt(zoom, SCENE.lonDeg, fix!.latE7 / 1e7) === tile)
              .map(({ unitId, fix, status }) => [unitId, fix!.latE7, status])
            const picture = [...shown.get(tile)!.units.values()].map(unit => [unit[0], unit[2], unit[6]])
            assert.deepEqual(picture.sort(), truth.sort(), tile)
          }
        }
      } finally {
        await world.close()
      }
    }),
    { numRuns: times(40, 2_000) },
  )
})
