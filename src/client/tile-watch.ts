/**
 * Keeps the server sending the tiles that are looked at: what was seen of each, and when to ask for which again.
 *
 * A tile is *followed* (its epoch and the number of its last frame are known, and the next frame is theirs) or *awaited* (a snapshot must come
 * first: it is new, or a frame was missed). Every request names the whole set, so there is one under way at a time, and
 * a map that is dragged, or a hundred tiles that miss a frame together, make one. A tile that goes on missing frames is
 * asked for less and less often, and so is one that never comes.
 */
import type { TileWatch } from '../protocol/wire/tile-tuples.ts'
import { isRetryable, RequestLost, retryAfterMs } from './command-queue.ts'
import { ClientClosed, CommandRefused } from './errors.ts'
import { type FullTimers, fullJitterMs } from './timing.ts'

export interface WatchDoor {
  readonly timers: FullTimers
  readonly random: () => number
  /** Sends `watch-tiles`. Errors: rejects with CommandRefused, RequestLost or ClientClosed. */
  watch(tiles: readonly TileWatch[]): Promise<unknown>
  /** A refusal that asking again will not change. */
  refused(refusal: CommandRefused): void
}

interface Tile {
  /** Null while a snapshot is awaited. */
  epoch: string | null
  frameNo: number
  /** When to ask for its snapshot, again if need be, by the monotonic clock; null while it is followed. */
  askAtMs: number | null
  /** Times that its snapshot was asked for in vain. */
  asks: number
  /** Times that a frame was missed since it was last calm. */
  gaps: number
  /** When the last snapshot came. */
  sinceMs: number
}

/** Between one request and the next, as a map is dragged: well below the rate at which the server takes them. */
const PACE_MS = 100
/** Frames that are missed together are asked for together. */
const GATHER_MS = 50
const GAP_BASE_MS = 250
const GAP_CAP_MS = 30_000
const UNANSWERED_MS = 5_000
const UNANSWERED_CAP_MS = 60_000
const REFUSED_BASE_MS = 250
/** A tile that was followed without a gap for so long has forgotten its past ones. */
const CALM_MS = 10_000

export class TileWatcher {
  readonly #door: WatchDoor
  readonly #tiles = new Map<string, Tile>()
  #open = false
  /** The set has changed, or is not known to the server of this connection. */
  #changed = false
  #asking = false
  #refusals = 0
  #notBeforeMs = 0
  #timer: unknown = null
  #gaps = 0

  constructor(door: WatchDoor) {
    this.#door = door
  }

  get names(): string[] {
    return [...this.#tiles.keys()]
  }
  /** Tiles that a snapshot is awaited of. */
  get awaited(): number {
    let count = 0
    for (const tile of this.#tiles.values()) if (tile.epoch === null) count += 1
    return count
  }
  /** Frames that were noticed to be missing. */
  get gaps(): number {
    return this.#gaps
  }
  isAwaited(name: string): boolean {
    return this.#tiles.get(name)?.epoch === null
  }

  /** Output: the tiles that are not looked at any more. */
  lookAt(names: ReadonlySet<string>): string[] {
    const left = [...this.#tiles.keys()].filter(name => !names.has(name))
    const added = [...names].filter(name => !this.#tiles.has(name))
    if (left.length === 0 && added.length === 0) return []
    for (const name of left) this.#tiles.delete(name)
    for (const name of added)
      this.#tiles.set(name, { epoch: null, frameNo: 0, askAtMs: null, asks: 0, gaps: 0, sinceMs: 0 })
    this.#changed = true
    this.#pump()
    return left
  }

  connectionOpened(): void {
    this.#open = true
    this.#changed = this.#tiles.size > 0
    this.#notBeforeMs = 0
    this.#pump()
  }

  connectionLost(): void {
    this.#open = false
    this.#asking = false
    this.#refusals = 0
    this.#stopTimer()
  }

  /** A snapshot has come. Output: whether the tile is looked at. */
  replaced(name: string, epoch: string, frameNo: number): boolean {
    const tile = this.#tiles.get(name)
    if (tile === undefined) return false
    tile.epoch = epoch
    tile.frameNo = frameNo
    tile.askAtMs = null
    tile.asks = 0
    tile.sinceMs = this.#door.timers.monotonicMs()
    return true
  }

  /** Moves have come. Output: whether they are the next ones of a tile that is followed. */
  moved(name: string, frameNo: number): boolean {
    const tile = this.#tiles.get(name)
    // What comes before the snapshot is in it; what comes twice is known.
    if (tile === undefined || tile.epoch === null || frameNo <= tile.frameNo) return false
    const nowMs = this.#door.timers.monotonicMs()
    if (frameNo === tile.frameNo + 1) {
      tile.frameNo = frameNo
      if (nowMs - tile.sinceMs > CALM_MS) tile.gaps = 0
      return true
    }
    this.#gaps += 1
    tile.epoch = null
    tile.askAtMs = nowMs + (tile.gaps === 0 ? GATHER_MS : this.#backoffMs(tile.gaps))
    tile.gaps += 1
    this.#pump()
    return false
  }

  #backoffMs(gaps: number): number {
    const wholeMs = Math.min(GAP_CAP_MS, GAP_BASE_MS * 2 ** gaps)
    return wholeMs / 2 + (this.#door.random() * wholeMs) / 2
  }

  #pump(): void {
    if (!this.#open || this.#asking) return
    let dueMs = this.#changed ? 0 : Number.POSITIVE_INFINITY
    for (const { askAtMs } of this.#tiles.values()) if (askAtMs !== null && askAtMs < dueMs) dueMs = askAtMs
    dueMs = Math.max(dueMs, this.#notBeforeMs)
    this.#stopTimer()
    const { timers } = this.#door
    const nowMs = timers.monotonicMs()
    if (dueMs <= nowMs) this.#ask(nowMs)
    else if (dueMs < Number.POSITIVE_INFINITY) {
      this.#timer = timers.setTimeout(() => {
        this.#timer = null
        this.#pump()
      }, dueMs - nowMs)
    }
  }

  #ask(nowMs: number): void {
    this.#asking = true
    this.#changed = false
    const watches: TileWatch[] = []
    for (const [name, tile] of this.#tiles) {
      watches.push(tile.epoch === null ? [name, null, null] : [name, tile.epoch, tile.frameNo])
      if (tile.epoch !== null) continue
      // A slow console's snapshot comes when it has caught up; a lost one has to be asked for again.
      tile.askAtMs = nowMs + Math.min(UNANSWERED_CAP_MS, UNANSWERED_MS * 2 ** tile.asks)
      tile.asks += 1
    }
    this.#door.watch(watches).then(
      () => this.#answered(PACE_MS),
      (error: unknown) => this.#failed(error),
    )
  }

  #answered(pauseMs: number): void {
    if (!this.#open) return
    this.#refusals = 0
    this.#goOnAfter(pauseMs)
  }

  #failed(error: unknown): void {
    // The next connection asks anew by itself.
    if (error instanceof RequestLost || error instanceof ClientClosed || !this.#open) return
    if (!(error instanceof CommandRefused)) throw error
    const { code, message, details } = error
    if (!isRetryable(code)) {
      for (const tile of this.#tiles.values()) tile.askAtMs = null
      this.#door.refused(error)
      return this.#answered(PACE_MS)
    }
    this.#changed = true
    const askedMs = retryAfterMs({ code, message, details }) * (1 + this.#door.random() / 2)
    this.#refusals += 1
    this.#goOnAfter(
      PACE_MS + askedMs + fullJitterMs(this.#refusals - 1, REFUSED_BASE_MS, GAP_CAP_MS, this.#door.random),
    )
  }

  #goOnAfter(pauseMs: number): void {
    this.#asking = false
    this.#notBeforeMs = this.#door.timers.monotonicMs() + pauseMs
    this.#pump()
  }

  #stopTimer(): void {
    this.#door.timers.clearTimeout(this.#timer)
    this.#timer = null
  }
}
