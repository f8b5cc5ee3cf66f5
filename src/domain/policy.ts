/** The numbers a service may set: deadlines, ageing, staleness, cadence. */
import type { DispatchMode, Priority, UnitStatus } from './vocabulary.ts'

export interface Policy {
  readonly mode: DispatchMode
  /** Mode `offered`: how long a crew may think, by priority. */
  readonly offerTimeoutMs: Readonly<Record<Priority, number>>
  /** Mode `ordered`: alarm when the order is not acknowledged, then unbind. */
  readonly orderWarnMs: number
  readonly orderTimeoutMs: number
  /** Alarm when an accepted trip has not moved. */
  readonly noMovementMs: number
  /** A call of a lower priority goes first once it has waited this much longer for each step. */
  readonly ageingStepMs: number
  /** Pause before the same units are asked again. */
  readonly roundPauseMs: number
  /** How long a driver may be disconnected before offers move on (never below 2 s of wall time). */
  readonly disconnectGraceMs: number
  /** After a start, passed deadlines and disconnects count from here (never below 2 s of wall time). */
  readonly readyGraceMs: number
  readonly lostAfterMs: number
  /** How many candidates a decision record keeps. */
  readonly candidatesRecorded: number
}

export const DEFAULT_POLICY: Policy = {
  mode: 'ordered',
  offerTimeoutMs: { 1: 15_000, 2: 15_000, 3: 30_000, 4: 30_000, 5: 30_000 },
  orderWarnMs: 20_000,
  orderTimeoutMs: 45_000,
  noMovementMs: 120_000,
  ageingStepMs: 15 * 60_000,
  roundPauseMs: 15_000,
  disconnectGraceMs: 30_000,
  readyGraceMs: 15_000,
  lostAfterMs: 300_000,
  candidatesRecorded: 5,
}

interface Rhythm {
  /** Cadence advised to the client. */
  readonly cadenceMs: number
  /** Age from which a position is shown and ranked as stale. */
  readonly staleAfterMs: number
}

const RESPONDING: Rhythm = { cadenceMs: 5_000, staleAfterMs: 20_000 }
const MOVING: Rhythm = { cadenceMs: 15_000, staleAfterMs: 45_000 }
const PARKED: Rhythm = { cadenceMs: 30_000, staleAfterMs: 90_000 }

/** How often a unit should report, and when its position counts as stale, by what it is doing. */
export function rhythmOf(status: UnitStatus): Rhythm {
  switch (status) {
    case 'assigned':
    case 'en-route':
    case 'transporting':
      return RESPONDING
    case 'on-scene':
    case 'at-destination':
    case 'off-duty':
    case 'unavailable':
      return PARKED
    default:
      return MOVING
  }
}

/**
 * Whether nobody can be sent to where the unit was at its fix. One from far ahead is of a clock that was wrong, so how old
 * it is nobody knows; the unit's next fix replaces it.
 */
export const isLost = (ageMs: number, policy: Policy): boolean => Math.abs(ageMs) >= policy.lostAfterMs

/**
 * When a span after a moment is over. A moment that lies further ahead than the span is of a clock that was wrong, so how
 * long ago it was nobody knows: the span counts as over.
 */
export const overAtMs = (sinceMs: number, spanMs: number, nowMs: number): number =>
  sinceMs - nowMs > spanMs ? nowMs : sinceMs + spanMs

export function freshnessOf(status: UnitStatus, ageMs: number, policy: Policy): 'fresh' | 'stale' | 'lost' {
  if (isLost(ageMs, policy)) return 'lost'
  return ageMs >= rhythmOf(status).staleAfterMs ? 'stale' : 'fresh'
}
