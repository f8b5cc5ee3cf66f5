/**
 * The spatial index that answers "who is nearest": exact, by great circle, over units grouped by level and pool.
 *
 * One R-tree of cells (`cell.ts`) for each level of care in each pool, because filtering 1 % of matches out of one large tree costs
 * 30 times a search in a tree of its own. A search walks the nodes of all trees asked for, best first, so merging costs nothing.
 */
import { distanceM, type Position } from '../domain/geo.ts'
import type { UnitId } from '../domain/ids.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../domain/vocabulary.ts'
import { PlacedUnit } from './cell.ts'
import { CellGrid } from './cell-grid.ts'
import { CellTree } from './cell-tree.ts'
import { lowerBoundM } from './lower-bound.ts'
import { SearchHeap, type TreeNode } from './search-heap.ts'
import { FINDER_POOLS, type FinderPool, type Found, type SeenUnit } from './types.ts'

/**
 * The side of a cell, and how far a unit may go beyond it before it changes cells.
 *
 * bench/finder.ts, a city of 25 km radius in which all units drive, a fix every 15 s: 19 % of fixes change the cell; of 1,000 units
 * 39 %, of 10,000 26 %, of 100,000 3 % and of a million 1 % touch a tree, where with a box for each unit it was 38 % of any. With a
 * million the tree was then a quarter of all that a fix takes: its nodes are in no cache. The 8 nearest take as long with 1,000 units,
 * half as long again with 10,000, as long with 100,000, three quarters with a million. Smaller cells cost more of both.
 */
const SIDE_M = 500
const SLACK_M = 250

export interface NearestSearch extends Position {
  /** How many units at most; `Infinity` for all. */
  readonly k: number
  readonly levels: readonly LevelOfCare[]
  /** Default: the units that are available. */
  readonly pools?: readonly FinderPool[]
  /** Units exactly this far away are still found. */
  readonly maxDistanceM?: number
  /**
   * Asked for each unit in order of distance until `k` are accepted, so it may be costly; it must not call the finder.
   */
  readonly accept?: (unitId: UnitId, distanceM: number, unit: Readonly<Omit<SeenUnit, 'unitId' | 'pool'>>) => boolean
}

export class Finder {
  readonly #trees: CellTree[]
  readonly #units = new Map<UnitId, PlacedUnit>()
  readonly #heap = new SearchHeap()
  readonly #grid: CellGrid
  #searching = false
  #cellMoves = 0

  constructor({ sideM = SIDE_M, slackM = SLACK_M }: { sideM?: number; slackM?: number } = {}) {
    this.#grid = new CellGrid(sideM, slackM)
    this.#trees = Array.from({ length: FINDER_POOLS.length * LEVELS_OF_CARE.length }, () => new CellTree(this.#grid))
  }

  get size(): number {
    return this.#units.size
  }

  /** How often a placement changed the cell, since the start; all others were two stores. */
  get cellMoves(): number {
    return this.#cellMoves
  }

  /** How often a tree was touched, since the start: a cell had its first unit, or none any more. */
  get treeMoves(): number {
    return this.#trees.reduce((sum, tree) => sum + tree.moves, 0)
  }

  /** Puts a unit where it now is; a unit that changes level or pool moves trees. */
  place(unitId: UnitId, levelOfCare: LevelOfCare, pool: FinderPool, lonDeg: number, latDeg: number): void {
    this.#assertIdle()
    assertOnGlobe(lonDeg, latDeg)
    const treeIndex = treeIndexOf(levelOfCare, pool)
    let unit = this.#units.get(unitId)
    if (unit === undefined) {
      unit = new PlacedUnit(unitId, levelOfCare, treeIndex)
      this.#units.set(unitId, unit)
    } else if (unit.treeIndex === treeIndex && unit.cell!.holds(lonDeg, latDeg)) {
      unit.lonDeg = lonDeg
      unit.latDeg = latDeg
      return
    } else {
      this.#trees[unit.treeIndex]!.remove(unit)
    }
    unit.levelOfCare = levelOfCare
    unit.treeIndex = treeIndex
    unit.lonDeg = lonDeg
    unit.latDeg = latDeg
    this.#trees[treeIndex]!.insert(unit)
    this.#cellMoves += 1
  }

  /** Takes a unit out; nothing happens when it is not in. */
  remove(unitId: UnitId): void {
    this.#assertIdle()
    const unit = this.#units.get(unitId)
    if (unit === undefined) return
    this.#units.delete(unitId)
    this.#trees[unit.treeIndex]!.remove(unit)
  }

  /**
   * The `k` nearest units that match, by distance, then by unit id: what a scan of all units would find.
   * Input: `instead`, units that this search is to see as they stand there, whatever was placed; null: not at all.
   */
  nearest(query: NearestSearch, instead: ReadonlyMap<UnitId, SeenUnit | null> = NOBODY): Found[] {
    this.#assertIdle()
    assertOnGlobe(query.lonDeg, query.latDeg)
    this.#searching = true
    try {
      return this.#search(query, instead)
    } finally {
      // Also when `accept` threw: the next search starts with an empty heap.
      this.#heap.clear()
      this.#searching = false
    }
  }

  #search(query: NearestSearch, instead: ReadonlyMap<UnitId, SeenUnit | null>): Found[] {
    const { k, accept, maxDistanceM = Number.POSITIVE_INFINITY } = query
    const cosLat = Math.cos((query.latDeg * Math.PI) / 180)
    const heap = this.#heap
    const found: Found[] = []
    this.#pushSeen(query, instead, this.#pushRoots(query))
    while (heap.size > 0 && found.length < k) {
      const distance = heap.nextKey
      const next = heap.pop()
      if (next.children === null) {
        // The trees' word on a unit that this search is to see elsewhere.
        if (instead.size > 0 && instead.has(next.unitId) && this.#units.get(next.unitId) === next) continue
        if (accept === undefined || accept(next.unitId, distance, next)) found.push(toFound(next, distance))
        continue
      }
      for (const child of next.children) {
        // Where units are few each has a cell of its own, which need not be looked at.
        const entry = child.children?.length === 1 && isUnit(child.children[0]!) ? child.children[0]! : child
        const key = entry.children === null ? distanceM(query, entry) : lowerBoundM(query, cosLat, entry)
        if (key <= maxDistanceM) heap.push(entry, key)
      }
    }
    return found
  }

  /** The units that the search sees as they stand there. Input: `searched`, the trees that are searched, a bit each. */
  #pushSeen(query: NearestSearch, instead: ReadonlyMap<UnitId, SeenUnit | null>, searched: number): void {
    for (const seen of instead.values()) {
      if (seen === null) continue
      const treeIndex = treeIndexOf(seen.levelOfCare, seen.pool)
      if ((searched & (1 << treeIndex)) === 0) continue
      assertOnGlobe(seen.lonDeg, seen.latDeg)
      const unit = new PlacedUnit(seen.unitId, seen.levelOfCare, treeIndex)
      unit.lonDeg = seen.lonDeg
      unit.latDeg = seen.latDeg
      const key = distanceM(query, seen)
      if (key <= (query.maxDistanceM ?? Number.POSITIVE_INFINITY)) this.#heap.push(unit, key)
    }
  }

  /** Output: the trees that are searched, a bit each. */
  #pushRoots(query: NearestSearch): number {
    let pushed = 0
    for (const pool of query.pools ?? AVAILABLE) {
      for (const levelOfCare of query.levels) {
        const treeIndex = treeIndexOf(levelOfCare, pool)
        // A level or pool named twice is searched once.
        if ((pushed & (1 << treeIndex)) !== 0) continue
        pushed |= 1 << treeIndex
        this.#heap.push(this.#trees[treeIndex]!.root, Number.NEGATIVE_INFINITY)
      }
    }
    return pushed
  }

  /** `accept` runs inside a search; had it moved a unit, the search would go on in a tree that has changed. */
  #assertIdle(): void {
    if (this.#searching) throw new Error('The finder was called from within the accept filter of its own search.')
  }
}

const isUnit = (entry: TreeNode | PlacedUnit): entry is PlacedUnit => entry.children === null

const NOBODY: ReadonlyMap<UnitId, null> = new Map()
const AVAILABLE: readonly FinderPool[] = ['available']

function treeIndexOf(levelOfCare: LevelOfCare, pool: FinderPool): number {
  return FINDER_POOLS.length * LEVELS_OF_CARE.indexOf(levelOfCare) + FINDER_POOLS.indexOf(pool)
}

/** The border has checked ranges; one NaN that got past it would spoil a tree's boxes for all its units. */
function assertOnGlobe(lonDeg: number, latDeg: number): void {
  if (lonDeg >= -180 && lonDeg <= 180 && latDeg >= -90 && latDeg <= 90) return
  throw new RangeError(`Position ${lonDeg}, ${latDeg} is not on the globe; the caller must check ranges first.`)
}

function toFound(unit: PlacedUnit, distance: number): Found {
  const { unitId, levelOfCare, lonDeg, latDeg } = unit
  return { unitId, levelOfCare, lonDeg, latDeg, distanceM: distance }
}
