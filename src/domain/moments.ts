/**
 * The moments that people and devices report, put right where no clock that is right can have told them.
 *
 * A call or a button is never refused for a clock. A moment from the future, from more than a day ago, or of a unit from well
 * before what it follows, is taken as now; the event keeps what was sent, so that whoever looks at a response time sees it. A
 * moment of a trip is kept as it was said: whether it fits in with the others is told beside it (`trip/plausible.ts`).
 */

import type { Command } from './commands.ts'
import type { PutRight } from './events/event.ts'
import type { DriverState } from './unit/driver.ts'

/** The moments that a report may name now, region time. */
interface MomentRange {
  readonly earliestMs: number
  readonly latestMs: number
  readonly nowMs: number
}

/** By how much a button may lie before what it follows: clocks of phones differ, and radio is quicker than some of them. */
const BEFORE_MS = 60_000

/**
 * The command with its moment as it is recorded. One without a moment is left as it is.
 * Input: `afterMs`, what the moment follows, region time; null when it follows nothing.
 */
export function withTrueMoment(command: Command, afterMs: number | null, range: MomentRange): Command & PutRight {
  const { nowMs } = range
  if ('happenedAtMs' in command && !isPossible(command.happenedAtMs, afterMs, range)) {
    return { ...command, happenedAtMs: nowMs, sentAtMs: command.happenedAtMs }
  }
  if ('receivedAtMs' in command && command.receivedAtMs !== null && !isPossible(command.receivedAtMs, afterMs, range)) {
    return { ...command, receivedAtMs: nowMs, sentAtMs: command.receivedAtMs }
  }
  return command as Command & PutRight
}

function isPossible(sentMs: number, afterMs: number | null, { earliestMs, latestMs, nowMs }: MomentRange): boolean {
  if (sentMs < earliestMs || sentMs > latestMs) return false
  // What it follows may have been told by a clock that was ahead, and then says nothing.
  return afterMs === null || sentMs >= Math.min(afterMs, nowMs) - BEFORE_MS
}

/** What a button about a unit follows: the change to its status of now. */
export const lastChangeMs = ({ statusSinceMs }: DriverState): number => statusSinceMs
