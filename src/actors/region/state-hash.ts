/** One hash of all that a region's log has made of its units, trips, calls and alarms: two databases that agree have the same. */
import { createHash } from 'node:crypto'
import { callKey, driverKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { Recovered } from './recovery.ts'

type Told = Pick<Recovered, 'drivers' | 'trips' | 'calls' | 'region' | 'locations'>

/** In lower-case hex. Whether a state came from events or from a snapshot makes no difference. */
export function stateHash({ drivers, trips, calls, region, locations }: Told): string {
  const states = new Map<string, unknown>([[regionKey(region.regionId), region]])
  for (const state of drivers.values())
    states.set(driverKey(state.unitId), { state, placed: locations.get(state.unitId)?.placed ?? null })
  for (const state of trips.values()) states.set(tripKey(state.tripId), state)
  for (const state of calls.values()) states.set(callKey(state.callId), state)
  const hash = createHash('sha256')
  for (const key of [...states.keys()].sort()) hash.update(`${key} ${JSON.stringify(states.get(key), inOrder)}\n`)
  return hash.digest('hex')
}

/** A stored state has its keys in another order. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
