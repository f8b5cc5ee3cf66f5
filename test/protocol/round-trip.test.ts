/** What one side encodes, the other reads: every message, both formats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeServer, encodeServer, UnknownMessageType, UnreadableMessage } from '../../src/protocol/codec.ts'
import { fromE7 } from '../../src/protocol/fix-frame.ts'
import type { ClientRequest } from '../../src/protocol/messages.ts'
import type { ClientMessage, WireCall, WireCallChanges } from '../../src/protocol/wire/client-tuples.ts'
import { CLIENT_TYPES, SERVER_TYPES } from '../../src/protocol/wire/message-types.ts'
import { clientMessage, serverMessage } from './arbitraries.ts'
import { accepted, FORMATS, hex, parse, SAMPLES, TYPE_NAMES } from './frames.ts'

/** The trip or unit that an alarm's id names. */
function ofAlarm(alarmId: string): { tripId: string } | { unitId: string } | { regionId: string } {
  const [subject, id] = alarmId.split('/')
  if (subject === 'region') return { regionId: id! }
  return subject === 'trip' ? { tripId: id! } : { unitId: id! }
}

/** The request a message means, told a second time and without a schema. */
function meaning(message: ClientMessage): ClientRequest {
  switch (message[0]) {
    case 'hello': {
      const [type, id, token, region, role, unitId, clientNowMs, streams] = message
      return { type, id, token, region, role, unitId, clientNowMs, streams: [...streams] }
    }
    case 'fix': {
      const [type, streamIndex, sentAtMs, ...fixes] = message
      return { type, streamIndex, sentAtMs, fixes }
    }
    case 'hint':
      return { type: 'hint', streamIndex: message[1], sentAtMs: message[2], fix: message[3] }
    case 'mark':
      return { type: 'mark', streamIndex: message[1] }
    case 'sign-on':
    case 'sign-off':
      return { type: 'command', id: message[1], command: { type: message[0], happenedAtMs: message[2] } }
    case 'set-status': {
      const [type, id, status, reason, happenedAtMs] = message
      return { type: 'command', id, command: { type, status, reason, happenedAtMs } }
    }
    case 'accept-offer': {
      const [type, id, offerId, happenedAtMs] = message
      return { type: 'command', id, command: { type, offerId, happenedAtMs } }
    }
    case 'decline-offer': {
      const [type, id, offerId, reason] = message
      return { type: 'command', id, command: { type, offerId, reason } }
    }
    case 'report-phase': {
      const [type, id, tripId, phase, happenedAtMs] = message
      return { type: 'command', id, command: { type, tripId, phase, happenedAtMs } }
    }
    case 'acknowledge-stand-down': {
      const [type, id, tripId, happenedAtMs] = message
      return { type: 'command', id, command: { type, tripId, happenedAtMs } }
    }
    case 'close-trip': {
      const [type, id, tripId, disposition, happenedAtMs] = message
      return { type: 'command', id, command: { type, tripId, disposition, happenedAtMs } }
    }
    case 'enter-call':
      return { type: 'command', id: message[1], command: { type: 'enter-call', ...callMeaning(message[2]) } }
    case 'cancel-trip': {
      const [type, id, tripId, reason] = message
      return { type: 'command', id, command: { type, tripId, reason } }
    }
    case 'nearest': {
      const [type, id, lonE7, latE7, k, levelOfCare] = message
      return { type, id, lonDeg: fromE7(lonE7), latDeg: fromE7(latE7), k, levelOfCare }
    }
    case 'feed-fixes': {
      const [type, sentAtMs, ...fixes] = message
      return { type, sentAtMs, fixes }
    }
    case 'watch-tiles':
      return { type: message[0], id: message[1], tiles: message[2] }
    case 'watch-unit':
    case 'unwatch-unit':
      return { type: message[0], id: message[1], unitId: message[2] }
    case 'explain-trip':
      return { type: message[0], id: message[1], tripId: message[2], unitId: message[3] }
    case 'attach':
      return { type: message[0], id: message[1], channels: message[2] }
    case 'detach':
      return { type: message[0], id: message[1], channels: message[2] }
    case 'amend-call': {
      const [type, id, callId, changes] = message
      return { type: 'command', id, command: { type, callId, ...changesMeaning(changes) } }
    }
    case 'add-note': {
      const [type, id, callId, text, corrects] = message
      return { type: 'command', id, command: { type, callId, text, corrects } }
    }
    case 'read-notes': {
      const [type, id, callId, noteNo] = message
      return { type: 'command', id, command: { type, callId, noteNo } }
    }
    case 'cancel-call': {
      const [type, id, callId, reason] = message
      return { type: 'command', id, command: { type, callId, reason } }
    }
    case 'assign-unit': {
      const [type, id, tripId, unitId, reason] = message
      return { type: 'command', id, command: { type, tripId, unitId, reason } }
    }
    case 'withdraw-unit': {
      const [type, id, tripId, reason] = message
      return { type: 'command', id, command: { type, tripId, reason } }
    }
    case 'correct-time': {
      const [type, id, tripId, unitId, time, newAtMs, reason] = message
      return { type: 'command', id, command: { type, tripId, unitId, time, newAtMs, reason } }
    }
    case 'divert-unit': {
      const [type, id, tripId, toTripId, reason] = message
      return { type: 'command', id, command: { type, tripId, toTripId, reason } }
    }
    case 'hold-trip':
    case 'resume-trip': {
      const [type, id, tripId] = message
      return { type: 'command', id, command: { type, tripId } }
    }
    case 'confirm-order': {
      const [type, id, tripId, happenedAtMs] = message
      return { type: 'command', id, command: { type, tripId, happenedAtMs } }
    }
    case 'close-roads': {
      const [type, id, { points, slowPercent = null, fromAtMs = null, untilAtMs = null, ...rest }] = message
      const drawn = points.map(([lonE7, latE7]) => ({ lonDeg: lonE7 / 1e7, latDeg: latE7 / 1e7 }))
      return { type: 'command', id, command: { type, ...rest, points: drawn, slowPercent, fromAtMs, untilAtMs } }
    }
    case 'reopen-roads': {
      const [type, id, zoneId] = message
      return { type: 'command', id, command: { type, zoneId } }
    }
    case 'call-emergency': {
      const [type, id, unitId, happenedAtMs] = message
      return { type: 'command', id, command: { type, unitId, happenedAtMs } }
    }
    case 'end-emergency': {
      const [type, id, unitId] = message
      return { type: 'command', id, command: { type, unitId } }
    }
    case 'name-destination': {
      const [type, id, tripId, hospitalId] = message
      return { type: 'command', id, command: { type, tripId, hospitalId } }
    }
    case 'name-receiver': {
      const [type, id, tripId, toTripId] = message
      return { type: 'command', id, command: { type, tripId, toTripId } }
    }
    case 'add-need': {
      const [type, id, callId, need] = message
      return { type: 'command', id, command: { type, callId, need } }
    }
    case 'acknowledge-alarm': {
      const [type, id, alarmId] = message
      return { type: 'command', id, command: { type, ...ofAlarm(alarmId), alarmId } }
    }
    case 'shelve-alarm': {
      const [type, id, alarmId, forMs] = message
      return { type: 'command', id, command: { type, ...ofAlarm(alarmId), alarmId, forMs } }
    }
    case 'set-unit-status': {
      const [type, id, unitId, status, reason, happenedAtMs] = message
      return { type: 'command', id, command: { type, unitId, status, reason, happenedAtMs } }
    }
    case 'watch-board':
      return { type: 'watch-board', id: message[1], fromPosition: message[2] }
    case 'find-place': {
      const [type, id, text, k] = message
      return { type, id, text, k }
    }
    case 'best-destinations': {
      const [type, id, tripId, lonE7, latE7, capabilities, k] = message
      return { type, id, tripId, ...placeMeaning(lonE7, latE7), capabilities: [...capabilities], k }
    }
    case 'reach': {
      const [type, id, unitId, lonE7, latE7, heading, priority, withinMs, maxBytes] = message
      return { type, id, unitId, ...placeMeaning(lonE7, latE7), heading, priority, withinMs, maxBytes }
    }
    case 'coverage': {
      const [type, id, targetMs, priority, levelOfCare] = message
      return { type, id, targetMs, priority, levelOfCare }
    }
    case 'trip-route': {
      const [type, id, tripId, maxBytes] = message
      return { type, id, tripId, maxBytes }
    }
    case 'unwatch-board':
    case 'watch-etas':
    case 'unwatch-etas':
      return { type: message[0], id: message[1] }
  }
}

const placeMeaning = (lonE7: number | null, latE7: number | null) => ({
  lonDeg: lonE7 === null ? null : lonE7 / 1e7,
  latDeg: latE7 === null ? null : latE7 / 1e7,
})

function changesMeaning({ lonE7, latE7, details, ...rest }: WireCallChanges) {
  const given = { callerName: null, phone: null, address: null, notes: null, ...details }
  const isEmpty = Object.values(given).every(value => value === null)
  return {
    ...rest,
    ...(lonE7 === undefined || latE7 === undefined ? {} : { lonDeg: fromE7(lonE7), latDeg: fromE7(latE7) }),
    ...(details === undefined ? {} : { details: isEmpty ? null : given }),
  }
}

function callMeaning(call: WireCall) {
  const given = { callerName: null, phone: null, address: null, notes: null, ...call.details }
  return {
    lonDeg: fromE7(call.lonE7),
    latDeg: fromE7(call.latE7),
    priority: call.priority,
    problem: call.problem ?? null,
    needs: call.needs,
    receivedAtMs: call.receivedAtMs ?? null,
    details: Object.values(given).every(value => value === null) ? null : given,
  }
}

test('the server reads what a client encodes, the same in both formats', () => {
  fc.assert(
    fc.property(clientMessage, message => {
      for (const format of FORMATS) assert.deepEqual(accepted(parse(message, format)), meaning(message))
    }),
    { numRuns: 400 },
  )
})

test('a client reads what the server encodes, the same in both formats', () => {
  fc.assert(
    fc.property(serverMessage, message => {
      for (const format of FORMATS) assert.deepEqual(decodeServer(encodeServer(message, format)), message)
    }),
    { numRuns: 200 },
  )
})

test('an encoder leaves the message it was given as it was', () => {
  const message: ClientMessage = ['mark', 3]
  for (const format of FORMATS) parse(message, format)
  assert.deepEqual(message, ['mark', 3])
})

test('there is a sample of every client type, and all of them are accepted', () => {
  for (const name of TYPE_NAMES) {
    for (const format of FORMATS) assert.deepEqual(accepted(parse(SAMPLES[name], format)), meaning(SAMPLES[name]))
  }
})

test('no code means two messages, in either direction', () => {
  const codes = [...Object.values(CLIENT_TYPES), ...Object.values(SERVER_TYPES)]
  assert.equal(new Set(codes).size, codes.length)
})

test('[VN-2] a client can tell a message of a later version, which it leaves aside', () => {
  assert.throws(() => decodeServer(hex('92 7f 01')), UnknownMessageType)
  assert.throws(() => decodeServer('["weather",1]'), UnknownMessageType)
  assert.throws(() => decodeServer('["toString",1]'), UnknownMessageType)
})

test('bytes that are no message are unreadable, not a crash', () => {
  for (const data of ['', '{', '7', hex(''), hex('94 41'), hex('07')]) {
    assert.throws(
      () => decodeServer(data),
      (error: unknown) => error instanceof UnreadableMessage && !(error instanceof UnknownMessageType),
    )
  }
})

test('an absent value in a result is null in binary and left out in JSON, never an extension type', () => {
  const bytes = encodeServer(['reply', 'r1', 1, { gone: undefined }], 'binary') as Uint8Array
  assert.deepEqual(decodeServer(bytes), ['reply', 'r1', 1, { gone: null }])
  assert.equal(encodeServer(['reply', 'r1', 1, { gone: undefined }], 'json'), '["reply","r1",1,{}]')
})
