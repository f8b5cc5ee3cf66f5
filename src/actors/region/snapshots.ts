/**
 * The durable form of a region's memory: one snapshot an actor, and one for the region that says the set is whole.
 *
 * The region's own snapshot is written last. Recovery starts from it: every entity that existed at its position has a
 * snapshot at that position or later.
 */
import { z } from 'zod'
import type { CallState } from '../../domain/call.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import { callKey, driverKey, tripKey } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import type { Journal, Ownership, SnapshotWrite } from '../../store/journal.ts'
import type { DriverLocation } from '../driver/location.ts'

/** Raised when the form of any state changes: older snapshots are then left unread and the log is replayed instead. */
const FORM = 4
/** Snapshots in one statement, so that no statement grows with the region. */
const AT_ONCE = 2_000

const ofThisForm = z.object({ form: z.literal(FORM) })

/** Whether a stored state has the form that this engine writes. */
export const isOfThisForm = (state: unknown): boolean => ofThisForm.safeParse(state).success

export interface RegionSnapshot {
  readonly form: typeof FORM
  readonly lastRecordedAtMs: number
  /** Rows of each kind in the set, so that one that is gone is noticed; absent in sets of before they were counted. */
  readonly counts?: Readonly<Record<'drivers' | 'trips' | 'calls', number>>
}
export interface DriverSnapshot {
  readonly form: typeof FORM
  readonly state: DriverState
  readonly placed: PlacedFix | null
  /** `[streamId, receivedSeq]`, the least recently used first; those that wait to be forgotten are among them. */
  readonly streams: readonly (readonly [streamId: string, receivedSeq: number])[]
  /** Fingerprints of the streams that are forgotten, whose marks are rows of their own. */
  readonly forgotten: readonly number[]
}
export interface TripSnapshot {
  readonly form: typeof FORM
  readonly state: TripState
}
export interface CallSnapshot {
  readonly form: typeof FORM
  readonly state: CallState
}

export interface Memory {
  readonly position: number
  readonly segmentNo: number
  readonly lastRecordedAtMs: number
  readonly drivers: Iterable<{ readonly state: DriverState; readonly location: DriverLocation }>
  readonly trips: Iterable<TripState>
  readonly calls: Iterable<CallState>
}

/** Every state of a region at rest. Input: all of it durable. */
export function snapshotsOf(memory: Memory): SnapshotWrite[] {
  const at = { position: memory.position, segmentNo: memory.segmentNo }
  const snapshots: SnapshotWrite[] = []
  for (const { state, location } of memory.drivers) {
    const streams = [...location.streams()].map(stream => [stream.streamId, stream.receivedSeq] as const)
    const forgotten = location.forgottenPrints()
    const driver: DriverSnapshot = { form: FORM, state, placed: location.placed, streams, forgotten }
    snapshots.push({ entity: driverKey(state.unitId), ...at, state: driver })
  }
  for (const state of memory.trips) {
    snapshots.push({ entity: tripKey(state.tripId), ...at, state: { form: FORM, state } satisfies TripSnapshot })
  }
  for (const state of memory.calls) {
    snapshots.push({ entity: callKey(state.callId), ...at, state: { form: FORM, state } satisfies CallSnapshot })
  }
  const countOf = (kind: string) => snapshots.filter(({ entity }) => entity.startsWith(kind)).length
  const counts = { drivers: countOf('driver/'), trips: countOf('trip/'), calls: countOf('call/') }
  const region: RegionSnapshot = { form: FORM, lastRecordedAtMs: memory.lastRecordedAtMs, counts }
  snapshots.push({ entity: 'region', ...at, state: region })
  return snapshots
}

/** Writes them in parts, in order: the region's own, which makes the set whole, is in the last. Errors: the journal's. */
export async function putInParts(
  journal: Pick<Journal, 'putSnapshots'>,
  ownership: Ownership,
  snapshots: readonly SnapshotWrite[],
  atOnce = AT_ONCE,
): Promise<void> {
  for (let from = 0; from < snapshots.length; from += atOnce) {
    await journal.putSnapshots(ownership, snapshots.slice(from, from + atOnce))
  }
}
