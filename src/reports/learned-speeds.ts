/**
 * What a region's own drives say of its roads: a travel model that is learned from the first two thirds of them, and how true it and
 * the one of before are on the last third, which it has not seen.
 *
 * The model that is answered is the one that was measured. It is refused where there are too few drives, and where its
 * usual error is not smaller by a twentieth, or its large ones are larger.
 */
import { distanceM, type Position } from '../domain/geo.ts'
import type { Priority } from '../domain/vocabulary.ts'
import type { RoadGraph } from '../roads/graph.ts'
import { DrivenLegs, type TrackPoint } from '../roads/learn/driven-legs.ts'
import { type LearnedDrive, learnedModel } from '../roads/learn/learned-model.ts'
import { RouteSearch } from '../roads/nearest/route-search.ts'
import { timesOf, WAY_DRIVEN } from '../roads/road-times.ts'
import { RoadSnapper, type SnappedPosition } from '../roads/snap.ts'
import { bandAt, LocalHours } from '../roads/times/local-hours.ts'
import { RoadZones } from '../roads/times/road-zones.ts'
import { TimesInForce } from '../roads/times/times-in-force.ts'
import type { TravelModel } from '../roads/times/travel-model.ts'
import { type Truth, truthOf } from './eta-truth.ts'

/** One drive to a scene, with the unit's fixes from a little before it began until it ended, in the order of time. */
export interface RecordedDrive {
  readonly priority: Priority
  readonly enRouteAtMs: number
  readonly onSceneAtMs: number
  readonly scene: Position
  readonly track: readonly TrackPoint[]
}

/** Why a drive says nothing of the roads. */
const UNUSED_REASONS = ['odd-duration', 'few-positions', 'away-from-the-scene', 'off-road'] as const
export type Unused = (typeof UNUSED_REASONS)[number]

export interface LearnedSpeeds {
  /** Why nothing is to be kept of it; null where the model is to be kept. */
  readonly refused: 'too-few' | 'no-truer' | null
  readonly model: TravelModel | null
  readonly learnedFrom: number
  readonly heldOut: number
  readonly leftOut: Readonly<Record<Unused, number>>
  /** On the drives that were held out; null where there were too few. */
  readonly before: Truth | null
  readonly after: Truth | null
}

interface LearnSettings {
  readonly timeZone: string
  /** Who drives with siren stands in it, and whose bands of hours are learned. */
  readonly usual: TravelModel
  /** By which it is to be truer. */
  readonly before: TravelModel
}

/** Two thirds of them, forty, are little; with fewer the third that is held out says nothing either. */
export const DRIVES_LEAST = 60
/** By less the two may differ by chance. */
const TRUER = 0.95
const SHORTEST_MS = 60_000
const LONGEST_MS = 3_600_000
const LEGS_LEAST = 2
const AT_THE_SCENE_M = 500
/** The report of arrivals says it of this interval; here it is only counted. */
const INTERVAL = { from: 0.75, to: 1.5 }

interface Usable extends LearnedDrive {
  readonly drive: RecordedDrive
  readonly from: SnappedPosition
  readonly to: SnappedPosition
}

export function learnSpeeds(
  graph: RoadGraph,
  drives: Iterable<RecordedDrive>,
  { timeZone, usual, before }: LearnSettings,
): LearnedSpeeds {
  const leftOut = Object.fromEntries(UNUSED_REASONS.map(reason => [reason, 0])) as Record<Unused, number>
  const roads = new DrivenRoads(graph, timeZone, usual)
  const usable: Usable[] = []
  for (const drive of drives) {
    const found = roads.look(drive)
    if (typeof found === 'string') leftOut[found] += 1
    else usable.push(found)
  }
  usable.sort((a, b) => a.drive.enRouteAtMs - b.drive.enRouteAtMs)
  const count = Math.ceil((usable.length * 2) / 3)
  const [first, last] = [usable.slice(0, count), usable.slice(count)]
  const said = { learnedFrom: first.length, heldOut: last.length, leftOut }
  if (usable.length < DRIVES_LEAST) return { ...said, refused: 'too-few', model: null, before: null, after: null }
  const model = learnedModel(graph.classes, usual, first)
  const truths = {
    before: roads.truthOf(last, { ...before, sirenShare: usual.sirenShare, sirenFactor: usual.sirenFactor }),
    after: roads.truthOf(last, model),
  }
  const { before: was, after: is } = truths
  const isTruer = is.p50Ms <= TRUER * was.p50Ms && is.p90Ms <= was.p90Ms
  return { ...said, ...truths, refused: isTruer ? null : 'no-truer', model: isTruer ? model : null }
}

class DrivenRoads {
  readonly #graph: RoadGraph
  readonly #timeZone: string
  readonly #usual: TravelModel
  readonly #hours: LocalHours
  readonly #snapper: RoadSnapper
  readonly #routes: RouteSearch
  readonly #legs: DrivenLegs
  /** By arc, without and with siren, before any factor of hours. */
  readonly #saidMs: { readonly ordinary: Uint32Array; readonly siren: ArrayLike<number> }

  constructor(graph: RoadGraph, timeZone: string, usual: TravelModel) {
    const times = timesOf(graph, WAY_DRIVEN)!
    this.#graph = graph
    this.#timeZone = timeZone
    this.#usual = usual
    this.#hours = new LocalHours(timeZone)
    this.#snapper = new RoadSnapper(graph)
    this.#routes = new RouteSearch(graph)
    this.#legs = new DrivenLegs(graph, this.#snapper, this.#routes, times)
    const siren = graph.timesMs.get('siren') ?? Float64Array.from(times.ms, ms => ms / usual.sirenFactor)
    this.#saidMs = { ordinary: times.ms, siren }
  }

  look(drive: RecordedDrive): Usable | Unused {
    const { track, scene, enRouteAtMs, onSceneAtMs, priority } = drive
    const tookMs = onSceneAtMs - enRouteAtMs
    if (tookMs < SHORTEST_MS || tookMs > LONGEST_MS) return 'odd-duration'
    const begin = track.findLast(({ fixedAtMs }) => fixedAtMs <= enRouteAtMs) ?? track[0]
    const end = track.at(-1)
    if (begin === undefined || end === undefined) return 'few-positions'
    if (distanceM(end, scene) > AT_THE_SCENE_M) return 'away-from-the-scene'
    const [from, to] = [this.#onRoad(begin, false), this.#onRoad(scene, true)]
    if (from === null || to === null) return 'off-road'
    // Of a part of what a siren saves: to what it is nearer.
    const hasSiren = this.#usual.sirenShare[priority] >= 0.5
    const legs = this.#legs.of(track.slice(track.indexOf(begin)), this.#saidMs[hasSiren ? 'siren' : 'ordinary'])
    if (legs.length < LEGS_LEAST) return 'few-positions'
    return { drive, from, to, hasSiren, legs, band: bandAt(this.#usual.bands, this.#hours.at(enRouteAtMs)) }
  }

  /** As the desk would have said it when they began to drive. */
  truthOf(drives: readonly Usable[], model: TravelModel): Truth {
    const times = new TimesInForce(this.#graph, new RoadZones(this.#graph), { model, timeZone: this.#timeZone })
    const compared = drives.flatMap(({ drive: { priority, enRouteAtMs, onSceneAtMs }, from, to }) => {
      const route = this.#routes.route(from, to, times.at({ priority, atMs: enRouteAtMs }))
      return route === null ? [] : [{ predictedMs: route.driveMs, realMs: onSceneAtMs - enRouteAtMs }]
    })
    return truthOf(compared, INTERVAL)!
  }

  #onRoad(place: Position, isAddress: boolean): SnappedPosition | null {
    const { lonDeg, latDeg } = place
    return this.#snapper.snap({ lonDeg, latDeg, isAddress, headingDeg: null, former: null })
  }
}
