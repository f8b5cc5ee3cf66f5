/** Any valid message of either direction, for property tests of the wire. */
import fc from 'fast-check'
import { REACH_HEADINGS } from '../../src/domain/dispatch/road-questions.ts'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../../src/domain/events/alarm-events.ts'
import { DEFAULT_POLICY, FRESHNESSES } from '../../src/domain/policy.ts'
import { ROLES } from '../../src/domain/roles.ts'
import type { TripEta } from '../../src/domain/trip/way.ts'
import {
  ALARM_SEVERITIES,
  CANCEL_REASONS,
  CAUSES,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPOSITIONS,
  DIVERT_REASONS,
  HOLD_REASONS,
  LEVELS_OF_CARE,
  MARKS,
  OVERRIDE_REASONS,
  PRIORITIES,
  REACHES,
  REPORTABLE_PHASES,
  RESPONSE_ENDS,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../../src/domain/vocabulary.ts'
import { LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { tileAt } from '../../src/protocol/tiles.ts'
import type { ClientMessage, WireCallChanges } from '../../src/protocol/wire/client-tuples.ts'
import { DETACH_REASONS, type FeedFix, type WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { AlarmView } from '../../src/protocol/wire/situation-views.ts'
import { TILE_ZOOMS } from '../../src/protocol/wire/tile-tuples.ts'

/** A record with the prototype that decoders give. */
const plain = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true })
const within = ([min, max]: readonly [number, number]) => fc.integer({ min, max })
const chars = (alphabet: string, max: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: max })
const WORD = 'abcXYZ019_-'
/** Any text that the border takes: all planes, no NUL, no lone surrogate. */
const text = (max: number) =>
  fc.string({ unit: 'binary', maxLength: max / 2 }).map(given => given.replaceAll('\0', '').toWellFormed())

export const commandId = chars(WORD, 64)
const routedId = fc
  .tuple(chars('akl019', 16), fc.string({ unit: fc.constantFrom(...WORD), minLength: 21, maxLength: 21 }))
  .map(([region, own]) => `${region}.${own}`)
const unitId = chars(`${WORD}.`, 32)
const atMs = within(RANGES.atMs)
const orNull = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: null })

export const wireFix: fc.Arbitrary<WireFix> = fc.tuple(
  fc.oneof(fc.integer({ min: 1, max: 100_000 }), within(RANGES.seq)),
  fc.oneof(fc.integer({ min: -100, max: 100_000 }), within(RANGES.ageMs)),
  within(RANGES.lonE7),
  within(RANGES.latE7),
  orNull(within(RANGES.accuracyDm)),
  orNull(within(RANGES.speedCmps)),
  orNull(within(RANGES.headingDd)),
)
export const fixMessage: fc.Arbitrary<ClientMessage> = fc
  .tuple(
    within(RANGES.streamIndex),
    within(RANGES.sentAtMs),
    fc.array(wireFix, { minLength: 1, maxLength: 20 }),
    fc.boolean(),
  )
  .map(
    ([streamIndex, sentAtMs, fixes, hint]): ClientMessage =>
      hint ? ['hint', streamIndex, sentAtMs, fixes[0]!] : ['fix', streamIndex, sentAtMs, ...fixes],
  )

export const feedFixesMessage: fc.Arbitrary<ClientMessage> = fc
  .tuple(within(RANGES.sentAtMs), fc.array(fc.tuple(within(RANGES.channel), wireFix), { minLength: 1, maxLength: 20 }))
  .map(
    ([sentAtMs, fixes]): ClientMessage => [
      'feed-fixes',
      sentAtMs,
      ...fixes.map(([channel, fix]): FeedFix => [channel, ...fix]),
    ],
  )

const need = plain({
  levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
  transport: fc.boolean(),
  capabilities: fc.array(chars('abz-19', 32), { maxLength: LIMITS.capabilitiesPerNeed }),
  preferred: fc.array(chars('abz-19', 32), { maxLength: LIMITS.capabilitiesPerNeed }),
})
const details = fc.record(
  {
    callerName: orNull(text(LIMITS.callerNameChars)),
    phone: orNull(text(LIMITS.phoneChars)),
    address: orNull(text(LIMITS.addressChars)),
    notes: orNull(text(LIMITS.notesChars)),
  },
  { requiredKeys: [], noNullPrototype: true },
)
export const wireCall = fc.record(
  {
    lonE7: within(RANGES.lonE7),
    latE7: within(RANGES.latE7),
    priority: fc.constantFrom(...PRIORITIES),
    needs: fc.array(need, { minLength: 1, maxLength: LIMITS.needsPerCall }),
    problem: orNull(chars('17D1', LIMITS.problemChars)),
    receivedAtMs: orNull(atMs),
    details: orNull(details),
  },
  { requiredKeys: ['lonE7', 'latE7', 'priority', 'needs'], noNullPrototype: true },
)

/** At least one change, and of the place both coordinates or none. */
const callChanges: fc.Arbitrary<WireCallChanges> = fc
  .tuple(
    fc.option(fc.tuple(within(RANGES.lonE7), within(RANGES.latE7)), { nil: undefined }),
    fc.record(
      {
        priority: fc.constantFrom(...PRIORITIES),
        problem: orNull(chars('17D1', LIMITS.problemChars)),
        details: orNull(details),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  )
  .map(([place, rest]) => (place === undefined ? rest : { lonE7: place[0], latE7: place[1], ...rest }))
  .filter(changes => Object.keys(changes).length > 0)

const tile = fc
  .tuple(
    fc.constantFrom(...TILE_ZOOMS),
    fc.double({ min: -180, max: 180, noNaN: true }),
    fc.double({ min: -90, max: 90, noNaN: true }),
  )
  .map(([zoom, lonDeg, latDeg]) => tileAt(zoom, lonDeg, latDeg))
const tileWatches = fc.uniqueArray(
  fc
    .tuple(tile, fc.option(fc.tuple(chars(WORD, 32), within(RANGES.position)), { nil: null }))
    .map(([name, last]) => [name, last?.[0] ?? null, last?.[1] ?? null] as const),
  { selector: ([name]) => name, maxLength: 12 },
)
const channels = fc.uniqueArray(
  fc.tuple(
    within(RANGES.channel),
    unitId,
    chars(WORD, 32),
    fc.constantFrom('gnss' as const, 'device' as const),
    within(RANGES.seq),
  ),
  { selector: ([channel]) => channel, minLength: 1, maxLength: 12 },
)

const hello = fc
  .tuple(
    commandId,
    chars('eyJ.abc', 300),
    chars('akl019', 16),
    fc.constantFrom(...ROLES),
    unitId,
    atMs,
    fc.uniqueArray(fc.tuple(chars(WORD, 32), fc.constantFrom('gnss' as const, 'device' as const), within(RANGES.seq)), {
      selector: ([streamId]) => streamId,
      maxLength: LIMITS.streamsPerHello,
    }),
  )
  .map(
    ([id, token, region, role, unit, now, streams]): ClientMessage => [
      'hello',
      id,
      token,
      region,
      role,
      role === 'driver' ? unit : null,
      now,
      streams,
    ],
  )
const setStatus = fc
  .tuple(commandId, orNull(fc.constantFrom(...UNAVAILABLE_REASONS)), atMs)
  .map(
    ([id, reason, at]): ClientMessage => ['set-status', id, reason === null ? 'available' : 'unavailable', reason, at],
  )

const setUnitStatus = fc
  .tuple(
    commandId,
    unitId,
    fc.constantFrom('available' as const, 'unavailable' as const, 'off-duty' as const),
    fc.constantFrom(...UNAVAILABLE_REASONS),
    atMs,
  )
  .map(
    ([id, unit, status, reason, at]): ClientMessage => [
      'set-unit-status',
      id,
      unit,
      status,
      status === 'unavailable' ? reason : null,
      at,
    ],
  )

const noteText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter(text => text.trim() !== '' && Buffer.byteLength(text) <= LIMITS.noteBytes)

const alarmId = fc
  .tuple(
    fc.oneof(
      fc.tuple(
        routedId.map(tripId => `trip/${tripId}`),
        fc.constantFrom(...TRIP_ALARMS),
      ),
      fc.tuple(
        unitId.map(unit => `driver/${unit}`),
        fc.constantFrom(...UNIT_ALARMS),
      ),
      fc.tuple(fc.constant('region/sf'), fc.constantFrom(...REGION_ALARMS)),
    ),
    fc.integer({ min: 1, max: 1e15 }),
  )
  .map(([[subject, kind], position]) => `${subject}/${kind}/${position}`)

const zone = fc.record(
  {
    kind: fc.constantFrom(...ZONE_KINDS),
    points: fc.array(fc.tuple(within(RANGES.lonE7), within(RANGES.latE7)), { minLength: 3, maxLength: 100 }),
    slowPercent: orNull(within(RANGES.slowPercent)),
    fromAtMs: orNull(atMs),
    untilAtMs: orNull(atMs),
    reason: fc.constantFrom(...ZONE_REASONS),
  },
  { requiredKeys: ['kind', 'points', 'reason'] },
)

export const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  hello,
  fixMessage,
  feedFixesMessage,
  setStatus,
  setUnitStatus,
  fc.tuple(fc.constant('watch-tiles' as const), commandId, tileWatches),
  fc.tuple(fc.constantFrom('watch-unit' as const, 'unwatch-unit' as const), commandId, unitId),
  fc.tuple(fc.constant('amend-call' as const), commandId, routedId, callChanges),
  fc.tuple(fc.constant('add-note' as const), commandId, routedId, noteText, orNull(within(RANGES.noteNo))),
  fc.tuple(fc.constant('read-notes' as const), commandId, routedId, within(RANGES.noteNo)),
  fc.tuple(fc.constant('cancel-call' as const), commandId, routedId, fc.constantFrom(...CANCEL_REASONS)),
  fc.tuple(fc.constant('assign-unit' as const), commandId, routedId, unitId, fc.constantFrom(...OVERRIDE_REASONS)),
  fc.tuple(fc.constant('withdraw-unit' as const), commandId, routedId, fc.constantFrom(...OVERRIDE_REASONS)),
  fc.tuple(
    ...[fc.constant('correct-time' as const), commandId, routedId, unitId, fc.constantFrom(...RESPONSE_TIMES)],
    ...[orNull(atMs), fc.constantFrom(...CORRECTION_REASONS)],
  ),
  fc
    .tuple(fc.constant('divert-unit' as const), commandId, routedId, routedId, fc.constantFrom(...DIVERT_REASONS))
    .filter(([, , tripId, toTripId]) => tripId !== toTripId),
  fc.tuple(fc.constantFrom('hold-trip' as const, 'resume-trip' as const), commandId, routedId),
  fc.tuple(fc.constant('confirm-order' as const), commandId, routedId, atMs),
  fc.tuple(fc.constant('name-receiver' as const), commandId, routedId, orNull(routedId)),
  fc.tuple(fc.constant('call-emergency' as const), commandId, unitId, atMs),
  fc.tuple(fc.constant('end-emergency' as const), commandId, unitId),
  fc.tuple(fc.constant('name-destination' as const), commandId, routedId, orNull(unitId)),
  fc.tuple(fc.constant('close-roads' as const), commandId, zone),
  fc.tuple(fc.constant('reopen-roads' as const), commandId, routedId),
  fc.tuple(fc.constant('add-need' as const), commandId, routedId, need),
  fc.tuple(fc.constant('acknowledge-alarm' as const), commandId, alarmId),
  fc.tuple(fc.constant('shelve-alarm' as const), commandId, alarmId, within(RANGES.forMs)),
  fc.tuple(fc.constant('attach' as const), commandId, channels),
  fc.tuple(fc.constant('detach' as const), commandId, fc.array(within(RANGES.channel), { minLength: 1, maxLength: 9 })),
  fc.tuple(fc.constant('mark' as const), within(RANGES.channel)),
  fc.tuple(fc.constantFrom('sign-on' as const, 'sign-off' as const), commandId, atMs),
  fc.tuple(fc.constant('accept-offer' as const), commandId, routedId, atMs),
  fc.tuple(fc.constant('decline-offer' as const), commandId, routedId, fc.constantFrom(...DECLINE_REASONS)),
  fc.tuple(
    fc.constant('report-phase' as const),
    commandId,
    routedId,
    fc.constantFrom(...REPORTABLE_PHASES, ...MARKS),
    atMs,
  ),
  fc.tuple(fc.constant('acknowledge-stand-down' as const), commandId, routedId, atMs),
  fc.tuple(fc.constant('close-trip' as const), commandId, routedId, fc.constantFrom(...DISPOSITIONS), atMs),
  fc.tuple(fc.constant('enter-call' as const), commandId, wireCall),
  fc.tuple(fc.constant('cancel-trip' as const), commandId, routedId, fc.constantFrom(...CANCEL_REASONS)),
  fc.tuple(
    fc.constant('nearest' as const),
    commandId,
    within(RANGES.lonE7),
    within(RANGES.latE7),
    within(RANGES.k),
    orNull(fc.constantFrom(...LEVELS_OF_CARE)),
  ),
  fc.tuple(fc.constant('watch-board' as const), commandId, orNull(within(RANGES.position))),
  fc.tuple(fc.constant('unwatch-board' as const), commandId),
  fc.tuple(fc.constantFrom('watch-etas' as const, 'unwatch-etas' as const), commandId),
  fc.tuple(
    fc.constant('find-place' as const),
    commandId,
    text(LIMITS.placeChars).filter(({ length }) => length > 0),
    within(RANGES.k),
  ),
  fc.tuple(
    fc.constant('best-destinations' as const),
    commandId,
    ...([fc.constant(null), within(RANGES.lonE7), within(RANGES.latE7)] as const),
    fc.uniqueArray(chars('abc-', 32), { maxLength: LIMITS.capabilitiesPerDestination }),
    within(RANGES.k),
  ),
  fc.tuple(
    fc.constant('reach' as const),
    commandId,
    ...([unitId, fc.constant(null), fc.constant(null)] as const),
    fc.constantFrom(...REACH_HEADINGS),
    orNull(fc.constantFrom(...PRIORITIES)),
    within(RANGES.withinMs),
    within(RANGES.maxBytes),
  ),
  fc.tuple(
    fc.constant('coverage' as const),
    commandId,
    within(RANGES.targetMs),
    orNull(fc.constantFrom(...PRIORITIES)),
    orNull(fc.constantFrom(...LEVELS_OF_CARE)),
  ),
  fc.tuple(fc.constant('trip-route' as const), commandId, routedId, within(RANGES.maxBytes)),
)

const position = within(RANGES.position)
const fixView = plain({
  lonE7: within(RANGES.lonE7),
  latE7: within(RANGES.latE7),
  fixedAtMs: atMs,
  ageMs: fc.nat(),
  freshness: fc.constantFrom('fresh' as const, 'stale' as const, 'lost' as const),
  speedMps: orNull(within(RANGES.speedCmps).map(speed => speed / 100)),
  headingDeg: orNull(within(RANGES.headingDd).map(heading => heading / 10)),
})
const unitView = plain({
  unitId,
  callSign: text(32),
  levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
  transports: fc.boolean(),
  capabilities: fc.array(chars('abc-', 32), { maxLength: 3 }),
  status: fc.constantFrom(...UNIT_STATUSES),
  dispatchability: fc.constantFrom('available' as const, 'conditionally-available' as const, 'not-available' as const),
  retired: fc.boolean(),
  unavailableReason: orNull(fc.constantFrom(...UNAVAILABLE_REASONS)),
  statusSinceMs: atMs,
  crew: orNull(text(32)),
  connected: fc.boolean(),
  awaySinceMs: orNull(atMs),
  reach: fc.constantFrom(...REACHES),
  noContact: fc.boolean(),
  emergencySinceMs: orNull(atMs),
  takenTripId: orNull(routedId),
  fix: orNull(fixView),
  offerId: orNull(routedId),
  tripId: orNull(routedId),
  version: position,
})
const offerView = plain({
  offerId: routedId,
  tripId: routedId,
  unitId,
  mode: fc.constantFrom('ordered' as const, 'offered' as const),
  round: fc.integer({ min: 1, max: 9 }),
  offeredAtMs: atMs,
  deadlineAtMs: atMs,
})
const tripView = plain({
  tripId: routedId,
  callId: routedId,
  phase: fc.constantFrom(...TRIP_PHASES),
  priority: fc.constantFrom(...PRIORITIES),
  problem: orNull(text(32)),
  need,
  lonE7: within(RANGES.lonE7),
  latE7: within(RANGES.latE7),
  receivedAtMs: atMs,
  unitId: orNull(unitId),
  offer: orNull(offerView),
  round: fc.nat(9),
  times: fc.dictionary(fc.constantFrom(...TRIP_PHASES), atMs, { noNullPrototype: true }),
  missed: fc.subarray([...TRIP_PHASES]),
  onHold: orNull(
    plain({
      why: fc.constantFrom(...HOLD_REASONS),
      by: orNull(fc.string({ minLength: 1, maxLength: 8 })),
      sinceMs: atMs,
    }),
  ),
  responses: fc.array(
    plain({
      ...{ unitId, offerId: routedId, offeredAtMs: atMs, end: orNull(fc.constantFrom(...RESPONSE_ENDS)) },
      times: fc.dictionary(
        fc.constantFrom(...RESPONSE_TIMES),
        plain({ atMs: orNull(atMs), cause: fc.constantFrom(...CAUSES) }),
        { noNullPrototype: true },
      ),
    }),
    { maxLength: 2 },
  ),
  alarms: fc.subarray([...TRIP_ALARMS]),
  helps: orNull(routedId),
  helpedBy: orNull(routedId),
  destination: orNull(
    plain({ hospitalId: unitId, name: chars('abc ', 120), lonE7: within(RANGES.lonE7), latE7: within(RANGES.latE7) }),
  ),
  loss: orNull(
    plain({
      care: orNull(plain({ needed: fc.constantFrom(...LEVELS_OF_CARE), sent: fc.constantFrom(...LEVELS_OF_CARE) })),
      transport: fc.boolean(),
      capabilities: fc.array(chars('abc-', 32), { maxLength: 3 }),
    }),
  ),
  disposition: orNull(fc.constantFrom(...DISPOSITIONS)),
  cancelReason: orNull(fc.constantFrom(...CANCEL_REASONS)),
  version: position,
  details: orNull(
    plain({
      callerName: orNull(text(20)),
      phone: orNull(text(20)),
      address: orNull(text(20)),
      notes: orNull(text(20)),
    }),
  ),
})
const driverView = plain({ unit: unitView, trip: orNull(tripView), cadenceMs: fc.nat(60_000) })
const result = fc.dictionary(chars('abcd', 8), fc.oneof(text(20), fc.integer(), fc.boolean(), fc.constant(null)), {
  noNullPrototype: true,
})
const event = plain({
  type: fc.constant('UnitBecameAvailable' as const),
  v: fc.constant(1 as const),
  entity: unitId.map(id => `driver/${id}` as const),
  unitId,
  happenedAtMs: atMs,
})
const { mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs, lostAfterMs } = DEFAULT_POLICY
const policyView = { mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs, lostAfterMs }
const welcome = plain({
  sessionId: commandId,
  region: chars('akl', 16),
  role: fc.constantFrom(...ROLES),
  clock: plain({
    nowMs: atMs,
    anchorRegionMs: atMs,
    anchorWallMs: atMs,
    rate: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
  }),
  position,
  streams: fc.array(fc.tuple(chars(WORD, 32), position), { maxLength: 8 }),
  driver: orNull(driverView),
  policy: fc.constant({ ...policyView, version: 3 }),
  limits: plain({ frameBytes: fc.nat(), fixesPerFrame: fc.nat() }),
  ticket: orNull(chars(WORD, 300)),
})

const tripEta = plain<TripEta>({
  tripId: routedId,
  unitId,
  toward: fc.constantFrom('scene' as const, 'destination' as const),
  atMs,
  etaMs: orNull(fc.nat()),
  distanceM: orNull(fc.nat()),
  basis: fc.constantFrom('roads' as const, 'straight-line' as const),
  fixAgeMs: orNull(fc.integer()),
})
const tileUnit = fc.tuple(
  unitId,
  within(RANGES.lonE7),
  within(RANGES.latE7),
  fc.integer(),
  orNull(within(RANGES.speedCmps)),
  orNull(within(RANGES.headingDd)),
  fc.constantFrom(...UNIT_STATUSES),
  fc.constantFrom(...LEVELS_OF_CARE),
)

const alarmView = plain<AlarmView>({
  alarmId,
  kind: fc.constantFrom(...TRIP_ALARMS, ...UNIT_ALARMS, ...REGION_ALARMS),
  severity: fc.constantFrom(...ALARM_SEVERITIES),
  tripId: orNull(routedId),
  unitId: orNull(unitId),
  raisedAtMs: atMs,
  goneAtMs: orNull(atMs),
  acknowledgedBy: orNull(text(20)),
  acknowledgedAtMs: orNull(atMs),
  escalatedAtMs: orNull(atMs),
  shelvedBy: orNull(text(20)),
  shelvedUntilMs: orNull(atMs),
})

export const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.tuple(fc.constant('welcome' as const), commandId, welcome),
  fc.tuple(fc.constant('reply' as const), commandId, position, result),
  fc.tuple(fc.constant('error' as const), orNull(commandId), chars('abc-', 20), text(60), orNull(result)),
  fc.tuple(fc.constant('marks' as const), within(RANGES.streamIndex), position),
  fc.tuple(fc.constant('unit-state' as const), position, driverView),
  fc.tuple(
    fc.constant('board' as const),
    position,
    fc.nat(9),
    fc.nat(9),
    fc.array(tripView, { maxLength: 3 }),
    fc.array(unitView, { maxLength: 3 }),
    fc.array(alarmView, { maxLength: 3 }),
  ),
  fc.tuple(fc.constant('board-events' as const), position, atMs, fc.array(event, { maxLength: 3 }), orNull(text(20))),
  fc.tuple(fc.constant('going-away' as const), fc.nat(), fc.nat()),
  fc.tuple(fc.constant('tile' as const), tile, chars(WORD, 32), position, atMs, fc.array(tileUnit, { maxLength: 3 })),
  fc.tuple(
    fc.constant('tile-moves' as const),
    tile,
    position,
    atMs,
    fc.array(tileUnit, { maxLength: 3 }),
    fc.array(unitId, { maxLength: 3 }),
  ),
  fc.tuple(fc.constant('unit' as const), position, unitView, orNull(tripView)),
  fc.tuple(fc.constant('feed-marks' as const), fc.array(fc.tuple(within(RANGES.channel), position), { maxLength: 9 })),
  fc.tuple(fc.constant('detached' as const), within(RANGES.channel), fc.constantFrom(...DETACH_REASONS)),
  fc.tuple(fc.constant('come-back' as const), fc.nat()),
  fc.tuple(
    fc.constant('etas' as const),
    fc.boolean(),
    fc.array(tripEta, { maxLength: 3 }),
    fc.array(routedId, { maxLength: 3 }),
  ),
  fc.tuple(
    fc.constant('freshness' as const),
    fc.boolean(),
    atMs,
    fc.array(fc.tuple(unitId, fc.constantFrom(...FRESHNESSES), atMs), { maxLength: 3 }),
  ),
  fc.tuple(
    fc.constant('writes' as const),
    fc.constantFrom('flowing' as const, 'stalled' as const),
    fc.constantFrom('flowing' as const, 'stalled' as const),
  ),
)
