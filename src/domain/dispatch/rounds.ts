/**
 * Rounds: within one no unit is asked twice for a trip. When everybody who could come was asked, the next round begins
 * after a pause, and may ask everybody again. After the last round those who were asked are a person's to ask.
 */
import type { DecisionRecord } from '../events/decision-record.ts'
import type { DomainEvent } from '../events.ts'
import type { UnitId } from '../ids.ts'
import { overAtMs, type Policy } from '../policy.ts'
import type { TripState } from '../trip/trip.ts'
import { alarmRaised } from './alarms.ts'

export interface Round {
  /** 1 for the first. */
  readonly number: number
  /** Who was asked in it. */
  readonly asked: readonly UnitId[]
}

const isLastRound = ({ round }: TripState, { roundsMax }: Policy): boolean => round >= roundsMax

/** When the units that were asked in this round may be asked again; null while nobody was, and after the last round. */
export function nextRoundAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.asked.length === 0 || trip.pendingSinceMs === null || isLastRound(trip, policy)) return null
  return overAtMs(trip.pendingSinceMs, policy.roundPauseMs, nowMs)
}

/** The rounds in which a pending trip may ask a unit now, in the order in which they are tried. */
export function openRounds(trip: TripState, policy: Policy, nowMs: number): readonly [Round, ...Round[]] {
  const round: Round = { number: trip.round, asked: trip.asked }
  const nextMs = nextRoundAtMs(trip, policy, nowMs)
  return nextMs === null || nowMs < nextMs ? [round] : [round, { number: trip.round + 1, asked: [] }]
}

/**
 * What the board is told of a trip for which no round has found a unit: that all who are free were asked, that this was the
 * last round, or that nobody is free who could be asked. Told once while it is so.
 *
 * Input: `isAskedFree`, whether a unit that was asked in the last round is free; `decide`, what the desk saw.
 */
export function nobodyFound(
  trip: TripState,
  isAskedFree: boolean,
  policy: Policy,
  decide: () => DecisionRecord,
): DomainEvent[] {
  if (trip.asked.length > 0 && isLastRound(trip, policy)) return alarmRaised(trip, 'rounds-over', null, decide)
  return alarmRaised(trip, isAskedFree ? 'round-exhausted' : 'no-eligible-unit', null, decide)
}
