/**
 * A model of the engine's fan-out, as `src/protocol/wire/` states it: streams of frames for each tile, a short history
 * of them, snapshots; and what can go wrong with it: frames lost on the way, consoles too slow for them, a new start.
 */
import { tileAt } from '../../src/protocol/tiles.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import { TILE_ZOOMS, type TileUnit, type TileWatch } from '../../src/protocol/wire/tile-tuples.ts'
import type { ModelEngine, ModelSocket } from './model-engine.ts'

interface ModelUnit {
  lonE7: number
  latE7: number
  fixedAtMs: number
  status: TileUnit[6]
}
interface Stream {
  readonly id: string
  seq: number
  readonly frames: { message: ServerMessage & { 0: 'tile-moves' }; madeAtMs: number }[]
  /** What the last frame told of each unit of the tile. */
  told: Map<string, ModelUnit>
}
interface Console {
  readonly watched: Set<string>
  /** Tiles that a snapshot is owed of. */
  readonly owed: Set<string>
  behind: boolean
}

const ROUND_MS = 250
const HISTORY_MS = 15_000

export class ModelMap {
  readonly units = new Map<string, ModelUnit>()
  /** Chance that a frame of a tile is lost on its way. */
  lossChance = 0
  readonly #engine: ModelEngine
  readonly #streams = new Map<string, Stream>()
  readonly #consoles = new Map<ModelSocket, Console>()
  #streamIds = 0
  #timer: unknown = null
  #dirty = false
  /** Requests to watch tiles, of all consoles. */
  requests = 0

  constructor(engine: ModelEngine) {
    this.#engine = engine
    engine.onRequest = (socket, request) => {
      if (request.type !== 'watch-tiles') return false
      this.#watch(socket, request.id, request.tiles)
      return true
    }
  }

  move(unitId: string, lonE7: number, latE7: number): void {
    const status = this.units.get(unitId)?.status ?? 'available'
    this.units.set(unitId, { lonE7, latE7, fixedAtMs: this.#nowMs(), status })
    this.#dirty = true
  }

  setStatus(unitId: string, status: TileUnit[6]): void {
    const unit = this.units.get(unitId)
    if (unit !== undefined) this.units.set(unitId, { ...unit, status })
    this.#dirty = true
  }

  remove(unitId: string): void {
    this.units.delete(unitId)
    this.#dirty = true
  }

  /** The process starts anew: streams and consoles are gone, and so are fixes that were shown before they were durable. */
  restart(lost: ReadonlyMap<string, ModelUnit>): void {
    this.#streams.clear()
    this.#consoles.clear()
    for (const [unitId, before] of lost) this.units.set(unitId, before)
  }

  setBehind(socket: ModelSocket, behind: boolean): void {
    const console = this.#consoles.get(socket)
    if (console !== undefined) console.behind = behind
  }

  /** Rounds go on until `stop`. */
  start(): void {
    this.#timer = this.#engine.time.setTimeout(() => {
      this.round()
      this.start()
    }, ROUND_MS)
  }

  stop(): void {
    this.#engine.time.clearTimeout(this.#timer)
  }

  /** Makes a frame of each tile that has changed, or of all of them. */
  round(all = false): void {
    for (const [socket] of this.#consoles) if (socket.readyState !== 1) this.#consoles.delete(socket)
    if (all || this.#dirty) this.#makeFrames(all)
    this.#dirty = false
    for (const [socket, console] of this.#consoles) {
      if (console.behind) continue
      for (const tile of console.owed) this.#snapshot(socket, tile)
      console.owed.clear()
    }
  }

  /** What a console that looks at these tiles should show. */
  truth(tiles: readonly string[]): Map<string, ModelUnit> {
    return new Map(tiles.flatMap(tile => [...this.#unitsOn(tile)]))
  }

  #makeFrames(all: boolean): void {
    for (const [tile, stream] of this.#streams) {
      const units = this.#unitsOn(tile)
      const changed = [...units].filter(([unitId, unit]) => stream.told.get(unitId) !== unit)
      const gone = [...stream.told.keys()].filter(unitId => !units.has(unitId))
      if (!all && changed.length === 0 && gone.length === 0) continue
      stream.told = units
      stream.seq += 1
      const atMs = this.#nowMs()
      const seen = changed.map(([unitId, unit]) => wire(unitId, unit, atMs))
      const message: ServerMessage & { 0: 'tile-moves' } = ['tile-moves', tile, stream.seq, atMs, seen, gone]
      stream.frames.push({ message, madeAtMs: this.#engine.time.now() })
      while (this.#engine.time.now() - stream.frames[0]!.madeAtMs > HISTORY_MS) stream.frames.shift()
      for (const [socket, console] of this.#consoles) {
        if (!console.watched.has(tile) || console.owed.has(tile)) continue
        if (console.behind) console.owed.add(tile)
        else this.#send(socket, message)
      }
    }
  }

  #watch(socket: ModelSocket, id: string, tiles: readonly TileWatch[]): void {
    this.requests += 1
    if (this.#engine.random() < this.#engine.refusalChance) {
      return this.#engine.send(['error', id, 'rate-limited', 'too many', { retryAfterMs: 300 }], socket)
    }
    const before = this.#consoles.get(socket)
    const console: Console = {
      watched: new Set(tiles.map(([tile]) => tile)),
      owed: new Set(),
      behind: before?.behind ?? false,
    }
    this.#consoles.set(socket, console)
    for (const [tile, streamId, seq] of tiles) {
      let stream = this.#streams.get(tile)
      if (stream === undefined) {
        this.#streamIds += 1
        stream = { id: `stream-${this.#streamIds}`, seq: 1, frames: [], told: this.#unitsOn(tile) }
        this.#streams.set(tile, stream)
      }
      const missed = stream.seq - (seq ?? 0)
      const isKnown = streamId === stream.id && missed >= 0 && missed <= stream.frames.length
      if (console.behind) console.owed.add(tile)
      // In place of a resumption a snapshot is always sent: moves do not name their stream, so nothing would tell its loss.
      else if (!isKnown) this.#snapshot(socket, tile, streamId !== null)
      else for (const { message } of stream.frames.slice(stream.frames.length - missed)) this.#send(socket, message)
    }
    this.#engine.send(['reply', id, 1, { tiles: tiles.length }], socket)
  }

  #snapshot(socket: ModelSocket, tile: string, surely = false): void {
    const { id, seq, told } = this.#streams.get(tile)!
    const atMs = this.#nowMs()
    const units = [...told].map(([unitId, unit]) => wire(unitId, unit, atMs))
    const message: ServerMessage = ['tile', tile, id, seq, atMs, units]
    if (surely) this.#engine.send(message, socket)
    else this.#send(socket, message)
  }

  #send(socket: ModelSocket, message: ServerMessage): void {
    if (this.#engine.random() >= this.lossChance) this.#engine.send(message, socket)
  }

  #unitsOn(tile: string): Map<string, ModelUnit> {
    const zoom = TILE_ZOOMS.find(level => tile.startsWith(`${level}/`))!
    return new Map([...this.units].filter(([, { lonE7, latE7 }]) => tileAt(zoom, lonE7 / 1e7, latE7 / 1e7) === tile))
  }

  #nowMs(): number {
    return Math.floor(this.#engine.regionMs(this.#engine.time.now()))
  }
}

function wire(unitId: string, { lonE7, latE7, fixedAtMs, status }: ModelUnit, atMs: number): TileUnit {
  return [unitId, lonE7, latE7, atMs - fixedAtMs, 1_000, 900, status, 'als']
}
