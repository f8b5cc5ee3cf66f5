/** What is told of a crowd that comes back: how soon, in how many attempts, and how evenly they came. */

/** Moments by one clock, in milliseconds. */
export interface Return {
  readonly killedAtMs: number
  readonly readyAtMs: number
  /** Of each client, when it was connected for good; NaN for one that was not at the end. */
  readonly backAtMs: Float64Array
  /** Of each client, from the kill until it was back. */
  readonly attempts: Uint32Array
  /** When connections reached a server that listened, whether it was ready or not, in any order. */
  readonly reachedAtMs: Float64Array
}

export interface ReturnFigures {
  readonly downMs: number
  readonly lost: number
  /** From the readiness; who was told `welcome` before that was seen from outside counts as 0. */
  readonly backP50Ms: number
  readonly backP99Ms: number
  readonly backLastMs: number
  readonly attemptsPerClient: number
  readonly attemptsPerClientMax: number
  /** Connections at a ready server for each client that came back. */
  readonly reachedPerClient: number
  /** From the readiness until the last was back. */
  readonly reachedMeanPerS: number
  /** In any one second, from the kill on. */
  readonly reachedPeakPerS: number
}

const S = 1_000

export function returnFigures({ killedAtMs, readyAtMs, backAtMs, attempts, reachedAtMs }: Return): ReturnFigures {
  const backMs = backAtMs
    .filter(atMs => !Number.isNaN(atMs))
    .map(atMs => Math.max(0, atMs - readyAtMs))
    .sort()
  const backLastMs = backMs.at(-1) ?? 0
  const reached = reachedAtMs.filter(atMs => atMs >= killedAtMs).sort()
  const meanwhile = reached.filter(atMs => atMs >= readyAtMs && atMs <= readyAtMs + backLastMs).length
  return {
    downMs: readyAtMs - killedAtMs,
    lost: backAtMs.length - backMs.length,
    backP50Ms: percentile(backMs, 0.5),
    backP99Ms: percentile(backMs, 0.99),
    backLastMs,
    attemptsPerClient: attempts.reduce((sum, each) => sum + each, 0) / attempts.length,
    attemptsPerClientMax: Math.max(...attempts),
    reachedPerClient: meanwhile / Math.max(1, backMs.length),
    // Within less than a second there is no rate to tell.
    reachedMeanPerS: meanwhile / Math.max(1, backLastMs / S),
    reachedPeakPerS: mostWithin(reached, S),
  }
}

/** The value that a share of them does not exceed, by nearest rank; 0 of none. Input: in order. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

/** The most moments in any half-open window of this length. Input: in order. */
export function mostWithin(sorted: ArrayLike<number>, windowMs: number): number {
  let most = 0
  for (let first = 0, end = 0; end < sorted.length; end++) {
    while (sorted[end]! - sorted[first]! >= windowMs) first++
    most = Math.max(most, end - first + 1)
  }
  return most
}
