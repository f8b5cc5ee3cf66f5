/** Roads that a dispatcher closes, or says to be slow, now and then, and opens again, late, twice or not at all. */
import type { DispatcherClient, NewZone } from '../../../src/client/index.ts'
import { ZONE_REASONS } from '../../../src/domain/vocabulary.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS, untilNextMs } from './chance.ts'
import { BLOCK_M, BLOCKS, type Point, positionOf } from './city.ts'
import type { Town } from './town.ts'

const EVERY_MS = 8 * MINUTE_MS

interface RoadWorksPorts {
  readonly town: Town
  readonly name: string
  /** Those on the board. */
  readonly zones: () => readonly string[]
  readonly regionNowMs: () => number
  readonly command: (what: string, send: (client: DispatcherClient, id: string) => Promise<unknown>) => void
}

export class RoadWorks {
  readonly #ports: RoadWorksPorts
  readonly #dice: Dice

  constructor(ports: RoadWorksPorts) {
    this.#ports = ports
    this.#dice = ports.town.dice(`${ports.name} roads`)
  }

  begin(): void {
    if (this.#ports.town.plan.hasRoads) this.#planNext()
  }

  #planNext(): void {
    const { town } = this.#ports
    town.loop.after(untilNextMs(this.#dice, EVERY_MS), () => {
      if (!town.isCalm && this.#dice.oneIn(3)) this.#open()
      else if (!town.isCalm) this.#close()
      this.#planNext()
    })
  }

  #close(): void {
    const { command, regionNowMs } = this.#ports
    const dice = this.#dice
    const nowMs = regionNowMs()
    const span = {
      fromAtMs: dice.oneIn(3) ? nowMs + dice.within([-5 * MINUTE_MS, 10 * MINUTE_MS]) : null,
      untilAtMs: dice.oneIn(3) ? null : nowMs + dice.within([30 * SECOND_MS, HOUR_MS / 3]),
    }
    const slowPercent = dice.oneIn(2) ? null : dice.within([100, 1_000])
    const zone: NewZone = { ...this.#drawn(), slowPercent, ...span, reason: dice.pick(ZONE_REASONS) }
    command(`closes roads: ${JSON.stringify(zone)}`, (client, id) => client.closeRoads(zone, { id }))
  }

  /** Boxes between crossings, or a street from crossing to crossing. */
  #drawn(): Pick<NewZone, 'kind' | 'points'> {
    const dice = this.#dice
    const [x, y] = [dice.below(BLOCKS - 12), dice.below(BLOCKS - 12)]
    const length = 1 + dice.below(10)
    const at = (east: number, north: number) =>
      positionOf({ xM: (x + east) * BLOCK_M, yM: (y + north) * BLOCK_M } satisfies Point)
    if (dice.oneIn(2)) {
      const isEastward = dice.oneIn(2)
      return { kind: 'line', points: [at(0, 0), isEastward ? at(length, 0) : at(0, length)] }
    }
    const [wide, high] = [length + 0.5, dice.below(8) + 0.5]
    return { kind: 'area', points: [at(-0.5, -0.5), at(wide, -0.5), at(wide, high), at(-0.5, high)] }
  }

  #open(): void {
    const { zones, command } = this.#ports
    const shown = zones()
    if (shown.length === 0) return
    const zoneId = this.#dice.pick(shown)
    command(`opens ${zoneId}`, (client, id) => client.reopenRoads(zoneId, { id }))
  }
}
