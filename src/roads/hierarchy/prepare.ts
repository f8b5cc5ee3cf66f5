/** Has a hierarchy made by a thread of its own: it takes a quarter of a second for a city, and as many seconds for a country. */
import { inThread } from '../thread.ts'
import type { Hierarchy } from './hierarchy.ts'
import { decodeHierarchy } from './hierarchy-codec.ts'

/** What the thread is given; the bytes of the graph are shared. */
export interface ToPrepare {
  readonly graphBytes: Uint8Array
  readonly way: string
  /** Times that are not those of the graph, in shared memory; then `way` is only what they are called. */
  readonly throughMs?: Uint32Array
}

/**
 * Input: the bytes of a graph, in shared memory, and one of its ways to drive or times of another name.
 * Errors: those of the thread, `DamagedRoads` among them; the reason of the signal, which ends the thread.
 */
export async function prepareHierarchy(what: ToPrepare, signal?: AbortSignal): Promise<Hierarchy> {
  return decodeHierarchy(await prepareHierarchyBytes(what, signal), what.graphBytes, what.way)
}

/** The same as bytes, to be stored. */
export const prepareHierarchyBytes = (what: ToPrepare, signal?: AbortSignal): Promise<Uint8Array> =>
  inThread('hierarchy/build-thread', what, signal)
