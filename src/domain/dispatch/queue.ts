/** The order of the trips that wait: by age with a handicap for each step of priority, then by who could serve them. */
import type { CallState } from '../call.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip.ts'

/**
 * Place of a pending trip in the queue, lower first: the call's age with a handicap for each step of priority.
 *
 * Priority decides among calls of about the same age; a call that has waited `ageingStepMs` longer for each step goes
 * first, so that nothing starves. The key never changes while the trip waits, so the queue needs no re-sorting. Among equal
 * keys `compareTurns` decides, as units stand when the trips are served.
 */
export function queueKey(trip: TripState, policy: Policy): number {
  return trip.receivedAtMs + (trip.priority - 1) * policy.ageingStepMs
}

/** What decides among trips of one rank in the queue; the lower goes first, part by part. */
interface QueueTurn {
  /** So many units could serve the trip's need now. */
  readonly servers: number
  /** Position of the record that made the trip, and its place among the trips of its call. */
  readonly createdPosition: number
  readonly needIndex: number
}

/**
 * A trip's turn among those of its rank: the need that fewer units can serve goes first, or a unit that alone could serve it
 * is gone to a need that others could have served; then the older trip, then the order of the needs. Ids are random and
 * decide nothing. Input: its call, undefined where nothing is known of it.
 */
export function turnOf(trip: TripState, call: CallState | undefined, servers: number): QueueTurn {
  return { servers, createdPosition: trip.createdPosition, needIndex: call?.tripIds.indexOf(trip.tripId) ?? 0 }
}

/** Negative when `a` is served before `b`. */
export const compareTurns = (a: QueueTurn, b: QueueTurn): number => a.servers - b.servers || compareAges(a, b)

/** Negative when `a` was made before `b`. */
export const compareAges = (a: Omit<QueueTurn, 'servers'>, b: Omit<QueueTurn, 'servers'>): number =>
  a.createdPosition - b.createdPosition || a.needIndex - b.needIndex
