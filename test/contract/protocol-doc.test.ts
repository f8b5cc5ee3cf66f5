/** PROTOCOL.md says what the code does: messages, roles, ranges, words, limits, views, events, and every frame it shows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainEvent } from '../../src/domain/events.ts'
import { EXCLUSION_REASONS, TRIP_ALARMS } from '../../src/domain/events.ts'
import { MAY_SEND, ROLES } from '../../src/domain/roles.ts'
import {
  CANCEL_REASONS,
  CAUSES,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  LEVELS_OF_CARE,
  REPORTABLE_PHASES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
} from '../../src/domain/vocabulary.ts'
import { decodeServer, encodeClient, encodeServer } from '../../src/protocol/codec.ts'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'
import { FIX_FIELDS } from '../../src/protocol/fix-frame.ts'
import { LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { parseCallBody, parseFrame } from '../../src/protocol/parse.ts'
import { SHAPES } from '../../src/protocol/shapes.ts'
import {
  CLIENT_TYPES,
  type ClientTypeName,
  type DriverView,
  type FixView,
  type NearestResult,
  type OfferView,
  SERVER_TYPES,
  type TripView,
  type UnitView,
  type WelcomeView,
} from '../../src/protocol/wire.ts'
import { DOCUMENT, frames, quoted, tableAfter } from '../protocol/document.ts'
import { EXAMPLES } from './protocol-examples.ts'

/** Every field of a view or event, by name: the compiler refuses one too many and one too few. */
type FieldsOf<T> = Record<keyof T, true>

test('the table of client messages has every type with its code, fields and roles', () => {
  const rows = tableAfter('### Client to server')
  const listed = Object.fromEntries(rows.map(([code, type]) => [quoted(type!)[0], Number(code)]))
  assert.deepEqual(listed, CLIENT_TYPES)
  for (const [, typeCell, fields, who] of rows) {
    const type = quoted(typeCell!)[0] as ClientTypeName
    const known = type === 'fix' || type === 'hint' ? ['streamIndex', 'sentAtMs', 'fix'] : SHAPES[type].fields
    assert.deepEqual(quoted(fields!), known, type)
    const rule = type === 'hint' || type === 'mark' ? 'fix' : type
    assert.equal(who, rule === 'hello' ? 'anyone, first' : MAY_SEND[rule].join(', '), type)
  }
})

test('a field is marked as nullable exactly where null is taken', () => {
  for (const [, typeCell, fields] of tableAfter('### Client to server')) {
    const type = quoted(typeCell!)[0] as ClientTypeName
    if (type === 'fix' || type === 'hint') continue
    const allNull = Object.fromEntries(SHAPES[type].fields.map(field => [field, null]))
    const result = SHAPES[type].read(allNull)
    const refused = new Set(result.success ? [] : result.error.issues.map(issue => issue.path[0]))
    for (const field of SHAPES[type].fields) {
      assert.equal(fields!.includes(`\`${field}\`?`), !refused.has(field), `${type} ${field}`)
    }
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

test('the table of limits is the one in force', () => {
  const flat = Object.entries(LIMITS).flatMap(([name, value]): [string, number][] =>
    typeof value === 'number'
      ? [[name, value]]
      : Object.entries(value).map(([part, inner]) => [`${name}.${part}`, inner]),
  )
  const rows = tableAfter('## 12 Limits').map(([name, value]) => [quoted(name!)[0], Number(value)])
  assert.deepEqual(rows, flat)
})

test('the lists of words are those of the domain', () => {
  const lists = {
    role: ROLES,
    'level of care': LEVELS_OF_CARE,
    'unit status': UNIT_STATUSES,
    'unavailable reason': UNAVAILABLE_REASONS,
    'trip phase': TRIP_PHASES,
    'reportable phase': REPORTABLE_PHASES,
    cause: CAUSES,
    disposition: DISPOSITIONS,
    'cancel reason': CANCEL_REASONS,
    'decline reason': DECLINE_REASONS,
    'dispatch mode': DISPATCH_MODES,
    'trip alarm': TRIP_ALARMS,
    'exclusion reason': EXCLUSION_REASONS,
  }
  const rows = tableAfter('### Words').map(([name, words]) => [name, quoted(words!)])
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(Object.entries(lists).map(([n, w]) => [n, [...w]])))
})

test('the elements of a fix stand in their order', () => {
  assert.ok(DOCUMENT.includes(`\`[${FIX_FIELDS.join(', ')}]\``))
})

test('every view has all its fields and no other', () => {
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
      driver: true,
      limits: true,
    } satisfies FieldsOf<WelcomeView>,
    DriverView: { unit: true, trip: true, cadenceMs: true } satisfies FieldsOf<DriverView>,
    UnitView: {
      unitId: true,
      callSign: true,
      levelOfCare: true,
      capabilities: true,
      status: true,
      dispatchability: true,
      unavailableReason: true,
      statusSinceMs: true,
      crew: true,
      connected: true,
      fix: true,
      offerId: true,
      tripId: true,
      version: true,
    } satisfies FieldsOf<UnitView>,
    FixView: {
      lonE7: true,
      latE7: true,
      fixedAtMs: true,
      ageMs: true,
      freshness: true,
      speedMps: true,
      headingDeg: true,
    } satisfies FieldsOf<FixView>,
    TripView: {
      tripId: true,
      callId: true,
      phase: true,
      priority: true,
      problem: true,
      need: true,
      lonE7: true,
      latE7: true,
      receivedAtMs: true,
      unitId: true,
      offer: true,
      round: true,
      times: true,
      missed: true,
      alarms: true,
      disposition: true,
      cancelReason: true,
      version: true,
      details: true,
    } satisfies FieldsOf<TripView>,
    OfferView: {
      offerId: true,
      tripId: true,
      unitId: true,
      mode: true,
      round: true,
      offeredAtMs: true,
      deadlineAtMs: true,
    } satisfies FieldsOf<OfferView>,
    NearestResult: { basis: true, units: true } satisfies FieldsOf<NearestResult>,
  }
  for (const [name, fields] of Object.entries(views)) {
    const listed = tableAfter(`### ${name}`).flatMap(([first]) => quoted(first!))
    assert.deepEqual(listed.sort(), Object.keys(fields).sort(), name)
  }
})

test('every event has all its fields and no other', () => {
  type Own<T extends DomainEvent['type']> = FieldsOf<Omit<Extract<DomainEvent, { type: T }>, 'type' | 'v' | 'entity'>>
  const crew = { unitId: true, principal: true, happenedAtMs: true } as const
  const offer = { tripId: true, offerId: true, unitId: true } as const
  const place = { lonDeg: true, latDeg: true, priority: true, receivedAtMs: true } as const
  const events: { [T in DomainEvent['type']]: Own<T> } = {
    UnitRegistered: { unitId: true, callSign: true, levelOfCare: true, capabilities: true, homeStation: true },
    CrewSignedOn: crew,
    CrewSignedOff: crew,
    UnitBecameAvailable: { unitId: true, happenedAtMs: true },
    UnitBecameUnavailable: { unitId: true, reason: true, happenedAtMs: true },
    FixHoleRecorded: { unitId: true, streamId: true, fromSeq: true, toSeq: true },
    CallEntered: { ...place, callId: true, problem: true, needs: true, tripIds: true },
    CallCancelled: { callId: true },
    CallClosed: { callId: true },
    TripCreated: { ...place, tripId: true, callId: true, need: true },
    OfferMade: {
      ...offer,
      mode: true,
      round: true,
      offeredAtMs: true,
      warnAtMs: true,
      deadlineAtMs: true,
      decision: true,
    },
    OfferAccepted: { ...offer, happenedAtMs: true },
    OfferDeclined: { ...offer, reason: true },
    OfferTimedOut: offer,
    OfferRevoked: { ...offer, reason: true },
    TripAlarmRaised: { tripId: true, alarm: true, unitId: true },
    TripAlarmCleared: { tripId: true, alarm: true, unitId: true },
    TripPhaseReached: { tripId: true, unitId: true, phase: true, happenedAtMs: true, cause: true, missed: true },
    TripCancelled: { tripId: true, callId: true, reason: true, inPhase: true, unitId: true, cause: true },
    TripClosed: { tripId: true, callId: true, unitId: true, disposition: true, happenedAtMs: true, missed: true },
  }
  const listed = tableAfter('### Events').map(([type, fields]) => [quoted(type!)[0], quoted(fields!).sort()])
  const expected = Object.entries(events).map(([type, fields]) => [type, Object.keys(fields).sort()])
  assert.deepEqual(listed, expected)
})

test('the walk-throughs show the frames that the compiler has checked, and no other', () => {
  const shown = frames().map(({ side, json }) => ({ [side]: JSON.parse(json) }))
  assert.deepEqual(shown, EXAMPLES)
})

test('each frame is, character by character and byte by byte, what the code writes and reads', () => {
  for (const [i, { side, json, hex }] of frames().entries()) {
    const example = EXAMPLES[i]!
    if ('client' in example) {
      assert.equal(side, 'client')
      assert.equal(encodeClient(example.client, 'json'), json)
      const bytes = encodeClient(example.client, 'binary') as Uint8Array
      assert.ok(hex === null || hex === Buffer.from(bytes).toString('hex'), json)
      const max = LIMITS.frameBytes.driver
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
  assert.ok(frames().filter(({ hex }) => hex !== null).length >= 20)
})

test('the HTTP example is the same call as the one over WebSocket', () => {
  const body = /\n(\{"lonDeg".+\})\n/.exec(DOCUMENT)?.[1]
  const parsed = parseCallBody(body!)
  const example = EXAMPLES.find(shown => 'client' in shown && shown.client[0] === 'enter-call')!
  assert.ok('client' in example)
  const overSocket = parseFrame(Buffer.from(encodeClient(example.client, 'json')), 'json', 65_536)
  assert.ok(parsed.ok && overSocket.ok && overSocket.request.type === 'command')
  assert.deepEqual(parsed.command, overSocket.request.command)
})

test('rules are numbered without gaps in their chapter, and every rule that is named exists', () => {
  const defined = [...DOCUMENT.matchAll(/^- \[([A-Z]{2})-(\d+)\]/gm)].map(
    match => [match[1]!, Number(match[2])] as const,
  )
  const chapters = new Map<string, number>()
  for (const [chapter, number] of defined) {
    assert.equal(number, (chapters.get(chapter) ?? 0) + 1, `${chapter}-${number}`)
    chapters.set(chapter, number)
  }
  for (const chapter of ['TR', 'EN', 'HS', 'TM', 'FX', 'CM', 'OF', 'BD', 'ER', 'HT', 'VR'])
    assert.ok(chapters.has(chapter))
  for (const [, chapter, number] of DOCUMENT.matchAll(/\[([A-Z]{2})-(\d+)\]/g)) {
    assert.ok(Number(number) <= (chapters.get(chapter!) ?? 0), `${chapter}-${number} is named but not there`)
  }
})

test('every close code and refusal that the text names exists', () => {
  const closes = new Set<number>(Object.values(CLOSE_CODES))
  for (const [code] of DOCUMENT.matchAll(/\b4[45]\d\d\b/g)) assert.ok(closes.has(Number(code)), code)
  for (const [, code] of DOCUMENT.matchAll(/"error",(?:null|"[^"]+"),"([^"]+)"/g))
    assert.ok(Object.hasOwn(ERRORS, code!))
})
