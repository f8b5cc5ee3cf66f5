/** Ready means that commands can be carried out: while they surely could not, `/readyz` must not say so. */
import type { Find } from './findings.ts'

/** Postgres has gone, and the engine has had time enough to see and say so. */
const TRUTH_AFTER_MS = 5_000

interface Sample {
  readonly askedAtMs: number
  readonly atMs: number
  readonly ready: boolean
}

/** Input: the span in which nothing could be written; null: there was none. */
export function judgeTruth(
  samples: readonly Sample[],
  down: { readonly fromMs: number; readonly toMs: number } | null,
  about: string,
  find: Find,
): void {
  if (down === null) return
  const fromMs = down.fromMs + TRUTH_AFTER_MS
  const untrue = samples.filter(({ askedAtMs, atMs, ready }) => ready && askedAtMs >= fromMs && atMs <= down.toMs)
  if (untrue.length === 0) return
  const longMs = Math.round(down.toMs - fromMs)
  find(
    'readiness-untrue',
    about,
    `/readyz said ready ${untrue.length} times in ${longMs} ms in which nothing could be written`,
  )
}
