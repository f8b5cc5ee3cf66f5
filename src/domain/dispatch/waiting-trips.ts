/** The queue of pending trips as a fold over their states: who goes first is at the front. */
import type { DriverState } from '../driver.ts'
import type { Need } from '../events.ts'
import type { TripId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip.ts'
import { PRIORITIES, type Priority } from '../vocabulary.ts'
import { fits } from './eligibility.ts'
import { isBefore, placeOf, queueKey, type Waiting, waitingOf } from './queue.ts'

export class WaitingTrips {
  #policy: Policy
  #queue: Waiting[] = []
  readonly #byTrip = new Map<TripId, Waiting>()
  /** What those in the queue need, by its text, and how many of them need it. */
  readonly #needs = new Map<string, { readonly need: Need; trips: number }>()

  constructor(policy: Policy) {
    this.#policy = policy
  }

  get size(): number {
    return this.#queue.length
  }

  has(tripId: TripId): boolean {
    return this.#byTrip.has(tripId)
  }

  byPriority(): [Priority, number][] {
    return PRIORITIES.map(priority => [priority, this.#queue.filter(waiting => waiting.priority === priority).length])
  }

  /** The trip waits; its place is another once a dispatcher has changed its priority. */
  put(trip: TripState): void {
    const waiting = waitingOf(trip, this.#policy)
    const known = this.#byTrip.get(trip.tripId)
    if (known !== undefined) {
      const { key, priority, createdPosition } = known
      if (key === waiting.key && priority === waiting.priority && createdPosition === waiting.createdPosition) return
      this.drop(trip.tripId)
    }
    this.#queue.splice(placeOf(this.#queue, waiting), 0, waiting)
    this.#byTrip.set(trip.tripId, waiting)
    const needed = this.#needs.get(waiting.needText)
    if (needed === undefined) this.#needs.set(waiting.needText, { need: waiting.need, trips: 1 })
    else needed.trips += 1
  }

  /** Puts the queue in the order of another policy. */
  reorder(policy: Policy): void {
    this.#policy = policy
    const reordered = this.#queue.map(waiting => ({ ...waiting, key: queueKey(waiting, policy) }))
    this.#queue = reordered.sort((a, b) => (isBefore(a, b) ? -1 : 1))
    for (const waiting of reordered) this.#byTrip.set(waiting.tripId, waiting)
  }

  /** The trip waits no longer; nothing happens when it did not. */
  drop(tripId: TripId): void {
    const waiting = this.#byTrip.get(tripId)
    if (waiting === undefined) return
    this.#queue.splice(placeOf(this.#queue, waiting), 1)
    this.#byTrip.delete(tripId)
    const needed = this.#needs.get(waiting.needText)!
    needed.trips -= 1
    if (needed.trips === 0) this.#needs.delete(waiting.needText)
  }

  /** Whether the unit could serve anything that is waited for, asked before or not. */
  isNeeded(unit: DriverState): boolean {
    for (const { need } of this.#needs.values()) if (fits(unit, need)) return true
    return false
  }

  /** The queue with trips among it that are not in it yet; or these alone, without those that waited before. */
  among(trips: readonly TripState[], withQueue: boolean): readonly Waiting[] {
    const queue = withQueue ? [...this.#queue] : []
    for (const trip of trips) {
      const waiting = waitingOf(trip, this.#policy)
      queue.splice(placeOf(queue, waiting), 0, waiting)
    }
    return queue
  }
}
