/**
 * Which units stand on which watched tiles, followed from fix to fix.
 *
 * Only units on a watched tile are held here. What a unit is doing comes from durable states alone; where it is may be
 * newer than what is durable, as a position that a crash takes back was true all the same.
 */

import type { UnitId } from '../../../domain/ids.ts'
import type { DriverState } from '../../../domain/unit/driver.ts'
import { tileUnit } from '../../../protocol/encode.ts'
import { TILE_ZOOMS, type TileUnit } from '../../../protocol/wire/tile-tuples.ts'
import type { UnitActor } from '../../driver/unit-actor.ts'
import type { DurableStates } from './durable-states.ts'
import type { Job } from './slices.ts'
import { TileGrid } from './tile-grid.ts'
import { TileStream, type UnitOnTile } from './tile-stream.ts'
import type { ViewedTile, Viewer } from './viewer.ts'

/** Units looked at before a scan may be interrupted. */
const SCAN_STEP = 256

/** A tile that somebody watches, or watched a moment ago. */
export class WatchedTile extends TileStream<MapUnit> implements ViewedTile {
  readonly viewers = new Set<Viewer>()
  /** False until the units that were here before it was watched have been found. */
  isScanned = false
  /** It stands among the tiles that have something to tell. */
  isDue = false
  /** Monotonic; null while it has viewers. */
  unwatchedSinceMs: number | null = null
  /** It is no longer on the grid, and its units are being let go: another tile may have taken its place. */
  isForgotten = false
}

class MapUnit implements UnitOnTile {
  readonly unitId: UnitId
  readonly #actor: UnitActor
  readonly #durable: DurableStates
  /** The watched tile that it is on, for each of `TILE_ZOOMS`. */
  readonly tiles: (WatchedTile | null)[] = TILE_ZOOMS.map(() => null)
  news = 0

  constructor(actor: UnitActor, durable: DurableStates) {
    this.unitId = actor.unitId
    this.#actor = actor
    this.#durable = durable
  }

  look(atMs: number): TileUnit {
    const { status, levelOfCare } = this.#durable.driver(this.unitId)!
    return tileUnit(this.unitId, this.#actor.location.current!, atMs, status, levelOfCare)
  }
}

export class UnitMap {
  readonly grid = new TileGrid<WatchedTile>()
  readonly #durable: DurableStates
  readonly #onChange: () => void
  readonly #units = new Map<UnitId, MapUnit>()
  #due: WatchedTile[] = []

  /** `onChange` is told whenever a tile has something to tell. */
  constructor(durable: DurableStates, onChange: () => void) {
    this.#durable = durable
    this.#onChange = onChange
  }

  get hasNews(): boolean {
    return this.#due.length > 0
  }

  /** The tiles that have changed since this was last asked. */
  takeChanged(): readonly WatchedTile[] {
    const due = this.#due
    this.#due = []
    for (const tile of due) tile.isDue = false
    return due
  }

  /** A unit's place is another, or newer. Called for every fix while any tile is watched. */
  moved(actor: UnitActor): void {
    const unit = this.#units.size === 0 ? undefined : this.#units.get(actor.unitId)
    const { lonDeg, latDeg } = actor.location.current!
    if (unit !== undefined) this.#follow(unit, lonDeg, latDeg)
    else if (this.grid.covers(lonDeg, latDeg) && isShown(this.#durable.driver(actor.unitId))) {
      this.#follow(this.#add(actor), lonDeg, latDeg)
    }
  }

  /** What the unit does has changed, durably. */
  changed(actor: UnitActor): void {
    const place = actor.location.current
    if (place === null || this.grid.isEmpty) return
    if (isShown(this.#durable.driver(actor.unitId))) return this.moved(actor)
    const unit = this.#units.get(actor.unitId)
    if (unit === undefined) return
    for (const [i, tile] of unit.tiles.entries()) if (tile !== null) this.#leave(unit, i, tile)
    this.#units.delete(unit.unitId)
  }

  /** Finds the units that stand on newly watched tiles; only then do these show the whole picture. */
  *scan(tiles: ReadonlySet<WatchedTile>, actors: Iterable<UnitActor>): Job {
    let looked = 0
    for (const actor of actors) {
      if (++looked % SCAN_STEP === 0) yield
      const place = actor.location.current
      if (place === null || !this.grid.covers(place.lonDeg, place.latDeg)) continue
      if (!isShown(this.#durable.driver(actor.unitId))) continue
      let unit = this.#units.get(actor.unitId)
      for (const i of TILE_ZOOMS.keys()) {
        const before = unit?.tiles[i] ?? null
        if (before !== null && !before.isForgotten) continue
        const tile = this.grid.at(i, place.lonDeg, place.latDeg)
        if (tile === null || !tiles.has(tile)) continue
        unit ??= this.#add(actor)
        if (before !== null) this.#leave(unit, i, before)
        unit.tiles[i] = tile
        tile.units.add(unit)
      }
    }
    for (const tile of tiles) tile.isScanned = true
  }

  /** Nobody looks at the tile any more. */
  *forget(tile: WatchedTile): Job {
    this.grid.remove(tile)
    tile.isForgotten = true
    const i = TILE_ZOOMS.indexOf(tile.tile.zoom as (typeof TILE_ZOOMS)[number])
    let looked = 0
    for (const unit of tile.units) {
      if (++looked % SCAN_STEP === 0) yield
      // Units that moved meanwhile have left the tile by themselves.
      if (unit.tiles[i] !== tile) continue
      unit.tiles[i] = null
      tile.leave(unit)
      if (unit.tiles.every(other => other === null)) this.#units.delete(unit.unitId)
    }
  }

  #add(actor: UnitActor): MapUnit {
    const unit = new MapUnit(actor, this.#durable)
    this.#units.set(unit.unitId, unit)
    return unit
  }

  #follow(unit: MapUnit, lonDeg: number, latDeg: number): void {
    let isAnywhere = false
    for (let i = 0; i < TILE_ZOOMS.length; i++) {
      const before = unit.tiles[i]!
      const now =
        before?.isForgotten === false && before.holds(lonDeg, latDeg) ? before : this.grid.at(i, lonDeg, latDeg)
      if (before !== null && before !== now) this.#leave(unit, i, before)
      if (now === null) continue
      isAnywhere = true
      if (now === before) now.touch(unit)
      else {
        unit.tiles[i] = now
        now.enter(unit)
      }
      this.#tell(now)
    }
    if (!isAnywhere) this.#units.delete(unit.unitId)
  }

  #leave(unit: MapUnit, zoomIndex: number, tile: WatchedTile): void {
    unit.tiles[zoomIndex] = null
    tile.leave(unit)
    this.#tell(tile)
  }

  #tell(tile: WatchedTile): void {
    if (tile.isDue || tile.isForgotten) return
    tile.isDue = true
    this.#due.push(tile)
    this.#onChange()
  }
}

/** A unit that no crew is signed on to is no part of the picture; one that went silent is, with the age of its fix. */
const isShown = (state: DriverState | undefined): boolean => state !== undefined && state.status !== 'off-duty'
