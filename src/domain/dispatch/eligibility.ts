/**
 * Who may serve a need, and why not: one verdict on each unit, with its reason and what the reason is drawn from.
 *
 * A decision record keeps counts of these verdicts by reason. A unit in quarantine gets none: its state is wrong.
 */

import { type Need, needsTransport } from '../events/call-events.ts'
import type { ExclusionReason } from '../events/decision-record.ts'
import type { PlacedFix } from '../fix.ts'
import type { TripId } from '../ids.ts'
import { isLost, overAtMs, type Policy } from '../policy.ts'
import { CREW_BY_VOICE, type DriverState } from '../unit/driver.ts'
import {
  type Capability,
  LEVELS_OF_CARE,
  type LevelOfCare,
  type UnavailableReason,
  type UnitStatus,
} from '../vocabulary.ts'
import type { Round } from './rounds.ts'

/** What must be known of a unit beside its durable state, for the desk to send it. */
export interface Presence {
  /** Null while connected. */
  readonly disconnectedSinceMs: number | null
  /** The fix that places the unit; null without one. */
  readonly fix: PlacedFix | null
}

interface Eligible {
  readonly reason: null
}
type AwayExclusion =
  | { readonly reason: 'emergency'; readonly sinceMs: number }
  | { readonly reason: 'withdrawn'; readonly untilMs: number }
  | { readonly reason: 'no-position' }
  | { readonly reason: 'position-lost'; readonly fixAgeMs: number; readonly lostAfterMs: number }
  | { readonly reason: 'no-contact'; readonly tripId: TripId }
  | { readonly reason: 'disconnected' }
type Exclusion =
  | { readonly reason: 'off-duty'; readonly isRetired: boolean }
  | { readonly reason: 'level-of-care'; readonly has: LevelOfCare; readonly needed: LevelOfCare }
  | { readonly reason: 'cannot-transport' }
  | { readonly reason: 'unavailable'; readonly because: UnavailableReason | null }
  | { readonly reason: 'busy'; readonly status: UnitStatus; readonly tripId: TripId | null }
  | { readonly reason: 'asked-this-round'; readonly round: number }
  | { readonly reason: 'capability'; readonly missing: readonly Capability[] }
  | AwayExclusion
  /** Its level is guarded (`reserve.ts`), and it saves no more than so much. Of all units together, not of one by itself. */
  | { readonly reason: 'held-in-reserve'; readonly has: LevelOfCare; readonly savesMs: number }
/** Eligible, or why not. */
export type Verdict = Eligible | Exclusion

/** The reason as records keep it. A crew that is not signed on is not passed over. */
export const exclusionOf = ({ reason }: Verdict): ExclusionReason | null => (reason === 'off-duty' ? null : reason)

/** Why an available unit is not sent while another could go. */
export type PassedOver = AwayExclusion['reason']

/**
 * Who goes where nobody else is left, the best first: whose place is known and whose crew a dispatcher can call; of whose crew
 * nobody has heard; who was seen somewhere. Where a unit is that has no position only a person can find out.
 */
export const LAST_RESORTS = ['disconnected', 'no-contact', 'position-lost'] as const satisfies PassedOver[]
export type LastResort = (typeof LAST_RESORTS)[number]

const ELIGIBLE: Eligible = { reason: null }

/** The verdict on a unit for a need. Of several reasons the first of the list in `Exclusion` stands. */
export function verdictOn(
  driver: DriverState,
  presence: Presence,
  need: Need,
  round: Round,
  policy: Policy,
  graceMs: number,
  nowMs: number,
): Verdict {
  switch (reasonOfStanding(driver, need)) {
    case 'off-duty':
      return { reason: 'off-duty', isRetired: driver.retired === true }
    case 'level-of-care':
      return { reason: 'level-of-care', has: driver.levelOfCare, needed: need.levelOfCare }
    case 'cannot-transport':
      return { reason: 'cannot-transport' }
    case 'unavailable':
      return { reason: 'unavailable', because: driver.unavailableReason }
    case 'busy':
      return { reason: 'busy', status: driver.status, tripId: driver.work?.tripId ?? driver.standingDown ?? null }
    case null:
  }
  if (round.asked.includes(driver.unitId)) return { reason: 'asked-this-round', round: round.number }
  if (!hasAll(driver.capabilities, need)) {
    return { reason: 'capability', missing: missingOf(driver.capabilities, need) }
  }
  return verdictOnReach(driver, presence, policy, graceMs, nowMs)
}

/**
 * The part of the verdict on an available unit that its connection, its position and its crew's silence decide, for offers and
 * for who asks.
 */
export function verdictOnReach(
  driver: Pick<DriverState, 'noContact' | 'crew' | 'withdrawnAtMs' | 'emergencySinceMs'>,
  { disconnectedSinceMs, fix }: Presence,
  policy: Policy,
  graceMs: number,
  nowMs: number,
): Eligible | AwayExclusion {
  if (driver.emergencySinceMs !== undefined) return { reason: 'emergency', sinceMs: driver.emergencySinceMs }
  const untilMs = keptUntilMs(driver, policy, nowMs)
  if (nowMs < untilMs) return { reason: 'withdrawn', untilMs }
  if (fix === null) return { reason: 'no-position' }
  const fixAgeMs = nowMs - fix.fixedAtMs
  if (isLost(fixAgeMs, policy)) return { reason: 'position-lost', fixAgeMs, lostAfterMs: policy.lostAfterMs }
  const { noContact } = driver
  if (noContact !== undefined) return { reason: 'no-contact', tripId: noContact }
  return isByVoice(driver, { disconnectedSinceMs }, graceMs, nowMs) ? { reason: 'disconnected' } : ELIGIBLE
}

/** Until when a unit is kept for the dispatcher who withdrew it: the desk does not use it meanwhile; 0 where nobody did. */
export const keptUntilMs = (
  { withdrawnAtMs }: Pick<DriverState, 'withdrawnAtMs'>,
  { withdrawPauseMs }: Policy,
  nowMs: number,
): number => (withdrawnAtMs === undefined ? 0 : overAtMs(withdrawnAtMs, withdrawPauseMs, nowMs))

/** Whether the crew can be told something only by voice: its app has been away for longer than the grace, or it has none. */
export const isByVoice = (
  { crew }: Pick<DriverState, 'crew'>,
  { disconnectedSinceMs }: Pick<Presence, 'disconnectedSinceMs'>,
  graceMs: number,
  nowMs: number,
): boolean => crew === CREW_BY_VOICE || (disconnectedSinceMs !== null && nowMs - disconnectedSinceMs >= graceMs)

/** What is the same for all units of a level in a status that carry, or do not. */
export type Standing = Pick<DriverState, 'levelOfCare' | 'transports' | 'status'>

/** The part of the verdict that is the same for all units of a standing; null where it excludes none of them. */
export function reasonOfStanding(
  { levelOfCare, transports, status }: Standing,
  need: Need,
): 'off-duty' | 'level-of-care' | 'cannot-transport' | 'unavailable' | 'busy' | null {
  if (status === 'off-duty') return 'off-duty'
  if (!isLevelServing(levelOfCare, need)) return 'level-of-care'
  if (!transports && needsTransport(need)) return 'cannot-transport'
  if (status === 'unavailable') return 'unavailable'
  return status === 'available' ? null : 'busy'
}

export type Exclusions = Partial<Record<ExclusionReason, number>>

/** Counts a verdict of so many units. A crew that is not signed on is not passed over, so it is not counted. */
export function countExclusion(counts: Exclusions, reason: Verdict['reason'], units = 1): void {
  if (reason === null || reason === 'off-duty') return
  const count = (counts[reason] ?? 0) + units
  // What comes to nothing is not kept.
  if (count === 0) delete counts[reason]
  else counts[reason] = count
}

/** The levels that may serve a need: the level asked for and all above. */
export const levelsServing = (level: LevelOfCare): readonly LevelOfCare[] => SERVING[level]

const thisAndAbove = (level: LevelOfCare) => LEVELS_OF_CARE.slice(LEVELS_OF_CARE.indexOf(level))
const SERVING: Readonly<Record<LevelOfCare, readonly LevelOfCare[]>> = {
  'first-responder': thisAndAbove('first-responder'),
  bls: thisAndAbove('bls'),
  als: thisAndAbove('als'),
  cct: thisAndAbove('cct'),
}

/** What of a unit says which needs it fits. */
export type Fitness = Pick<DriverState, 'levelOfCare' | 'transports' | 'capabilities'>

/** Whether a unit may serve a need, by its level, its vehicle and its capabilities alone. */
export const fits = (unit: Fitness, need: Need): boolean => canServe(unit, need) && hasAll(unit.capabilities, need)

/** Whether its level and its vehicle are what a need asks for. */
export const canServe = ({ levelOfCare, transports }: Omit<Fitness, 'capabilities'>, need: Need): boolean =>
  isLevelServing(levelOfCare, need) && (transports || !needsTransport(need))

/** The same need has the same text, as far as it decides who may serve it. */
export const needText = (need: Need): string => fitnessText(need.levelOfCare, needsTransport(need), need.capabilities)

/** Units that are alike as far as needs go have the same text. */
export const unitText = ({ levelOfCare, transports, capabilities }: Fitness): string =>
  fitnessText(levelOfCare, transports, capabilities)

const fitnessText = (level: LevelOfCare, carries: boolean, capabilities: readonly Capability[]): string =>
  `${level}${carries ? '+' : ''} ${capabilities.join(' ')}`

/** Whether a level is the one needed, or above it. */
export const isLevelServing = (level: LevelOfCare, need: Need): boolean =>
  LEVELS_OF_CARE.indexOf(level) >= LEVELS_OF_CARE.indexOf(need.levelOfCare)

/** What a need asks for that is not among these. */
export const missingOf = (capabilities: readonly Capability[], need: Need): readonly Capability[] =>
  need.capabilities.filter(needed => !capabilities.includes(needed))

const hasAll = (capabilities: readonly Capability[], need: Need): boolean =>
  need.capabilities.every(needed => capabilities.includes(needed))
