/** Runs a module of this folder as a thread: it is given something, and posts one answer. */
import { startThread } from './thread-start.ts'

/**
 * Input: the module's path from here, without its ending; what its `workerData` is.
 * Errors: those of the thread; the reason of the signal, which ends the thread.
 */
export function inThread<Answer>(module: string, given: unknown, signal?: AbortSignal): Promise<Answer> {
  signal?.throwIfAborted()
  const thread = startThread(module, given)
  return new Promise<Answer>((resolve, reject) => {
    const stop = () => {
      reject(signal?.reason)
      void thread.terminate()
    }
    signal?.addEventListener('abort', stop, { once: true })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', code => {
      signal?.removeEventListener('abort', stop)
      reject(new Error(`The thread ${module} ended with ${code} before it was done.`))
    })
  })
}

/** Bytes in memory that threads share. */
export function sharedBytes(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}
