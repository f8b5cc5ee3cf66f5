/** What a unit of the region takes beside its drive, by what is known of it now. */
import type { StartDelay, TravelTimes } from '../../domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { UnitStatus } from '../../domain/vocabulary.ts'
import type { RegionRoads } from './region-roads.ts'

/** What of a unit makes its time. */
export interface StartingUnit {
  readonly fix: PlacedFix | null
  readonly status: UnitStatus
}

export function startDelayOf(
  { fix, status }: StartingUnit,
  travel: TravelTimes,
  roads: Pick<RegionRoads, 'isAtStation'>,
  nowMs: number,
): StartDelay {
  const isAtStation = fix !== null && roads.isAtStation(fix)
  const fixAgeMs = fix === null ? 0 : nowMs - fix.fixedAtMs
  return travel.delayOf({ status, speedMps: fix?.speedMps ?? null, isAtStation, fixAgeMs }, nowMs)
}
