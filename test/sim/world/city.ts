/**
 * The city of the simulation: a square of streets at right angles, with stations where units wait and hospitals.
 *
 * Places are crossings, in metres from the south-west corner; whoever is on a street has one coordinate that is a
 * multiple of a block. Which crossings are what comes from the seed.
 */
import { EARTH_RADIUS_M, type Position } from '../../../src/domain/geo.ts'
import { fromE7 } from '../../../src/protocol/fix-frame.ts'
import type { Dice } from '../../fuzz/dice.ts'

/** Metres east and north of the city's south-west corner. */
export interface Point {
  readonly xM: number
  readonly yM: number
}

export const BLOCK_M = 200
export const BLOCKS = 50
const SOUTH_WEST: Position = { lonDeg: 174.7, latDeg: -36.9 }
const DEG_PER_M = 180 / (Math.PI * EARTH_RADIUS_M)
/** One scale for the whole city: over 10 km the meridians' convergence is a few metres. */
const LON_DEG_PER_M = DEG_PER_M / Math.cos((SOUTH_WEST.latDeg * Math.PI) / 180)

export class City {
  readonly stations: readonly Point[]
  readonly hospitals: readonly Point[]
  /** The whole of it, and a little more than its streets. */
  readonly bounds = {
    westDeg: SOUTH_WEST.lonDeg - 0.01,
    southDeg: SOUTH_WEST.latDeg - 0.01,
    eastDeg: SOUTH_WEST.lonDeg + BLOCKS * BLOCK_M * LON_DEG_PER_M + 0.01,
    northDeg: SOUTH_WEST.latDeg + BLOCKS * BLOCK_M * DEG_PER_M + 0.01,
  }

  constructor(dice: Dice) {
    this.stations = Array.from({ length: dice.within([2, 8]) }, () => crossing(dice))
    this.hospitals = Array.from({ length: dice.within([1, 4]) }, () => crossing(dice))
  }

  /** Some crossing. */
  somewhere(dice: Dice): Point {
    return crossing(dice)
  }

  hospitalNear(point: Point): Point {
    return this.hospitals.reduce((best, next) => (wayM(point, next) < wayM(point, best) ? next : best))
  }
}

const crossing = (dice: Dice): Point => ({
  xM: dice.within([0, BLOCKS]) * BLOCK_M,
  yM: dice.within([0, BLOCKS]) * BLOCK_M,
})

/** Length of the way along the streets. */
export const wayM = (from: Point, to: Point): number => Math.abs(to.xM - from.xM) + Math.abs(to.yM - from.yM)

export const positionOf = ({ xM, yM }: Point): Position => ({
  lonDeg: SOUTH_WEST.lonDeg + xM * LON_DEG_PER_M,
  latDeg: SOUTH_WEST.latDeg + yM * DEG_PER_M,
})

/** Where a position is in the city, also outside its streets. */
export const pointAt = ({ lonDeg, latDeg }: Position): Point => ({
  xM: (lonDeg - SOUTH_WEST.lonDeg) / LON_DEG_PER_M,
  yM: (latDeg - SOUTH_WEST.latDeg) / DEG_PER_M,
})

/** The crossing that is nearest to a place on the wire. */
export function crossingAt({ lonE7, latE7 }: { readonly lonE7: number; readonly latE7: number }): Point {
  return {
    xM: toBlock((fromE7(lonE7) - SOUTH_WEST.lonDeg) / LON_DEG_PER_M),
    yM: toBlock((fromE7(latE7) - SOUTH_WEST.latDeg) / DEG_PER_M),
  }
}

const toBlock = (metres: number): number => Math.min(BLOCKS, Math.max(0, Math.round(metres / BLOCK_M))) * BLOCK_M
