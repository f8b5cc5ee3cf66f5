/**
 * How many calls of a day are late whoever dispatches, were it somebody who knows the day: a lower bound with its proof.
 *
 * The dispatcher whom it is about may send any idle unit at any moment from a call's entry on, hold units back, and serve calls
 * in any order; posts, shifts, roads and durations stand. Give each call j a price p(j) of 0 or more. What a unit does is a chain
 * of calls; let it earn 1 for each that it serves in time, and pay p(j) for each j that it serves. A call is served once. So
 *
 *     calls in time  <=  sum of all p(j)  +  sum over units of the most that any chain of the unit can earn,
 *
 * whatever the prices: the bound holds for any, and `lateAtLeast` looks for those that make it tight by subgradient steps
 * (Held and Karp 1971). The second sum is the longest path in a graph by unit whose arcs (`policy-chains.ts`) are there wherever
 * the real day allows them, and sometimes where it does not, so a path earns at least what the real chain does.
 */
import { type Arcs, ChainGraph } from './policy-chains.ts'
import type { Day } from './policy-day.ts'
import type { BenchRoads, WaysBack } from './policy-roads.ts'

const STEPS = 400
/** So many steps without a better bound make the next ones half as long. */
const PATIENCE = 12
const SHORTEST_STEP = 0.01
/** Sums of prices are no whole numbers. */
const ROUNDED = 1e-6

/** Input: `lateAtMost`, of a day that can be had, says how far the prices need to go. */
export function lateAtLeast(roads: BenchRoads, back: WaysBack, day: Day, lateAtMost: number): number {
  const graph = new ChainGraph(roads, back, day)
  const count = day.calls.length
  const price = Float64Array.from(day.calls, (_, call) => (graph.canBeInTime(call) ? 1 : 0))
  let least = count
  let stepLength = 1
  let since = 0
  for (let step = 0; step < STEPS && stepLength > SHORTEST_STEP; step++) {
    const { earned, served } = earnings(graph, day, price)
    const inTime = price.reduce((sum, each) => sum + each, 0) + earned
    since += 1
    if (inTime < least - ROUNDED) {
      least = inTime
      since = 0
    } else if (since > PATIENCE) {
      stepLength /= 2
      since = 0
    }
    if (Math.floor(least + ROUNDED) <= count - lateAtMost) break
    // Who is served more than once is too cheap, who is not served is too dear.
    const slope = served.map(times => 1 - times)
    const steepness = slope.reduce((sum, each) => sum + each * each, 0)
    if (steepness === 0) break
    const by = (stepLength * (inTime - (count - lateAtMost))) / steepness
    for (let call = 0; call < count; call++) price[call] = Math.max(0, price[call]! - by * slope[call]!)
  }
  return Math.max(0, count - Math.floor(least + ROUNDED))
}

/** The most that units can earn at these prices, and how often each call is served then. */
function earnings(graph: ChainGraph, day: Day, price: Float64Array): { earned: number; served: Float64Array } {
  const served = new Float64Array(price.length)
  let earned = 0
  const worth = Float64Array.from(price, (each, call) => {
    return 1 - each + graph.alongWith(call).reduce((sum, other) => sum + Math.max(0, 1 - price[other]!), 0)
  })
  const count = (call: number) => {
    served[call]! += 1
    for (const other of graph.alongWith(call)) if (price[other]! < 1) served[other]! += 1
  }
  const pricedArcs = new Map<Arcs, PricedArcs>()
  day.shifts.forEach((_, shift) => {
    const arcs = graph.arcsOf(shift)
    const priced = pricedArcs.get(arcs) ?? new PricedArcs(arcs, price)
    pricedArcs.set(arcs, priced)
    earned += longestChain(graph, shift, priced, worth, count, call => {
      served[call]! += 1
    })
  })
  return { earned, served }
}

/** What it costs least to come to a call by way of one that is late: by how many of them, in their order, may be taken. */
class PricedArcs {
  readonly arcs: Arcs
  readonly #least: readonly { readonly price: Float64Array; readonly call: Int32Array }[]

  constructor(arcs: Arcs, price: Float64Array) {
    this.arcs = arcs
    this.#least = arcs.stones.map(stones => {
      const least = new Float64Array(stones.length)
      const call = new Int32Array(stones.length)
      stones.forEach((stone, at) => {
        const isLess = at === 0 || price[stone]! < least[at - 1]!
        least[at] = isLess ? price[stone]! : least[at - 1]!
        call[at] = isLess ? stone : call[at - 1]!
      })
      return { price: least, call }
    })
  }

  /** Input: 1 or more. */
  priceOf(to: number, among: number): number {
    return this.#least[to]!.price[among - 1]!
  }

  stoneOf(to: number, among: number): number {
    return this.#least[to]!.call[among - 1]!
  }
}

const NONE = -2
const START = -1

function longestChain(
  graph: ChainGraph,
  shift: number,
  priced: PricedArcs,
  worth: Float64Array,
  onServed: (call: number) => void,
  onStone: (call: number) => void,
): number {
  const calls = graph.callsOf(shift)
  const { arcs } = priced
  const earned = new Float64Array(calls.length)
  const before = new Int32Array(calls.length).fill(NONE)
  const through = new Int32Array(calls.length)
  let best = -1
  calls.forEach((to, at) => {
    const first = graph.start(shift, to)
    let most = first === 0 ? -Infinity : first > 0 ? -priced.priceOf(to, first) : 0
    if (first !== 0) {
      before[at] = START
      through[at] = first
    }
    const into = arcs.into[to]!
    // The inmost loop, hundreds of millions of times a day.
    for (let from = 0; from < at; from++) {
      if (earned[from]! <= most || before[from] === NONE) continue
      const among = into[calls[from]!]!
      if (among === 0) continue
      const value = among > 0 ? earned[from]! - priced.priceOf(to, among) : earned[from]!
      if (value <= most) continue
      most = value
      before[at] = from
      through[at] = among
    }
    earned[at] = most + worth[to]!
    if (before[at] !== NONE && earned[at]! > (best === -1 ? 0 : earned[best]!)) best = at
  })
  for (let at = best; at >= 0; at = before[at]!) {
    onServed(calls[at]!)
    if (through[at]! > 0) onStone(priced.stoneOf(calls[at]!, through[at]!))
  }
  return best === -1 ? 0 : earned[best]!
}
