/** A good message of every type, and what each may name that is not the sender's. */
import type { ClientTypeName } from '../../../src/protocol/wire/message-types.ts'
import { CALL, fixAt, PLACE, ZONE } from '../rules/stage.ts'
import { type Named, REACHES, type Reach } from './rules.ts'
import type { Scene, Setting, Target } from './world.ts'

/** How it shows that a message was taken: by a reply and a record, by a reply, or by what it brought about. */
export type Shows = 'command' | 'reply' | 'effect'

export interface WireCase {
  /** What the message names; null for what reaches no further than its session. */
  readonly names: Named | null
  /** The message without type and id; of those that have none, without type. */
  /** Input: a number that no message before had; a driver's or channel's next seq. */
  readonly fields: (target: Target, scene: Scene, fresh: number) => readonly unknown[]
  readonly shows: Shows
  /** In which it is taken from those who may send it; `orders` where it makes no difference. */
  readonly setting?: Setting
}

export const hasNoId = (type: ClientTypeName): boolean => ['fix', 'hint', 'mark', 'feed-fixes'].includes(type)
export const reachesOf = ({ names }: WireCase): readonly Reach[] => {
  if (names === null) return ['own']
  return names === 'call' ? ['own', 'other-region'] : REACHES
}

const now = () => Date.now()
const own = { names: null, shows: 'command' } as const
const ofTrip = { names: 'trip', shows: 'command' } as const
const query = { names: null, shows: 'reply' } as const
const effect = { names: null, shows: 'effect' } as const

/** All but `hello`, which has a table of its own. */
export const WIRE_CASES: Readonly<Record<Exclude<ClientTypeName, 'hello'>, readonly WireCase[]>> = {
  fix: [{ ...effect, fields: (_, __, seq) => [0, 0, fixAt(seq)] }],
  hint: [{ ...effect, fields: (_, __, seq) => [0, 0, fixAt(seq, 1.05)] }],
  mark: [{ ...effect, fields: () => [0] }],
  'feed-fixes': [{ ...effect, fields: (_, __, seq) => [0, [0, ...fixAt(seq)]] }],

  'sign-on': [{ ...own, setting: 'off-duty', fields: () => [now()] }],
  'sign-off': [{ ...own, setting: 'idle', fields: () => [now()] }],
  'set-status': [{ ...own, setting: 'idle', fields: () => ['unavailable', 'break', now()] }],
  'accept-offer': [{ names: 'offer', shows: 'command', fields: ({ offerId }) => [offerId, now()] }],
  'decline-offer': [
    { names: 'offer', shows: 'command', setting: 'offer', fields: ({ offerId }) => [offerId, 'too-far'] },
  ],
  'report-phase': [{ ...ofTrip, setting: 'under-way', fields: ({ tripId }) => [tripId, 'on-scene', now()] }],
  // Of any trip but the one that was taken from the session's own unit the word changes nothing.
  'acknowledge-stand-down': [{ ...own, setting: 'under-way', fields: ({ tripId }) => [tripId, now()] }],
  'close-trip': [{ ...ofTrip, setting: 'under-way', fields: ({ tripId }) => [tripId, 'refused', now()] }],

  'enter-call': [
    { ...own, fields: () => [{ ...CALL, priority: 3, needs: [{ levelOfCare: 'cct', capabilities: [] }] }] },
  ],
  'amend-call': [{ names: 'call', shows: 'command', fields: ({ callId }) => [callId, { priority: 1 }] }],
  'add-note': [{ names: 'call', shows: 'command', fields: ({ callId }) => [callId, 'two patients', null] }],
  'read-notes': [{ names: 'call', shows: 'command', fields: ({ callId }) => [callId, 1] }],
  'cancel-call': [{ names: 'call', shows: 'command', fields: ({ callId }) => [callId, 'other'] }],
  'cancel-trip': [{ ...ofTrip, fields: ({ tripId }) => [tripId, 'other'] }],
  'withdraw-unit': [{ ...ofTrip, fields: ({ tripId }) => [tripId, 'crew-request'] }],
  'assign-unit': [
    // The unit that is to take the trip over must have none.
    {
      ...ofTrip,
      setting: 'order',
      fields: ({ tripId, unitId }) => [tripId, unitId === 'A1' ? 'B1' : 'A1', 'closer-unit'],
    },
    {
      names: 'unit',
      shows: 'command',
      setting: 'idle',
      fields: ({ unitId }, { pending }) => [pending.tripId, unitId, 'closer-unit'],
    },
  ],
  'correct-time': [
    {
      ...ofTrip,
      setting: 'under-way',
      fields: ({ tripId, unitId }) => [tripId, unitId, 'at-station', now() - 1_000, 'radio-log'],
    },
  ],
  'divert-unit': [{ ...ofTrip, fields: ({ tripId }, { pending }) => [tripId, pending.tripId, 'closer-unit'] }],
  'hold-trip': [{ ...own, setting: 'idle', fields: (_, { pending }) => [pending.tripId] }],
  'close-roads': [{ ...own, fields: () => [ZONE] }],
  'reopen-roads': [{ ...own, setting: 'zone', fields: ({ zoneId, callId }) => [zoneId ?? callId] }],
  'call-emergency': [{ names: 'unit', shows: 'command', fields: ({ unitId }) => [unitId, now()] }],
  'end-emergency': [{ names: 'unit', shows: 'command', fields: ({ unitId }) => [unitId] }],
  'name-destination': [{ ...ofTrip, fields: ({ tripId }) => [tripId, null] }],
  'name-receiver': [{ ...ofTrip, setting: 'handed-over', fields: ({ tripId }) => [tripId, null] }],
  'confirm-order': [{ ...ofTrip, fields: ({ tripId }) => [tripId, now()] }],
  'resume-trip': [{ ...query, setting: 'idle', fields: (_, { pending }) => [pending.tripId] }],
  'add-need': [
    {
      names: 'call',
      shows: 'command',
      fields: ({ callId }) => [callId, { levelOfCare: 'cct', capabilities: ['none-has-it'] }],
    },
  ],
  'acknowledge-alarm': [{ names: 'alarm', shows: 'command', fields: ({ alarmId }) => [alarmId] }],
  'shelve-alarm': [{ names: 'alarm', shows: 'command', fields: ({ alarmId }) => [alarmId, 60_000] }],
  'set-unit-status': [
    {
      names: 'unit',
      shows: 'command',
      setting: 'idle',
      fields: ({ unitId }) => [unitId, 'unavailable', 'refuel', now()],
    },
  ],

  nearest: [{ ...query, fields: () => [PLACE.lonE7, PLACE.latE7, 5, null] }],
  'watch-board': [{ ...query, fields: () => [null] }],
  'unwatch-board': [{ ...query, fields: () => [] }],
  'watch-etas': [{ ...query, fields: () => [] }],
  'unwatch-etas': [{ ...query, fields: () => [] }],
  'find-place': [{ ...query, fields: () => ['a street', 5] }],
  'best-destinations': [
    { ...query, fields: () => [null, PLACE.lonE7, PLACE.latE7, [], 5] },
    { names: 'trip', shows: 'reply', setting: 'under-way', fields: ({ tripId }) => [tripId, null, null, [], 5] },
  ],
  reach: [{ ...query, fields: () => [null, PLACE.lonE7, PLACE.latE7, 'from', 1, 60_000, 1_000] }],
  coverage: [{ ...query, fields: () => [480_000, null, 'als'] }],
  'trip-route': [{ names: 'trip', shows: 'reply', setting: 'under-way', fields: ({ tripId }) => [tripId, 1_000] }],
  'watch-tiles': [{ ...query, fields: () => [[['12/4036/2499', null, null]]] }],
  'watch-unit': [{ names: 'unit', shows: 'reply', fields: ({ unitId }) => [unitId] }],
  'unwatch-unit': [{ names: 'unit', shows: 'reply', fields: ({ unitId }) => [unitId] }],

  'explain-trip': [{ ...ofTrip, shows: 'reply', fields: ({ tripId }) => [tripId, null] }],

  attach: [
    {
      names: 'unit',
      shows: 'reply',
      // A feed's own unit is another one than a driver's.
      fields: ({ unitId }, _, fresh) => [[[0, unitId === 'A1' ? 'F1' : unitId, `s${fresh}`, 'gnss', 1]]],
    },
  ],
  detach: [{ ...query, fields: () => [[0]] }],
}
