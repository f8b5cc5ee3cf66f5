/** An engine while it is measured: each pause of its collector, and its memory and loop minute by minute. */

import { sample } from '../tools/shared/prometheus.ts'
import type { EngineChild } from './engine-child.ts'

/** The newest so many pauses are kept, four bytes each: those of hours. */
const PAUSES_MAX = 200_000
const MINUTE_MS = 60_000
/** What a start, its caches and its code take has come by then. */
const SETTLED_AFTER_MINUTES = 10

/** Runs in the engine, through its inspector: its own metrics have buckets that tell no more than whether a pause took 1, 10 or 100 ms. */
const BEGIN = `(() => {
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks')
  const ms = new Float32Array(${PAUSES_MAX})
  const watch = { ms, count: 0 }
  watch.observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) ms[watch.count++ % ${PAUSES_MAX}] = duration
  })
  watch.observer.observe({ entryTypes: ['gc'] })
  globalThis.pausesOfTheBench = watch
})()`

const END = `(() => {
  const { observer, ms, count } = globalThis.pausesOfTheBench
  observer.disconnect()
  delete globalThis.pausesOfTheBench
  const sorted = ms.slice(0, Math.min(count, ${PAUSES_MAX})).sort()
  const at = share => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { gcPauses: count, gcPauseP50Ms: at(0.5), gcPauseP99Ms: at(0.99), gcPauseMaxMs: at(1) }
})()`

export const beginPauses = ({ inspector }: EngineChild): Promise<void> => inspector.evaluate<void>(BEGIN)

export type Pauses = Readonly<Record<'gcPauses' | 'gcPauseP50Ms' | 'gcPauseP99Ms' | 'gcPauseMaxMs', number>>

/** Output: of the time since `beginPauses`; zeroes when there was none. */
export const endPauses = ({ inspector }: EngineChild): Promise<Pauses> => inspector.evaluate<Pauses>(END)

interface Lag {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Tells each minute what the engine takes; of the loop the worst minute counts, as each look at its lag begins anew. */
export class MinuteWatch {
  readonly #engine: EngineChild
  readonly #rssMb: number[] = []
  readonly #lags: Lag[] = []
  readonly #timer: NodeJS.Timeout
  #failure: Error | null = null

  constructor(engine: EngineChild) {
    this.#engine = engine
    this.#timer = setInterval(() => void this.#look().catch((error: Error) => (this.#failure = error)), MINUTE_MS)
  }

  /** Errors: what kept it from looking. */
  stop(): void {
    clearInterval(this.#timer)
    if (this.#failure !== null) throw this.#failure
  }

  get lags(): readonly Lag[] {
    return this.#lags
  }

  /** Memory at the end, at the most, and beside that after ten minutes where it lasted longer. */
  get figures(): Record<string, number> {
    return growthOf(this.#rssMb)
  }

  async #look(): Promise<void> {
    const metrics = await this.#engine.metrics()
    const mb = (name: string) => sample(metrics, name) / 1e6
    const lagMs = (quantile: string) =>
      sample(metrics, `goldenhour_event_loop_lag_seconds{quantile="${quantile}"}`) * 1e3
    const lag = { p50Ms: lagMs('0.5'), p99Ms: lagMs('0.99'), maxMs: lagMs('1') }
    const rssMb = mb('process_resident_memory_bytes')
    this.#rssMb.push(rssMb)
    this.#lags.push(lag)
    console.error(
      `minute ${this.#rssMb.length}: ${rssMb.toFixed(0)} MB resident, ${mb('nodejs_heap_size_used_bytes').toFixed(0)} MB heap, ` +
        `loop p99 ${lag.p99Ms.toFixed(1)} ms, longest hold ${lag.maxMs.toFixed(0)} ms`,
    )
  }
}

/** Input: resident memory after each minute. */
export function growthOf(rssMb: readonly number[]): Record<string, number> {
  const figures: Record<string, number> = {}
  if (rssMb.length === 0) return figures
  figures.rssMbMax = Math.max(...rssMb)
  const settled = rssMb[SETTLED_AFTER_MINUTES - 1]
  if (settled === undefined || rssMb.length <= SETTLED_AFTER_MINUTES) return figures
  figures[`rssMbMinute${SETTLED_AFTER_MINUTES}`] = settled
  figures.growthAfterTenMinutes = rssMb.at(-1)! / settled
  return figures
}
