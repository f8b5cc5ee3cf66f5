/** The fleet on a map: the units of the tiles that are looked at, kept right across gaps, losses and reconnects. */
import { type Freshness, type FreshnessPolicy, freshnessOf } from '../domain/policy.ts'
import { LIMITS } from '../protocol/limits.ts'
import { parseTile, tileAt } from '../protocol/tiles.ts'
import type { ServerMessage } from '../protocol/wire/server-tuples.ts'
import { type FleetChange, FleetPicture, type FleetUnit } from './fleet-picture.ts'
import { type DrawnPosition, positionAt } from './motion.ts'
import type { RegionTime } from './region-time.ts'
import { Signal } from './signal.ts'
import { type Bounds, type Cover, coverOf } from './tile-cover.ts'
import { TileWatcher, type WatchDoor } from './tile-watch.ts'

export type TileMessage = ServerMessage & { 0: 'tile' | 'tile-moves' }

/** What a view hears of the client that owns it. */
export interface FleetListener {
  connectionOpened(): void
  connectionLost(): void
  clientEnded(): void
  received(message: TileMessage): void
}

export interface FleetDoor extends WatchDoor {
  readonly time: RegionTime
  /** From what age on positions are stale, and lost. */
  freshness(): FreshnessPolicy
  listen(listener: FleetListener): void
}

/** How often units that have left, and positions that have grown old, are looked for. */
const SWEEP_MS = 500

/**
 * Look somewhere with `lookAt`; from then on the view holds what is there and tells each change. Between two connections
 * it keeps what it has, and says how old that is.
 *
 * ```ts
 * const fleet = dispatcher.fleet()
 * fleet.onChanged(({ units, gone }) => draw(units, gone))
 * fleet.lookAt({ westDeg: 174.6, southDeg: -37, eastDeg: 174.9, northDeg: -36.7 })
 * ```
 */
export class FleetView implements Iterable<FleetUnit> {
  readonly #door: FleetDoor
  readonly #watcher: TileWatcher
  readonly #picture: FleetPicture
  readonly #changes = new Signal<[change: FleetChange]>()
  /** The zooms that are looked at, as a rule one. */
  #zooms: readonly number[] = []
  #sweepTimer: unknown = null
  #ended = false

  constructor(door: FleetDoor) {
    this.#door = door
    this.#picture = new FleetPicture(() => door.freshness())
    this.#watcher = new TileWatcher(door)
    door.listen({
      connectionOpened: () => this.#watcher.connectionOpened(),
      connectionLost: () => this.#watcher.connectionLost(),
      clientEnded: () => this.#end(),
      received: message => this.#receive(message),
    })
  }

  /** Units in the picture. */
  get size(): number {
    return this.#picture.size
  }
  get tiles(): readonly string[] {
    return this.#watcher.names
  }
  /** Tiles of which nothing is known yet, or of which a frame was missed; 0 when the picture is whole. */
  get tilesAwaited(): number {
    return this.#watcher.awaited
  }
  /** Frames that were missed and made good by a snapshot. */
  get gaps(): number {
    return this.#watcher.gaps
  }

  [Symbol.iterator](): IterableIterator<FleetUnit> {
    return this.#picture[Symbol.iterator]()
  }
  get(unitId: string): FleetUnit | undefined {
    return this.#picture.get(unitId)
  }

  /** Units that came, moved, changed or grew stale, and those that are gone. Output: call it to stop hearing. */
  onChanged(handler: (change: FleetChange) => void): () => void {
    return this.#changes.on(handler)
  }

  /**
   * Looks at an area, and nowhere else, with the finest tiles of which few enough cover it. Input: `zoom` is the map's
   * own, beyond which tiles need not be finer. Errors: throws RangeError for an area too large to be watched.
   */
  lookAt(bounds: Bounds, zoom?: number): Cover {
    const cover = coverOf(bounds, zoom)
    this.#look(new Set(cover.tiles))
    return cover
  }

  /** Looks at these tiles, and nowhere else; none ends the watch. Errors: throws RangeError for names of no tile, or too many. */
  lookAtTiles(tiles: Iterable<string>): void {
    const names = new Set(tiles)
    for (const name of names) if (parseTile(name) === null) throw new RangeError(`There is no tile ${name} to watch.`)
    if (names.size > LIMITS.tilesPerWatch) {
      throw new RangeError(`${names.size} tiles are too many; at most ${LIMITS.tilesPerWatch} can be watched.`)
    }
    this.#look(names)
  }

  /** Age of the fix that the unit is shown by, in region time; null for a unit that is not in the picture. */
  ageMs(unitId: string, nowMs: number = this.#regionMs()): number | null {
    const unit = this.#picture.get(unitId)
    return unit === undefined ? null : Math.max(0, nowMs - unit.fixedAtMs)
  }

  freshness(unitId: string, nowMs: number = this.#regionMs()): Freshness | null {
    const unit = this.#picture.get(unitId)
    return unit === undefined ? null : freshnessOf(unit.status, nowMs - unit.fixedAtMs, this.#door.freshness())
  }

  /**
   * Where to draw the unit. Input: region time, now unless told; a map that asks for a moment one cadence ago draws only
   * ways between measured places. Output: null for a unit that is not in the picture.
   */
  positionAt(unitId: string, nowMs: number = this.#regionMs()): DrawnPosition | null {
    const unit = this.#picture.get(unitId)
    return unit === undefined ? null : positionAt(unit, this.#picture.previous(unitId), nowMs)
  }

  #receive(message: TileMessage): void {
    if (message[0] === 'tile') {
      const [, tile, stream, seq, atMs, units] = message
      if (!this.#watcher.replaced(tile, stream, seq)) return
      this.#picture.replace(tile, atMs, units, this.#regionMs(), this.#door.timers.monotonicMs())
    } else {
      const [, tile, seq, atMs, units, gone] = message
      if (!this.#watcher.moved(tile, seq)) return
      this.#picture.update(tile, atMs, units, gone, this.#regionMs(), this.#door.timers.monotonicMs())
    }
    this.#tell()
  }

  #look(names: ReadonlySet<string>): void {
    if (this.#ended) return
    this.#zooms = [...new Set([...names].map(name => parseTile(name)!.zoom))]
    const left = this.#watcher.lookAt(names)
    // Units stay while the tiles of another zoom are on their way, or a map would go blank whenever it is zoomed.
    const isAwaited = (unit: FleetUnit) => this.#isAwaited(unit)
    for (const tile of left) this.#picture.drop(tile, this.#regionMs(), this.#door.timers.monotonicMs(), isAwaited)
    this.#tell()
  }

  #isAwaited({ lonDeg, latDeg }: FleetUnit): boolean {
    return this.#zooms.some(zoom => this.#watcher.isAwaited(tileAt(zoom, lonDeg, latDeg)))
  }

  #end(): void {
    this.#ended = true
    this.#watcher.connectionLost()
    this.#door.timers.clearTimeout(this.#sweepTimer)
  }

  #tell(): void {
    if (this.#sweepTimer === null && this.#picture.size > 0 && !this.#ended) {
      this.#sweepTimer = this.#door.timers.setTimeout(() => {
        this.#sweepTimer = null
        this.#picture.sweep(this.#regionMs(), this.#door.timers.monotonicMs(), unit => this.#isAwaited(unit))
        this.#tell()
      }, SWEEP_MS)
    }
    const change = this.#picture.takeChange()
    if (change !== null) this.#changes.emit(change)
  }

  #regionMs(): number {
    return this.#door.time.nowMs()
  }
}
