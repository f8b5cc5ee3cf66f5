/** Starts a thread of ours, whether it is TypeScript or was compiled. */
import { Worker } from 'node:worker_threads'

/** Where this is TypeScript the thread is, too. It inherits nothing that reads such sources, so it is told what does. */
const READER = import.meta.url.endsWith('.ts') ? import.meta.resolve('tsx/esm/api') : null

/** Input: the thread's file from here, without its ending; what it is given. */
export function startThread(file: string, workerData: unknown): Worker {
  const url = JSON.stringify(new URL(`${file}${READER === null ? '.js' : '.ts'}`, import.meta.url))
  const start =
    READER === null
      ? `import(${url})`
      : `import(${JSON.stringify(READER)}).then(({ register }) => {
           register()
           return import(${url})
         })`
  return new Worker(start, { eval: true, workerData })
}
