/** The made-up city that a demo drives in: always the same one, so that its roads are imported once. */
import { distanceM, type Position } from '../domain/geo.ts'
import { generatedCity } from '../roads/city.ts'
import type { RoadGraph } from '../roads/graph.ts'
import type { ImportReport } from '../roads/import/import-report.ts'
import type { TimedWay } from '../roads/nearest/timed-way.ts'
import { type RoadTimes, timesOf } from '../roads/road-times.ts'
import { Ways } from './ways.ts'

/** About 5 by 5 km. */
const SETTINGS = { centre: { lonDeg: 174.76, latDeg: -36.8775 }, columns: 42, rows: 42 } as const
const SEED = 11
/** Ambulances of a demo drive with siren all day. */
const WAY = 'siren'

export class DemoCity {
  readonly graph: RoadGraph
  readonly report: ImportReport
  /** Where patients are brought. */
  readonly hospitals: readonly Position[]
  readonly #ways: Ways
  readonly #times: RoadTimes

  constructor() {
    const outcome = generatedCity({ ...SETTINGS, random: chance(SEED) })
    if (!outcome.ok) throw new Error(outcome.message)
    const { graph } = outcome
    this.graph = graph
    this.report = outcome.report
    this.#ways = new Ways(graph)
    this.#times = timesOf(graph, WAY)!
    const { nodeCount } = graph
    this.hospitals = [0.2, 0.75].map(share => this.#node(Math.floor(share * nodeCount)))
  }

  /** Somewhere on a crossing of the city. Input: 0 to 1, each time another number. */
  somewhere(random: () => number): Position {
    return this.#node(Math.floor(random() * this.graph.nodeCount))
  }

  /** The quickest way; of a place that is on no road, as a guest may name one, as near as a road leads. */
  way(from: Position, to: Position): TimedWay {
    const way =
      this.#ways.way(from, to, this.#times) ??
      this.#ways.way(this.#nearestNode(from), this.#nearestNode(to), this.#times)
    if (way === null) throw new Error('no road of the demo city leads there')
    return way
  }

  /** The hospital that is reached first. */
  hospitalFrom(from: Position): Position {
    const found =
      this.#ways.toNearest(from, this.hospitals, this.#times) ??
      this.#ways.toNearest(this.#nearestNode(from), this.hospitals, this.#times)
    if (found === null) throw new Error('no road of the demo city leads to a hospital')
    return found.place
  }

  #nearestNode(place: Position): Position {
    let [nearest, leastM] = [this.#node(0), Number.POSITIVE_INFINITY]
    for (let node = 0; node < this.graph.nodeCount; node += 1) {
      const there = this.#node(node)
      const farM = distanceM(place, there)
      if (farM < leastM) [nearest, leastM] = [there, farM]
    }
    return nearest
  }

  #node(node: number): Position {
    return { lonDeg: this.graph.lonDeg[node]!, latDeg: this.graph.latDeg[node]! }
  }
}

/** The same numbers from 0 to 1 for the same seed: mulberry32, by Tommy Ettinger, in the public domain. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
