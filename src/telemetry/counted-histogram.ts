/** A histogram whose observations are additions to an array; it becomes a Prometheus metric only when scraped. */
import type { Histogram, Registry } from 'prom-client'

export class CountedHistogram {
  readonly #name: string
  readonly #help: string
  readonly #boundsMs: readonly number[]
  /** Per bucket, not cumulative; the last one counts what lies above all bounds. */
  readonly #counts: Float64Array
  /** Bucket of each whole millisecond up to the last bound: bounds are whole, so rounding up never changes the bucket. */
  readonly #bucketOfMs: Uint8Array
  #sumMs = 0

  /** Input: at most 255 ascending bounds in whole milliseconds; the metric itself is in seconds. */
  constructor(name: string, help: string, boundsMs: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#boundsMs = boundsMs
    this.#counts = new Float64Array(boundsMs.length + 1)
    this.#bucketOfMs = new Uint8Array((boundsMs.at(-1) as number) + 1)
    let bucket = 0
    for (let ms = 0; ms < this.#bucketOfMs.length; ms++) {
      if (ms > (boundsMs[bucket] as number)) bucket += 1
      this.#bucketOfMs[ms] = bucket
    }
  }

  /** A wall clock that was set back can make a duration negative; it counts as none. */
  add(durationMs: number, count: number): void {
    const ms = Math.max(durationMs, 0)
    const whole = Math.ceil(ms)
    const bucket = whole < this.#bucketOfMs.length ? (this.#bucketOfMs[whole] as number) : this.#boundsMs.length
    this.#counts[bucket] = (this.#counts[bucket] as number) + count
    this.#sumMs += ms * count
  }

  register(registry: Registry): void {
    // prom-client asks a registered metric for its name and for `get()`, and nothing else of a histogram's class.
    registry.registerMetric({ name: this.#name, get: async () => this.#samples() } as unknown as Histogram)
  }

  #samples() {
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = []
    let cumulative = 0
    this.#counts.forEach((count, bucket) => {
      cumulative += count
      const boundMs = this.#boundsMs[bucket]
      const le = boundMs === undefined ? '+Inf' : boundMs / 1000
      values.push({ metricName: `${this.#name}_bucket`, labels: { le }, value: cumulative })
    })
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.#sumMs / 1000 })
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: cumulative })
    return { name: this.#name, help: this.#help, type: 'histogram', values, aggregator: 'sum' }
  }
}
