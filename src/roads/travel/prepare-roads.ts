/** Has stored roads made ready by a thread of their own: half a second for a large city, which no loop of events has. */
import { inThread } from '../thread.ts'
import type { PreparedRoads, RoadsToPrepare } from './prepared-roads.ts'

/** Errors: those of the thread, `DamagedRoads` among them; the reason of the signal, which ends the thread. */
export const prepareRoads = (bytes: RoadsToPrepare, signal?: AbortSignal): Promise<PreparedRoads> =>
  inThread('travel/prepare-thread', bytes, signal)
