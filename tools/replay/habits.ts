/** What simulated crews do that the record does not tell: who declines, stays silent, loses its connection, repeats itself. */
import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { draw } from '../shared/random.ts'

export interface Habits {
  readonly seed: number
  /** Shares of offers. In mode `ordered` nobody may decline; such a crew stays silent. */
  readonly declineShare: number
  readonly silentShare: number
  /** Share of accepted trips in which the connection drops once. */
  readonly dropShare: number
  /** Share of commands that are sent twice. */
  readonly repeatShare: number
}

export const USUAL_HABITS: Omit<Habits, 'seed'> = {
  declineShare: 0.05,
  silentShare: 0.03,
  dropShare: 0.02,
  repeatShare: 0.05,
}

/** Input: `attempt` counts the offers of this call's trip, from 1. */
export function answerTo(
  habits: Habits,
  mode: DispatchMode,
  callKey: string,
  attempt: number,
): 'accept' | 'decline' | 'silent' {
  const chance = draw(habits.seed, 'answer', callKey, attempt)
  if (chance < habits.declineShare) return mode === 'ordered' ? 'silent' : 'decline'
  return chance < habits.declineShare + habits.silentShare ? 'silent' : 'accept'
}

export function dropsConnection(habits: Habits, callKey: string): boolean {
  return draw(habits.seed, 'drop', callKey) < habits.dropShare
}

/** `in-flight`: again before the answer can have come; `answered`: again after it. */
export function repeatOf(habits: Habits, callKey: string, command: string): 'none' | 'in-flight' | 'answered' {
  const chance = draw(habits.seed, 'repeat', callKey, command)
  if (chance >= habits.repeatShare) return 'none'
  return chance < habits.repeatShare / 2 ? 'in-flight' : 'answered'
}
