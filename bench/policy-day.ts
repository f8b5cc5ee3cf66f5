/**
 * One day of calls with a fleet that drives: what happens when, by whichever way units are chosen.
 *
 * A call waits until a unit is idle, by priority, then by age. The chosen unit turns out, drives to the scene, is there, carries
 * the patient where the record says so, hands over, and is idle again where it is then. From there it drives to its post, and may
 * be chosen on the way, from where it is at that moment. A unit whose shift has ended ends the call that it has.
 */
import { distanceM } from '../src/domain/geo.ts'
import type { BenchRoads, Goal, Place, Way, WaysBack } from './policy-roads.ts'

export interface DayCall {
  /** From the beginning of the day, as all moments here: when the desk has it. */
  readonly enteredAtMs: number
  /** 1 goes first. */
  readonly priority: number
  readonly scene: Goal
  readonly turnoutMs: number
  /** From the arrival at the scene until the unit is idle again. */
  readonly serviceMs: number
  /** Where it is idle again: at the scene or at the hospital. */
  readonly end: Place
}

export interface Shift {
  readonly post: Goal
  readonly startsAtMs: number
  /** The unit is not chosen from then on. */
  readonly endsAtMs: number
}

export interface Day {
  readonly name: string
  /** By `enteredAtMs`. */
  readonly calls: readonly DayCall[]
  readonly shifts: readonly Shift[]
  /** Who comes later than that after the call was entered is late. */
  readonly targetMs: number
}

export interface DayOutcome {
  /** By the number of the call, as below; Infinity for one that nobody was left to serve. */
  readonly responseMs: Float64Array
  /** The number of the shift; -1 for nobody. */
  readonly shift: Int32Array
  readonly late: number
  /** From the choice until idle again, all units together. */
  readonly busyMs: number
}

/** What stands in the way of a unit: less is better, of equal ones the first shift. */
export type Ranking = (from: Place, call: DayCall) => number

/** What somebody who knows the day changes, by the number of the call. */
export interface Changes {
  /** The only shift that may serve it. */
  readonly shift: ReadonlyMap<number, number>
  /** Nobody is sent before so long after it was entered. */
  readonly heldMs: ReadonlyMap<number, number>
}

export const NO_CHANGES: Changes = { shift: new Map(), heldMs: new Map() }

export const byStraightLine: Ranking = (from, { scene }) => distanceM(from, scene.place)
export const byRoad =
  (roads: BenchRoads): Ranking =>
  (from, { scene }) =>
    roads.driveMs(from, scene)

/** In the order in which they happen at one moment: who is idle then can be sent to a call of then. */
const KINDS = { starts: 0, idle: 1, ends: 2, call: 3 } as const
interface DayEvent {
  readonly atMs: number
  readonly kind: keyof typeof KINDS
  /** -1 where it is of a call alone, or of a shift alone. */
  readonly shift: number
  readonly call: number
}

/** Of a unit that may be chosen: how it goes back to its post, and since when. */
interface Idle {
  readonly way: Way | null
  readonly sinceMs: number
}

export class DayRun {
  readonly #roads: BenchRoads
  readonly #back: WaysBack
  readonly #day: Day
  readonly #ranking: Ranking
  readonly #changes: Changes
  readonly #events: DayEvent[]
  readonly #idle: (Idle | null)[]
  /** In the order in which they are served. */
  readonly #waiting: number[] = []
  readonly #responseMs: Float64Array
  readonly #shift: Int32Array
  #busyMs = 0

  constructor(roads: BenchRoads, back: WaysBack, day: Day, ranking: Ranking, changes: Changes = NO_CHANGES) {
    this.#roads = roads
    this.#back = back
    this.#day = day
    this.#ranking = ranking
    this.#changes = changes
    this.#idle = day.shifts.map(() => null)
    this.#responseMs = new Float64Array(day.calls.length).fill(Infinity)
    this.#shift = new Int32Array(day.calls.length).fill(-1)
    this.#events = [
      ...day.shifts.flatMap(({ startsAtMs, endsAtMs }, shift): DayEvent[] => [
        { atMs: startsAtMs, kind: 'starts', shift, call: -1 },
        { atMs: endsAtMs, kind: 'ends', shift, call: -1 },
      ]),
      ...day.calls.map(({ enteredAtMs }, call): DayEvent => {
        return { atMs: enteredAtMs + (changes.heldMs.get(call) ?? 0), kind: 'call', shift: -1, call }
      }),
    ].sort(inOrder)
  }

  run(): DayOutcome {
    for (let at = 0; at < this.#events.length; at++) {
      const event = this.#events[at]!
      if (event.atMs === Infinity) break
      this.#take(event)
      // Who else is idle at this moment can be the better choice.
      if (this.#events[at + 1]?.atMs !== event.atMs) this.#choose(event.atMs, at + 1)
    }
    let late = 0
    for (const ms of this.#responseMs) if (ms > this.#day.targetMs) late += 1
    return { responseMs: this.#responseMs, shift: this.#shift, late, busyMs: this.#busyMs }
  }

  #take({ atMs, kind, shift, call }: DayEvent): void {
    if (kind === 'starts') this.#idle[shift] = { way: null, sinceMs: atMs }
    if (kind === 'ends') this.#idle[shift] = null
    const { calls, shifts } = this.#day
    if (kind === 'idle' && atMs < shifts[shift]!.endsAtMs)
      this.#idle[shift] = { way: this.#back.way(calls[call]!.end, shifts[shift]!.post), sinceMs: atMs }
    if (kind === 'call') insert(this.#waiting, call, 0, (a, b) => this.#before(a, b))
  }

  /** Sends whom it can; what comes of it happens from `nextEvent` on. */
  #choose(nowMs: number, nextEvent: number): void {
    for (let at = 0; at < this.#waiting.length; ) {
      const call = this.#waiting[at]!
      const shift = this.#best(nowMs, call)
      if (shift === -1) {
        at += 1
        continue
      }
      this.#waiting.splice(at, 1)
      const { enteredAtMs, turnoutMs, serviceMs, scene } = this.#day.calls[call]!
      const from = this.#placeOf(this.#idle[shift]!, shift, nowMs)
      const arrivedAtMs = nowMs + turnoutMs + this.#roads.driveMs(from, scene)
      this.#idle[shift] = null
      this.#shift[call] = shift
      this.#responseMs[call] = arrivedAtMs - enteredAtMs
      this.#busyMs += arrivedAtMs + serviceMs - nowMs
      insert(this.#events, { atMs: arrivedAtMs + serviceMs, kind: 'idle', shift, call }, nextEvent, inOrder)
    }
  }

  /** -1 when nobody can be sent. */
  #best(nowMs: number, call: number): number {
    const only = this.#changes.shift.get(call)
    if (only !== undefined) return this.#idle[only] === null ? -1 : only
    let best = -1
    let least = Infinity
    for (let shift = 0; shift < this.#idle.length; shift++) {
      const idle = this.#idle[shift]!
      if (idle === null) continue
      const cost = this.#ranking(this.#placeOf(idle, shift, nowMs), this.#day.calls[call]!)
      if (cost >= least) continue
      least = cost
      best = shift
    }
    return best
  }

  #placeOf({ way, sinceMs }: Idle, shift: number, nowMs: number): Place {
    return way === null ? this.#day.shifts[shift]!.post.place : this.#roads.placeOn(way, nowMs - sinceMs)
  }

  #before(a: number, b: number): number {
    const [callA, callB] = [this.#day.calls[a]!, this.#day.calls[b]!]
    return callA.priority - callB.priority || a - b
  }
}

const inOrder = (a: DayEvent, b: DayEvent): number =>
  (a.atMs === b.atMs ? 0 : a.atMs - b.atMs) || KINDS[a.kind] - KINDS[b.kind] || a.shift - b.shift || a.call - b.call

/** Into an array that is in order from `from` on; behind those that are equal. */
function insert<Item>(into: Item[], item: Item, from: number, compare: (a: Item, b: Item) => number): void {
  let at = into.length
  while (at > from && compare(into[at - 1]!, item) > 0) at -= 1
  into.splice(at, 0, item)
}
