/** How true the predicted arrivals were: bias, size of the error, and how often the real one lay within a stated interval. */

/** A predicted arrival and the real one, milliseconds from the decision. */
export interface Compared {
  readonly predictedMs: number
  readonly realMs: number
}

/** The real arrival is said to lie between these multiples of the predicted one. */
export interface Interval {
  readonly from: number
  readonly to: number
}

/** Milliseconds. What an error is: the real arrival less the predicted one, so that one above 0 came later than was said. */
export interface Truth {
  readonly arrivals: number
  /** Mean error. */
  readonly biasMs: number
  readonly medianErrorMs: number
  /** Of the sizes of the errors, whichever way they go. */
  readonly p50Ms: number
  readonly p90Ms: number
  /** Share from 0 to 1 whose real arrival lies within the interval. */
  readonly coverage: number
  /** Median of real by predicted; what a predicted time would have to be multiplied by. Null where nothing was predicted to take any time. */
  readonly medianRatio: number | null
}

/** Null for no arrivals. */
export function truthOf(compared: readonly Compared[], { from, to }: Interval): Truth | null {
  if (compared.length === 0) return null
  const errors = compared.map(({ predictedMs, realMs }) => realMs - predictedMs).sort(ascending)
  const sizes = errors.map(Math.abs).sort(ascending)
  const ratios = compared.flatMap(({ predictedMs, realMs }) => (predictedMs > 0 ? [realMs / predictedMs] : []))
  const within = compared.filter(
    ({ predictedMs, realMs }) => realMs >= from * predictedMs && realMs <= to * predictedMs,
  )
  return {
    arrivals: compared.length,
    biasMs: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    medianErrorMs: fractile(errors, 0.5),
    p50Ms: fractile(sizes, 0.5),
    p90Ms: fractile(sizes, 0.9),
    coverage: within.length / compared.length,
    medianRatio: ratios.length === 0 ? null : fractile(ratios.sort(ascending), 0.5),
  }
}

/** The smallest value that at least this share of them does not exceed: a value that occurred, as contracts count it. */
export const fractile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!

const ascending = (a: number, b: number) => a - b
