/** What a client has of the device that it runs on: clocks, chance, ids, and region time as far as it is known. */
import type { DeviceOptions } from './connection-options.ts'
import { randomId } from './random-id.ts'
import { RegionTime } from './region-time.ts'
import { type FullTimers, fullTimers } from './timing.ts'

/** One for each client: what sends, what hears and the connection itself go by the same. */
export interface ClientDevice {
  readonly timers: FullTimers
  readonly random: () => number
  readonly newId: () => string
  readonly time: RegionTime
}

export function deviceOf(options: DeviceOptions): ClientDevice {
  const timers = fullTimers(options.timers)
  return {
    timers,
    random: options.random ?? Math.random,
    newId: options.newId ?? randomId,
    time: new RegionTime(timers),
  }
}
