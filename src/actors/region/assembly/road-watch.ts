/** What of the level that shows goes by road: arrivals, and the answers to what is asked of the roads. */
import type { MachineClock } from '../../../base/time.ts'
import { EtaWatch } from '../etas/eta-watch.ts'
import { Reckoning } from '../etas/reckoning.ts'
import type { HowFarPorts } from '../how-far.ts'
import type { Queries } from '../queries.ts'
import type { RegionHospitals } from '../region-hospitals.ts'
import type { RegionRoads } from '../region-roads.ts'
import { RoadQueries, type RoadQueriesPorts } from '../road-queries.ts'
import type { StateLevel } from './state-level.ts'

interface RoadWatchPorts {
  readonly state: StateLevel
  readonly roads: RegionRoads
  readonly hospitals: RegionHospitals
  readonly seen: HowFarPorts['seen']
  readonly queries: Pick<Queries, 'settle'>
  readonly machine: MachineClock
  readonly closedPlaces: RoadQueriesPorts['closedPlaces']
  readonly failed: (what: string) => (error: unknown) => void
}

export function roadWatch({ state, roads, hospitals, seen, queries, machine, closedPlaces, failed }: RoadWatchPorts) {
  const { memory, clock, policy, outbox, writer } = state
  return {
    etas: new EtaWatch({
      ...{ memory, machine, outbox, log: writer, onError: failed('telling arrivals failed') },
      reckoning: new Reckoning({ roads, policy, seen, nowMs: () => clock.nowMs() }),
    }),
    roadQueries: new RoadQueries({
      ...{ memory, roads, policy, hospitals, clock, closedPlaces, onError: failed('asking the roads failed') },
      settle: (answer, shown) => queries.settle(answer, shown),
    }),
  }
}
