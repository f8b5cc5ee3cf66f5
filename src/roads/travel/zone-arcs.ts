/** The zones of a region on its roads: which arcs each has, found once, and what is put in force when the list is another. */
import type { Position } from '../../domain/geo.ts'
import type { DrawnZone, ZonePlace } from '../../domain/zone.ts'
import type { RoadGraph } from '../graph.ts'
import { PieceGrid } from '../piece-grid.ts'
import { arcsInArea } from '../times/arcs-in-area.ts'
import { arcsOnLine, BESIDE_M } from '../times/arcs-on-line.ts'
import type { RoadZones } from '../times/road-zones.ts'
import type { PreparedRoads } from './prepared-roads.ts'

/** Wider than the line reaches, at every latitude where people live. */
const MARGIN_DEG = (BESIDE_M / 111_195) * 6

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
      const near = this.#near(points)
      arcs = kind === 'area' ? arcsInArea(this.#graph, points, near) : arcsOnLine(this.#graph, points, near)
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

  /** The arcs with a piece in the box around the points, both directions. */
  #near(points: readonly Position[]): Iterable<number> {
    const around = points[0]!.lonDeg
    const easts = points.map(({ lonDeg }) => around + turned(lonDeg - around))
    const lats = points.map(({ latDeg }) => latDeg)
    const found = new Set<number>()
    const isFound = this.#grid.eachInBox(
      { west: Math.min(...easts) - MARGIN_DEG, east: Math.max(...easts) + MARGIN_DEG },
      { south: Math.min(...lats) - MARGIN_DEG, north: Math.max(...lats) + MARGIN_DEG },
      piece => {
        const arc = this.#grid.pieceArc[piece]!
        const twin = this.#graph.arcTwin[arc]!
        found.add(arc)
        if (twin >= 0) found.add(twin)
      },
    )
    return isFound ? [...found].sort((a, b) => a - b) : this.#graph.arcHead.keys()
  }
}

const turned = (deg: number): number => (deg > 180 ? deg - 360 : deg < -180 ? deg + 360 : deg)
