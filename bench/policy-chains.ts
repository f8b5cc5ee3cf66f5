/**
 * Which call a unit may serve in time after which other one: the graph whose paths hold all that a day allows.
 *
 * Nodes are calls that are served in time, in the order of their entry. What is needed of arcs is that no real chain lacks one:
 *
 * - **i to j, nothing between.** The unit is idle at the end of i at a moment between the earliest and the latest that i in time
 *   allows, and goes back to its post. There must be a point of its way at which it is after j was entered, and from which it
 *   reaches j in time. Between two corners the later corner stands for all points: who is sent before it drives there first.
 * - **i to j, late calls between.** The last of them, k, ends no sooner than a late k can, and no sooner than i, then
 *   the turnout and service of k, allow; from its end a way as above leads to j. It is a *stone*: its price is paid.
 * - **Calls served out of order.** A unit may serve j after i though j was entered before i, both in time, when i is short. Such a j
 *   is no node of the path: i earns what j can earn besides (`alongWith`), and may be followed by whatever the roads allow.
 */
import type { Day, DayCall, Shift } from './policy-day.ts'
import type { BenchRoads, Goal, Place, Way, WaysBack } from './policy-roads.ts'

/** Of one post. */
export interface Arcs {
  /** By the call that is come to, by the one before: 0 none, -1 an arc, n > 0 by way of one of the first n stones. */
  readonly into: readonly Int16Array[]
  /** By the call that is come to: late calls by way of which it can be; the one that leaves most time first. */
  readonly stones: readonly (readonly number[])[]
  /** By the same: at what moment a unit must be idle at the latest to serve the stone first. */
  readonly idleByMs: readonly (readonly number[])[]
}

/** Moments at which a unit may become idle to be in time for a call, on its way back to a post. */
interface Window {
  readonly fromMs: number
  readonly untilMs: number
  /** The shortest drive of any. */
  readonly driveMs: number
}

export class ChainGraph {
  readonly #roads: BenchRoads
  readonly #back: WaysBack
  readonly #day: Day
  readonly #along: readonly (readonly number[])[]
  /** Calls that are served out of order in some chain. */
  readonly #isAlong: ReadonlySet<number>
  readonly #arcs = new Map<Goal, Arcs>()
  readonly #starts: readonly Int16Array[]
  readonly #calls: readonly (readonly number[])[]

  constructor(roads: BenchRoads, back: WaysBack, day: Day) {
    this.#roads = roads
    this.#back = back
    this.#day = day
    this.#along = day.calls.map((_, call) => this.#outOfOrder(call))
    this.#isAlong = new Set(this.#along.flat())
    for (const { post } of day.shifts) if (!this.#arcs.has(post)) this.#arcs.set(post, this.#arcsTo(post))
    this.#starts = day.shifts.map(shift => this.#startsOf(shift))
    this.#calls = day.shifts.map(({ endsAtMs }) =>
      day.calls.flatMap((call, number) => (call.enteredAtMs < endsAtMs && this.#budgetMs(call) >= 0 ? [number] : [])),
    )
  }

  /** False: nobody can, at any price. */
  canBeInTime(call: number): boolean {
    if (this.#isAlong.has(call)) return true
    if (this.#starts.some(starts => starts[call] !== 0)) return true
    return [...this.#arcs.values()].some(({ into }) => into[call]!.some(among => among !== 0))
  }

  /** Calls entered before this one that a unit may serve after it, both in time. */
  alongWith(call: number): readonly number[] {
    return this.#along[call]!
  }

  arcsOf(shift: number): Arcs {
    return this.#arcs.get(this.#day.shifts[shift]!.post)!
  }

  /** Calls that the shift can serve in time, by their entry. */
  callsOf(shift: number): readonly number[] {
    return this.#calls[shift]!
  }

  /** Whether a call can be the first that a shift serves in time, in the words of `Arcs.into`. */
  start(shift: number, call: number): number {
    return this.#starts[shift]![call]!
  }

  /** How long the drive to a call may take when a unit is sent at once; below 0 it is always late. */
  #budgetMs({ turnoutMs }: DayCall): number {
    return this.#day.targetMs - turnoutMs
  }

  #outOfOrder(first: number): number[] {
    const { calls, targetMs } = this.#day
    const call = calls[first]!
    const idleAtMs = earliestEndMs(call, 0)
    const others: number[] = []
    for (let other = first - 1; other >= 0; other--) {
      const { enteredAtMs, turnoutMs, scene } = calls[other]!
      if (enteredAtMs + targetMs < idleAtMs) break
      if (idleAtMs + turnoutMs + this.#roads.driveMs(call.end, scene) <= enteredAtMs + targetMs) others.push(other)
    }
    return others
  }

  #arcsTo(post: Goal): Arcs {
    const { calls } = this.#day
    const windows = calls.map((_, to) => this.#windowsInto(to, post))
    const idleFromMs = calls.map((call, number) =>
      earliestEndMs(call, this.#shortestMs(number, post, windows[number]!)),
    )
    const late = calls.map((_, to) => this.#stonesInto(to, windows[to]!))
    const into = calls.map((_, to) =>
      Int16Array.from({ length: to }, (_, from) => {
        const idleMs = idleFromMs[from]!
        const window = windows[to]!.get(from)
        if (window !== undefined && idleMs <= window.untilMs && this.#latestEndMs(calls[from]!) >= window.fromMs)
          return -1
        if (this.#along[from]!.length > 0 && this.#isWithinReach(idleMs, calls[from]!.end, calls[to]!)) return -1
        return countFrom(late[to]!, idleMs)
      }),
    )
    return {
      into,
      stones: late.map(stones => stones.map(({ call }) => call)),
      idleByMs: late.map(stones => stones.map(({ idleByMs }) => idleByMs)),
    }
  }

  /** By the call before, of those that leave any. */
  #windowsInto(to: number, post: Goal): Map<number, Window> {
    const { calls, targetMs } = this.#day
    const windows = new Map<number, Window>()
    const call = calls[to]!
    const budgetMs = this.#budgetMs(call)
    if (budgetMs < 0) return windows
    const known = new Map<Place, Window | null>()
    calls.forEach(({ end, ...before }, number) => {
      if (number === to || earliestEndMs(before, 0) > call.enteredAtMs + targetMs) return
      const knownWindow = known.get(end)
      const window =
        knownWindow === undefined ? this.#window(this.#back.way(end, post), call, budgetMs, post) : knownWindow
      known.set(end, window)
      if (window !== null) windows.set(number, window)
    })
    return windows
  }

  #window(way: Way, call: DayCall, budgetMs: number, post: Goal): Window | null {
    const { enteredAtMs, scene } = call
    let [fromMs, untilMs, driveMs] = [Infinity, -Infinity, Infinity]
    const consider = (afterMs: number, restMs: number) => {
      if (restMs > budgetMs) return
      fromMs = Math.min(fromMs, enteredAtMs - afterMs)
      untilMs = Math.max(untilMs, enteredAtMs + budgetMs - restMs - afterMs)
      driveMs = Math.min(driveMs, restMs)
    }
    consider(0, this.#roads.driveMs(way.from, scene))
    const { arcHead } = this.#roads.graph
    way.legs.forEach(({ arc, fromMs: legFromMs, toMs, startsAtMs }, index) => {
      for (const { arc: on, doneMs } of scene.place.forms)
        if (on === arc && legFromMs <= doneMs && doneMs <= toMs) consider(startsAtMs + doneMs - legFromMs, 0)
      if (index < way.legs.length - 1) consider(startsAtMs + toMs - legFromMs, scene.msFromNode[arcHead[arc]!]!)
    })
    const fromPostMs = this.#roads.driveMs(post.place, scene)
    consider(way.driveMs, fromPostMs)
    // Who is at the post waits there.
    if (fromPostMs <= budgetMs) fromMs = -Infinity
    return untilMs === -Infinity ? null : { fromMs, untilMs, driveMs }
  }

  /** No unit of the post has a shorter drive to this call when it comes in time. */
  #shortestMs(call: number, post: Goal, windows: ReadonlyMap<number, Window>): number {
    let shortestMs = this.#roads.driveMs(post.place, this.#day.calls[call]!.scene)
    for (const [before, { untilMs, driveMs }] of windows)
      if (earliestEndMs(this.#day.calls[before]!, 0) <= untilMs) shortestMs = Math.min(shortestMs, driveMs)
    return shortestMs
  }

  #stonesInto(to: number, windows: ReadonlyMap<number, Window>): { call: number; idleByMs: number }[] {
    const { calls } = this.#day
    return [...windows]
      .filter(([before, { untilMs }]) => before !== to && this.#latestEndMs(calls[before]!) <= untilMs)
      .map(([call, { untilMs }]) => ({ call, idleByMs: untilMs - calls[call]!.turnoutMs - calls[call]!.serviceMs }))
      .sort((a, b) => b.idleByMs - a.idleByMs)
  }

  #startsOf({ post, startsAtMs, endsAtMs }: Shift): Int16Array {
    const arcs = this.#arcs.get(post)!
    return Int16Array.from(this.#day.calls, (call, number) => {
      const { enteredAtMs, scene } = call
      if (enteredAtMs >= endsAtMs || this.#budgetMs(call) < 0) return 0
      const waitedMs = Math.max(0, startsAtMs - enteredAtMs)
      if (waitedMs + this.#roads.driveMs(post.place, scene) <= this.#budgetMs(call)) return -1
      const idleByMs = arcs.idleByMs[number]!
      const after = idleByMs.findIndex(atMs => atMs < startsAtMs)
      return after === -1 ? idleByMs.length : after
    })
  }

  #isWithinReach(idleMs: number, from: Place, { enteredAtMs, turnoutMs, scene }: DayCall): boolean {
    return idleMs + turnoutMs + this.#roads.driveMs(from, scene) <= enteredAtMs + this.#day.targetMs
  }

  /** In time it ends by then, late after that. */
  #latestEndMs({ enteredAtMs, serviceMs }: DayCall): number {
    return enteredAtMs + this.#day.targetMs + serviceMs
  }
}

type Timed = Pick<DayCall, 'enteredAtMs' | 'turnoutMs' | 'serviceMs'>

const earliestEndMs = ({ enteredAtMs, turnoutMs, serviceMs }: Timed, driveMs: number): number =>
  enteredAtMs + turnoutMs + driveMs + serviceMs

/** How many of them may be served by who is idle then. Input: in order. */
function countFrom(late: readonly { readonly idleByMs: number }[], idleMs: number): number {
  let count = 0
  while (count < late.length && late[count]!.idleByMs >= idleMs) count += 1
  return count
}
