/** The protocol's pages say what the code does: messages, roles, ranges, words, limits, views, events, and every frame they show. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../../src/domain/events/alarm-events.ts'
import { EXCLUSION_REASONS } from '../../src/domain/events/decision-record.ts'
import { REVOKE_REASONS } from '../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { DEFAULT_POLICY, policyEntries, rhythmOf } from '../../src/domain/policy.ts'
import { ROLES } from '../../src/domain/roles.ts'
import type { TripEta } from '../../src/domain/trip/way.ts'
import {
  ABSENT_REASONS,
  ARRIVAL_MODES,
  CANCEL_REASONS,
  CAUSES,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  DIVERT_REASONS,
  HOSPITAL_STATUSES,
  LEVELS_OF_CARE,
  MARKS,
  OVERRIDE_REASONS,
  RECEIVED_SOURCES,
  REPORTABLE_PHASES,
  RESPONSE_ENDS,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../../src/domain/vocabulary.ts'
import { ROUTES } from '../../src/gateway/routes/index.ts'
import { decodeBinary, decodeServer, encodeClient, encodeServer } from '../../src/protocol/codec.ts'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'
import { FEED_FIX_FIELDS, FIX_FIELDS } from '../../src/protocol/fix-frame.ts'
import { DEFAULT_LIMITS, LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { CLIENT_MESSAGES, rowOf } from '../../src/protocol/messages.ts'
import { parseFrame } from '../../src/protocol/parse.ts'
import { POLICY_RANGES } from '../../src/protocol/policy-ranges.ts'
import { RIGHTS } from '../../src/protocol/rights.ts'
import type { NearestResult } from '../../src/protocol/wire/answer-views.ts'
import { DETACH_REASONS } from '../../src/protocol/wire/fix-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName, SERVER_TYPES } from '../../src/protocol/wire/message-types.ts'
import type {
  CoverageView,
  Destinations,
  FoundPlaces,
  ReachView,
  TripRoute,
} from '../../src/protocol/wire/road-views.ts'
import type {
  CallView,
  DriverView,
  FixView,
  OfferView,
  ResponseView,
  TimeView,
  TripView,
  UnitView,
} from '../../src/protocol/wire/situation-views.ts'
import type { PolicyView, WelcomeView } from '../../src/protocol/wire/welcome-view.ts'
import { PROTOCOL_PAGES } from '../../tools/protocol/pages.ts'
import { parseCallBody } from '../protocol/call-body.ts'
import { DOCUMENT, frames, quoted, tableAfter } from '../protocol/document.ts'
import { HTTP_CASES } from './matrix/http-cases.ts'
import { SHOWN } from './protocol-examples.ts'

const CHECKOUT = new URL('../../', import.meta.url)

/**
 * Every field of a view or event, by name: null where it may be null, `absent` where it may be absent, else true. The
 * compiler refuses one too many, one too few, and a wrong mark.
 */
type FieldsOf<T> = {
  readonly [K in keyof T]-?: Pick<T, K> extends Required<Pick<T, K>> ? (null extends T[K] ? null : true) : 'absent'
}
type Mark = true | null | 'absent'

/** The fields that a cell names, each with its mark: `a`, `b`?, [`c`]. */
function markedFields(cell: string): [name: string, mark: Mark][] {
  return [...cell.matchAll(/(\[?)`([^`]+)`(\??)/g)].map(([, bracket, name, query]) => [
    name!,
    bracket === '[' ? 'absent' : query === '?' ? null : true,
  ])
}

/** The fields of a message, also of the three whose fixes are read by hand. */
function fieldsOf(type: ClientTypeName): readonly string[] {
  if (type === 'feed-fixes') return ['sentAtMs', 'fix']
  return type === 'fix' || type === 'hint' ? ['streamIndex', 'sentAtMs', 'fix'] : CLIENT_MESSAGES[type].shape.fields
}

test('the table of client messages has every type with its code, fields and roles', () => {
  const rows = tableAfter('### Client to server')
  const listed = Object.fromEntries(rows.map(([code, type]) => [quoted(type!)[0], Number(code)]))
  assert.deepEqual(listed, CLIENT_TYPES)
  for (const [, typeCell, fields, who] of rows) {
    const type = quoted(typeCell!)[0] as ClientTypeName
    assert.deepEqual(quoted(fields!), fieldsOf(type), type)
    assert.equal(who, type === 'hello' ? 'anyone, first' : RIGHTS[type].roles.join(', '), type)
  }
})

test('a field is marked as nullable exactly where null is taken', () => {
  for (const [, typeCell, fields] of tableAfter('### Client to server')) {
    const type = quoted(typeCell!)[0] as ClientTypeName
    const { shape } = rowOf(type)
    if (shape === null) continue
    const result = shape.read(Object.fromEntries(shape.fields.map(field => [field, null])))
    const refused = new Set(result.success ? [] : result.error.issues.map(issue => issue.path[0]))
    for (const field of shape.fields) {
      assert.equal(fields!.includes(`\`${field}\`?`), !refused.has(field), `${type} ${field}`)
    }
  }
})

test('every field of a client message is described, and no other', () => {
  const described = tableAfter('### Fields').flatMap(([names]) => quoted(names!))
  const sent = new Set((Object.keys(CLIENT_TYPES) as ClientTypeName[]).flatMap(fieldsOf))
  assert.deepEqual(described.sort(), [...sent].sort())
})

test('every client message has its answers, which are messages of the server and codes of the table', () => {
  const rows = tableAfter('### Answers')
  assert.deepEqual(
    rows.map(([type]) => quoted(type!)[0]),
    [...rows.map(([type]) => quoted(type!)[0])].filter(type => Object.hasOwn(CLIENT_TYPES, type!)),
  )
  assert.deepEqual(rows.map(([type]) => quoted(type!)[0]).sort(), Object.keys(CLIENT_TYPES).sort())
  for (const [, answers, refusals] of rows) {
    for (const type of quoted(answers!)) assert.ok(Object.hasOwn(SERVER_TYPES, type), type)
    for (const code of quoted(refusals!)) assert.ok(Object.hasOwn(ERRORS, code), code)
  }
})

test('the table of server messages has every type with its code', () => {
  const rows = tableAfter('### Server to client')
  assert.deepEqual(Object.fromEntries(rows.map(([code, type]) => [quoted(type!)[0], Number(code)])), SERVER_TYPES)
})

test('the table of ranges is the one that frames are checked by', () => {
  const rows = tableAfter('### Ranges').map(([name, min, max]) => [quoted(name!)[0], [Number(min), Number(max)]])
  assert.deepEqual(rows, Object.entries(RANGES))
})

test('the tables of routes have every route with its roles and the status of its answer, and no other', () => {
  const rows = [...tableAfter('## HTTP'), ...tableAfter('## Position history')]
  const told = rows.flatMap(([routes, who, answers]) =>
    quoted(routes!).map(route => [route, who!.replace(/^anyone, .*/, 'anyone'), answers!.slice(0, 3)]),
  )
  const mounted = ROUTES.map(({ method, pattern, action }) => {
    const route = `${method.toUpperCase()} ${pattern}`
    // The matrix of rights asks each route of a running engine, and finds this status.
    const status = String(HTTP_CASES[route]?.status)
    return [route, action === null ? 'anyone' : RIGHTS[action].roles.join(', '), status]
  })
  assert.deepEqual(told.sort(), mounted.sort())
})

test('PROTOCOL.md lists every page, and the rules of each', () => {
  const index = readFileSync(new URL('PROTOCOL.md', CHECKOUT), 'utf8')
  const rows = index.split('\n').filter(line => line.startsWith('| ['))
  const listed = rows.flatMap(row => [...row.matchAll(/\]\((docs\/protocol\/.+?\.md)\)/g)].map(([, page]) => page!))
  const there = readdirSync(new URL('docs/protocol/', CHECKOUT)).filter(name => name.endsWith('.md'))
  assert.deepEqual(listed.sort(), there.map(name => `docs/protocol/${name}`).sort())
  assert.deepEqual(
    [...PROTOCOL_PAGES].sort(),
    ['PROTOCOL.md', ...listed.filter(page => page !== 'docs/protocol/README.md')].sort(),
  )
  for (const row of rows) {
    const [pages, , rules] = row.split('|').slice(1)
    const [, page] = /\]\((.+?)\)/.exec(pages!)!
    const text = readFileSync(new URL(page!, CHECKOUT), 'utf8')
    const prefixes = new Set([...text.matchAll(/^- \[([A-Z]{2})-\d+\]/gm)].map(([, prefix]) => prefix!))
    const told = new Set([...rules!.matchAll(/\b([A-Z]{2})\b/g)].map(([, prefix]) => prefix!))
    assert.deepEqual([...told].sort(), [...prefixes].sort(), page)
  }
})

test('the tables of limits are those in force', () => {
  const rowsAfter = (heading: string) =>
    tableAfter(heading).map(([name, value]) => [quoted(name!)[0], Number(value)] as const)
  assert.deepEqual(rowsAfter('## Limits'), Object.entries(LIMITS))
  assert.deepEqual(rowsAfter('### What an operator may set'), flat(DEFAULT_LIMITS))
})

/** The numbers of a nest of objects, each by its keys with dots. */
function flat(value: object, prefix = ''): [string, number][] {
  return Object.entries(value).flatMap(([key, inner]): [string, number][] =>
    typeof inner === 'number' ? [[prefix + key, inner]] : flat(inner, `${prefix}${key}.`),
  )
}

test('the lists of words are those of the domain', () => {
  const lists = {
    role: ROLES,
    'level of care': LEVELS_OF_CARE,
    'unit status': UNIT_STATUSES,
    'unavailable reason': UNAVAILABLE_REASONS,
    'trip phase': TRIP_PHASES,
    'reportable phase': REPORTABLE_PHASES,
    mark: MARKS,
    'response time': RESPONSE_TIMES,
    cause: CAUSES,
    'received source': RECEIVED_SOURCES,
    'response end': RESPONSE_ENDS,
    'absent reason': ABSENT_REASONS,
    'correction reason': CORRECTION_REASONS,
    disposition: DISPOSITIONS,
    'cancel reason': CANCEL_REASONS,
    'override reason': OVERRIDE_REASONS,
    'revoke reason': REVOKE_REASONS,
    'detach reason': DETACH_REASONS,
    'hospital status': HOSPITAL_STATUSES,
    'zone kind': ZONE_KINDS,
    'zone reason': ZONE_REASONS,
    'divert reason': DIVERT_REASONS,
    'decline reason': DECLINE_REASONS,
    'dispatch mode': DISPATCH_MODES,
    'arrival mode': ARRIVAL_MODES,
    'trip alarm': TRIP_ALARMS,
    'unit alarm': UNIT_ALARMS,
    'region alarm': REGION_ALARMS,
    'exclusion reason': EXCLUSION_REASONS,
  }
  const rows = tableAfter('## Lists').map(([name, words]) => [name, quoted(words!)])
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(Object.entries(lists).map(([n, w]) => [n, [...w]])))
})

test('the elements of a fix stand in their order', () => {
  assert.ok(DOCUMENT.includes(`\`[${FIX_FIELDS.join(', ')}]\``))
  assert.ok(DOCUMENT.replaceAll(/\s+/g, ' ').includes(`\`[${FEED_FIX_FIELDS.join(', ')}]\``))
})

test('every view has all its fields and no other, and marks those that may be null', () => {
  const clock = { nowMs: true, anchorRegionMs: true, anchorWallMs: true, rate: true } satisfies FieldsOf<
    WelcomeView['clock']
  >
  assert.ok(DOCUMENT.includes(`{${Object.keys(clock).join(', ')}}`))
  const views = {
    WelcomeView: {
      sessionId: true,
      region: true,
      role: true,
      clock: true,
      position: true,
      streams: true,
      driver: null,
      policy: 'absent',
      limits: true,
      ticket: null,
    } satisfies FieldsOf<WelcomeView>,
    PolicyView: {
      version: true,
      mode: true,
      offerTimeoutMs: true,
      orderTimeoutMs: true,
      cadenceMs: true,
      staleAfterMs: true,
      lostAfterMs: true,
    } satisfies FieldsOf<PolicyView>,
    DriverView: { unit: true, trip: null, cadenceMs: true } satisfies FieldsOf<DriverView>,
    UnitView: {
      unitId: true,
      callSign: true,
      levelOfCare: true,
      transports: true,
      capabilities: true,
      status: true,
      dispatchability: true,
      retired: true,
      unavailableReason: null,
      statusSinceMs: true,
      crew: null,
      connected: true,
      awaySinceMs: null,
      reach: true,
      noContact: true,
      emergencySinceMs: null,
      takenTripId: null,
      fix: null,
      offerId: null,
      tripId: null,
      version: true,
      clockAheadMs: 'absent',
    } satisfies FieldsOf<UnitView>,
    FixView: {
      lonE7: true,
      latE7: true,
      fixedAtMs: true,
      ageMs: true,
      freshness: true,
      speedMps: null,
      headingDeg: null,
    } satisfies FieldsOf<FixView>,
    TripView: {
      tripId: true,
      callId: true,
      phase: true,
      priority: true,
      problem: null,
      need: true,
      lonE7: true,
      latE7: true,
      receivedAtMs: true,
      unitId: null,
      offer: null,
      round: true,
      onHold: null,
      times: true,
      missed: true,
      responses: true,
      alarms: true,
      handedTo: 'absent',
      destination: null,
      helps: null,
      helpedBy: null,
      loss: null,
      disposition: null,
      cancelReason: null,
      version: true,
      details: null,
      incidentNo: 'absent',
      responseNo: 'absent',
      notes: 'absent',
      noteCount: 'absent',
      notesRead: 'absent',
    } satisfies FieldsOf<TripView>,
    CallView: {
      callId: true,
      state: true,
      lonE7: true,
      latE7: true,
      priority: true,
      problem: null,
      needs: true,
      receivedAtMs: true,
      receivedSource: null,
      firstNotifiedAtMs: null,
      trips: true,
      details: null,
      incidentNo: 'absent',
      notes: 'absent',
      noteCount: 'absent',
      version: true,
    } satisfies FieldsOf<CallView>,
    ResponseView: {
      unitId: true,
      offerId: true,
      offeredAtMs: true,
      etaMs: 'absent',
      end: null,
      times: true,
    } satisfies FieldsOf<ResponseView>,
    TimeView: {
      atMs: null,
      cause: true,
      why: 'absent',
      otherAtMs: 'absent',
      ...{ wheelsAtMs: 'absent', lateEvidence: 'absent' },
      implausible: 'absent',
      corrected: 'absent',
    } satisfies FieldsOf<TimeView>,
    OfferView: {
      offerId: true,
      tripId: true,
      unitId: true,
      mode: true,
      round: true,
      offeredAtMs: true,
      deadlineAtMs: true,
      byVoice: 'absent',
    } satisfies FieldsOf<OfferView>,
    TripEta: {
      tripId: true,
      unitId: true,
      toward: true,
      atMs: true,
      etaMs: null,
      turnoutMs: 'absent',
      unsureMs: 'absent',
      distanceM: null,
      basis: true,
      roadsVersion: 'absent',
      notByRoad: 'absent',
      unknown: 'absent',
      fixAgeMs: null,
    } satisfies FieldsOf<TripEta>,
    FoundPlaces: { roadsVersion: true, places: true } satisfies FieldsOf<FoundPlaces>,
    Destinations: {
      basis: true,
      roadsVersion: 'absent',
      notByRoad: 'absent',
      destinations: true,
    } satisfies FieldsOf<Destinations>,
    ReachView: {
      roadsVersion: true,
      heading: true,
      withinMs: true,
      lines: null,
      cells: null,
    } satisfies FieldsOf<ReachView>,
    CoverageView: {
      roadsVersion: true,
      targetMs: true,
      units: true,
      demand: true,
      points: true,
      reached: true,
      share: true,
    } satisfies FieldsOf<CoverageView>,
    TripRoute: {
      tripId: true,
      unitId: true,
      toward: true,
      atMs: true,
      fixAgeMs: true,
      basis: true,
      roadsVersion: 'absent',
      notByRoad: 'absent',
      driveMs: true,
      distanceM: true,
      line: true,
      offM: true,
    } satisfies FieldsOf<TripRoute>,
    NearestResult: {
      basis: true,
      roadsVersion: 'absent',
      speedsVersion: 'absent',
      notByRoad: 'absent',
      notByServer: 'absent',
      units: true,
    } satisfies FieldsOf<NearestResult>,
  }
  for (const [name, fields] of Object.entries(views)) {
    const listed = tableAfter(`### ${name}`).flatMap(([first]) => markedFields(first!))
    assert.deepEqual(Object.fromEntries(listed), fields, name)
    assert.equal(listed.length, Object.keys(fields).length, name)
  }
})

test('every event has all its fields and no other, and marks those that may be null or absent', () => {
  type Own<T extends DomainEvent['type']> = FieldsOf<
    Omit<Extract<DomainEvent, { type: T }>, 'type' | 'v' | 'entity' | 'atMs'>
  >
  const moment = { happenedAtMs: true, sentAtMs: 'absent' } as const
  const crew = { unitId: true, principal: true, ...moment } as const
  const offer = { tripId: true, offerId: true, unitId: true } as const
  const subject = { alarmId: true, tripId: 'absent', unitId: 'absent', regionId: 'absent' } as const
  const reference = {
    unitId: true,
    callSign: true,
    levelOfCare: true,
    transports: 'absent',
    capabilities: true,
    homeStation: null,
  } as const
  const place = { lonDeg: true, latDeg: true, priority: true, receivedAtMs: true } as const
  const events: { [T in DomainEvent['type']]: Own<T> } = {
    UnitRegistered: reference,
    UnitRetired: { unitId: true },
    UnitReleased: { ...reference, cause: 'absent' },
    TripReleased: {
      ...place,
      tripId: true,
      callId: true,
      need: true,
      responseNo: 'absent',
      as: true,
      unitId: null,
      cause: 'absent',
      standsDown: 'absent',
      tellsCrew: 'absent',
      helpsTripId: 'absent',
      helpsBecause: 'absent',
      helpedByTripId: 'absent',
    },
    CallReleased: {
      ...place,
      callId: true,
      problem: null,
      needs: true,
      tripIds: true,
      receivedSource: 'absent',
      firstNotifiedAtMs: 'absent',
      state: true,
      incidentNo: 'absent',
      noteCount: 'absent',
      notesRead: 'absent',
      detailsVersions: 'absent',
      cause: 'absent',
    },
    CrewSignedOn: { ...crew, cause: 'absent' },
    CrewSignedOff: { ...crew, cause: 'absent' },
    UnitBecameAvailable: { unitId: true, ...moment, cause: 'absent' },
    UnitBecameUnavailable: { unitId: true, reason: true, ...moment, cause: 'absent' },
    UnitCleared: { unitId: true, fromTripId: true, ...moment, cause: 'absent' },
    StandDownAcknowledged: { unitId: true, fromTripId: true, ...moment, cause: 'absent' },
    UnitContacted: { unitId: true, cause: 'absent' },
    EmergencyCalled: { unitId: true, ...moment, cause: 'absent' },
    EmergencyEnded: { unitId: true },
    FixHoleRecorded: { unitId: true, streamId: true, fromSeq: true, toSeq: true },
    CallEntered: {
      ...place,
      callId: true,
      problem: null,
      needs: true,
      tripIds: true,
      receivedSource: 'absent',
      incidentNo: 'absent',
      sentAtMs: 'absent',
    },
    CallAmended: {
      callId: true,
      lonDeg: true,
      latDeg: true,
      priority: true,
      problem: null,
      tripIds: true,
      detailsReplaced: true,
      triaged: 'absent',
    },
    CallNoteAdded: { callId: true, noteNo: true, by: true, unitId: 'absent', corrects: 'absent' },
    CallNotesRead: { callId: true, tripId: true, unitId: true, by: true, noteNo: true },
    CallCancelled: { callId: true },
    CallClosed: { callId: true },
    NeedAdded: { callId: true, need: true, addedTripId: true, problem: null },
    TripCreated: { ...place, tripId: true, callId: true, need: true, responseNo: 'absent' },
    HelpAdded: {
      ...{ ...place, tripId: true, callId: true, need: true, responseNo: 'absent' },
      ...{ helpsTripId: true, asked: true, because: true },
    },
    AssignmentOverridden: {
      tripId: true,
      unitId: true,
      fromUnitId: null,
      inPhase: true,
      reason: true,
      by: 'absent',
      standsDown: 'absent',
      tellsCrew: 'absent',
    },
    UnitWithdrawn: {
      tripId: true,
      unitId: true,
      inPhase: true,
      reason: true,
      standsDown: 'absent',
      tellsCrew: 'absent',
    },
    TripPutOnHold: { tripId: true, why: true, by: null, cause: 'absent' },
    TripTakenOffHold: { tripId: true, cause: 'absent' },
    OfferMade: {
      ...offer,
      mode: true,
      round: true,
      offeredAtMs: true,
      warnAtMs: null,
      deadlineAtMs: true,
      decision: true,
      byVoice: 'absent',
    },
    UnitNotified: {
      ...{ tripId: true, offerId: true, unitId: true, callId: true, notifiedAtMs: null },
      cause: 'absent',
    },
    OfferAccepted: { ...offer, ...moment, cause: 'absent', implied: 'absent', implausible: 'absent' },
    OfferDeclined: { ...offer, reason: true },
    OfferTimedOut: { ...offer, noContact: 'absent' },
    OfferRevoked: { ...offer, reason: true },
    TripAlarmRaised: {
      tripId: true,
      alarm: true,
      unitId: null,
      severity: 'absent',
      decision: 'absent',
      lastHeardAtMs: 'absent',
    },
    TripAlarmCleared: { tripId: true, alarm: true, unitId: null },
    UnitAlarmRaised: { unitId: true, alarm: true, severity: true, fromTripId: null },
    RegionAlarmRaised: {
      ...{ regionId: true, alarm: true, severity: true, silentFromMs: true, silentToMs: true },
      ...{ silentUnits: true, ofUnits: true },
    },
    RegionAlarmCleared: { regionId: true, alarm: true, silentUnits: true, ofUnits: true },
    AlarmAcknowledged: { ...subject, by: true },
    AlarmShelved: { ...subject, by: true, forMs: true },
    AlarmEscalated: { ...subject, to: true },
    AlarmLapsed: subject,
    TripPhaseReached: {
      tripId: true,
      unitId: true,
      phase: true,
      ...moment,
      cause: true,
      missed: true,
      ...{ implausible: 'absent', lateEvidence: 'absent' },
    },
    TripTimeNoted: {
      ...{ tripId: true, unitId: true, time: true, ...moment, cause: true },
      ...{ implausible: 'absent', lateEvidence: 'absent' },
    },
    TripTimeCorrected: { tripId: true, unitId: true, time: true, formerAtMs: null, newAtMs: null, reason: true },
    RoadsRestricted: {
      ...{ regionId: true, zoneId: true, kind: true, points: true, slowPercent: null, fromAtMs: true },
      ...{ untilAtMs: null, reason: true },
    },
    RoadsReopened: { regionId: true, zoneId: true, cause: true },
    ReceiverNamed: { tripId: true, callId: true, toTripId: null, cause: true },
    DestinationNamed: { tripId: true, callId: true, unitId: null, hospitalId: null, place: null, cause: true },
    TripCancelled: {
      tripId: true,
      callId: true,
      reason: true,
      inPhase: true,
      unitId: null,
      cause: true,
      standsDown: 'absent',
      tellsCrew: 'absent',
    },
    TripClosed: {
      tripId: true,
      callId: true,
      unitId: true,
      disposition: true,
      ...moment,
      missed: true,
      cause: 'absent',
      implausible: 'absent',
    },
  }
  const listed = tableAfter('## Events').map(([type, fields]) => [quoted(type!)[0], markedFields(fields!)])
  assert.deepEqual(
    listed.map(([type, fields]) => [type, Object.fromEntries(fields as [string, Mark][])]),
    Object.entries(events),
  )
})

test('the walk-throughs show the frames that the compiler has checked, and no other', () => {
  const shown = frames().map(({ side, json }) => ({ [side]: side === 'misuse' ? json : JSON.parse(json) }))
  assert.deepEqual(shown, SHOWN)
})

test('each frame is, character by character and byte by byte, what the code writes and reads', () => {
  for (const [i, { side, json, hex }] of frames().entries()) {
    const example = SHOWN[i]!
    if ('misuse' in example) continue
    if ('client' in example) {
      assert.equal(side, 'client')
      assert.equal(encodeClient(example.client, 'json'), json)
      const bytes = encodeClient(example.client, 'binary') as Uint8Array
      assert.ok(hex === null || hex === Buffer.from(bytes).toString('hex'), json)
      const max = DEFAULT_LIMITS.frameBytes.driver
      const fromBinary = parseFrame(hex === null ? bytes : Buffer.from(hex, 'hex'), 'binary', max)
      assert.ok(fromBinary.ok, json)
      assert.deepEqual(parseFrame(Buffer.from(json), 'json', max), fromBinary)
    } else {
      assert.equal(encodeServer(example.server, 'json'), json)
      const bytes = encodeServer(example.server, 'binary') as Uint8Array
      assert.ok(hex === null || hex === Buffer.from(bytes).toString('hex'), json)
      assert.deepEqual(decodeServer(hex === null ? bytes : Buffer.from(hex, 'hex')), example.server)
      assert.deepEqual(decodeServer(json), example.server)
    }
  }
  assert.ok(frames().filter(({ hex }) => hex !== null).length >= 50)
})

test('a frame that is told byte by byte is one of the days, each row a value as the code reads it', () => {
  for (const type of ['hello', 'fix', 'feed-fixes', 'accept-offer', 'tile-moves']) {
    const rows = tableAfter(`### Bytes of \`${type}\``)
    const example = SHOWN.find(
      shown => ('client' in shown ? shown.client : 'server' in shown ? shown.server : [])[0] === type,
    )!
    assert.ok('client' in example || 'server' in example)
    const bytes = 'client' in example ? encodeClient(example.client, 'binary') : encodeServer(example.server, 'binary')
    const told = rows.map(([cell]) => Buffer.from(quoted(cell!)[0]!.replaceAll(' ', ''), 'hex'))
    assert.equal(Buffer.concat(told).toString('hex'), Buffer.from(bytes as Uint8Array).toString('hex'), type)
    for (const [i, [, value]] of rows.entries()) {
      const list = /^list of (\d+)$/.exec(value!)
      if (list === null) assert.equal(JSON.stringify(decodeBinary(told[i]!)), quoted(value!)[0], type)
      // A list's head alone is no value; with so many nils behind it, it is one.
      else
        assert.deepEqual(
          decodeBinary(Buffer.concat([told[i]!, Buffer.alloc(Number(list[1]), 0xc0)])),
          Array(Number(list[1])).fill(null),
        )
    }
  }
})

test('the HTTP example is the same call as the one over WebSocket', () => {
  const body = /\n(\{"lonDeg".+\})\n/.exec(DOCUMENT)?.[1]
  const parsed = parseCallBody(body!)
  const example = SHOWN.find(shown => 'client' in shown && shown.client[0] === 'enter-call')!
  assert.ok('client' in example)
  const overSocket = parseFrame(Buffer.from(encodeClient(example.client, 'json')), 'json', 65_536)
  assert.ok(parsed.ok && overSocket.ok && overSocket.request.type === 'command')
  assert.deepEqual(parsed.value, overSocket.request.command)
})

test('rules are numbered from 1 on, in their order, and every rule that is named exists', () => {
  const defined = [...DOCUMENT.matchAll(/^- \[([A-Z]{2})-(\d+)\]/gm)].map(
    match => [match[1]!, Number(match[2])] as const,
  )
  const last = new Map<string, number>()
  for (const [chapter, number] of defined) {
    assert.equal(number, (last.get(chapter) ?? 0) + 1, `${chapter}-${number}`)
    last.set(chapter, number)
  }
  const chapters = 'VN TR EN HS TM FX CM OF EM ER AU LM DK RT CT AL BD TL NT NB RD RQ FD PS TK WH HT HI AD'.split(' ')
  assert.deepEqual([...last.keys()], chapters)
  const exist = new Set(defined.map(([chapter, number]) => `${chapter}-${number}`))
  for (const [, rule] of DOCUMENT.matchAll(/\[([A-Z]{2}-\d+)\]/g))
    assert.ok(exist.has(rule!), `${rule} is named but not there`)
})

test('every close code and refusal that the text names exists', () => {
  const closes = new Set<number>(Object.values(CLOSE_CODES))
  for (const [code] of DOCUMENT.matchAll(/\b4[45]\d\d\b/g)) assert.ok(closes.has(Number(code)), code)
  for (const [, code] of DOCUMENT.matchAll(/"error",(?:null|"[^"]+"),"([^"]+)"/g))
    assert.ok(Object.hasOwn(ERRORS, code!))
})

test('the table of what events make of a board names every event once', () => {
  const named = tableAfter('What they make of the views of a board, for a client that carries a snapshot on:').flatMap(
    ([events]) => quoted(events!),
  )
  const listed = tableAfter('## Events').flatMap(([event]) => quoted(event!))
  assert.deepEqual(named.sort(), listed.sort())
})

test('the tables of times are those that the engine goes by', () => {
  const rhythms = tableAfter('### Cadence and freshness').map(([status, cadence, stale]) => [
    quoted(status!)[0],
    { cadenceMs: Number(cadence), staleAfterMs: Number(stale) },
  ])
  assert.deepEqual(
    rhythms,
    UNIT_STATUSES.map(status => [status, rhythmOf(status, DEFAULT_POLICY)]),
  )
  const told = tableAfter('### Policy').map(([name, standard, unit, range]) => [
    quoted(name!)[0],
    standard,
    unit,
    range,
  ])
  const numbers = policyEntries(DEFAULT_POLICY).filter(([, value]) => typeof value === 'number')
  assert.deepEqual(
    told,
    numbers.map(([name, value]) => {
      const group = name.split('.')[0] as keyof typeof POLICY_RANGES
      return [name, String(value), group.endsWith('Ms') ? 'ms' : '', POLICY_RANGES[group].join(' to ')]
    }),
  )
  const alarms = tableAfter('### Alarms').map(([alarm]) => quoted(alarm!)[0])
  assert.deepEqual(alarms, [...TRIP_ALARMS, ...UNIT_ALARMS, ...REGION_ALARMS])
})

test('a frame beyond depth, nodes or stringBytes is refused by the code that its limit names', () => {
  const beyond: Readonly<Record<string, unknown>> = {
    depth: Array.from({ length: DEFAULT_LIMITS.depth }).reduce<unknown>(inner => [inner], 0),
    nodes: Array.from({ length: DEFAULT_LIMITS.nodes }, () => 0),
    stringBytes: 'x'.repeat(DEFAULT_LIMITS.stringBytes + 1),
  }
  for (const [name, value] of Object.entries(beyond)) {
    const row = tableAfter('### What an operator may set').find(([limit]) => quoted(limit!)[0] === name)
    const frame = Buffer.from(JSON.stringify(['mark', 0, value]))
    const parsed = parseFrame(frame, 'json', 1_000_000)
    assert.equal(parsed.ok ? 'taken' : parsed.refusal.code, quoted(row![2]!)[0], name)
  }
})

test('the frames to start with are frames that the engine takes', () => {
  const rows = tableAfter('## Start here')
  assert.equal(rows.length, 7)
  const id = `akl.${'x'.repeat(21)}`
  for (const [cell] of rows) {
    const text = quoted(cell!)[0]!
      .replaceAll('<now>', '1767225600000')
      .replaceAll('<ms since hello>', '15000')
      .replaceAll(/<(?:offerId|tripId)>/g, id)
    const parsed = parseFrame(Buffer.from(text), 'json', 65_536)
    assert.ok(parsed.ok, text)
  }
})
