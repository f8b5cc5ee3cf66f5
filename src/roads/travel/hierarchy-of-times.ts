/** Has the hierarchy of times that are no way of the graph made by a thread: of those with a siren, at a peak, while roads are closed. */
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import { inThread } from '../thread.ts'

/** What the thread is given, in memory that threads share. */
export interface TimesToPrepare {
  readonly graphBytes: Uint8Array
  readonly throughMs: Uint32Array
}

/** Errors: those of the thread; the reason of the signal, which ends the thread. */
export const hierarchyOfTimes = (times: TimesToPrepare, signal: AbortSignal): Promise<Hierarchy> =>
  inThread('travel/hierarchy-thread', times, signal)
