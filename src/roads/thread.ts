/** Runs a module of this folder as a thread: it is given something, and posts one answer. */
import { Worker } from 'node:worker_threads'

/** Where this is TypeScript the thread is, too. It inherits nothing that reads such sources, so it is told what does. */
const READER = import.meta.url.endsWith('.ts') ? import.meta.resolve('tsx/esm/api') : null

/**
 * Input: the module's path from here, without its ending; what its `workerData` is.
 * Errors: those of the thread; the reason of the signal, which ends the thread.
 */
export function inThread<Answer>(module: string, given: unknown, signal?: AbortSignal): Promise<Answer> {
  signal?.throwIfAborted()
  const thread = new Worker(startOf(module), { eval: true, workerData: given })
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

function startOf(module: string): string {
  const url = JSON.stringify(new URL(`${module}${READER === null ? '.js' : '.ts'}`, import.meta.url))
  if (READER === null) return `import(${url})`
  return `import(${JSON.stringify(READER)}).then(({ register }) => {
    register()
    return import(${url})
  })`
}

/** Bytes in memory that threads share. */
export function sharedBytes(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}
