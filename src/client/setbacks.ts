/** What a refused hello or a closed socket means for coming back: how soon, and whether at all. */
import { CLOSE_CODES } from '../protocol/errors.ts'
import type { Setback } from './comeback.ts'
import { isRetryable, retryAfterMs } from './command-queue.ts'
import type { ServerRefusal } from './errors.ts'

/** Before coming back to a server that had too many messages or sessions of us. */
const TOO_MANY_PAUSE_MS = 2_000
/** Where an engine turns everybody away and does not say for how long. */
const TURNED_AWAY_PAUSE_MS = 1_000

interface Comeback {
  readonly trouble: Setback
  readonly atLeastMs: number
}

/** Output: null when the same hello said later would be refused again. */
export function afterRefusedHello(refusal: ServerRefusal, random: () => number): Comeback | null {
  const { code } = refusal
  if (!isRetryable(code)) return null
  // An engine that starts or has too much to do says when to come; whoever was too many will be so again.
  if (code === 'unavailable' || code === 'overloaded') {
    return { trouble: 'turned-away', atLeastMs: retryAfterMs(refusal) || TURNED_AWAY_PAUSE_MS }
  }
  return { trouble: 'repeats', atLeastMs: retryAfterMs(refusal) * (1 + random() / 2) }
}

/** Output: null when a newer sign-in took this client's unit, and coming back would only take it away again. */
export function afterClose(code: number, random: () => number): Comeback | null {
  if (code === CLOSE_CODES.superseded) return null
  if (code !== CLOSE_CODES.tooMany) return { trouble: 'lost', atLeastMs: 0 }
  // A connection that lasted has no failures that would make its delay grow; this one was sent away all the same.
  return { trouble: 'repeats', atLeastMs: TOO_MANY_PAUSE_MS * (1 + random() / 2) }
}
