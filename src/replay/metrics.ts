/** The engine's metrics, read as an operator reads them: over HTTP. */

/** One sample by its full name, labels and all, as in `goldenhour_pending_trips{region="a",priority="1"}`. */
export type Samples = ReadonlyMap<string, number>

/** Input: `http://host:port`. Errors: those of fetch; Error for a status other than 200. */
export async function scrape(httpUrl: string): Promise<Samples> {
  const response = await fetch(`${httpUrl}/metrics`, { signal: AbortSignal.timeout(5_000) })
  if (!response.ok) throw new Error(`${httpUrl}/metrics answered ${response.status}.`)
  return readSamples(await response.text())
}

/** Input: the text form of Prometheus. */
export function readSamples(text: string): Samples {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z_][^ {]*(?:\{[^}]*\})?) (\S+)/i.exec(line) ?? []
    if (name !== undefined) samples.set(name, value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value))
  }
  return samples
}

/** A gauge of one region; 0 where it has none. */
export function ofRegion(samples: Samples, name: string, region: string): number {
  return samples.get(`${name}{region="${region}"}`) ?? 0
}

/** Cumulative counts of a histogram, added up over several processes. */
export class HistogramSum {
  readonly #name: string
  readonly #counts = new Map<number, number>()

  constructor(name: string) {
    this.#name = name
  }

  add(samples: Samples): void {
    for (const [name, count] of samples) {
      const [, bound] = name.startsWith(`${this.#name}_bucket`) ? (/le="([^"]+)"/.exec(name) ?? []) : []
      if (bound === undefined) continue
      const le = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
      this.#counts.set(le, (this.#counts.get(le) ?? 0) + count)
    }
  }

  get count(): number {
    return this.#counts.get(Number.POSITIVE_INFINITY) ?? 0
  }

  /** Between the bounds of the bucket it falls in, evenly; the last bound for what lies above it. Null without samples. */
  quantile(q: number): number | null {
    if (this.count === 0) return null
    const rank = q * this.count
    let [below, lower] = [0, 0]
    for (const [bound, cumulative] of [...this.#counts].sort(([a], [b]) => a - b)) {
      if (cumulative >= rank) {
        if (!Number.isFinite(bound) || cumulative === below) return lower
        return lower + ((bound - lower) * (rank - below)) / (cumulative - below)
      }
      ;[below, lower] = [cumulative, bound]
    }
    return lower
  }
}
