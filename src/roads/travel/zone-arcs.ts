/** The zones of a region on its roads: which arcs each has, found once, and what is put in force when the list is another. */
import { distanceM, type Position } from '../../domain/geo.ts'
import type { DrawnZone, ZonePlace } from '../../domain/zone.ts'
import type { RoadGraph } from '../graph.ts'
import { PieceGrid } from '../piece-grid.ts'
import { arcsInArea } from '../times/arcs-in-area.ts'
import { arcsOnLine, BESIDE_M, between, turned } from '../times/arcs-on-line.ts'
import type { RoadZones } from '../times/road-zones.ts'
import type { PreparedRoads } from './prepared-roads.ts'

/** Wider than the line reaches, at every latitude where people live. */
const MARGIN_DEG = (BESIDE_M / 111_195) * 6
/** A box of more, some 36 km², is slower to gather than all arcs are to look at. */
const CELLS_MAX = 10_000
/** Of a line: a box around a longer one would have much beside it. */
const STRETCH_M = 500

export class ZoneArcs {
  readonly #graph: RoadGraph
  readonly #grid: PieceGrid
  readonly #zones: RoadZones
  /** Gone with what they were drawn by. */
  readonly #arcs = new WeakMap<readonly Position[], readonly number[]>()
  #inForce: readonly DrawnZone[] = []

  constructor({ graph, grid }: Pick<PreparedRoads, 'graph' | 'grid'>, zones: RoadZones) {
    this.#graph = graph
    this.#grid = new PieceGrid(grid)
    this.#zones = zones
  }

  arcsOf({ kind, points }: ZonePlace): readonly number[] {
    let arcs = this.#arcs.get(points)
    if (arcs === undefined) {
      arcs =
        kind === 'area'
          ? arcsInArea(this.#graph, points, this.#nearArea(points))
          : arcsOnLine(this.#graph, points, this.#nearLine(points))
      this.#arcs.set(points, arcs)
    }
    return arcs
  }

  /** Output: how many of them these roads cannot take. Input: the same list for as long as nothing has changed. */
  put(zones: readonly DrawnZone[]): number {
    if (zones === this.#inForce) return 0
    const stand = new Set(zones.map(({ zoneId }) => zoneId))
    for (const { zoneId } of this.#inForce) if (!stand.has(zoneId)) this.#zones.remove(zoneId)
    const known = new Set(this.#inForce)
    this.#inForce = zones
    let left = 0
    for (const zone of zones) {
      if (known.has(zone)) continue
      const { zoneId, fromAtMs: fromMs, untilAtMs: untilMs, slowPercent } = zone
      const slowBy = slowPercent === null ? null : slowPercent / 100
      if (!this.#zones.put({ zoneId, fromMs, untilMs, slowBy, where: { arcs: this.arcsOf(zone) } }).ok) left += 1
    }
    return left
  }

  /** The arcs with a piece in the box around the points, both directions; all where the box is large. */
  #nearArea(points: readonly Position[]): Iterable<number> {
    const found = new Set<number>()
    return this.#inBox(points, CELLS_MAX, found) ? sorted(found) : this.#graph.arcHead.keys()
  }

  /** The arcs with a piece in the box around some stretch of the line. */
  #nearLine(points: readonly Position[]): Iterable<number> {
    const found = new Set<number>()
    for (let at = 1; at < points.length; at++) {
      const [from, to] = [points[at - 1]!, points[at]!]
      const stretches = Math.max(1, Math.ceil(distanceM(from, to) / STRETCH_M))
      for (let stretch = 0; stretch < stretches; stretch++) {
        const ends = [stretch / stretches, (stretch + 1) / stretches].map(share => between(from, to, share))
        this.#inBox(ends, Infinity, found)
      }
    }
    return sorted(found)
  }

  /** Output: false where the box has too many cells. */
  #inBox(points: readonly Position[], cellsMax: number, found: Set<number>): boolean {
    const around = points[0]!.lonDeg
    const easts = points.map(({ lonDeg }) => around + turned(lonDeg - around))
    const lats = points.map(({ latDeg }) => latDeg)
    return this.#grid.eachInBox(
      { west: Math.min(...easts) - MARGIN_DEG, east: Math.max(...easts) + MARGIN_DEG },
      { south: Math.min(...lats) - MARGIN_DEG, north: Math.max(...lats) + MARGIN_DEG },
      cellsMax,
      piece => {
        const arc = this.#grid.pieceArc[piece]!
        const twin = this.#graph.arcTwin[arc]!
        found.add(arc)
        if (twin >= 0) found.add(twin)
      },
    )
  }
}

const sorted = (arcs: ReadonlySet<number>): number[] => [...arcs].sort((a, b) => a - b)
