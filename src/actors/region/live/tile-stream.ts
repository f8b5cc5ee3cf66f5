/**
 * The run of frames of one watched tile: what consoles have been shown of the tile, and what the next frame must tell.
 *
 * Frames are numbered from 1 under the stream's random name. Whoever has frame n and gets n + 1 has the picture; whoever
 * missed some gets them from the short history, or a snapshot. Pure: time and the looks of a unit come in as values.
 */
import { northOf, type Tile } from '../../../protocol/tiles.ts'
import type { TileUnit } from '../../../protocol/wire/tile-tuples.ts'
import type { SharedFrame } from '../../region-handle.ts'

/** How long frames are kept for consoles that come back. */
const HISTORY_MS = 15_000
/** Units in kept frames that are never too many, however few units the tile has. */
const HISTORY_UNITS_MIN = 256
/** So that rounding at an edge never decides by itself that a unit is still inside. */
const EDGE_DEG = 1e-9

interface KeptFrame {
  readonly madeAtMs: number
  readonly weight: number
  readonly frame: SharedFrame
}

/** A unit as its tiles hold it; it is on one tile of a zoom at most. */
export interface UnitOnTile {
  readonly unitId: string
  /** One bit a zoom, kept by the streams: set while the unit stands in what the next frame must tell. */
  news: number
  /** Asked whenever a frame is made. */
  look(atMs: number): TileUnit
}

export class TileStream<Unit extends UnitOnTile> {
  readonly name: string
  readonly tile: Tile
  readonly streamId: string
  /** Units on the tile now. */
  readonly units = new Set<Unit>()
  readonly #westDeg: number
  readonly #eastDeg: number
  readonly #southDeg: number
  readonly #northDeg: number
  readonly #bit: number
  /** Units with news; some may have left since, or stand here twice. */
  #changed: Unit[] = []
  readonly #gone = new Set<string>()
  #seq = 1
  /** The newest frames, up to `#seq`, without holes. */
  #kept: KeptFrame[] = []
  #keptWeight = 0
  #snapshot: SharedFrame | null = null

  constructor(tile: Tile, streamId: string) {
    const size = 2 ** tile.zoom
    this.#bit = 1 << tile.zoom
    this.tile = tile
    this.name = `${tile.zoom}/${tile.x}/${tile.y}`
    this.streamId = streamId
    this.#westDeg = (tile.x / size) * 360 - 180 + EDGE_DEG
    this.#eastDeg = ((tile.x + 1) / size) * 360 - 180 - EDGE_DEG
    this.#southDeg = northOf(size, tile.y + 1) + EDGE_DEG
    this.#northDeg = northOf(size, tile.y) - EDGE_DEG
  }

  /** Number of the newest frame. */
  get seq(): number {
    return this.#seq
  }

  get hasNews(): boolean {
    return this.#changed.length > 0 || this.#gone.size > 0
  }

  /** True when a place surely lies on this tile; false at its very edge as well. */
  holds(lonDeg: number, latDeg: number): boolean {
    return lonDeg > this.#westDeg && lonDeg < this.#eastDeg && latDeg > this.#southDeg && latDeg < this.#northDeg
  }

  enter(unit: Unit): void {
    this.units.add(unit)
    this.#gone.delete(unit.unitId)
    this.touch(unit)
  }

  /** A unit of this tile moved, or looks different. Called for every fix: most find their unit noted already. */
  touch(unit: Unit): void {
    this.#snapshot = null
    if ((unit.news & this.#bit) !== 0) return
    unit.news |= this.#bit
    this.#changed.push(unit)
  }

  leave(unit: Unit): void {
    if (!this.units.delete(unit)) return
    unit.news &= ~this.#bit
    this.#gone.add(unit.unitId)
    this.#snapshot = null
  }

  /** The next frame: everything that has changed since the one before. Input: region time, and monotonic time. */
  next(atMs: number, nowMonotonicMs: number): SharedFrame {
    const units: TileUnit[] = []
    for (const unit of this.#changed) {
      // The bit may belong to the tile to which the unit has gone.
      if ((unit.news & this.#bit) === 0 || !this.units.has(unit)) continue
      unit.news &= ~this.#bit
      units.push(unit.look(atMs))
    }
    const gone = [...this.#gone]
    this.#changed = []
    this.#gone.clear()
    this.#snapshot = null
    this.#seq += 1
    const frame: SharedFrame = {
      told: { type: 'tile-moves', tile: this.name, frameNo: this.#seq, atMs, units, gone },
      encoded: {},
    }
    this.#keep({ madeAtMs: nowMonotonicMs, weight: units.length + gone.length, frame })
    return frame
  }

  /**
   * Every unit of the tile, numbered as the newest frame. What has changed since that frame is in it already, and comes
   * once more with the next: that tells nothing wrong.
   */
  snapshot(atMs: number): SharedFrame {
    this.#snapshot ??= {
      told: {
        type: 'tile',
        tile: this.name,
        epoch: this.streamId,
        frameNo: this.#seq,
        atMs,
        units: Array.from(this.units, unit => unit.look(atMs)),
      },
      encoded: {},
    }
    return this.#snapshot
  }

  /** The frames after one that a console has; null when they are not kept, or the console speaks of another stream. */
  since(streamId: string, seq: number): readonly SharedFrame[] | null {
    const missed = this.#seq - seq
    if (streamId !== this.streamId || missed < 0 || missed > this.#kept.length) return null
    return this.#kept.slice(this.#kept.length - missed).map(({ frame }) => frame)
  }

  /** Forgets frames that are too old, or that together weigh more than a snapshot. */
  #keep(newest: KeptFrame): void {
    this.#kept.push(newest)
    this.#keptWeight += newest.weight
    const weightMax = Math.max(HISTORY_UNITS_MIN, this.units.size)
    let outdated = 0
    for (const { madeAtMs, weight } of this.#kept) {
      if (newest.madeAtMs - madeAtMs < HISTORY_MS && this.#keptWeight <= weightMax) break
      this.#keptWeight -= weight
      outdated += 1
    }
    if (outdated > 0) this.#kept.splice(0, outdated)
  }
}
