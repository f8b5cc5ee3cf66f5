/** Reads what `/metrics` tells, and quantiles out of the growth of a histogram between two readings. */

/** Values by name with labels, exactly as exposed: `process_resident_memory_bytes`, `a_total{class="current"}`. */
export type Samples = ReadonlyMap<string, number>

interface Bucket {
  /** Upper bound, Infinity for the last. */
  readonly le: number
  /** Observations up to the bound, those of all smaller bounds included. */
  readonly count: number
}

/** Input: the text exposition format, version 0.0.4. */
export function parseExposition(text: string): Samples {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, series, value] = /^(\S+?(?:\{.*\})?) (\S+)(?: \d+)?$/.exec(line) ?? []
    if (series !== undefined) samples.set(series, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value))
  }
  return samples
}

/** Errors: Error when there is no such sample, so that a renamed metric never reads as zero. */
export function sample(samples: Samples, series: string): number {
  const value = samples.get(series)
  if (value === undefined) throw new Error(`The metrics have no ${series}.`)
  return value
}

/** The buckets of what was observed between two readings, by bound, over all other labels. Errors: Error when there is no such histogram. */
export function growth(before: Samples, after: Samples, name: string): Bucket[] {
  const prefix = `${name}_bucket{le="`
  const counts = new Map<number, number>()
  for (const [series, count] of after) {
    if (!series.startsWith(prefix)) continue
    const bound = series.slice(prefix.length, series.indexOf('"', prefix.length))
    const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
    counts.set(le, (counts.get(le) ?? 0) + count - (before.get(series) ?? 0))
  }
  if (counts.size === 0) throw new Error(`The metrics have no histogram ${name}.`)
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le)
}

/**
 * The value that a share of the observations does not exceed, taking them as spread evenly over their bucket; the last
 * finite bound when it lies beyond. NaN when nothing was observed.
 */
export function quantile(buckets: readonly Bucket[], share: number): number {
  const total = buckets.at(-1)?.count ?? 0
  if (total === 0) return Number.NaN
  const rank = share * total
  let below: Bucket = { le: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank && bucket.count > below.count) {
      if (bucket.le === Number.POSITIVE_INFINITY) return below.le
      return below.le + ((bucket.le - below.le) * (rank - below.count)) / (bucket.count - below.count)
    }
    below = bucket
  }
  return below.le
}

/** The engine's metrics, read as an operator reads them. Input: `http://host:port`. Errors: those of fetch; Error for a status other than 200. */
export async function scrape(httpUrl: string): Promise<Samples> {
  const response = await fetch(`${httpUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`${httpUrl}/metrics answered ${response.status}.`)
  return parseExposition(await response.text())
}
