/** The roads of regions as maps are shown them: of each the network that was read last, and its newest tiles. */
import type { RoadGraph } from '../roads/graph.ts'
import { LINE_ZOOMS, type LineBounds, RoadLines, type TileName } from '../roads/lines/road-lines.ts'

/** Of one region. */
interface RoadMap {
  readonly version: number
  readonly lines: RoadLines
}

/** Bytes of tiles that are kept, of all regions together; those that were asked for longest ago go first. */
const KEPT_BYTES = 16 * 1024 * 1024

export class RoadMaps {
  readonly #maps = new Map<string, RoadMap>()
  readonly #tiles = new Map<string, Uint8Array>()
  #bytes = 0

  /** A network was read for the region; of other speeds alone its lines are the same. */
  take(region: string, version: number, graph: RoadGraph): void {
    if (this.#maps.get(region)?.version === version) return
    this.#maps.set(region, { version, lines: new RoadLines(graph) })
  }

  /** The region goes by the straight line. */
  forget(region: string): void {
    this.#maps.delete(region)
  }

  /** Null where no roads are. */
  of(region: string): { readonly version: number; readonly bounds: LineBounds } | null {
    const map = this.#maps.get(region)
    return map === undefined ? null : { version: map.version, bounds: map.lines.bounds }
  }

  /** Null for a version that does not stand, and for a tile that there is not. */
  async tile(region: string, version: number, name: TileName): Promise<Uint8Array | null> {
    const map = this.#maps.get(region)
    if (map?.version !== version || !isTile(name)) return null
    const key = `${region}/${version}/${name.zoom}/${name.x}/${name.y}`
    const kept = this.#tiles.get(key)
    if (kept !== undefined) {
      this.#tiles.delete(key)
      this.#tiles.set(key, kept)
      return kept
    }
    // A copy: the writer's own memory is larger.
    const bytes = (await map.lines.tile(name, () => new Promise(resolve => setImmediate(resolve)))).slice()
    this.#keep(key, bytes)
    return bytes
  }

  #keep(key: string, bytes: Uint8Array): void {
    if (this.#tiles.has(key)) return
    this.#tiles.set(key, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#tiles) {
      if (this.#bytes <= KEPT_BYTES) return
      this.#tiles.delete(oldest)
      this.#bytes -= length
    }
  }
}

function isTile({ zoom, x, y }: TileName): boolean {
  const isIn = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** zoom
  return Number.isInteger(zoom) && zoom >= LINE_ZOOMS.least && zoom <= LINE_ZOOMS.most && isIn(x) && isIn(y)
}
