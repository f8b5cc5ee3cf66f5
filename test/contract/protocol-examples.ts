/**
 * The frames of PROTOCOL.md's walk-throughs, in their order and checked by the compiler; the document must show exactly
 * these.
 */
import type { ClientMessage, ServerMessage, TripView, UnitView } from '../../src/protocol/wire.ts'

export type Example = { readonly client: ClientMessage } | { readonly server: ServerMessage }

const CALL = 'akl.Uakgb_J5m9g-0JDMbcJqL'
const TRIP = 'akl.V1StGXR8_Z5jdHi6B-myT'
const OFFER = 'akl.4f90d13a42oXqB7mLw_Zk'
const T0 = 1_767_225_600_000

const onDuty: UnitView = {
  unitId: 'A-7',
  callSign: 'Medic 7',
  levelOfCare: 'als',
  capabilities: ['bariatric'],
  status: 'available',
  dispatchability: 'available',
  unavailableReason: null,
  statusSinceMs: T0 + 2_000,
  crew: 'crew-7',
  connected: true,
  fix: {
    lonE7: 1_747_633_000,
    latE7: -368_485_000,
    fixedAtMs: T0 + 14_800,
    ageMs: 5_200,
    freshness: 'fresh',
    speedMps: 13.9,
    headingDeg: 270.5,
  },
  offerId: null,
  tripId: null,
  version: 40,
}
const ordered: TripView = {
  tripId: TRIP,
  callId: CALL,
  phase: 'offered',
  priority: 1,
  problem: '09E01',
  need: { levelOfCare: 'als', capabilities: [] },
  lonE7: 1_747_700_000,
  latE7: -368_500_000,
  receivedAtMs: T0 + 15_000,
  unitId: 'A-7',
  offer: {
    offerId: OFFER,
    tripId: TRIP,
    unitId: 'A-7',
    mode: 'ordered',
    round: 1,
    offeredAtMs: T0 + 20_000,
    deadlineAtMs: T0 + 65_000,
  },
  round: 1,
  times: { pending: T0 + 20_000, offered: T0 + 20_000 },
  missed: [],
  alarms: [],
  disposition: null,
  cancelReason: null,
  version: 41,
  details: { callerName: 'the caller', phone: '+64 21 000 000', address: '12 Quay Street', notes: null },
}

export const EXAMPLES: readonly Example[] = [
  // A driver's day.
  { client: ['hello', 'h-1', 'eyJhbGciOi.J9.c2ln', 'akl', 'driver', 'A-7', T0, [['van7-2026-01-01', 'gnss', 1]]] },
  {
    server: [
      'welcome',
      'h-1',
      {
        sessionId: 'Xk2pQ9vT7cLw0aRz5sYbE',
        region: 'akl',
        role: 'driver',
        clock: { nowMs: T0 + 40, anchorRegionMs: T0 - 3_600_000, anchorWallMs: T0 - 3_600_000, rate: 1 },
        position: 39,
        streams: [['van7-2026-01-01', 0]],
        driver: {
          unit: {
            ...onDuty,
            status: 'off-duty',
            dispatchability: 'not-available',
            statusSinceMs: T0 - 28_800_000,
            crew: null,
            fix: null,
            version: 12,
          },
          trip: null,
          cadenceMs: 30_000,
        },
        limits: { frameBytes: 16_384, fixesPerFrame: 256 },
      },
    ],
  },
  { client: ['sign-on', 'c-1', T0 + 2_000] },
  { server: ['reply', 'c-1', 40, { unitId: 'A-7', status: 'available' }] },
  { client: ['fix', 0, 15_000, [1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]] },
  {
    server: [
      'unit-state',
      41,
      {
        unit: {
          ...onDuty,
          status: 'offered',
          dispatchability: 'not-available',
          statusSinceMs: T0 + 20_000,
          offerId: OFFER,
          tripId: TRIP,
          version: 41,
        },
        trip: ordered,
        cadenceMs: 15_000,
      },
    ],
  },
  { client: ['accept-offer', 'c-2', OFFER, T0 + 26_000] },
  { server: ['reply', 'c-2', 42, { tripId: TRIP, phase: 'assigned' }] },
  { client: ['report-phase', 'c-3', TRIP, 'en-route', T0 + 61_000] },
  { server: ['reply', 'c-3', 43, { tripId: TRIP, phase: 'en-route' }] },
  { client: ['hint', 0, 300, [46, 300, 1_747_690_000, -368_498_000, 40, 850, 905]] },
  {
    client: [
      'fix',
      0,
      320,
      [2, 210_000, 1_747_634_000, -368_485_500, 50, null, null],
      [3, 205_000, 1_747_636_000, -368_486_000, 50, 1_100, 900],
    ],
  },
  { client: ['fix', 0, 900, [9, 400, 1_747_690_500, -368_498_100, 40, 900, 905]] },
  {
    server: [
      'error',
      null,
      'fix-gap',
      'Fix 4 of this stream has not come; send from there on, in order.',
      { streamIndex: 0, expectedSeq: 4 },
    ],
  },
  { client: ['mark', 0] },
  { server: ['marks', 0, 46] },
  { client: ['close-trip', 'c-4', TRIP, 'transported', T0 + 2_400_000] },
  { server: ['reply', 'c-4', 48, { tripId: TRIP, phase: 'closed' }] },
  { client: ['set-status', 'c-5', 'unavailable', 'decontamination', T0 + 2_460_000] },
  { server: ['reply', 'c-5', 49, { unitId: 'A-7', status: 'unavailable' }] },
  { client: ['decline-offer', 'c-6', OFFER, 'too-far'] },
  {
    server: [
      'error',
      'c-6',
      'unknown-offer',
      'This offer is no longer open to the unit; look at the latest state for the next one.',
      { offerId: OFFER },
    ],
  },
  { server: ['going-away', 1_000, 5_000] },
  { client: ['sign-off', 'c-7', T0 + 28_800_000] },
  // A dispatcher's day.
  { client: ['hello', 'h-2', 'eyJhbGciOi.J8.c2ln', 'akl', 'dispatcher', null, T0, []] },
  { client: ['watch-board', 'q-1', null] },
  { server: ['reply', 'q-1', 40, { mode: 'snapshot', position: 40 }] },
  { server: ['board', 40, 0, 1, [], [onDuty]] },
  {
    client: [
      'enter-call',
      'c-8',
      {
        lonE7: 1_747_700_000,
        latE7: -368_500_000,
        priority: 1,
        problem: '09E01',
        needs: [{ levelOfCare: 'als', capabilities: [] }],
        receivedAtMs: T0 + 15_000,
        details: { callerName: 'the caller', phone: '+64 21 000 000', address: '12 Quay Street' },
      },
    ],
  },
  { server: ['reply', 'c-8', 41, { callId: CALL, tripIds: [TRIP] }] },
  {
    server: [
      'board-events',
      41,
      T0 + 20_000,
      [
        {
          type: 'CallEntered',
          v: 1,
          entity: `call/${CALL}`,
          callId: CALL,
          lonDeg: 174.77,
          latDeg: -36.85,
          priority: 1,
          problem: '09E01',
          needs: [{ levelOfCare: 'als', capabilities: [] }],
          tripIds: [TRIP],
          receivedAtMs: T0 + 15_000,
        },
        {
          type: 'TripCreated',
          v: 1,
          entity: `trip/${TRIP}`,
          tripId: TRIP,
          callId: CALL,
          lonDeg: 174.77,
          latDeg: -36.85,
          priority: 1,
          need: { levelOfCare: 'als', capabilities: [] },
          receivedAtMs: T0 + 15_000,
        },
        {
          type: 'OfferMade',
          v: 1,
          entity: `trip/${TRIP}`,
          tripId: TRIP,
          offerId: OFFER,
          unitId: 'A-7',
          mode: 'ordered',
          round: 1,
          offeredAtMs: T0 + 20_000,
          warnAtMs: T0 + 40_000,
          deadlineAtMs: T0 + 65_000,
          decision: {
            basis: 'straight-line',
            candidates: [{ unitId: 'A-7', distanceM: 619, fixAgeMs: 5_200, levelOfCare: 'als' }],
            excluded: {},
          },
        },
      ],
    ],
  },
  { client: ['nearest', 'q-2', 1_747_700_000, -368_500_000, 3, 'bls'] },
  { server: ['reply', 'q-2', 49, { basis: 'straight-line', units: [] }] },
  { client: ['cancel-trip', 'c-9', TRIP, 'duplicate-call'] },
  {
    server: [
      'error',
      'c-9',
      'wrong-phase',
      'The trip has already ended: it is closed.',
      { tripId: TRIP, phase: 'closed' },
    ],
  },
  { client: ['watch-board', 'q-3', 49] },
  { server: ['reply', 'q-3', 52, { mode: 'events', position: 52 }] },
  { client: ['unwatch-board', 'q-4'] },
  { server: ['reply', 'q-4', 52, {}] },
]
