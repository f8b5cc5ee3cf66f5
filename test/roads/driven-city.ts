/** Drives in a made-up city whose streets take as long as a hidden model says: what a region's log and fixes would show of them. */
import { DriveAlong } from '../../src/demo/drive-along.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import type { Priority } from '../../src/domain/vocabulary.ts'
import type { RecordedDrive } from '../../src/reports/learned-speeds.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { timedWay } from '../../src/roads/nearest/timed-way.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { RoadZones } from '../../src/roads/times/road-zones.ts'
import { TimesInForce } from '../../src/roads/times/times-in-force.ts'
import { type ClassFactors, type TravelModel, USUAL_TRAVEL_MODEL } from '../../src/roads/times/travel-model.ts'

/** The usual model, but every factor is multiplied by that of the class, and in the night once more. */
export function hiddenModel(byClass: Readonly<Record<string, number>>, atNight = 1): TravelModel {
  const times = ({ otherwise, byClass: usual = {} }: ClassFactors, more: number): ClassFactors => ({
    otherwise: otherwise * more,
    byClass: Object.fromEntries(
      Object.entries(byClass).map(([name, factor]) => [name, (usual[name] ?? otherwise) * factor * more]),
    ),
  })
  const all = { otherwise: 1 }
  const rest = {
    name: 'rest',
    spans: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], fromMin: 0, untilMin: 1_440 }],
    ...{ isPeak: false, ordinary: all, siren: all },
  }
  const bands = [...USUAL_TRAVEL_MODEL.bands, rest].map(band => {
    const more = band.name === 'night' ? atNight : 1
    return { ...band, ordinary: times(band.ordinary, more), siren: times(band.siren, more) }
  })
  return { ...USUAL_TRAVEL_MODEL, bands }
}

export class DrivenCity {
  readonly #graph: RoadGraph
  readonly #random: () => number
  readonly #snapper: RoadSnapper
  readonly #routes: RouteSearch
  readonly #times: TimesInForce

  constructor(graph: RoadGraph, hidden: TravelModel, random: () => number) {
    this.#graph = graph
    this.#random = random
    this.#snapper = new RoadSnapper(graph)
    this.#routes = new RouteSearch(graph)
    this.#times = new TimesInForce(graph, new RoadZones(graph), { model: hidden, timeZone: 'UTC' })
  }

  /** A drive of a kilometre at least, which takes as long as the hidden model says, up to some hundredths; a fix every five seconds. */
  drive(enRouteAtMs: number, priority: Priority): RecordedDrive {
    let [from, scene] = [this.#somewhere(), this.#somewhere()]
    while (distanceM(from, scene) < 1_000) [from, scene] = [this.#somewhere(), this.#somewhere()]
    const times = this.#times.at({ priority, atMs: enRouteAtMs })
    const way = timedWay(this.#graph, this.#routes.route(this.#onRoad(from), this.#onRoad(scene), times)!, times)
    const pace = 0.95 + 0.1 * this.#random()
    const drive = new DriveAlong({ line: way.line, atMs: way.atMs.map(ms => ms * pace) }, enRouteAtMs)
    const track: (Position & { fixedAtMs: number })[] = [{ ...from, fixedAtMs: enRouteAtMs - 1_000 }]
    const onSceneAtMs = Math.ceil(drive.arrivesAtMs)
    for (let fixedAtMs = enRouteAtMs + 5_000; fixedAtMs < onSceneAtMs; fixedAtMs += 5_000)
      track.push({ ...drive.at(fixedAtMs)!.place, fixedAtMs })
    track.push({ ...drive.end, fixedAtMs: onSceneAtMs })
    return { priority, enRouteAtMs, onSceneAtMs, scene, track }
  }

  #somewhere(): Position {
    const node = Math.floor(this.#random() * this.#graph.nodeCount)
    return { lonDeg: this.#graph.lonDeg[node]!, latDeg: this.#graph.latDeg[node]! }
  }

  #onRoad(place: Position) {
    return this.#snapper.snap({ ...place, isAddress: false, headingDeg: null, former: null })!
  }
}
