/** What a command's turn goes by beside the states. */

import type { Position } from '../../domain/geo.ts'
import type { CallId, Principal, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { Incident } from '../../domain/incident-no.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Destination } from '../../domain/trip/trip.ts'
import type { RoadsThere, ZonePlace } from '../../domain/zone.ts'
import type { HeldMemory } from './release.ts'
import type { Turn } from './turn.ts'

export interface CommandContext {
  readonly principal: Principal
  /** The unit of a driver's session; null for the desk, which reports for crews that call in by radio. */
  readonly unitId: UnitId | null
  /** A moment that a client reports is put right unless it lies between these, region time. */
  readonly moments: { readonly earliestMs: number; readonly latestMs: number }
  readonly newId: () => string
  readonly policy: Policy
  /** Units that are retired as soon as they are free. */
  readonly retiring: ReadonlySet<UnitId>
  readonly desk: {
    /** Records the order of a pending trip to this unit. */
    order(turn: Turn, tripId: TripId, unitId: UnitId): void
    /** How far a place is from the nearest unit that could be sent; null when there is none. */
    nearestUnitM(place: Position): number | null
    readonly regionId: RegionId
    /** What of the region's roads lies there; null where it has none. */
    roadsThere(place: ZonePlace): RoadsThere | null
    /** The hospital of the region's reference data; undefined where it has none of this id. */
    hospital(hospitalId: string): Destination | undefined
  }
  /** All there is, for what concerns more than its ids say. */
  readonly memory: HeldMemory & {
    /** The highest number of a stored note of the call; 0 where there is none. */
    lastNoteNo(callId: CallId): number
    /** The number of a call that is entered at a moment of region time. */
    nextIncident(atMs: number): Incident
  }
}
