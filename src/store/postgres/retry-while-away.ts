/** Does again what failed because the store was away: a server that restarts delays a start, and does not end it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable } from '../log/journal.ts'
import { isStoreAway } from './postgres-faults.ts'

const FIRST_WAIT_MS = 200
const MOST_WAIT_MS = 2_000

interface RetrySettings {
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** Hears of every failure that is followed by another attempt. */
  readonly onRetry: (error: unknown) => void
  /** Which errors pass by themselves; by default those that say that the store is away. */
  readonly passes?: (error: unknown) => boolean
}

/** Input: work that may be done again as a whole. Errors: those of the work that do not pass by themselves; AbortError. */
export async function retryWhileAway<Result>(work: () => Promise<Result>, settings: RetrySettings): Promise<Result> {
  const { signal, onRetry, passes = isAwayForNow } = settings
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(MOST_WAIT_MS, waitMs * 2)) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!passes(error)) throw error
      onRetry(error)
    }
    // Cut short by the signal, whose own reason is thrown above.
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Unlike `isStoreAway` it looks behind the fault: a damaged page, say, is told as one too, and does not pass. */
export function isAwayForNow(error: unknown): boolean {
  if (error instanceof StoreUnavailable && error.cause !== undefined) return isAwayForNow(error.cause)
  return isStoreAway(error)
}

/** Whether a server answered, and only said that it cannot serve now. */
export function isBusyServer(error: unknown): boolean {
  const { severity } = error as { severity?: unknown }
  return severity !== undefined && isStoreAway(error)
}
