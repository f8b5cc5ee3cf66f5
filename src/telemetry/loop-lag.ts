/** How late the event loop runs what is due: sampled all the time, told at each scrape. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

const SAMPLE_MS = 10

/** Begins to sample, and adds the gauge to the registry. */
export function measureLoopLag(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  delay.enable()
  new Gauge({
    name: 'goldenhour_event_loop_lag_seconds',
    help: 'How late the event loop ran a timer, since the scrape before.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      // The monitor records the time between two of its ticks, so an idle loop shows the sample interval itself.
      const lagS = (delayNs: number) => Math.max(0, delayNs / 1e6 - SAMPLE_MS) / 1e3
      const counted = delay.count > 0
      this.set({ quantile: '0.5' }, counted ? lagS(delay.percentile(50)) : 0)
      this.set({ quantile: '0.99' }, counted ? lagS(delay.percentile(99)) : 0)
      this.set({ quantile: '1' }, counted ? lagS(delay.max) : 0)
      delay.reset()
    },
  })
}
