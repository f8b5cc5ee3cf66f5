/** What a run reads out of the engine's metrics. */
import { quantile, type Samples } from '../shared/prometheus.ts'

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

  /** As `quantile` of the exposition; null without samples. */
  quantile(q: number): number | null {
    if (this.count === 0) return null
    const buckets = [...this.#counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le)
    return quantile(buckets, q)
  }
}
