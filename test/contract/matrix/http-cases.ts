/** A good request of every route, for what is the caller's own and for what is not. */

import type { ErrorCode } from '../../../src/base/refusal.ts'
import type { Action } from '../../../src/protocol/rights.ts'
import type { Caller, HttpReach, Outcome } from './rules.ts'
import { HERE, PASSWORD, THERE, type World } from './world.ts'

export interface HttpRequest {
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  readonly ifMatch?: string
  /** In place of the caller's usual one. */
  readonly token?: string
}

export interface HttpCase {
  /** Null for a route that asks for no credential. */
  readonly action: Action | null
  /** Of the answer when it is done. */
  readonly status: number
  readonly reaches: readonly HttpReach[]
  /** What `crossed` comes to for those who may do it at all. */
  readonly missing?: Outcome
  /** The request is another one for each caller; where it is not and changes nothing, one serves them all. */
  readonly isPersonal?: true
  /** Makes all that the request needs, as an admin; what it names is there, and would be done if the caller may. */
  readonly request: (world: World, reach: HttpReach, caller: Caller) => Promise<HttpRequest>
}

const OWN = ['own'] as const
const REGIONS = ['own', 'other-region'] as const
const ALL = ['own', 'other-region', 'crossed'] as const

/** The region that the thing is in. */
const homeOf = (reach: HttpReach): string => (reach === 'own' ? HERE : THERE)
/** The region that is asked. */
const askedOf = (reach: HttpReach): string => (reach === 'other-region' ? THERE : HERE)

let numbers = 0
const fresh = (prefix: string): string => {
  numbers += 1
  return `${prefix}${numbers}`
}

/** The unit that a caller may report: a feed's, or a driver's. */
const reportedBy = (caller: Caller): string => (caller === 'feed' ? 'F1' : 'A1')
let ago = 0
/** A moment lately that no other case has. */
function secondsAgo(): number {
  ago += 1
  return Math.floor(Date.now() / 1_000) - ago
}

const PLACE = { name: 'Central', lonDeg: 174.76, latDeg: -36.85 }
/** Of each kind: a whole new thing, a change of it, and all of it but its id. */
const KINDS = {
  units: { id: 'unitId', whole: { callSign: 'Medic 9', levelOfCare: 'bls' }, change: { callSign: 'Medic 10' } },
  stations: { id: 'stationId', whole: PLACE, change: { name: 'West' } },
  hospitals: { id: 'hospitalId', whole: { ...PLACE, emergencyDepartment: true }, change: { name: 'West' } },
} as const
type Kind = keyof typeof KINDS

/** Makes a thing in its region; the path under which the caller asks for it. */
async function made(
  world: World,
  kind: Kind,
  reach: HttpReach,
): Promise<{ readonly path: string; readonly tag: string }> {
  const id = fresh('X')
  const { headers } = await world.created(`/v1/${kind}?region=${homeOf(reach)}`, {
    [KINDS[kind].id]: id,
    ...KINDS[kind].whole,
  })
  return { path: `/v1/${kind}/${id}?region=${askedOf(reach)}`, tag: headers.get('etag')! }
}

function ofKind(kind: Kind): Readonly<Record<string, HttpCase>> {
  const { id, whole, change } = KINDS[kind]
  const read = { action: 'read-reference', status: 200 } as const
  const write = { action: 'write-reference', status: 200, reaches: ALL, missing: 'not-found' } as const
  return {
    [`GET /v1/${kind}`]: {
      ...read,
      reaches: REGIONS,
      request: async (_, reach) => ({ path: `/v1/${kind}?region=${askedOf(reach)}` }),
    },
    [`POST /v1/${kind}`]: {
      action: 'write-reference',
      status: 201,
      reaches: REGIONS,
      request: async (_, reach) => ({
        path: `/v1/${kind}?region=${askedOf(reach)}`,
        body: { [id]: fresh('N'), ...whole },
      }),
    },
    [`GET /v1/${kind}/:id`]: {
      ...read,
      reaches: ALL,
      missing: 'not-found',
      request: async (world, reach) => ({ path: (await made(world, kind, reach)).path }),
    },
    [`PUT /v1/${kind}/:id`]: {
      ...write,
      request: async (world, reach) => {
        const { path, tag } = await made(world, kind, reach)
        return { path, body: { ...whole, ...change }, ifMatch: tag }
      },
    },
    [`PATCH /v1/${kind}/:id`]: {
      ...write,
      request: async (world, reach) => {
        const { path, tag } = await made(world, kind, reach)
        return { path, body: change, ifMatch: tag }
      },
    },
    [`DELETE /v1/${kind}/:id`]: {
      ...write,
      status: 204,
      request: async (world, reach) => {
        const { path, tag } = await made(world, kind, reach)
        return { path, ifMatch: tag }
      },
    },
  }
}

/** A user of the region, made for this; where the caller is to ask for its own account, that is it. */
async function account(world: World, reach: HttpReach, caller: Caller): Promise<string> {
  if (reach === 'own' && ['driver', 'dispatcher', 'supervisor'].includes(caller)) return `/v1/users/${caller}-1`
  const name = fresh('user-')
  await world.created('/v1/users', { name, role: 'dispatcher', regions: [homeOf(reach)], password: PASSWORD })
  return `/v1/users/${name}`
}

/** An access token of somebody who has the caller's role, and signed in for this. */
async function signedIn(world: World, caller: Caller): Promise<{ readonly token?: string }> {
  if (caller === 'feed' || caller === 'nobody' || caller === 'stranger') return {}
  const name = fresh('person-')
  const units = caller === 'driver' ? 'all' : null
  await world.created('/v1/users', { name, role: caller, regions: [HERE], units, password: PASSWORD })
  const { accessToken } = await world.login(name, caller === 'driver' ? { unit: 'H1' } : {})
  return { token: accessToken }
}

async function device(world: World, reach: HttpReach): Promise<{ readonly path: string; readonly tag: string }> {
  const { body, headers } = await world.created('/v1/devices', {
    name: 'modem',
    role: 'feed',
    region: homeOf(reach),
    units: 'all',
  })
  return { path: `/v1/devices/${body.id}`, tag: headers.get('etag')! }
}

const open = (status: number, request: HttpCase['request']): HttpCase => ({
  action: null,
  status,
  reaches: OWN,
  request,
})
const plain = (path: string) => async () => ({ path })
const admins = (
  action: Action,
  status: number,
  request: HttpCase['request'],
  reaches = REGIONS as HttpCase['reaches'],
) => ({
  action,
  status,
  reaches,
  request,
})
const ofAccount = (status: number, request: HttpCase['request']): HttpCase => {
  return { ...admins('manage-users', status, request), isPersonal: true }
}
const unitIn = (reach: HttpReach): string => (reach === 'own' ? 'F1' : 'T1')
const unknownUnit: ErrorCode = 'unknown-unit'

/** By method and pattern. */
export const HTTP_CASES: Readonly<Record<string, HttpCase>> = {
  'GET /': open(200, plain('/')),
  'GET /driver': open(200, plain('/driver')),
  'GET /driver-worker.js': open(200, plain('/driver-worker.js')),
  'GET /console-worker.js': open(200, plain('/console-worker.js')),
  'GET /assets/:file': open(200, plain('/assets/licenses.txt')),
  'GET /v1/openapi.json': open(200, plain('/v1/openapi.json')),
  'GET /healthz': open(200, plain('/healthz')),
  'GET /readyz': open(200, plain('/readyz')),
  'GET /metrics': open(200, plain('/metrics')),
  'GET /.well-known/jwks.json': open(200, plain('/.well-known/jwks.json')),
  'POST /v1/auth/login': open(200, async () => {
    return { path: '/v1/auth/login', body: { user: 'dispatcher-1', password: PASSWORD } }
  }),
  'POST /v1/auth/guest': {
    ...open(200, async world => ({ path: '/v1/auth/guest', body: { ticket: await world.guestTicket() } })),
    isPersonal: true,
  },
  'POST /v1/auth/refresh': open(200, async world => {
    const { refreshToken } = await world.login('dispatcher-1')
    return { path: '/v1/auth/refresh', body: { refreshToken } }
  }),

  'GET /v1/auth/me': { action: 'own-account', status: 200, reaches: OWN, request: plain('/v1/auth/me') },
  'POST /v1/auth/logout': {
    isPersonal: true,
    action: 'own-account',
    status: 204,
    reaches: OWN,
    request: async (world, _, caller) => ({ path: '/v1/auth/logout', ...(await signedIn(world, caller)) }),
  },
  'POST /v1/auth/password': {
    isPersonal: true,
    action: 'own-account',
    status: 204,
    reaches: OWN,
    request: async (world, _, caller) => {
      const body = { current: PASSWORD, next: 'nineteen slow otters swim' }
      return { path: '/v1/auth/password', body, ...(await signedIn(world, caller)) }
    },
  },
  'GET /v1/auth/sessions': { action: 'own-account', status: 200, reaches: OWN, request: plain('/v1/auth/sessions') },
  'DELETE /v1/auth/sessions/:id': {
    isPersonal: true,
    action: 'own-account',
    status: 204,
    // Of another user, who may as well be in the same region.
    reaches: ['own', 'crossed'],
    missing: 'not-found',
    request: async (world, reach, caller) => {
      const own = await signedIn(world, caller)
      const whose = reach === 'own' && own.token !== undefined ? own : await signedIn(world, 'dispatcher')
      const { body } = await world.ask('GET', '/v1/auth/sessions', { token: whose.token! })
      return { path: `/v1/auth/sessions/${body.items[0].id}`, ...own }
    },
  },

  'GET /v1/units/nearest': {
    action: 'nearest',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/units/nearest?region=${askedOf(reach)}&lon=174.76&lat=-36.85` }),
  },
  'GET /v1/units/:id/state': {
    action: 'read-unit',
    status: 200,
    reaches: ALL,
    missing: unknownUnit,
    request: async (_, reach) => ({ path: `/v1/units/${unitIn(reach)}/state?region=${askedOf(reach)}` }),
  },
  'GET /v1/units/:id/track': {
    action: 'read-track',
    status: 200,
    reaches: ALL,
    // What is stored of a name that the region does not have: nothing, and so it is answered.
    missing: 'done',
    request: async (_, reach) => {
      return { path: `/v1/units/${unitIn(reach)}/track?region=${askedOf(reach)}&fromMs=1000&toMs=2000` }
    },
  },
  ...Object.fromEntries(
    ['geojson', 'gpx', 'csv'].map((form): [string, HttpCase] => [
      `GET /v1/units/:id/track.${form}`,
      {
        ...{ action: 'read-track', status: 200, reaches: ALL, missing: 'done' },
        request: async (_, reach) => {
          return { path: `/v1/units/${unitIn(reach)}/track.${form}?region=${askedOf(reach)}&fromMs=1000&toMs=2000` }
        },
      },
    ]),
  ),
  'POST /v1/trackers/owntracks': {
    action: 'report-position',
    status: 200,
    reaches: REGIONS,
    isPersonal: true,
    request: async (_, reach, caller) => ({
      path: `/v1/trackers/owntracks?region=${askedOf(reach)}&d=${reportedBy(caller)}`,
      body: { _type: 'location', tst: secondsAgo(), lat: PLACE.latDeg, lon: PLACE.lonDeg },
    }),
  },
  'POST /v1/trackers/osmand': {
    action: 'report-position',
    status: 200,
    reaches: REGIONS,
    isPersonal: true,
    request: async (_, reach, caller) => ({
      path: `/v1/trackers/osmand?region=${askedOf(reach)}`,
      body: {
        device_id: reportedBy(caller),
        location: {
          timestamp: new Date(secondsAgo() * 1_000).toISOString(),
          coords: { latitude: PLACE.latDeg, longitude: PLACE.lonDeg },
        },
      },
    }),
  },
  // What is no position is answered, and nothing comes of it.
  'GET /v1/trackers/osmand': {
    action: 'report-position',
    status: 200,
    reaches: REGIONS,
    isPersonal: true,
    request: async (_, reach, caller) => ({
      path: `/v1/trackers/osmand?region=${askedOf(reach)}&id=${reportedBy(caller)}&lat=0&lon=0&valid=false`,
    }),
  },
  'GET /v1/quarantine': {
    action: 'read-held',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/quarantine?region=${askedOf(reach)}` }),
  },
  'GET /v1/road-zones': {
    action: 'read-zones',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/road-zones?region=${askedOf(reach)}` }),
  },
  'POST /v1/quarantine/:kind/:id/release': {
    action: 'release-held',
    status: 200,
    reaches: REGIONS,
    // One that is not held is left as it is, and that is an answer.
    request: async (_, reach) => ({
      path: `/v1/quarantine/unit/${unitIn(reach)}/release?region=${askedOf(reach)}`,
      body: {},
    }),
  },
  'GET /v1/trips/:id': {
    action: 'read-trip',
    status: 200,
    reaches: REGIONS,
    request: async (world, reach) => ({ path: `/v1/trips/${(await world.pendingTrip(homeOf(reach))).tripId}` }),
  },
  'GET /v1/trips': {
    action: 'read-trip',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/trips?region=${askedOf(reach)}&after=1&limit=2` }),
  },
  'GET /v1/calls': {
    action: 'read-call',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/calls?region=${askedOf(reach)}&status=open&limit=2` }),
  },
  'GET /v1/units/states': {
    action: 'read-unit',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/units/states?region=${askedOf(reach)}&status=available` }),
  },
  'GET /v1/trips/:id/decisions': {
    action: 'read-trip',
    status: 200,
    reaches: REGIONS,
    request: async (world, reach) => ({
      path: `/v1/trips/${(await world.pendingTrip(homeOf(reach))).tripId}/decisions`,
    }),
  },
  'GET /v1/calls/:id': {
    action: 'read-call',
    status: 200,
    reaches: REGIONS,
    request: async (world, reach) => ({ path: `/v1/calls/${(await world.pendingTrip(homeOf(reach))).callId}` }),
  },
  'GET /v1/incidents/:incidentNo': {
    action: 'read-call',
    status: 200,
    reaches: REGIONS,
    request: async (world, reach) => {
      const { incidentNo } = await world.pendingTrip(homeOf(reach))
      return { path: `/v1/incidents/${incidentNo}?region=${askedOf(reach)}` }
    },
  },
  'GET /v1/calls/:id/details': {
    action: 'read-call',
    status: 200,
    reaches: REGIONS,
    request: async (world, reach) => ({ path: `/v1/calls/${(await world.pendingTrip(homeOf(reach))).callId}/details` }),
  },
  'POST /v1/calls': {
    action: 'enter-call',
    status: 201,
    reaches: REGIONS,
    request: async (_, reach) => {
      const body = { lonDeg: 174.76, latDeg: -36.85, priority: 3, needs: [{ levelOfCare: 'cct' }] }
      return { path: `/v1/calls?region=${askedOf(reach)}`, body }
    },
  },

  'GET /v1/regions': { action: 'read-reference', status: 200, reaches: OWN, request: plain('/v1/regions') },
  'GET /v1/regions/:id': {
    action: 'read-reference',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/regions/${homeOf(reach)}` }),
  },
  'POST /v1/regions': admins(
    'manage-regions',
    201,
    async () => ({ path: '/v1/regions', body: { region: fresh('r'), name: 'New' } }),
    OWN,
  ),
  'PATCH /v1/regions/:id': admins('manage-regions', 200, async (world, reach) => {
    const path = `/v1/regions/${homeOf(reach)}`
    return { path, body: { name: fresh('Region ') }, ifMatch: await world.etag(path) }
  }),
  'GET /v1/regions/:id/policy': {
    action: 'read-reference',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/regions/${homeOf(reach)}/policy` }),
  },
  'GET /v1/regions/:id/roads': {
    action: 'read-reference',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/regions/${homeOf(reach)}/roads` }),
  },
  'GET /v1/regions/:id/roads/:version/:zoom/:x/:y': {
    action: 'read-reference',
    status: 200,
    reaches: ALL,
    missing: 'not-found',
    request: async (world, reach) => {
      const version = world.roadsVersion
      // No region has a version that is still to come.
      return { path: `/v1/regions/${askedOf(reach)}/roads/${reach === 'crossed' ? version + 1 : version}/12/4036/2498` }
    },
  },
  'GET /v1/regions/:id/policy/versions': {
    action: 'read-reference',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/regions/${homeOf(reach)}/policy/versions?limit=2` }),
  },
  'PUT /v1/regions/:id/policy': admins('manage-regions', 200, async (world, reach) => {
    const path = `/v1/regions/${homeOf(reach)}/policy`
    // The mode that the others here go by.
    const { policy } = (await world.ask('GET', path)).body
    numbers += 1
    return { path, body: { policy: { ...policy, roundPauseMs: 15_000 + numbers } }, ifMatch: await world.etag(path) }
  }),
  'GET /v1/statistics': {
    ...{ action: 'read-statistics', status: 200, reaches: REGIONS },
    request: async (_, reach) => ({ path: `/v1/statistics?region=${askedOf(reach)}` }),
  },
  ...ofKind('units'),
  ...ofKind('stations'),
  ...ofKind('hospitals'),
  'PUT /v1/hospitals/:id/status': {
    ...{ action: 'set-hospital-status', status: 200, reaches: ALL, missing: 'not-found' },
    request: async (world, reach) => {
      const { path, tag } = await made(world, 'hospitals', reach)
      return { path: path.replace('?', '/status?'), body: { status: 'divert' }, ifMatch: tag }
    },
  },

  'GET /v1/users': admins('manage-users', 200, plain('/v1/users'), OWN),
  'POST /v1/users': admins('manage-users', 201, async (_, reach) => {
    const body = { name: fresh('new-'), role: 'dispatcher', regions: [homeOf(reach)], password: PASSWORD }
    return { path: '/v1/users', body }
  }),
  'GET /v1/users/:name': ofAccount(200, async (...about) => ({ path: await account(...about) })),
  'PATCH /v1/users/:name': ofAccount(200, async (world, ...about) => {
    const path = await account(world, ...about)
    return { path, body: { role: 'admin' }, ifMatch: await world.etag(path) }
  }),

  'POST /v1/users/:name/sign-out': ofAccount(204, async (...about) => {
    return { path: `${await account(...about)}/sign-out` }
  }),

  'GET /v1/devices': admins('manage-devices', 200, plain('/v1/devices'), OWN),
  'POST /v1/devices': admins('manage-devices', 201, async (_, reach) => {
    return { path: '/v1/devices', body: { name: 'modem', role: 'feed', region: homeOf(reach), units: 'all' } }
  }),
  'GET /v1/devices/:id': admins('manage-devices', 200, async (world, reach) => {
    return { path: (await device(world, reach)).path }
  }),
  'PATCH /v1/devices/:id': admins('manage-devices', 200, async (world, reach) => {
    const { path, tag } = await device(world, reach)
    return { path, body: { units: ['F1'] }, ifMatch: tag }
  }),

  'GET /v1/audit': {
    action: 'read-audit',
    status: 200,
    reaches: REGIONS,
    request: async (_, reach) => ({ path: `/v1/audit?region=${askedOf(reach)}&limit=2` }),
  },
  'GET /v1/audit/proof': admins('prove-audit', 200, plain('/v1/audit/proof'), OWN),
  'GET /v1/keys': admins('manage-keys', 200, plain('/v1/keys'), OWN),
  'POST /v1/keys/rotate': admins('manage-keys', 201, plain('/v1/keys/rotate'), OWN),
  'POST /v1/keys/:kid/retire': admins(
    'manage-keys',
    204,
    async world => {
      // Neither the key that signed everybody's token, nor the one that signs now.
      const { body } = await world.created('/v1/keys/rotate', undefined)
      await world.created('/v1/keys/rotate', undefined)
      return { path: `/v1/keys/${body.kid}/retire` }
    },
    OWN,
  ),
  'POST /v1/ticket-secrets/rotate': admins('manage-keys', 204, plain('/v1/ticket-secrets/rotate'), OWN),
}
