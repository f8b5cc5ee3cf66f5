/**
 * Units of a higher level than needed: they are kept for who needs them, unless enough of them stay free, or one of them is
 * there clearly earlier than anybody else.
 *
 * A level is *guarded* for a need that is below it while taking one of its units would leave fewer free than the policy's
 * reserve. A unit of a guarded level goes only if it saves more than `higherLevelSavesMs` over everybody of a lower level and
 * over everybody who is not guarded; else it is held in reserve. With nobody else it goes.
 */
import type { Need } from '../events/call-events.ts'
import type { Policy } from '../policy.ts'
import { LEVELS_OF_CARE, type LevelOfCare, type Priority, type ReservedLevel } from '../vocabulary.ts'
import { type ChoiceBasis, farIn } from './far.ts'

export type ReservePolicy = Pick<Policy, 'higherLevelSavesMs' | 'levelReserve' | 'straightLineSpeedMps'>

const NONE: readonly LevelOfCare[] = []

/**
 * The levels that are guarded for a need, the lowest first. Input: how many units of a level are free and here, asked for the
 * levels above the need alone.
 */
export function guardedLevels(
  { levelOfCare }: Need,
  priority: Priority,
  { higherLevelSavesMs, levelReserve }: ReservePolicy,
  census: { freeOf(level: LevelOfCare): number },
): readonly LevelOfCare[] {
  // Where a moment saved is enough, the distance alone decides.
  if (higherLevelSavesMs[priority] === 0) return NONE
  let guarded: LevelOfCare[] | null = null
  for (let at = LEVELS_OF_CARE.indexOf(levelOfCare) + 1; at < LEVELS_OF_CARE.length; at += 1) {
    const level = LEVELS_OF_CARE[at]! as ReservedLevel
    const reserve = levelReserve[level]
    if (reserve === 0) continue
    const free = census.freeOf(level)
    if (free === 0 || free - 1 >= reserve) continue
    guarded ??= []
    guarded.push(level)
  }
  return guarded ?? NONE
}

/** How far a unit may be to save more than the policy asks for; less than this. Input: how far the nearest other one is. */
export const savesWithin = (other: number, priority: Priority, basis: ChoiceBasis, policy: ReservePolicy): number =>
  other - farIn(policy.higherLevelSavesMs[priority], basis, policy)
