/** The queue of pending trips as a fold over their states: a lane for each priority, who was entered first at its front. */

import type { Need } from '../events/call-events.ts'
import type { TripId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import { isWaiting, type TripState } from '../trip/trip.ts'
import type { DriverState } from '../unit/driver.ts'
import { PRIORITIES, type Priority } from '../vocabulary.ts'
import { fits } from './eligibility.ts'
import { type AgeingPolicy, inOrder, placeOf, type Waiting, waitingOf } from './queue.ts'

const noLanes = (): Record<Priority, Waiting[]> => ({ 1: [], 2: [], 3: [], 4: [], 5: [] })

export class WaitingTrips {
  readonly #lanes: Readonly<Record<Priority, Waiting[]>> = noLanes()
  readonly #byTrip = new Map<TripId, Waiting>()
  /** What those in the queue need, by its text, and how many of them need it. */
  readonly #needs = new Map<string, { readonly need: Need; trips: number }>()

  /** How many of each priority nobody helps. */
  readonly #unhelped: Record<Priority, number> = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 }

  get size(): number {
    return this.#byTrip.size
  }

  has(tripId: TripId): boolean {
    return this.#byTrip.has(tripId)
  }

  /** Those that wait and are not in the queue yet. */
  newAmong(trips: Iterable<TripState>): TripState[] {
    return [...trips].filter(trip => isWaiting(trip) && !this.has(trip.tripId))
  }

  byPriority(): [Priority, number][] {
    return PRIORITIES.map(priority => [priority, this.#lanes[priority].length])
  }

  /** The trip waits; its place is another once a dispatcher has changed its priority. */
  put(trip: TripState): void {
    const waiting = waitingOf(trip)
    const known = this.#byTrip.get(trip.tripId)
    if (known !== undefined) {
      const { enteredAtMs, priority, createdPosition } = known
      const isSame = enteredAtMs === waiting.enteredAtMs && createdPosition === waiting.createdPosition
      if (isSame && priority === waiting.priority && known.isHelped === waiting.isHelped) return
      this.drop(trip.tripId)
    }
    const lane = this.#lanes[waiting.priority]
    lane.splice(placeOf(lane, waiting), 0, waiting)
    this.#byTrip.set(trip.tripId, waiting)
    if (!waiting.isHelped) this.#unhelped[waiting.priority] += 1
    const needed = this.#needs.get(waiting.needText)
    if (needed === undefined) this.#needs.set(waiting.needText, { need: waiting.need, trips: 1 })
    else needed.trips += 1
  }

  /** The trip waits no longer; nothing happens when it did not. */
  drop(tripId: TripId): void {
    const waiting = this.#byTrip.get(tripId)
    if (waiting === undefined) return
    const lane = this.#lanes[waiting.priority]
    lane.splice(placeOf(lane, waiting), 1)
    this.#byTrip.delete(tripId)
    if (!waiting.isHelped) this.#unhelped[waiting.priority] -= 1
    const needed = this.#needs.get(waiting.needText)!
    needed.trips -= 1
    if (needed.trips === 0) this.#needs.delete(waiting.needText)
  }

  /** Whether the unit could serve anything that is waited for, asked before or not, or help where that is done. */
  isNeeded(unit: DriverState, { whenNoneFree }: Pick<Policy, 'whenNoneFree'>): boolean {
    if (PRIORITIES.some(priority => this.#unhelped[priority] > 0 && whenNoneFree[priority] !== 'wait')) return true
    for (const { need } of this.#needs.values()) if (fits(unit, need)) return true
    return false
  }

  /** The queue with trips among it that are not in it yet; or these alone, without those that waited before. */
  among(trips: readonly TripState[], withQueue: boolean, policy: AgeingPolicy, nowMs: number): readonly Waiting[] {
    const lanes = noLanes()
    if (withQueue) for (const priority of PRIORITIES) lanes[priority] = [...this.#lanes[priority]]
    for (const trip of trips) {
      const waiting = waitingOf(trip)
      const lane = lanes[waiting.priority]
      lane.splice(placeOf(lane, waiting), 0, waiting)
    }
    return inOrder(lanes, policy, nowMs)
  }
}
