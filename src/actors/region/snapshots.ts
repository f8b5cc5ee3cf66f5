/**
 * The durable form of a region's memory: one snapshot for each actor, and one for the region that says that the set is
 * whole.
 *
 * The region's own snapshot is written last. Recovery starts from it: every entity that existed at its position has a
 * snapshot at that position or later, or one that is older and that nothing has changed since (`checkpoint.ts`).
 */
import type { CallState } from '../../domain/call.ts'
import { callKey, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { RegionState } from '../../domain/region-state.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { ClosedCall } from '../../store/log/journal.ts'
import { fingerprint } from '../driver/forgotten-streams.ts'
import type { DriverLocation } from '../driver/location.ts'

/** Raised when the form of any state changes: older snapshots are then left unread and the log is replayed instead. */
const FORM = 9

/** Whether a stored state has the form that this engine writes. */
export const isOfThisForm = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'form' in state && state.form === FORM

export interface RegionSnapshot {
  readonly form: typeof FORM
  readonly lastRecordedAtMs: number
  /** Rows of each kind in the set, so that one that is gone is noticed; absent in sets of before they were counted. */
  readonly counts?: Readonly<Record<'drivers' | 'trips' | 'calls', number>>
}
/** Up to where a set is whole. */
export interface WholeAt {
  readonly position: number
  readonly segmentNo: number
  /** What the row that says so has; null where there is none. */
  readonly state: RegionSnapshot | null
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

/** A call that is over and has left memory, with all of its trips. */
export interface ClosedCallSnapshot {
  readonly form: typeof FORM
  readonly call: CallState
  /** In the order in which the call names them. */
  readonly trips: readonly TripState[]
}

/** The region's own alarms; the row that says that a set is whole is another. */
export interface AlarmsSnapshot {
  readonly form: typeof FORM
  readonly state: RegionState
}

/** One actor's durable form, under its key. */
interface Snapshot {
  readonly entity: EntityKey
  readonly state: DriverSnapshot | TripSnapshot | CallSnapshot | AlarmsSnapshot
}

/** Input: a unit whose events and fixes are all durable. */
export function driverSnapshot(state: DriverState, location: DriverLocation): Snapshot {
  const streams = [...location.streams()].map(stream => [stream.streamId, stream.receivedSeq] as const)
  const forgotten = location.forgottenPrints()
  return { entity: driverKey(state.unitId), state: { form: FORM, state, placed: location.placed, streams, forgotten } }
}

export const tripSnapshot = (state: TripState): Snapshot => ({
  entity: tripKey(state.tripId),
  state: { form: FORM, state },
})

export const callSnapshot = (state: CallState): Snapshot => ({
  entity: callKey(state.callId),
  state: { form: FORM, state },
})

export const closedCallSnapshot = (call: CallState, trips: readonly TripState[]): ClosedCallSnapshot => ({
  form: FORM,
  call,
  trips,
})

/** What a stored row has; null where it is damaged, or of another form. */
export function closedStateOf({ callId, state }: ClosedCall): ClosedCallSnapshot | null {
  if (!isOfThisForm(state)) return null
  const closed = state as ClosedCallSnapshot
  const isWhole =
    closed.call?.callId === callId && isSameList(closed.call.tripIds, closed.trips?.map(trip => trip.tripId) ?? [])
  return isWhole ? closed : null
}

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each, index) => each === b[index])

export const alarmsSnapshot = (state: RegionState): Snapshot => ({
  entity: regionKey(state.regionId),
  state: { form: FORM, state },
})

export const regionSnapshot = (
  lastRecordedAtMs: number,
  counts: NonNullable<RegionSnapshot['counts']>,
): RegionSnapshot => ({
  form: FORM,
  lastRecordedAtMs,
  counts,
})

/** What a set has once some actors have left it. Never below zero: who was made during a pass is not in its count. */
export const without = (
  { drivers, trips, calls }: NonNullable<RegionSnapshot['counts']>,
  less: { readonly trips: number; readonly calls: number },
): NonNullable<RegionSnapshot['counts']> => ({
  drivers,
  trips: Math.max(0, trips - less.trips),
  calls: Math.max(0, calls - less.calls),
})

/** A number that changes whenever what a snapshot says of a unit's streams does: a fix that moves it is in one of them. */
export function marksOf(location: DriverLocation): number {
  let mixed = 0
  for (const { streamId, receivedSeq } of location.streams()) {
    // Its id too: of many streams with one fix each, one that took another's place looks like it.
    mixed = (Math.imul(mixed, 31) + (fingerprint(streamId) ^ (receivedSeq + 1))) | 0
  }
  return mixed
}
