/** The open calls and the units of a region as the database has them, for the day on which no engine will start. */
import type { CallState } from '../domain/call.ts'
import type { CallNote } from '../domain/call-notes.ts'
import type { CallDetails } from '../domain/commands.ts'
import type { PlacedFix } from '../domain/fix.ts'
import type { RegionId } from '../domain/ids.ts'
import { isEnded, type TripState } from '../domain/trip/trip.ts'
import type { DriverState } from '../domain/unit/driver.ts'
import type { MomentReader } from '../store/log/moment-reader.ts'
import { recoverUnchecked } from './region/recovery.ts'

export interface StoredBoard {
  readonly region: RegionId
  /** The last record that is in it, and its time. */
  readonly position: number
  readonly recordedAtMs: number
  /** The most urgent first, then in the order in which their callers called. */
  readonly calls: readonly {
    readonly call: CallState
    readonly trips: readonly TripState[]
    readonly details: CallDetails | null
    readonly notes: readonly CallNote[]
  }[]
  /** Without those that the service has given up. */
  readonly units: readonly { readonly state: DriverState; readonly placed: PlacedFix | null }[]
  /** Units, trips and calls whose stored data is damaged or at odds: what is told of them may be wrong. */
  readonly doubtful: readonly string[]
}

/** Errors: those of pg. */
export async function storedBoard(reader: MomentReader, region: RegionId): Promise<StoredBoard> {
  const ends = await reader.ends(region)
  const acquired = { ownership: { region, epoch: 0, incarnation: 'nobody' }, ...ends }
  const { calls, trips, drivers, locations, texts, lastRecordedAtMs, quarantine } = await recoverUnchecked(
    reader,
    acquired,
  )
  const open = [...calls.values()].filter(
    ({ state, tripIds }) =>
      state === 'open' || tripIds.some(tripId => trips.get(tripId) !== undefined && !isEnded(trips.get(tripId)!)),
  )
  return {
    region,
    position: ends.logEnd,
    recordedAtMs: lastRecordedAtMs,
    calls: open
      .sort((a, b) => a.priority - b.priority || a.receivedAtMs - b.receivedAtMs)
      .map(call => ({
        call,
        trips: call.tripIds.flatMap(tripId => trips.get(tripId) ?? []),
        details: texts.detailsOf(call.callId),
        notes: texts.notesOf(call.callId),
      })),
    units: [...drivers.values()]
      .filter(({ retired }) => retired !== true)
      .sort((a, b) => (a.callSign < b.callSign ? -1 : 1))
      .map(state => ({ state, placed: locations.get(state.unitId)?.placed ?? null })),
    doubtful: [...quarantine.reasons()].map(({ entity }) => entity),
  }
}
