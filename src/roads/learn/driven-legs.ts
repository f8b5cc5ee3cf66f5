/**
 * A drive that was really driven, cut into legs: between two fixes, the classes of road that the quickest way leads over, and how
 * long it took.
 *
 * Fixes tell which way a crew took, so a leg is only as long as the time between two of them, and what it says of a class does not
 * depend on the way that a search would have chosen for the whole drive. A leg that says nothing is left out: over a gap, between
 * places on no road, or where the way between them is a detour that nobody drives, since a fix was put on the wrong road.
 */
import { distanceM, type Position } from '../../domain/geo.ts'
import type { RoadGraph } from '../graph.ts'
import type { RouteSearch } from '../nearest/route-search.ts'
import type { RoadTimes } from '../road-times.ts'
import type { RoadSnapper, SnappedPosition } from '../snap.ts'

export interface TrackPoint extends Position {
  readonly fixedAtMs: number
}

/** From fix to fix. */
export interface DrivenLeg {
  readonly realMs: number
  /** By class of road, as the graph numbers them: what the times that were given say. */
  readonly saidMs: readonly (readonly [roadClass: number, ms: number])[]
}

/**
 * Shorter ones are more error of the receiver than driving. A leg goes on until it is as long as that: to leave out those of so many
 * seconds that were shorter would leave out the slow ones.
 */
const LEAST_MS = 15_000
const LEAST_M = 60
/** In a longer one nobody knows which way was taken. */
const MOST_MS = 120_000
/** A way of so many times the straight line, and so much more, is a mistake. */
const DETOUR = 2.5
const DETOUR_M = 200
/** Further out is no driving: somebody waited, or a clock was wrong. */
const LEAST_RATIO = 0.2
const MOST_RATIO = 5

type PutOnRoad = readonly [TrackPoint, SnappedPosition]

export class DrivenLegs {
  readonly #graph: RoadGraph
  readonly #snapper: RoadSnapper
  readonly #routes: RouteSearch
  readonly #times: RoadTimes

  /** Input: `times`, the ordinary ones, by which ways are found. */
  constructor(graph: RoadGraph, snapper: RoadSnapper, routes: RouteSearch, times: RoadTimes) {
    this.#graph = graph
    this.#snapper = snapper
    this.#routes = routes
    this.#times = times
  }

  /** Input: one drive, in the order of time; milliseconds by arc, which the legs are to be compared with. */
  of(track: readonly TrackPoint[], saidMs: ArrayLike<number>): DrivenLeg[] {
    const legs: DrivenLeg[] = []
    let from: TrackPoint | null = null
    let fromOnRoad: SnappedPosition | null = null
    for (const to of track) {
      if (from !== null && isShort(from, to)) continue
      const onRoad = this.#snapper.snap({ ...to, isAddress: false, headingDeg: null, former: null })
      if (from !== null && fromOnRoad !== null && onRoad !== null) {
        const leg = this.#leg([from, fromOnRoad], [to, onRoad], saidMs)
        if (leg !== null) legs.push(leg)
      }
      from = to
      fromOnRoad = onRoad
    }
    return legs
  }

  #leg([from, fromOnRoad]: PutOnRoad, [to, toOnRoad]: PutOnRoad, saidMs: ArrayLike<number>): DrivenLeg | null {
    const realMs = to.fixedAtMs - from.fixedAtMs
    const straightM = distanceM(from, to)
    if (realMs > MOST_MS) return null
    const route = this.#routes.route(fromOnRoad, toOnRoad, this.#times)
    if (route === null || route.roadM > straightM * DETOUR + DETOUR_M) return null
    const ratio = realMs / Math.max(1, route.driveMs)
    if (ratio < LEAST_RATIO || ratio > MOST_RATIO) return null
    const byClass = new Map<number, number>()
    for (const { arc, from: start, to: end } of route.parts) {
      const roadClass = this.#graph.arcClass[arc]!
      byClass.set(roadClass, (byClass.get(roadClass) ?? 0) + saidMs[arc]! * (end - start))
    }
    return { realMs, saidMs: [...byClass] }
  }
}

function isShort(from: TrackPoint, to: TrackPoint): boolean {
  const tookMs = to.fixedAtMs - from.fixedAtMs
  return tookMs < LEAST_MS || (tookMs <= MOST_MS && distanceM(from, to) < LEAST_M)
}
