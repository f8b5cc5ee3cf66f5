/**
 * The order of the trips that wait: by class, then by time, then by who could serve them.
 *
 * A trip of priority 1 or 2 goes before every less urgent one, whatever the wait of either. Of those below, a wait counts by
 * the policy, up to a bound; beyond that an alarm asks for people (`deadlines.ts`), not for a better place.
 */
import type { CallState } from '../call.ts'
import type { Need } from '../events/call-events.ts'
import type { CallId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip/trip.ts'
import { PRIORITIES, type Priority } from '../vocabulary.ts'
import { needText } from './eligibility.ts'

/** The highest number of a priority that nothing less urgent overtakes. */
const URGENT_UP_TO: Priority = 2

export type AgeingPolicy = Pick<Policy, 'ageingStepMs' | 'ageingStepsMax'>

/**
 * What a trip's class has come to by its wait, the lower the sooner: its priority in ageing steps, less the wait, which
 * counts for `ageingStepsMax` of them at most. For the priorities that age.
 */
export function agedMs(
  { priority, enteredAtMs }: Pick<TripState, 'priority' | 'enteredAtMs'>,
  { ageingStepMs, ageingStepsMax }: AgeingPolicy,
  nowMs: number,
): number {
  const waitedMs = Math.max(0, nowMs - enteredAtMs)
  return priority * ageingStepMs - Math.min(waitedMs, ageingStepsMax * ageingStepMs)
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

/** A pending trip in the queue. */
export interface Waiting extends Pick<TripState, 'tripId' | 'priority' | 'enteredAtMs' | 'createdPosition' | 'need'> {
  readonly needText: string
  /** Whether somebody helps it or did, or it helps another one: then it is not helped. */
  readonly isHelped: boolean
}

export function waitingOf({
  tripId,
  priority,
  enteredAtMs,
  createdPosition,
  need,
  helps,
  helpedBy,
}: TripState): Waiting {
  const isHelped = helps !== undefined || helpedBy !== undefined
  return { tripId, priority, enteredAtMs, createdPosition, need, needText: needText(need), isHelped }
}

/** The trips of each priority, in the order of `isBefore`: what a wait counts for changes nothing among equals. */
export type Lanes = Readonly<Record<Priority, readonly Waiting[]>>

/**
 * Of one priority, which goes before: the one that was entered first. Of those that were made together the id tells them
 * apart; who of them goes first it does not.
 */
function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.enteredAtMs !== b.enteredAtMs) return a.enteredAtMs < b.enteredAtMs
  return a.createdPosition === b.createdPosition ? a.tripId < b.tripId : a.createdPosition < b.createdPosition
}

/** Where a trip stands in the sorted lane of its priority, or would stand. */
export function placeOf(lane: readonly Waiting[], waiting: Waiting): number {
  let low = 0
  let high = lane.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(lane[middle]!, waiting)) low = middle + 1
    else high = middle
  }
  return low
}

/** All who wait, who goes first at the front. */
export function inOrder(lanes: Lanes, policy: AgeingPolicy, nowMs: number): readonly Waiting[] {
  const urgent = PRIORITIES.filter(priority => priority <= URGENT_UP_TO)
  const others = PRIORITIES.filter(priority => priority > URGENT_UP_TO)
  return [
    ...urgent.flatMap(priority => lanes[priority]),
    ...merged(
      others.map(priority => lanes[priority]).filter(({ length }) => length > 0),
      policy,
      nowMs,
    ),
  ]
}

/** Several lanes as one. Within each the older has come as far as the next one, or farther. */
function merged(lanes: readonly (readonly Waiting[])[], policy: AgeingPolicy, nowMs: number): readonly Waiting[] {
  if (lanes.length < 2) return lanes.flat()
  const queue: Waiting[] = []
  const heads = lanes.map(lane => ({ lane, next: 0, aged: agedMs(lane[0]!, policy, nowMs) }))
  while (heads.length > 0) {
    let first = heads[0]!
    // Of two that have come equally far the more urgent goes first.
    for (const head of heads) if (head.aged < first.aged) first = head
    queue.push(first.lane[first.next]!)
    first.next += 1
    const waiting = first.lane[first.next]
    if (waiting === undefined) heads.splice(heads.indexOf(first), 1)
    else first.aged = agedMs(waiting, policy, nowMs)
  }
  return queue
}

/** The queue in pieces of one rank: one priority, entered at one moment, as the needs of a call are. */
export function* ranksOf(queue: readonly Waiting[]): Iterable<readonly Waiting[]> {
  const isSame = (a: Waiting, b: Waiting) => a.priority === b.priority && a.enteredAtMs === b.enteredAtMs
  for (let from = 0; from < queue.length; ) {
    let to = from + 1
    while (to < queue.length && isSame(queue[to]!, queue[from]!)) to += 1
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
