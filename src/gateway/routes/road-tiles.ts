/** The roads of a region for maps: what stands, and its lines as vector tiles. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { RegionId } from '../../domain/ids.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { type Asked, guarded, type Route } from '../route.ts'
import type { MapBackground } from '../web-files.ts'
import { regionNamed } from './reference-work.ts'

/** A tile of the Web Mercator grid. */
interface TileAsked {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

/** What maps are shown of the roads of regions. */
export interface RoadMapPorts {
  /** What maps may show under the roads; null: nothing. */
  readonly mapBackground: MapBackground | null
  readonly roadMaps: {
    /** Null where no roads are, or none have been read yet. */
    of(region: RegionId): {
      readonly version: number
      readonly bounds: {
        readonly westDeg: number
        readonly southDeg: number
        readonly eastDeg: number
        readonly northDeg: number
      }
    } | null
    /** Null for a version that does not stand, and for a tile that there is not. */
    tile(region: RegionId, version: number, name: TileAsked): Promise<Uint8Array | null>
  }
}

const degrees = z.number()
const PARAMS = z.object({ id: z.string() })
const SHOWN = z
  .object({
    region: z.string(),
    version: z
      .int()
      .min(1)
      .nullable()
      .describe('Null: the region goes by the straight line, or its roads are still being read.'),
    bounds: z
      .object({ westDeg: degrees, southDeg: degrees, eastDeg: degrees, northDeg: degrees })
      .nullable()
      .describe('What the roads lie in; null where there are none.'),
    background: z
      .object({ tiles: z.string(), attribution: z.string() })
      .nullable()
      .describe(
        'Pictures of the land to show under them, from elsewhere, with {z}, {x} and {y} in their address; null where none are configured.',
      ),
  })
  .meta({ id: 'RegionRoads' })
const NUMBER = z.string().regex(/^(0|[1-9]\d{0,8})$/)
const TILE_PARAMS = z.object({ id: z.string(), version: NUMBER, zoom: NUMBER, x: NUMBER, y: NUMBER })
const VECTOR_TILE = 'application/vnd.mapbox-vector-tile'
const YEAR_S = 31_536_000

export const ROAD_ROUTES: readonly Route<RoadMapPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/regions/:id/roads',
    action: 'read-reference',
    summary: 'Shows which roads a region has, and where they lie',
    params: PARAMS,
    reply: { 200: SHOWN },
    refusals: ['wrong-region'],
    handle: getRoads,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/regions/:id/roads/:version/:zoom/:x/:y',
    action: 'read-reference',
    summary: 'The lines of these roads in one tile of a map, as a vector tile',
    params: TILE_PARAMS,
    reply: { 200: VECTOR_TILE },
    refusals: ['wrong-region', 'not-found'],
    handle: getTile,
  }),
]

function getRoads(
  { roadMaps, mapBackground: background }: RoadMapPorts,
  asked: Asked<typeof PARAMS>,
  caller: TokenClaims,
): HttpReply {
  const named = regionNamed(asked, caller)
  if (!named.ok) return problem(named.refusal)
  const { version, bounds } = roadMaps.of(named.value) ?? { version: null, bounds: null }
  return json(200, { region: named.value, version, bounds, background })
}

async function getTile(
  { roadMaps }: RoadMapPorts,
  asked: Asked<typeof TILE_PARAMS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_TILE)
  const named = regionNamed(asked, caller)
  if (!named.ok) return problem(named.refusal)
  const { version, zoom, x, y } = params.value
  const bytes = await roadMaps.tile(named.value, Number(version), { zoom: Number(zoom), x: Number(x), y: Number(y) })
  if (bytes === null) return problem(NO_TILE)
  // The version is in the address, and what it names never changes.
  const headers = { 'Cache-Control': `private, max-age=${YEAR_S}, immutable` }
  return { status: 200, contentType: VECTOR_TILE, body: '', bytes, headers }
}

const NO_TILE = {
  code: 'not-found',
  message: 'This is no tile of the roads that stand; ask for their version with GET /v1/regions/:id/roads.',
} as const
