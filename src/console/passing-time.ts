/** Clocks and timers of the page, and the second that passes for all ages and clocks in sight. */
import { Topic, useTopic } from './topic.ts'

const SECOND_MS = 1_000
const seconds = new Topic()

/** To be begun once, by the page. */
export const beginSeconds = (): (() => void) => every(SECOND_MS, () => seconds.tell())

/** Renders again each second. */
export function useSeconds(): void {
  useTopic(seconds)
}

export const wallMs = (): number => Date.now()
/** By a clock that nobody sets. */
export const monotonicMs = (): number => performance.now()

/** Calls back after so long, unless it is stopped before. Output: stops it. */
export function later(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}

/** Calls back again and again. Output: stops it. */
export function every(periodMs: number, run: () => void): () => void {
  const timer = setInterval(run, periodMs)
  return () => clearInterval(timer)
}
