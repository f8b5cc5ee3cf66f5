/**
 * Roads that are closed or slow for a while: roadworks, a flood, a procession, snow on the pass.
 *
 * A zone holds for ambulances: what lets them pass is no zone. It is a list of arcs or an area, from a moment until another.
 * Who stands on a closed road drives off it, and a place on it is still reached by its last piece; nobody drives through.
 */
import type { Position } from '../../domain/geo.ts'
import type { RoadGraph } from '../graph.ts'
import { arcsInArea } from './arcs-in-area.ts'

export interface RoadZone {
  readonly zoneId: string
  readonly fromMs: number
  /** Null while nobody knows. */
  readonly untilMs: number | null
  /** So many times as long, from 1 to 20; null where it is closed. */
  readonly slowBy: number | null
  readonly where: { readonly arcs: readonly number[] } | { readonly area: readonly Position[] }
}

/** What holds at one moment: arcs, each once, and how many times as long each takes; 0 for one that is closed. */
export interface ActiveZones {
  readonly arcs: Uint32Array
  readonly slowBy: Float64Array
}

type ZoneOutcome = { readonly ok: true; readonly arcs: number } | { readonly ok: false; readonly message: string }

/** More would be a mistake of whoever feeds them. Together they keep at most so many numbers of arcs: 8 MB. */
const MAX_ZONES = 1_000
const MAX_ZONE_ARCS = 1_000_000
const MAX_CORNERS = 1_000
const MOST_SLOW = 20
const NONE: ActiveZones = { arcs: new Uint32Array(), slowBy: new Float64Array() }

interface KeptZone extends RoadZone {
  readonly onArcs: readonly number[]
}

export class RoadZones {
  readonly #graph: RoadGraph
  readonly #zones = new Map<string, KeptZone>()
  #arcs = 0
  /** What was asked for last, and from when until when it is that. */
  #active = NONE
  #sinceMs = -Infinity
  #changesMs = Infinity

  constructor(graph: RoadGraph) {
    this.#graph = graph
  }

  /** How many more arcs fit. */
  get room(): number {
    return MAX_ZONE_ARCS - this.#arcs
  }

  get size(): number {
    return this.#zones.size
  }

  /** Puts a zone in, or another one in place of that id; tells how many arcs it has. The next question goes by it. */
  put(zone: RoadZone): ZoneOutcome {
    const problem = this.#problemOf(zone)
    if (problem !== null) return { ok: false, message: problem }
    const onArcs = 'arcs' in zone.where ? [...new Set(zone.where.arcs)] : arcsInArea(this.#graph, zone.where.area)
    const former = this.#zones.get(zone.zoneId)
    const arcs = this.#arcs + onArcs.length - (former?.onArcs.length ?? 0)
    if (former === undefined && this.size >= MAX_ZONES)
      return { ok: false, message: `There are ${MAX_ZONES} zones already: remove those that are over.` }
    if (arcs > MAX_ZONE_ARCS)
      return {
        ok: false,
        message: `All zones together would have ${arcs} arcs, of at most ${MAX_ZONE_ARCS}: draw smaller ones.`,
      }
    this.#arcs = arcs
    this.#zones.set(zone.zoneId, { ...zone, onArcs })
    this.#forget()
    return { ok: true, arcs: onArcs.length }
  }

  /** False when it was not there. */
  remove(zoneId: string): boolean {
    const zone = this.#zones.get(zoneId)
    if (zone === undefined) return false
    this.#arcs -= zone.onArcs.length
    this.#zones.delete(zoneId)
    this.#forget()
    return true
  }

  /** The same object as long as the same holds, so that a look is enough to see that nothing has changed. */
  activeAt(atMs: number): ActiveZones {
    if (atMs < this.#sinceMs || atMs >= this.#changesMs) this.#look(atMs)
    return this.#active
  }

  #forget(): void {
    this.#sinceMs = Infinity
  }

  #look(atMs: number): void {
    let [sinceMs, changesMs] = [-Infinity, Infinity]
    const slowBy = new Map<number, number>()
    for (const zone of this.#zones.values()) {
      for (const edgeMs of [zone.fromMs, zone.untilMs ?? Infinity]) {
        if (edgeMs <= atMs) sinceMs = Math.max(sinceMs, edgeMs)
        else changesMs = Math.min(changesMs, edgeMs)
      }
      if (zone.fromMs > atMs || (zone.untilMs ?? Infinity) <= atMs) continue
      for (const arc of zone.onArcs) {
        const other = slowBy.get(arc) ?? 1
        slowBy.set(arc, zone.slowBy === null || other === 0 ? 0 : Math.max(other, zone.slowBy))
      }
    }
    this.#sinceMs = sinceMs
    this.#changesMs = changesMs
    this.#active =
      slowBy.size === 0 ? NONE : { arcs: Uint32Array.from(slowBy.keys()), slowBy: Float64Array.from(slowBy.values()) }
  }

  #problemOf({ zoneId, fromMs, untilMs, slowBy, where }: RoadZone): string | null {
    if (!Number.isFinite(fromMs) || (untilMs !== null && !(untilMs > fromMs)))
      return `Zone ${zoneId} ends before it begins.`
    if (slowBy !== null && !(slowBy >= 1 && slowBy <= MOST_SLOW))
      return `Zone ${zoneId} takes ${slowBy} times as long; say 1 to ${MOST_SLOW}, or null for closed.`
    if ('arcs' in where) {
      const wrong = where.arcs.find(arc => !Number.isInteger(arc) || arc < 0 || arc >= this.#graph.arcCount)
      return wrong === undefined
        ? null
        : `Zone ${zoneId} names arc ${wrong}; this network has 0 to ${this.#graph.arcCount - 1}.`
    }
    const { length } = where.area
    if (length < 3 || length > MAX_CORNERS)
      return `Zone ${zoneId} has ${length} corners; an area has 3 to ${MAX_CORNERS}.`
    const isOnGlobe = ({ lonDeg, latDeg }: Position) => Math.abs(lonDeg) <= 180 && Math.abs(latDeg) <= 90
    return where.area.every(isOnGlobe) ? null : `Zone ${zoneId} has a corner that is not on the globe.`
  }
}
