/** The step of a region's overload, which its parts go by, and the count of what each step has spared. */
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { SparedWork } from '../../../telemetry/spared-work.ts'
import { type OverloadStep, stepAfter } from './overload-step.ts'

export class Overload {
  readonly #metrics: Pick<Metrics, 'spared'>
  #step: OverloadStep = 'none'

  constructor(metrics: Pick<Metrics, 'spared'>) {
    this.#metrics = metrics
  }

  get step(): OverloadStep {
    return this.#step
  }

  /** Fixes have waited so long for their turn; 0: none does. */
  waited(ms: number): void {
    this.#step = stepAfter(this.#step, ms)
  }

  counted(work: SparedWork): void {
    this.#metrics.spared(work)
  }
}
