/** How far units are, in what a choice goes by: milliseconds by road, metres by the straight line. */
import type { Candidate } from '../events/decision-record.ts'
import { metresIn, type Policy } from '../policy.ts'
import type { RankingBasis } from '../vocabulary.ts'
import type { NotByRoad } from './travel-times.ts'

/** What a choice went by, as it is told. */
export interface ChoiceBasis {
  readonly basis: RankingBasis
  /** Of the region's roads; absent by the straight line. */
  readonly roadsVersion?: number
  /** Of the speeds that the region has learned of them; absent by the usual ones. */
  readonly speedsVersion?: number
  /** Why it went by the straight line although the region has roads; absent where it has none. */
  readonly notByRoad?: NotByRoad
}

export const BY_STRAIGHT_LINE: ChoiceBasis = { basis: 'straight-line' }

/** To be compared within one choice alone. */
export const farOf = ({ etaMs, distanceM }: Pick<Candidate, 'etaMs' | 'distanceM'>): number => etaMs ?? distanceM

/** How far a unit comes in a span. */
export const farIn = (
  spanMs: number,
  { basis }: Pick<ChoiceBasis, 'basis'>,
  policy: Pick<Policy, 'straightLineSpeedMps'>,
): number => (basis === 'roads' ? spanMs : metresIn(spanMs, policy))
