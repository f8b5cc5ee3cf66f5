/**
 * The frames of the protocol's walk-throughs, in their order and checked by the compiler; the document must show exactly
 * these. The misuse at the end is also played to a running engine, which must answer it word by word.
 */
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { TripView, UnitView } from '../../src/protocol/wire/situation-views.ts'

/** `misuse`: what a client must not send, as JSON text, well-formed or not. */
export type Example =
  | { readonly client: ClientMessage }
  | { readonly server: ServerMessage }
  | { readonly misuse: string }

const CALL = 'akl.Uakgb_J5m9g-0JDMbcJqL'
const TRIP = 'akl.V1StGXR8_Z5jdHi6B-myT'
const OFFER = 'akl.4f90d13a42oXqB7mLw_Zk'
const ORDER = 'akl.9sQf3h2Lk0_pTzY7vXw5C'
const TILE = '12/4036/2499'
const TICKET = 'ght_eyJzdWIiOiJjcmV3LTcifQ.c2ln'
const T0 = 1_767_225_600_000

const onDuty: UnitView = {
  unitId: 'A-7',
  callSign: 'Medic 7',
  levelOfCare: 'als',
  transports: true,
  capabilities: ['bariatric'],
  status: 'available',
  dispatchability: 'available',
  retired: false,
  unavailableReason: null,
  statusSinceMs: T0 + 2_000,
  crew: 'crew-7',
  connected: true,
  awaySinceMs: null,
  reach: 'app',
  noContact: false,
  emergencySinceMs: null,
  takenTripId: null,
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
  need: { levelOfCare: 'als', transport: true, capabilities: [] },
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
  onHold: null,
  times: { pending: T0 + 20_000, offered: T0 + 20_000 },
  missed: [],
  responses: [{ unitId: 'A-7', offerId: OFFER, offeredAtMs: T0 + 20_000, end: null, times: {} }],
  alarms: [],
  helps: null,
  helpedBy: null,
  destination: null,
  loss: null,
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
            retired: false,
            statusSinceMs: T0 - 28_800_000,
            crew: null,
            fix: null,
            version: 12,
          },
          trip: null,
          cadenceMs: 30_000,
        },
        limits: { frameBytes: 16_384, fixesPerFrame: 256 },
        ticket: TICKET,
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
          dispatchability: 'conditionally-available',
          retired: false,
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
      'Fix 4 of this stream is missing; send the fixes from 4 on, in order.',
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
      'This offer is no longer open to the unit; the latest unit-state shows the offer that is.',
      { offerId: OFFER },
    ],
  },
  { server: ['going-away', 1_000, 5_000] },
  { client: ['sign-off', 'c-7', T0 + 28_800_000] },
  // A dispatcher's day.
  { client: ['hello', 'h-2', 'eyJhbGciOi.J8.c2ln', 'akl', 'dispatcher', null, T0, []] },
  { client: ['watch-board', 'q-1', null] },
  { server: ['reply', 'q-1', 40, { mode: 'snapshot', position: 40 }] },
  { server: ['board', 40, 0, 1, [], [onDuty], []] },
  {
    client: [
      'enter-call',
      'c-8',
      {
        lonE7: 1_747_700_000,
        latE7: -368_500_000,
        priority: 1,
        problem: '09E01',
        needs: [{ levelOfCare: 'als', transport: true, capabilities: [] }],
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
          needs: [{ levelOfCare: 'als', transport: true, capabilities: [] }],
          tripIds: [TRIP],
          receivedAtMs: T0 + 15_000,
          receivedSource: 'caller',
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
          need: { levelOfCare: 'als', transport: true, capabilities: [] },
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
            candidates: [
              { unitId: 'A-7', distanceM: 619, fixAgeMs: 5_200, levelOfCare: 'als' },
              { unitId: 'A-8', distanceM: 2_131, fixAgeMs: 2_100, levelOfCare: 'cct' },
            ],
            excluded: { 'level-of-care': 1 },
            eligible: 2,
            passedOver: [{ unitId: 'B-2', distanceM: 480, reason: 'level-of-care' }],
            policyVersion: 1,
          },
        },
      ],
      'dana',
    ],
  },
  // The desk's own commands.
  {
    client: [
      'amend-call',
      'c-10',
      CALL,
      { priority: 2, details: { callerName: 'the caller', phone: '+64 21 000 001', address: '12 Quay Street' } },
    ],
  },
  { server: ['reply', 'c-10', 42, { callId: CALL }] },
  { client: ['assign-unit', 'c-11', TRIP, 'A-8', 'better-suited'] },
  { server: ['reply', 'c-11', 43, { tripId: TRIP, unitId: 'A-8', phase: 'offered', offerId: ORDER }] },
  {
    server: [
      'board-events',
      43,
      T0 + 32_000,
      [
        {
          type: 'AssignmentOverridden',
          v: 1,
          entity: `trip/${TRIP}`,
          tripId: TRIP,
          unitId: 'A-8',
          fromUnitId: 'A-7',
          inPhase: 'offered',
          reason: 'better-suited',
        },
        {
          type: 'OfferMade',
          v: 1,
          entity: `trip/${TRIP}`,
          tripId: TRIP,
          offerId: ORDER,
          unitId: 'A-8',
          mode: 'ordered',
          round: 1,
          offeredAtMs: T0 + 32_000,
          warnAtMs: T0 + 52_000,
          deadlineAtMs: T0 + 77_000,
          decision: {
            basis: 'straight-line',
            candidates: [{ unitId: 'A-8', distanceM: 2_140, fixAgeMs: 9_000, levelOfCare: 'cct' }],
            excluded: { 'asked-this-round': 1, 'level-of-care': 1 },
            eligible: 1,
            passedOver: [
              { unitId: 'B-2', distanceM: 480, reason: 'level-of-care' },
              { unitId: 'A-7', distanceM: 619, reason: 'asked-this-round' },
            ],
            policyVersion: 1,
          },
        },
      ],
      'dana',
    ],
  },
  { client: ['report-phase', 'c-12', TRIP, 'en-route', T0 + 50_000] },
  { server: ['reply', 'c-12', 44, { tripId: TRIP, phase: 'en-route' }] },
  { client: ['withdraw-unit', 'c-13', TRIP, 'vehicle-fault'] },
  { server: ['reply', 'c-13', 45, { tripId: TRIP, unitId: 'A-8', phase: 'pending' }] },
  { client: ['set-unit-status', 'c-14', 'A-8', 'unavailable', 'restock', T0 + 58_000] },
  { server: ['reply', 'c-14', 46, { unitId: 'A-8', status: 'unavailable' }] },
  { client: ['watch-tiles', 'q-5', [[TILE, null, null]]] },
  { server: ['reply', 'q-5', 46, { tiles: 1 }] },
  {
    server: [
      'tile',
      TILE,
      'k7Q2',
      1,
      T0 + 60_000,
      [['A-7', 1_747_633_000, -368_485_000, 5_200, 1_390, 2_705, 'assigned', 'als']],
    ],
  },
  {
    server: [
      'tile-moves',
      TILE,
      2,
      T0 + 60_250,
      [['A-7', 1_747_634_000, -368_485_500, 450, null, null, 'en-route', 'als']],
      ['A-9'],
    ],
  },
  { client: ['watch-unit', 'q-6', 'A-8'] },
  { server: ['reply', 'q-6', 46, {}] },
  {
    server: [
      'unit',
      46,
      {
        ...onDuty,
        unitId: 'A-8',
        callSign: 'Medic 8',
        levelOfCare: 'cct',
        transports: true,
        status: 'unavailable',
        dispatchability: 'not-available',
        retired: false,
        unavailableReason: 'restock',
        statusSinceMs: T0 + 56_000,
        crew: 'crew-8',
        connected: false,
        awaySinceMs: T0 + 70_000,
        reach: 'voice',
        fix: null,
        version: 46,
      },
      null,
    ],
  },
  { client: ['cancel-call', 'c-15', CALL, 'duplicate-call'] },
  { server: ['reply', 'c-15', 49, { callId: CALL, state: 'cancelled', tripIds: [TRIP] }] },
  { client: ['nearest', 'q-2', 1_747_700_000, -368_500_000, 3, 'bls'] },
  { server: ['reply', 'q-2', 49, { basis: 'straight-line', units: [] }] },
  { client: ['cancel-trip', 'c-9', TRIP, 'duplicate-call'] },
  {
    server: [
      'error',
      'c-9',
      'wrong-phase',
      'The trip has ended; it is cancelled.',
      { tripId: TRIP, phase: 'cancelled' },
    ],
  },
  { client: ['watch-board', 'q-3', 49] },
  { server: ['reply', 'q-3', 52, { mode: 'events', position: 52 }] },
  { server: ['come-back', 2_400] },
  { server: ['writes', 'stalled', 'flowing'] },
  { server: ['writes', 'flowing', 'flowing'] },
  { client: ['acknowledge-alarm', 'c-16', `trip/${TRIP}/unacknowledged/43`] },
  { server: ['reply', 'c-16', 53, { alarm: null }] },
  { client: ['correct-time', 'c-17', TRIP, 'A-8', 'acknowledged', T0 + 36_000, 'radio-log'] },
  { server: ['reply', 'c-17', 54, { tripId: TRIP, unitId: 'A-8', time: 'acknowledged', atMs: T0 + 36_000 }] },
  { client: ['unwatch-board', 'q-4'] },
  { server: ['reply', 'q-4', 54, {}] },
  // A feed's day.
  { client: ['hello', 'h-3', 'ghd_modem1_c2VjcmV0', 'akl', 'feed', null, T0, []] },
  {
    server: [
      'welcome',
      'h-3',
      {
        sessionId: 'Bq3rW8eN1mTzK6yHd0VcS',
        region: 'akl',
        role: 'feed',
        clock: { nowMs: T0 + 40, anchorRegionMs: T0 - 3_600_000, anchorWallMs: T0 - 3_600_000, rate: 1 },
        position: 52,
        streams: [],
        driver: null,
        limits: { frameBytes: 65_536, fixesPerFrame: 1_000 },
        ticket: TICKET,
      },
    ],
  },
  {
    client: [
      'attach',
      'q-7',
      [
        [7, 'A-7', 'modem-7', 'gnss', 1],
        [8, 'A-8', 'modem-8', 'gnss', 412],
        [9, 'Z-1', 'modem-9', 'gnss', 1],
      ],
    ],
  },
  {
    server: [
      'reply',
      'q-7',
      53,
      {
        channels: [
          [7, 0],
          [8, 411],
        ],
        refused: [[9, 'unknown-unit']],
      },
    ],
  },
  {
    client: [
      'feed-fixes',
      15_000,
      [7, 1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705],
      [8, 412, 350, 1_747_690_000, -368_498_000, 40, null, null],
    ],
  },
  {
    server: [
      'feed-marks',
      [
        [7, 1],
        [8, 412],
      ],
    ],
  },
  { client: ['feed-fixes', 30_000, [8, 415, 100, 1_747_690_500, -368_498_100, 40, 900, 905]] },
  {
    server: [
      'error',
      null,
      'fix-gap',
      'Fix 413 of this stream is missing; send the fixes from 413 on, in order.',
      { channel: 8, expectedSeq: 413 },
    ],
  },
  { client: ['mark', 8] },
  { server: ['feed-marks', [[8, 415]]] },
  { server: ['detached', 7, 'superseded'] },
  { client: ['detach', 'q-8', [8]] },
  { server: ['reply', 'q-8', 53, {}] },
]

/** Who must not send it. `driver` speaks for unit A-7 and named one stream; `feed` has attached nothing. */
export interface Misuse {
  readonly as: 'stranger' | 'driver' | 'dispatcher' | 'feed'
  readonly sends: string
  readonly gets: Extract<ServerMessage, ['error', ...unknown[]]>
}

const field = (path: string, problem: string) =>
  ['invalid-field', `\`${path}\` ${problem}; correct it and send the message again.`, { path }] as const

export const MISUSES: readonly Misuse[] = [
  {
    as: 'stranger',
    sends: '["sign-on","m-1",1767225602000]',
    gets: [
      'error',
      'm-1',
      'hello-first',
      'Send hello once, as the first message, and wait for welcome before anything else.',
      null,
    ],
  },
  {
    as: 'driver',
    sends: '["fix",0,15000',
    gets: [
      'error',
      null,
      'malformed-frame',
      'Nothing was read: the text is not JSON. Send one whole, well-formed message.',
      null,
    ],
  },
  {
    as: 'driver',
    sends: '["teleport","m-2"]',
    gets: [
      'error',
      'm-2',
      'unknown-type',
      'No client message has type "teleport"; in this subprotocol a type is a name of the table in docs/protocol/core.md.',
      null,
    ],
  },
  {
    as: 'driver',
    sends: '["fix",3,15000,[1,200,1747633000,-368485000,50,1390,2705]]',
    gets: ['error', null, 'unknown-stream', 'hello named no stream 3; name every stream in hello.', { streamIndex: 3 }],
  },
  {
    as: 'driver',
    sends: '["fix",0,15000,[5,200,1747633000,-368485000,50,1390,2705]]',
    gets: [
      'error',
      null,
      'fix-gap',
      'Fix 1 of this stream is missing; send the fixes from 1 on, in order.',
      { streamIndex: 0, expectedSeq: 1 },
    ],
  },
  {
    as: 'driver',
    sends: '["fix",0,15000,[1,200,174.7633,-36.8485,50,1390,2705]]',
    gets: [
      'error',
      null,
      'invalid-field',
      '`fixes.0.lonE7` must be an integer from -1800000000 to 1800000000; such a fix is left out for good and need not be sent again.',
      { path: 'fixes.0.lonE7', streamIndex: 0, leftOut: [{ path: 'fixes.0.lonE7', seq: 1 }], more: 0 },
    ],
  },
  {
    as: 'driver',
    sends: `["cancel-trip","m-3","${TRIP}","other"]`,
    gets: ['error', 'm-3', 'wrong-role', 'A driver may not send cancel-trip.', null],
  },
  {
    as: 'driver',
    sends: `["decline-offer","m-4","${OFFER}","too-far"]`,
    gets: [
      'error',
      'm-4',
      'unknown-offer',
      'This offer is no longer open to the unit; the latest unit-state shows the offer that is.',
      { offerId: OFFER },
    ],
  },
  {
    as: 'dispatcher',
    sends: `["cancel-trip","m-5","${TRIP}","other"]`,
    gets: [
      'error',
      'm-5',
      'unknown-trip',
      `Trip ${TRIP} does not exist; list the open trips with watch-board.`,
      { tripId: TRIP },
    ],
  },
  {
    as: 'dispatcher',
    sends: `["amend-call","m-6","${CALL}",{}]`,
    gets: ['error', 'm-6', ...field('changes', 'must change something')],
  },
  {
    as: 'dispatcher',
    sends: `["assign-unit","m-7","${TRIP}","A-7","boredom"]`,
    gets: [
      'error',
      'm-7',
      ...field(
        'reason',
        'must be one of higher-priority, closer-unit, better-suited, crew-request, supervisor-order, coverage, end-of-shift, local-knowledge, vehicle-fault, equipment, crew-fatigue, unsafe, other',
      ),
    ],
  },
  {
    as: 'dispatcher',
    sends: '["watch-tiles","m-8",[["7/100/60",null,null]]]',
    gets: ['error', 'm-8', ...field('tiles.0.0', 'must be z/x/y of the Web Mercator grid with z one of 6, 9, 12')],
  },
  {
    as: 'dispatcher',
    sends: '["hello","m-9","eyJhbGciOi.J8.c2ln","akl","dispatcher",null,1767225600000,[]]',
    gets: [
      'error',
      'm-9',
      'hello-first',
      'Send hello once, as the first message, and wait for welcome before anything else.',
      null,
    ],
  },
  {
    as: 'feed',
    sends: '["feed-fixes",15000,[7,1,200,1747633000,-368485000,50,1390,2705]]',
    gets: ['error', null, 'unknown-stream', 'Channel 7 has no unit; attach a unit before its fixes.', { channel: 7 }],
  },
  {
    as: 'feed',
    sends: '["attach","m-10",[[7,"A-7","modem-7","gnss",1],[7,"A-8","modem-8","gnss",1]]]',
    gets: ['error', 'm-10', ...field('channels', 'must name each channel once')],
  },
  {
    as: 'feed',
    sends: '["sign-on","m-11",1767225602000]',
    gets: ['error', 'm-11', 'wrong-role', 'A feed may not send sign-on.', null],
  },
]

export const SHOWN: readonly Example[] = [
  ...EXAMPLES,
  ...MISUSES.flatMap(({ sends, gets }): Example[] => [{ misuse: sends }, { server: gets }]),
]
