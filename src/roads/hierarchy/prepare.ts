/** Has a hierarchy made by a thread of its own: it takes a quarter of a second for a city, and as many seconds for a country. */
import { startThread } from '../thread-start.ts'
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
  signal?.throwIfAborted()
  const thread = startThread('./hierarchy/build-thread', what)
  const bytes = await new Promise<Uint8Array>((resolve, reject) => {
    const stop = () => {
      reject(signal?.reason)
      void thread.terminate()
    }
    signal?.addEventListener('abort', stop, { once: true })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', code => {
      signal?.removeEventListener('abort', stop)
      reject(new Error(`The thread that prepares a hierarchy ended with ${code} before it was done.`))
    })
  })
  return decodeHierarchy(bytes, what.graphBytes, what.way)
}

/** Bytes in memory that threads share. */
export function sharedBytes(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}
