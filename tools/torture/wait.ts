/** Waiting with a limit: nothing of this tool waits for ever. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The limit passed before it happened. */
class WaitedTooLong extends Error {
  override readonly name = 'WaitedTooLong'
}

const POLL_MS = 25

/** Resolves with true as soon as `isSo` says so, with false when it did not within the limit. */
export async function happens(isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const giveUpAtMs = performance.now() + limitMs
  for (;;) {
    if (await isSo()) return true
    if (performance.now() >= giveUpAtMs) return false
    await sleep(POLL_MS)
  }
}

/** Errors: WaitedTooLong, with `what` did not happen. */
export async function mustHappen(what: string, isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  if (!(await happens(isSo, limitMs))) throw new WaitedTooLong(`${what} did not happen within ${limitMs} ms.`)
}

/** The promise's outcome. Errors: its own; WaitedTooLong when it takes longer; it goes on unheard then. */
export async function within<T>(what: string, promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WaitedTooLong(`${what} took longer than ${limitMs} ms.`)), limitMs)
  })
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}
