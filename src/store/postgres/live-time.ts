/**
 * Limits on answers that count only the time in which an answer could have been heard.
 *
 * A timer of ten seconds fires first thing after a loop that was held for ten seconds, before the answer that came long
 * ago is read from its socket. Here the time is counted in steps, and between two steps the loop reads what is there: a
 * loop that is held, for however long, has used up one step.
 */
const STEPS = 10

/** Runs once the loop has been live for `limitMs`; the answer cancels it. */
export function afterLive(limitMs: number, run: () => void): () => void {
  let left = STEPS
  const tick = (): void => {
    left -= 1
    if (left === 0) run()
    else timer = setTimeout(tick, limitMs / STEPS)
  }
  let timer = setTimeout(tick, limitMs / STEPS)
  return () => clearTimeout(timer)
}
