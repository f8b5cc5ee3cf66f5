/** Draws that people and streets need beside whole numbers: a share of times, a pause of random length. */
import type { Dice } from '../../fuzz/dice.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
/** A command that has just been sent may wait for its answer, whenever the world ends. */
export const ANSWERED_WITHIN_MS = 10_000

const FINE = 2 ** 30

/** True in so many of all throws: 0 for never, 1 for always. */
export const happens = (dice: Dice, share: number): boolean => dice.below(FINE) < share * FINE

/** The time to the next of events that come at random, so far apart in the mean. */
export const untilNextMs = (dice: Dice, meanMs: number): number =>
  Math.round(-Math.log(1 - dice.below(FINE) / FINE) * meanMs)
