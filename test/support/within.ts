/** What a test waits for and that would only never come if it is wrong: the wait has an end, and its failure a name. */

/** Longer than anything takes on a machine that is slow and busy: it only ends what hangs, and no verdict depends on it. */
export const HANGS_MS = 120_000

/** Errors: rejects, naming what was awaited, when it has not come after `HANGS_MS`. */
export async function within<T>(what: string, awaited: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${HANGS_MS} ms in vain: ${what}.`)), HANGS_MS)
  })
  try {
    return await Promise.race([awaited, hangs])
  } finally {
    clearTimeout(timer)
  }
}
