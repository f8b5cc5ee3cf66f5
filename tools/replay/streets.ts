/**
 * The roads on which the crews of a replay drive, and where they bring patients.
 *
 * Times are those by which the engine predicts unless a policy says otherwise: by the hour where the region lies, to a scene with as
 * much of a siren as the priority has, to a hospital without. A place that is on no road is driven to in a straight line, at the speed
 * by which the engine estimates such a time; these ways are counted.
 */
import { Ways } from '../../src/demo/ways.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import type { Priority } from '../../src/domain/vocabulary.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import type { TimedWay } from '../../src/roads/nearest/timed-way.ts'
import { RoadZones } from '../../src/roads/times/road-zones.ts'
import { TimesInForce } from '../../src/roads/times/times-in-force.ts'
import { USUAL_TRAVEL_MODEL } from '../../src/roads/times/travel-model.ts'

/** How many ways were taken to a scene or a hospital. */
export interface WayCounts {
  readonly byRoad: number
  readonly straight: number
}

interface StreetsSettings {
  /** At least one. */
  readonly hospitals: readonly Position[]
  /** IANA name; where the region lies. */
  readonly timeZone: string
}

export class Streets {
  readonly #ways: Ways
  readonly #times: TimesInForce
  readonly #hospitals: readonly Position[]
  #byRoad = 0
  #straight = 0

  constructor(graph: RoadGraph, { hospitals, timeZone }: StreetsSettings) {
    this.#ways = new Ways(graph)
    this.#times = new TimesInForce(graph, new RoadZones(graph), { model: USUAL_TRAVEL_MODEL, timeZone })
    this.#hospitals = hospitals
  }

  get counts(): WayCounts {
    return { byRoad: this.#byRoad, straight: this.#straight }
  }

  /** One of them. */
  get hospital(): Position {
    return this.#hospitals[0]!
  }

  toScene(from: Position, scene: Position, priority: Priority, atMs: number): TimedWay {
    return this.#counted(this.#ways.way(from, scene, this.#times.at({ priority, atMs })), from, scene)
  }

  /** To the hospital that is reached first; where none is reached by road, to the nearest. */
  toHospital(from: Position, atMs: number): TimedWay {
    const found = this.#ways.toNearest(from, this.#hospitals, this.#ordinary(atMs))
    const nearest = () =>
      this.#hospitals.reduce((best, next) => (distanceM(from, next) < distanceM(from, best) ? next : best))
    return this.#counted(found?.way ?? null, from, found === null ? nearest() : found.place)
  }

  /** Back to where nobody waits: not counted. */
  back(from: Position, to: Position, atMs: number): TimedWay {
    return this.#ways.way(from, to, this.#ordinary(atMs)) ?? straightWay(from, to)
  }

  #ordinary(atMs: number) {
    return this.#times.at({ priority: null, atMs })
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
