/**
 * The streets of the city as somebody would survey them: between neighbouring crossings, each way with a time of its own. A
 * river runs from west to east, with few bridges, so that what is near is often far by road.
 */
import { Dice } from '../../fuzz/dice.ts'
import { BLOCK_M, BLOCKS, type Point } from './city.ts'

export interface Street {
  readonly from: Point
  readonly to: Point
  readonly roadClass: string
  /** From the one end to the other, and back. */
  readonly ms: number
  readonly backMs: number
}

const RIVER_Y = 25
const BRIDGE_EVERY = 9
const PRIMARY_EVERY = 8
/** Between jams and empty roads. */
const BLOCK_MS = [10_000, 60_000] as const
const SEED = 20_261_130

/** The same in every world: who looks for a mistake needs not one more thing that differs. */
export function cityStreets(): Street[] {
  const dice = new Dice(SEED)
  const streets: Street[] = []
  const crossing = (x: number, y: number): Point => ({ xM: x * BLOCK_M, yM: y * BLOCK_M })
  const add = (from: Point, to: Point, roadClass: string) =>
    void streets.push({ from, to, roadClass, ms: dice.within(BLOCK_MS), backMs: dice.within(BLOCK_MS) })
  for (let y = 0; y <= BLOCKS; y++) {
    for (let x = 0; x <= BLOCKS; x++) {
      if (x < BLOCKS) add(crossing(x, y), crossing(x + 1, y), y % PRIMARY_EVERY === 0 ? 'primary' : 'street')
      if (y >= BLOCKS || (y === RIVER_Y && x % BRIDGE_EVERY !== 0)) continue
      add(crossing(x, y), crossing(x, y + 1), x % BRIDGE_EVERY === 0 ? 'motorway' : 'street')
    }
  }
  return streets
}
