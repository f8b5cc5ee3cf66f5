/** The facts of a region's roads, as dispatchers say them. */
import type { RegionId } from '../ids.ts'
import type { DrawnZone } from '../zone.ts'
import type { EventOf, RegionEntity } from './event.ts'

/** Roads are closed, or slow, for ambulances. */
export interface RoadsRestricted extends EventOf<'RoadsRestricted', RegionEntity>, DrawnZone {
  readonly regionId: RegionId
}

/** They are as before: a dispatcher says so, or their time is over. */
export interface RoadsReopened extends EventOf<'RoadsReopened', RegionEntity> {
  readonly regionId: RegionId
  readonly zoneId: DrawnZone['zoneId']
  readonly cause: 'dispatcher' | 'system'
}
