/** Who may serve a need, and why not. */
import type { ExclusionReason, Need } from '../events.ts'
import type { PlacedFix } from '../fix.ts'
import { isLost, type Policy } from '../policy.ts'
import { type Capability, LEVELS_OF_CARE, type LevelOfCare } from '../vocabulary.ts'

/** The levels that may serve a need: the level asked for and all above. */
export function levelsServing(level: LevelOfCare): readonly LevelOfCare[] {
  return LEVELS_OF_CARE.slice(LEVELS_OF_CARE.indexOf(level))
}

/** Whether a unit may serve a need, by its level and its capabilities alone. */
export function fits(
  unit: { readonly levelOfCare: LevelOfCare; readonly capabilities: readonly Capability[] },
  need: Need,
): boolean {
  return (
    LEVELS_OF_CARE.indexOf(unit.levelOfCare) >= LEVELS_OF_CARE.indexOf(need.levelOfCare) &&
    need.capabilities.every(needed => unit.capabilities.includes(needed))
  )
}

/** What must be known of a unit beside its durable state, for the desk to send it. */
export interface Presence {
  /** Null while connected. */
  readonly disconnectedSinceMs: number | null
  /** The fix that places the unit; null without one. */
  readonly fix: PlacedFix | null
}

/** Why an available unit is not sent. */
export type PassedOver = Extract<ExclusionReason, 'disconnected' | 'no-position' | 'position-lost'>

/** The one verdict on an available unit, for offers and for who asks: why the desk does not send it now; null when it does. */
export function whyPassedOver(
  { disconnectedSinceMs, fix }: Presence,
  graceMs: number,
  policy: Policy,
  nowMs: number,
): PassedOver | null {
  if (disconnectedSinceMs !== null && nowMs - disconnectedSinceMs >= graceMs) return 'disconnected'
  if (fix === null) return 'no-position'
  return isLost(nowMs - fix.fixedAtMs, policy) ? 'position-lost' : null
}
