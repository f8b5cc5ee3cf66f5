/**
 * The roads on which the crews of a replay drive, and where they bring patients.
 *
 * Times are those of the network, by which the engine predicts as well. A place that is on no road is driven to in a straight
 * line, at the speed by which the engine estimates such a time; these ways are counted.
 */
import { Ways } from '../../src/demo/ways.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import type { TimedWay } from '../../src/roads/nearest/timed-way.ts'
import { WAY_DRIVEN } from '../../src/roads/road-times.ts'

/** How many ways were taken to a scene or a hospital. */
export interface WayCounts {
  readonly byRoad: number
  readonly straight: number
}

export class Streets {
  readonly #ways: Ways
  readonly #hospitals: readonly Position[]
  #byRoad = 0
  #straight = 0

  /** Input: at least one hospital. */
  constructor(graph: RoadGraph, hospitals: readonly Position[]) {
    this.#ways = new Ways(graph, WAY_DRIVEN)
    this.#hospitals = hospitals
  }

  get counts(): WayCounts {
    return { byRoad: this.#byRoad, straight: this.#straight }
  }

  /** One of them. */
  get hospital(): Position {
    return this.#hospitals[0]!
  }

  /** To a scene. */
  toScene(from: Position, scene: Position): TimedWay {
    const way = this.#ways.way(from, scene)
    return this.#counted(way, from, scene)
  }

  /** To the hospital that is reached first; where none is reached by road, to the nearest. */
  toHospital(from: Position): TimedWay {
    const found = this.#ways.toNearest(from, this.#hospitals)
    const nearest = () =>
      this.#hospitals.reduce((best, next) => (distanceM(from, next) < distanceM(from, best) ? next : best))
    return this.#counted(found?.way ?? null, from, found === null ? nearest() : found.place)
  }

  /** Back to where nobody waits: not counted. */
  back(from: Position, to: Position): TimedWay {
    return this.#ways.way(from, to) ?? straightWay(from, to)
  }

  #counted(way: TimedWay | null, from: Position, to: Position): TimedWay {
    if (way === null) this.#straight += 1
    else this.#byRoad += 1
    return way ?? straightWay(from, to)
  }
}

const straightWay = (from: Position, to: Position): TimedWay => ({
  line: [from, to],
  atMs: [0, (1_000 * distanceM(from, to)) / DEFAULT_POLICY.straightLineSpeedMps],
})
