/** Small tools of the wire tests: frames in both formats, and bytes written by hand. */
import assert from 'node:assert/strict'
import { encodeClient, type WireFormat } from '../../src/protocol/codec.ts'
import type { ClientRequest } from '../../src/protocol/messages.ts'
import { type Parsed, parseFrame } from '../../src/protocol/parse.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName } from '../../src/protocol/wire/message-types.ts'

export const FORMATS: readonly WireFormat[] = ['binary', 'json']
export const MAX_BYTES = 64 * 1024
export const OFFER = 'akl.V1StGXR8_Z5jdHi6B-myT'
export const NOW = 1_767_225_600_000

/** Encodes any tuple as the given format would, however wrong its fields. */
export function frame(tuple: readonly unknown[], format: WireFormat): Uint8Array {
  const encoded = encodeClient(tuple as unknown as ClientMessage, format)
  // A copy with a buffer of its own, as a socket would hand it over.
  return typeof encoded === 'string' ? new TextEncoder().encode(encoded) : new Uint8Array(encoded)
}

export const parse = (tuple: readonly unknown[], format: WireFormat): Parsed =>
  parseFrame(frame(tuple, format), format, MAX_BYTES)

export function accepted(parsed: Parsed): ClientRequest {
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.refusal.message)
  return parsed.request
}

/** Output: `code` of the refusal, or `code path` when it names a field. */
export function refused(parsed: Parsed): string {
  assert.ok(!parsed.ok, 'the frame was accepted')
  const path = parsed.refusal.details?.path
  return path === undefined ? parsed.refusal.code : `${parsed.refusal.code} ${path}`
}

export const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'))
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** One valid message of each type. */
export const SAMPLES: Readonly<Record<ClientTypeName, ClientMessage>> = {
  hello: ['hello', 'h1', 'a.b.c', 'akl', 'driver', 'A-7', NOW, [['s1', 'gnss', 1]]],
  fix: ['fix', 0, 15_000, [1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]],
  hint: ['hint', 0, 15_000, [1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]],
  mark: ['mark', 0],
  'sign-on': ['sign-on', 'c1', NOW],
  'sign-off': ['sign-off', 'c2', NOW],
  'set-status': ['set-status', 'c3', 'unavailable', 'refuel', NOW],
  'accept-offer': ['accept-offer', 'c4', OFFER, NOW],
  'decline-offer': ['decline-offer', 'c5', OFFER, 'too-far'],
  'report-phase': ['report-phase', 'c6', OFFER, 'on-scene', NOW],
  'close-trip': ['close-trip', 'c7', OFFER, 'transported', NOW],
  'acknowledge-stand-down': ['acknowledge-stand-down', 'c28', OFFER, NOW],
  'enter-call': [
    'enter-call',
    'c8',
    {
      lonE7: 1_747_633_000,
      latE7: -368_485_000,
      priority: 1,
      problem: '09E01',
      needs: [{ levelOfCare: 'als', transport: true, capabilities: ['bariatric'] }],
      receivedAtMs: NOW,
      details: { callerName: 'the caller', phone: '+64 21 000 000', address: '1 Queen St', notes: 'third floor' },
    },
  ],
  'cancel-trip': ['cancel-trip', 'c9', OFFER, 'duplicate-call'],
  nearest: ['nearest', 'c10', 1_747_633_000, -368_485_000, 5, 'als'],
  'watch-board': ['watch-board', 'c11', 0],
  'unwatch-board': ['unwatch-board', 'c12'],
  'watch-etas': ['watch-etas', 'c52'],
  'unwatch-etas': ['unwatch-etas', 'c53'],
  'find-place': ['find-place', 'c54', 'Queen St & Victoria St', 5],
  'best-destinations': ['best-destinations', 'c55', OFFER, null, null, ['stroke'], 3],
  reach: ['reach', 'c56', 'A-7', null, null, 'from', 1, 480_000, 50_000],
  coverage: ['coverage', 'c57', 480_000, 1, 'als'],
  'trip-route': ['trip-route', 'c58', OFFER, 10_000],
  'feed-fixes': ['feed-fixes', 15_000, [7, 1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]],
  'watch-tiles': [
    'watch-tiles',
    'c13',
    [
      ['12/4036/2499', 'k3', 17],
      ['9/504/315', null, null],
    ],
  ],
  'watch-unit': ['watch-unit', 'c14', 'A-7'],
  'unwatch-unit': ['unwatch-unit', 'c15', 'A-7'],
  'explain-trip': ['explain-trip', 'c23', OFFER, 'A-7'],
  'amend-call': [
    'amend-call',
    'c16',
    OFFER,
    {
      lonE7: 1_747_633_000,
      latE7: -368_485_000,
      priority: 2,
      problem: null,
      details: { callerName: 'the caller', phone: '+64 21 000 000', address: '1 Queen St', notes: 'third floor' },
    },
  ],
  'add-note': ['add-note', 'c29', OFFER, 'two patients, not one', 3],
  'read-notes': ['read-notes', 'c30', OFFER, 4],
  'cancel-call': ['cancel-call', 'c17', OFFER, 'caller-cancelled'],
  'assign-unit': ['assign-unit', 'c18', OFFER, 'A-7', 'closer-unit'],
  'withdraw-unit': ['withdraw-unit', 'c19', OFFER, 'vehicle-fault'],
  'divert-unit': ['divert-unit', 'c29', OFFER, `${OFFER.slice(0, -1)}9`, 'higher-priority'],
  'hold-trip': ['hold-trip', 'c30', OFFER],
  'resume-trip': ['resume-trip', 'c31', OFFER],
  'confirm-order': ['confirm-order', 'c32', OFFER, NOW],
  'close-roads': [
    'close-roads',
    'c34',
    {
      ...{
        kind: 'area',
        points: [
          [1_747_600_000, -368_500_000],
          [1_747_700_000, -368_500_000],
          [1_747_700_000, -368_400_000],
        ],
      },
      ...{ slowPercent: 250, fromAtMs: NOW, untilAtMs: NOW + 3_600_000, reason: 'snow' },
    },
  ],
  'reopen-roads': ['reopen-roads', 'c35', OFFER],
  'call-emergency': ['call-emergency', 'c35', 'A-7', NOW],
  'end-emergency': ['end-emergency', 'c36', 'A-7'],
  'name-destination': ['name-destination', 'c34', OFFER, 'auckland-city'],
  'name-receiver': ['name-receiver', 'c33', OFFER, null],
  'add-need': ['add-need', 'c32', OFFER, { levelOfCare: 'als', capabilities: [] }],
  'acknowledge-alarm': ['acknowledge-alarm', 'c27', `trip/${OFFER}/no-movement/812`],
  'shelve-alarm': ['shelve-alarm', 'c28', `trip/${OFFER}/no-movement/812`, 300_000],
  'set-unit-status': ['set-unit-status', 'c20', 'A-7', 'unavailable', 'refuel', NOW],
  attach: ['attach', 'c21', [[7, 'A-7', 'modem-7', 'gnss', 1]]],
  detach: ['detach', 'c22', [7, 8]],
  'correct-time': ['correct-time', 'c29', OFFER, 'A-7', 'on-scene', NOW, 'button-forgotten'],
}
export const TYPE_NAMES = Object.keys(CLIENT_TYPES) as ClientTypeName[]
