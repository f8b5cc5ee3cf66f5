/** The worst that one client of each role may do within its rates: the scenes of `costs.ts`. */
import type { Role } from '../src/domain/roles.ts'
import { LIMITS, type RateClass } from '../src/protocol/limits.ts'
import { tileAt } from '../src/protocol/tiles.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { REGION } from './region.ts'

/** In the middle of the fleet, as on the wire and in degrees. */
export const PLACE = [1_747_600_000, -368_500_000] as const
const PLACE_DEG = [PLACE[0] / 1e7, PLACE[1] / 1e7] as const

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: unknown
}

/** What is sent, `n` counting from 0: over a session, over HTTP with a token, or by somebody without one. */
type Sends =
  | { readonly by: 'session'; readonly message: (n: number) => ClientMessage }
  | { readonly by: 'http'; readonly request: (n: number) => HttpRequest }
  | { readonly by: 'stranger'; readonly request: (n: number) => HttpRequest }
  /** A WebSocket that is opened and never says hello. */
  | { readonly by: 'silent-socket' }

export type Scene = Sends & {
  readonly name: string
  /** Null: a stranger. */
  readonly role: Role | null
  /** As how many messages of its class one counts. */
  readonly charge: number
  /** Null: counted by address. */
  readonly rateClass: RateClass | null
  /** A driver speaks for its unit. */
  readonly unit?: string
}

const needs = Array.from({ length: LIMITS.needsPerCall }, (_, need) => ({
  levelOfCare: 'bls' as const,
  capabilities: Array.from({ length: LIMITS.capabilitiesPerNeed }, (_, i) => `nobody-has-${need}-${i}`),
}))
const details = {
  callerName: 'x'.repeat(LIMITS.callerNameChars),
  phone: null,
  address: null,
  notes: 'x'.repeat(LIMITS.notesChars),
}
const DAY_MS = 24 * 3_600_000

/** Tiles side by side, with the fleet in the middle of them; each `n` moves on by a column. */
function tiles(n: number): string[] {
  const [zoom, x, y] = tileAt(12, ...PLACE_DEG)
    .split('/')
    .map(Number) as [number, number, number]
  return Array.from({ length: LIMITS.tilesPerWatch }, (_, i) => {
    return `${zoom}/${x - 8 + (i % 16) + 16 * ((n % 8) - 4)}/${y - 8 + Math.floor(i / 16)}`
  })
}

/** Input: units of the region. The order matters: calls that nobody can serve wait while the driver changes its status. */
export function scenesOf(units: number): readonly Scene[] {
  const channels = Array.from({ length: Math.min(LIMITS.channelsPerAttach, units) }, (_, i) => i)
  return [
    {
      name: 'watchBoard',
      role: 'dispatcher',
      rateClass: 'control',
      charge: 1 + Math.floor(units / 1_000),
      by: 'session',
      message: n => ['watch-board', `q${n}`, null],
    },
    {
      name: 'nearest100',
      role: 'dispatcher',
      rateClass: 'query',
      charge: 1,
      by: 'session',
      message: n => ['nearest', `q${n}`, ...PLACE, LIMITS.nearestK, null],
    },
    {
      name: 'watchTiles256',
      role: 'dispatcher',
      rateClass: 'control',
      charge: 16,
      by: 'session',
      message: n => ['watch-tiles', `q${n}`, tiles(n).map(name => [name, null, null] as const)],
    },
    {
      name: 'watchUnit',
      role: 'dispatcher',
      rateClass: 'control',
      charge: 1,
      by: 'session',
      message: n => ['watch-unit', `q${n}`, unitIdOf(n % Math.min(LIMITS.unitsWatched, units))],
    },
    {
      name: 'enterCall8Needs',
      role: 'supervisor',
      rateClass: 'command',
      charge: 12,
      by: 'session',
      message: n => ['enter-call', `w${n}`, { lonE7: PLACE[0], latE7: PLACE[1], priority: 3, needs, details }],
    },
    {
      name: 'setStatus',
      role: 'driver',
      rateClass: 'crewCommand',
      charge: 1,
      unit: unitIdOf(0),
      by: 'session',
      message: n => {
        const isEven = n % 2 === 0
        return ['set-status', `s${n}`, isEven ? 'unavailable' : 'available', isEven ? 'refuel' : null, Date.now()]
      },
    },
    {
      name: 'attach1000',
      role: 'feed',
      rateClass: 'control',
      charge: 20,
      by: 'session',
      message: n => ['attach', `q${n}`, channels.map(i => [i, unitIdOf(i), 'whole', 'gnss', 1] as const)],
    },
    {
      name: 'attach1000WithHoles',
      role: 'feed',
      rateClass: 'control',
      charge: 20,
      by: 'session',
      message: n => ['attach', `q${n}`, channels.map(i => [i, unitIdOf(i), 'holes', 'gnss', 10 * (n + 1)] as const)],
    },
    {
      name: 'detach1000',
      role: 'feed',
      rateClass: 'control',
      charge: 10,
      by: 'session',
      message: n => ['detach', `q${n}`, Array.from({ length: LIMITS.channelsPerAttach }, (_, i) => i)],
    },
    {
      name: 'getTrackOfADay',
      role: 'supervisor',
      rateClass: 'query',
      charge: 16,
      by: 'http',
      request: n => {
        const toMs = Date.now() + 3_600_000
        const query = `region=${REGION}&fromMs=${toMs - DAY_MS}&toMs=${toMs}&limit=5000`
        return { method: 'GET', path: `/v1/units/${unitIdOf(n % units)}/track?${query}` }
      },
    },
    {
      name: 'getUnits500',
      role: 'supervisor',
      rateClass: 'query',
      charge: 5,
      by: 'http',
      request: () => ({ method: 'GET', path: `/v1/units?region=${REGION}&limit=500` }),
    },
    {
      name: 'postUnit',
      role: 'admin',
      rateClass: 'command',
      charge: 1,
      by: 'http',
      request: n => ({
        method: 'POST',
        path: `/v1/units?region=${REGION}`,
        body: { unitId: `NEW${Date.now()}-${n}`, callSign: `New ${n}`, levelOfCare: 'bls' },
      }),
    },
    {
      name: 'postUser',
      role: 'admin',
      rateClass: 'command',
      charge: 1,
      by: 'http',
      request: n => ({
        method: 'POST',
        path: '/v1/users',
        body: { name: `user-${Date.now()}-${n}`, role: 'dispatcher', regions: [REGION] },
      }),
    },
    {
      name: 'strangerRequest',
      role: null,
      rateClass: null,
      charge: 1,
      by: 'stranger',
      // With a token whose signature has to be looked at to see that it is none.
      request: () => ({ method: 'GET', path: `/v1/units?region=${REGION}&limit=500` }),
    },
    {
      name: 'strangerLogin',
      role: null,
      rateClass: null,
      charge: 1,
      by: 'stranger',
      request: n => ({
        method: 'POST',
        path: '/v1/auth/login',
        body: { user: `nobody-${n}`, password: 'correct horse battery' },
      }),
    },
    { name: 'silentSocket', role: null, rateClass: null, charge: 1, by: 'silent-socket' },
  ]
}
