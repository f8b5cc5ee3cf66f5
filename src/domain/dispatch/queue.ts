/** The order of the trips that wait: by age with a handicap for each step of priority, then by who could serve them. */
import type { CallState } from '../call.ts'
import type { Need } from '../events.ts'
import type { CallId, TripId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip.ts'
import type { Priority } from '../vocabulary.ts'
import { needText } from './eligibility.ts'

/**
 * Place of a pending trip in the queue, lower first: the call's age with a handicap for each step of priority.
 *
 * Priority decides among calls of about the same age; a call that has waited `ageingStepMs` longer for each step goes
 * first, so that nothing starves. The key does not change while the policy stands, so the queue needs no re-sorting. Among
 * equal keys `compareTurns` decides, as units stand when the trips are served.
 */
export function queueKey(
  trip: Pick<TripState, 'receivedAtMs' | 'priority'>,
  policy: Pick<Policy, 'ageingStepMs'>,
): number {
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
const compareTurns = (a: QueueTurn, b: QueueTurn): number => a.servers - b.servers || compareAges(a, b)

/** Negative when `a` was made before `b`. */
export const compareAges = (a: Omit<QueueTurn, 'servers'>, b: Omit<QueueTurn, 'servers'>): number =>
  a.createdPosition - b.createdPosition || a.needIndex - b.needIndex

/** A pending trip's place in the queue. */
export interface Waiting {
  readonly key: number
  readonly createdPosition: number
  readonly tripId: TripId
  readonly receivedAtMs: number
  readonly priority: Priority
  readonly need: Need
  readonly needText: string
}

export function waitingOf(trip: TripState, policy: Policy): Waiting {
  const { tripId, receivedAtMs, priority, need, createdPosition } = trip
  const key = queueKey(trip, policy)
  return { key, createdPosition, tripId, receivedAtMs, priority, need, needText: needText(need) }
}

/** Where a trip is kept. Of those that were made together the id tells them apart; who of them goes first it does not. */
export function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.key !== b.key) return a.key < b.key
  return a.createdPosition === b.createdPosition ? a.tripId < b.tripId : a.createdPosition < b.createdPosition
}

/** Where a trip stands in the sorted queue, or would stand. */
export function placeOf(queue: readonly Waiting[], waiting: Waiting): number {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(queue[middle]!, waiting)) low = middle + 1
    else high = middle
  }
  return low
}

/** The queue in pieces of one rank. */
export function* ranksOf(queue: readonly Waiting[]): Iterable<readonly Waiting[]> {
  for (let from = 0; from < queue.length; ) {
    let to = from + 1
    while (to < queue.length && queue[to]!.key === queue[from]!.key) to += 1
    yield queue.slice(from, to)
    from = to
  }
}

/**
 * Trips of one rank in the order in which they are served.
 *
 * Input: `callOf`, a trip's call, where it is known; `serversOf`, how many units could serve a need now, asked once for each.
 */
export function inTurn(
  trips: readonly TripState[],
  callOf: (callId: CallId) => CallState | undefined,
  serversOf: (need: Need) => number,
): readonly TripState[] {
  if (trips.length < 2) return trips
  const servers = new Map<string, number>()
  const turns = trips.map(trip => {
    const need = needText(trip.need)
    if (!servers.has(need)) servers.set(need, serversOf(trip.need))
    return { trip, ...turnOf(trip, callOf(trip.callId), servers.get(need)!) }
  })
  return turns.sort(compareTurns).map(({ trip }) => trip)
}
