/** Well-formed messages of every type, about units, calls and trips that are there, and now and then about none. */

import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../../src/domain/events/alarm-events.ts'
import type { Role } from '../../src/domain/roles.ts'
import {
  CANCEL_REASONS,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPOSITIONS,
  DIVERT_REASONS,
  LEVELS_OF_CARE,
  MARKS,
  OVERRIDE_REASONS,
  PRIORITIES,
  REPORTABLE_PHASES,
  RESPONSE_TIMES,
  UNAVAILABLE_REASONS,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../../src/domain/vocabulary.ts'
import type { WireFormat } from '../../src/protocol/codec.ts'
import { LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { tileAt } from '../../src/protocol/tiles.ts'
import type { ClientMessage, WireCall } from '../../src/protocol/wire/client-tuples.ts'
import type { FeedChannel, WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName } from '../../src/protocol/wire/message-types.ts'
import { TILE_ZOOMS } from '../../src/protocol/wire/tile-tuples.ts'
import type { Dice } from './dice.ts'
import type { Known } from './known.ts'
import type { Speaker } from './speaker.ts'

const TYPES = Object.keys(CLIENT_TYPES) as ClientTypeName[]

/** How often each type is sent, by those who may. */
const OF_DRIVERS = {
  fix: 30,
  hint: 5,
  mark: 3,
  'sign-on': 6,
  'sign-off': 1,
  'set-status': 5,
  'accept-offer': 14,
  'decline-offer': 6,
  'report-phase': 16,
  'close-trip': 4,
  'acknowledge-stand-down': 3,
  'add-note': 4,
  'read-notes': 4,
} as const
const OF_DESKS = {
  'enter-call': 8,
  'amend-call': 8,
  'cancel-call': 8,
  'add-note': 6,
  'cancel-trip': 6,
  'assign-unit': 8,
  'withdraw-unit': 6,
  'divert-unit': 4,
  'hold-trip': 4,
  'resume-trip': 3,
  'confirm-order': 4,
  'name-receiver': 3,
  'name-destination': 4,
  'call-emergency': 1,
  'end-emergency': 2,
  'close-roads': 2,
  'reopen-roads': 1,
  'add-need': 2,
  'acknowledge-alarm': 4,
  'shelve-alarm': 2,
  'correct-time': 3,
  'set-unit-status': 6,
  'report-phase': 3,
  'close-trip': 3,
  nearest: 8,
  'watch-board': 1,
  'unwatch-board': 2,
  'watch-tiles': 3,
  'watch-unit': 3,
  'unwatch-unit': 2,
  'explain-trip': 4,
  'watch-etas': 2,
  'unwatch-etas': 1,
  'find-place': 2,
  'best-destinations': 3,
  reach: 2,
  coverage: 2,
  'trip-route': 3,
} as const
const OF_FEEDS = { 'feed-fixes': 20, attach: 6, detach: 1, mark: 2 } as const

/** A type that the role sends; now and then any, `hello` included. */
export function typeFor(role: Role, dice: Dice): ClientTypeName {
  if (dice.oneIn(25)) return dice.pick(TYPES)
  if (role === 'driver') return dice.weighed(OF_DRIVERS)
  return role === 'feed' ? dice.weighed(OF_FEEDS) : dice.weighed(OF_DESKS)
}

export function messageOf(type: ClientTypeName, by: Speaker, known: Known, dice: Dice): ClientMessage {
  const id = known.commandId(dice)
  const trip = () => (by.work === null || dice.oneIn(6) ? known.trips.any(dice) : by.work.tripId)
  const offer = () => (by.work?.offerId == null || dice.oneIn(6) ? known.offers.any(dice) : by.work.offerId)
  const unit = () => known.unit(dice)
  switch (type) {
    case 'hello':
      return ['hello', id, by.credential, by.region, by.role, by.unitId, known.wallMs, [['s1', 'gnss', 1]]]
    case 'fix': {
      const count = dice.oneIn(20) ? 1 + dice.below(60) : 1 + dice.below(3)
      const fixes = Array.from({ length: count }, () => fixOf(by, 0, dice))
      return ['fix', 0, by.sentAtMs, ...fixes]
    }
    case 'hint': {
      const [, ...place] = fixOf(by, 0, dice)
      return ['hint', 0, by.sentAtMs, [(by.seqs[0] ?? 1) + dice.below(50), ...place]]
    }
    case 'mark':
      return ['mark', by.role === 'feed' ? dice.below(4) : 0]
    case 'sign-on':
    case 'sign-off':
      return [type, id, moment(known, dice)]
    case 'set-status': {
      const reason = dice.oneIn(3) ? dice.pick(UNAVAILABLE_REASONS) : null
      return [type, id, reason === null ? 'available' : 'unavailable', reason, moment(known, dice)]
    }
    case 'accept-offer':
      return [type, id, offer(), moment(known, dice)]
    case 'decline-offer':
      return [type, id, offer(), dice.pick(DECLINE_REASONS)]
    case 'report-phase':
      return [type, id, trip(), dice.pick([...REPORTABLE_PHASES, ...MARKS]), moment(known, dice)]
    case 'acknowledge-stand-down':
      return [type, id, trip(), moment(known, dice)]
    case 'close-trip':
      return [type, id, trip(), dice.pick(DISPOSITIONS), moment(known, dice)]
    case 'enter-call':
      return [type, id, callOf(known, dice)]
    case 'cancel-trip':
      return [type, id, trip(), dice.pick(CANCEL_REASONS)]
    case 'nearest': {
      const level = dice.oneIn(3) ? null : dice.pick(LEVELS_OF_CARE)
      return [type, id, ...place(dice), 1 + dice.below(LIMITS.nearestK), level]
    }
    case 'watch-board':
      return [type, id, dice.oneIn(2) ? null : dice.below(known.position + 2)]
    case 'find-place':
      return [type, id, dice.pick(['Queen St', '12 a & b', 'x']), 1 + dice.below(LIMITS.nearestK)]
    case 'best-destinations':
      return dice.oneIn(2) ? [type, id, trip(), null, null, [], 3] : [type, id, null, ...place(dice), [], 3]
    case 'reach': {
      const rest = [dice.pick(['from', 'to'] as const), null, dice.below(600_000), 1_000] as const
      return dice.oneIn(2) ? [type, id, unit(), null, null, ...rest] : [type, id, null, ...place(dice), ...rest]
    }
    case 'coverage':
      return [type, id, dice.below(900_000), null, null]
    case 'trip-route':
      return [type, id, trip(), 1_000]
    case 'unwatch-board':
    case 'watch-etas':
    case 'unwatch-etas':
      return [type, id]
    case 'feed-fixes': {
      const fixes = Array.from({ length: 1 + dice.below(12) }, () => {
        const channel = dice.below(4)
        return [channel, ...fixOf(by, channel, dice)] as const
      })
      return [type, by.sentAtMs, ...fixes]
    }
    case 'watch-tiles': {
      const tiles = new Set(Array.from({ length: dice.below(6) }, () => tile(dice)))
      return [
        type,
        id,
        [...tiles].map(name => [name, ...(dice.oneIn(2) ? ['k1', dice.below(99)] : [null, null])]) as never,
      ]
    }
    case 'watch-unit':
    case 'unwatch-unit':
      return [type, id, unit()]
    case 'explain-trip':
      return [type, id, known.trips.any(dice), dice.oneIn(2) ? null : unit()]
    case 'amend-call':
      return [type, id, known.calls.any(dice), changesOf(known, dice)]
    case 'add-note': {
      const text = dice.oneIn(8) ? 'n'.repeat(LIMITS.noteBytes + dice.below(2)) : 'two patients'
      return [type, id, known.calls.any(dice), text, dice.oneIn(2) ? null : 1 + dice.below(3)]
    }
    case 'read-notes':
      return [type, id, known.calls.any(dice), 1 + dice.below(3)]
    case 'cancel-call':
      return [type, id, known.calls.any(dice), dice.pick(CANCEL_REASONS)]
    case 'assign-unit':
      return [type, id, trip(), unit(), dice.pick(OVERRIDE_REASONS)]
    case 'withdraw-unit':
      return [type, id, trip(), dice.pick(OVERRIDE_REASONS)]
    case 'divert-unit':
      return [type, id, trip(), known.trips.any(dice), dice.pick(DIVERT_REASONS)]
    case 'hold-trip':
    case 'resume-trip':
      return [type, id, trip()]
    case 'confirm-order':
      return [type, id, trip(), moment(known, dice)]
    case 'name-receiver':
      return [type, id, trip(), dice.oneIn(3) ? null : known.trips.any(dice)]
    case 'call-emergency':
      return [type, id, known.unit(dice), moment(known, dice)]
    case 'end-emergency':
      return [type, id, known.unit(dice)]
    case 'name-destination':
      return [type, id, trip(), dice.oneIn(3) ? null : dice.pick(['H1', 'H2', '.'])]
    case 'close-roads': {
      const points = Array.from({ length: 1 + dice.below(5) }, () => place(dice))
      const span = dice.oneIn(2) ? {} : { fromAtMs: moment(known, dice), untilAtMs: moment(known, dice) }
      const slowPercent = dice.oneIn(2) ? null : 100 + dice.below(2_000)
      return [type, id, { kind: dice.pick(ZONE_KINDS), points, slowPercent, ...span, reason: dice.pick(ZONE_REASONS) }]
    }
    case 'reopen-roads':
      return [type, id, known.calls.any(dice)]
    case 'add-need':
      return [type, id, known.calls.any(dice), { levelOfCare: dice.pick(LEVELS_OF_CARE), capabilities: [] }]
    case 'set-unit-status': {
      const status = dice.pick(['available', 'unavailable', 'off-duty'] as const)
      const reason = status === 'unavailable' ? dice.pick(UNAVAILABLE_REASONS) : null
      return [type, id, unit(), status, reason, moment(known, dice)]
    }
    case 'correct-time': {
      const newAtMs = dice.oneIn(4) ? null : moment(known, dice)
      return [type, id, trip(), unit(), dice.pick(RESPONSE_TIMES), newAtMs, dice.pick(CORRECTION_REASONS)]
    }
    case 'acknowledge-alarm':
      return [type, id, alarmOf(trip(), known, dice)]
    case 'shelve-alarm':
      return [type, id, alarmOf(trip(), known, dice), dice.pick([1_000, 60_000, 28_800_000])]
    case 'attach': {
      const unit = (i: number) => (dice.oneIn(12) ? known.unit(dice) : known.feedUnits[i]!)
      return [
        type,
        id,
        known.feedUnits.map((_, i): FeedChannel => [i, unit(i), `m${i}`, i === 0 ? 'device' : 'gnss', 1]),
      ]
    }
    case 'detach':
      return [type, id, [dice.below(4)]]
  }
}

/** Now and then one that is open: a call that nobody can serve raises its alarm in the record that enters it. */
const alarmOf = (tripId: string, known: Known, dice: Dice): string => {
  const position = 1 + dice.below(known.position + 1)
  if (dice.oneIn(12)) return `region/${tripId.split('.')[0]}/${dice.pick(REGION_ALARMS)}/${position}`
  return dice.oneIn(6)
    ? `driver/${known.unit(dice)}/${dice.pick(UNIT_ALARMS)}/${position}`
    : `trip/${tripId}/${dice.pick(TRIP_ALARMS)}/${position}`
}

/** Near now, or at the ends of what can be said. */
function moment(known: Known, dice: Dice): number {
  if (dice.oneIn(30)) return dice.pick([...RANGES.atMs, known.wallMs - LIMITS.behindMs, known.wallMs + LIMITS.aheadMs])
  return known.wallMs - dice.below(dice.oneIn(5) ? 3_600_000 : 2_000)
}

function place(dice: Dice): [lonE7: number, latE7: number] {
  if (dice.oneIn(20)) return [dice.pick([...RANGES.lonE7, 0]), dice.pick([...RANGES.latE7, 0])]
  return [1_747_600_000 + dice.below(400_000), -368_500_000 + dice.below(400_000)]
}

/** The next of the stream; now and then one out of order. */
function fixOf(by: Speaker, stream: number, dice: Dice): WireFix {
  const next = by.seqs[stream] ?? 1
  const seq = dice.oneIn(25) ? dice.pick([1, Math.max(1, next - 1), next + 1, next + 1_000, RANGES.seq[1]]) : next
  if (seq === next) by.seqs[stream] = next + 1
  const ageMs = dice.oneIn(20) ? dice.within(RANGES.ageMs) : dice.below(1_000)
  return [
    seq,
    ageMs,
    ...place(dice),
    orNull(RANGES.accuracyDm, dice),
    orNull([0, 4_000], dice),
    orNull([0, 3_600], dice),
  ]
}

const orNull = (range: readonly [number, number], dice: Dice): number | null =>
  dice.oneIn(4) ? null : dice.within(range)

const TEXTS = [
  'third floor',
  '1 Queen St',
  'дом 7',
  '😀',
  'a\u0301',
  '<b>&amp;</b>',
  '{"a":1}',
  '\ufeff',
  '\\u0000',
  '""',
]

function callOf(known: Known, dice: Dice): WireCall {
  const [lonE7, latE7] = place(dice)
  const needs = Array.from({ length: dice.oneIn(12) ? LIMITS.needsPerCall : 1 }, () => ({
    levelOfCare: dice.pick(LEVELS_OF_CARE),
    capabilities: dice.oneIn(6) ? ['bariatric'] : [],
  }))
  const receivedAtMs = dice.oneIn(3) ? moment(known, dice) : null
  return {
    lonE7,
    latE7,
    priority: dice.pick(PRIORITIES),
    problem: dice.oneIn(2) ? null : '17D1',
    needs,
    receivedAtMs,
    ...details(dice),
    ...(dice.oneIn(4) ? { onHold: dice.oneIn(2) } : {}),
  }
}

function details(dice: Dice) {
  if (dice.oneIn(2)) return {}
  return { details: { callerName: 'the caller', phone: null, address: dice.pick(TEXTS), notes: dice.pick(TEXTS) } }
}

function changesOf(known: Known, dice: Dice) {
  const { lonE7, latE7, priority, problem } = callOf(known, dice)
  return {
    ...(dice.oneIn(2) ? { lonE7, latE7 } : {}),
    ...(dice.oneIn(2) ? { problem } : {}),
    priority,
    ...details(dice),
  }
}

const tile = (dice: Dice): string => {
  const [lonE7, latE7] = place(dice)
  return tileAt(dice.pick(TILE_ZOOMS), lonE7 / 1e7, latE7 / 1e7)
}

/** The tuple with its type as the format has it. */
export function encodable(message: readonly unknown[], format: WireFormat): readonly unknown[] {
  return format === 'json' ? message : [CLIENT_TYPES[message[0] as ClientTypeName], ...message.slice(1)]
}
