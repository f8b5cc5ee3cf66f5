/**
 * The messages of subprotocols `goldenhour.v1` (MessagePack) and `goldenhour.v1.json` (the same tuples as JSON text), and the
 * number of each.
 *
 * A message is a tuple `[type, …]`; `type` is the small integer below in MessagePack and the name in JSON. A command is
 * `[type, id, …fields]`. Elements beyond the known ones are ignored; the last may be a map `{traceparent}`.
 * Integers on the wire: coordinates in 1e-7 degree, times in epoch milliseconds of region time, distances in metres.
 */

export const SUBPROTOCOL_BINARY = 'goldenhour.v1'

export const SUBPROTOCOL_JSON = 'goldenhour.v1.json'

/** Client to server. */
export const CLIENT_TYPES = {
  hello: 1,
  fix: 2,
  hint: 3,
  mark: 4,
  'feed-fixes': 5,
  'sign-on': 10,
  'sign-off': 11,
  'set-status': 12,
  'accept-offer': 13,
  'decline-offer': 14,
  'report-phase': 15,
  'close-trip': 16,
  'acknowledge-stand-down': 17,
  'enter-call': 20,
  'cancel-trip': 21,
  nearest: 22,
  'watch-board': 23,
  'unwatch-board': 24,
  'watch-tiles': 25,
  'watch-unit': 26,
  'unwatch-unit': 27,
  'explain-trip': 28,
  'add-need': 29,
  'amend-call': 30,
  'cancel-call': 31,
  'assign-unit': 32,
  'withdraw-unit': 33,
  'set-unit-status': 34,
  'acknowledge-alarm': 35,
  'shelve-alarm': 36,
  'hold-trip': 37,
  'resume-trip': 38,
  'divert-unit': 39,
  attach: 40,
  detach: 41,
  'add-note': 45,
  'read-notes': 46,
  'confirm-order': 47,
  'name-receiver': 48,
  'close-roads': 49,
  'correct-time': 50,
  'reopen-roads': 51,
  'watch-etas': 52,
  'unwatch-etas': 53,
  'find-place': 54,
  'best-destinations': 55,
  reach: 56,
  coverage: 57,
  'trip-route': 58,
  'name-destination': 59,
  'call-emergency': 60,
  'end-emergency': 61,
} as const

export type ClientTypeName = keyof typeof CLIENT_TYPES

/** Server to client. */
export const SERVER_TYPES = {
  welcome: 64,
  reply: 65,
  error: 66,
  marks: 67,
  'unit-state': 68,
  board: 69,
  'board-events': 70,
  'going-away': 71,
  tile: 72,
  'tile-moves': 73,
  unit: 74,
  'feed-marks': 75,
  detached: 76,
  clock: 77,
  writes: 78,
  'come-back': 79,
  etas: 80,
  freshness: 82,
} as const

export type ServerTypeName = keyof typeof SERVER_TYPES
