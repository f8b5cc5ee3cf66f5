/** The judge, on hand-made accounts: an honest one passes, and each kind of loss and doubling is caught by its name. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { DomainEvent } from '../../src/domain/events.ts'
import type {
  Answer,
  CommandSubject,
  HeardBoard,
  SentCommand,
  SentFix,
  ToldTrip,
} from '../../tools/replay/client-log.ts'
import { type FindingKind, judge } from '../../tools/replay/judge.ts'
import { foldLog } from '../../tools/replay/log-fold.ts'
import type { StoredCommand, StoredRecord } from '../../tools/replay/stored.ts'

const CREW = 'crew-A1'
const DESK = 'desk'
const NEED = { levelOfCare: 'als', capabilities: [] } as const

const created = (tripId: string, callId: string): DomainEvent[] => [
  {
    type: 'CallEntered',
    v: 1,
    entity: `call/${callId}`,
    callId,
    lonDeg: 0,
    latDeg: 0,
    priority: 1,
    problem: null,
    needs: [NEED],
    tripIds: [tripId],
    receivedAtMs: 0,
  },
  {
    type: 'TripCreated',
    v: 1,
    entity: `trip/${tripId}`,
    tripId,
    callId,
    lonDeg: 0,
    latDeg: 0,
    priority: 1,
    need: NEED,
    receivedAtMs: 0,
  },
]
const offer = (
  tripId: string,
  offerId: string,
  unitId = 'A1',
  mode: 'offered' | 'ordered' = 'offered',
): DomainEvent => ({
  type: 'OfferMade',
  v: 1,
  entity: `trip/${tripId}`,
  tripId,
  offerId,
  unitId,
  mode,
  round: 1,
  offeredAtMs: 0,
  warnAtMs: null,
  deadlineAtMs: 15_000,
  decision: { basis: 'straight-line', candidates: [], excluded: {} },
})
const accepted = (tripId: string, offerId: string, unitId = 'A1'): DomainEvent => ({
  type: 'OfferAccepted',
  v: 1,
  entity: `trip/${tripId}`,
  tripId,
  offerId,
  unitId,
  happenedAtMs: 0,
})
const closed = (tripId: string, unitId = 'A1'): DomainEvent => ({
  type: 'TripClosed',
  v: 1,
  entity: `trip/${tripId}`,
  tripId,
  callId: 'c1',
  unitId,
  disposition: 'transported',
  happenedAtMs: 0,
  missed: [],
})

const record = (
  position: number,
  commandId: string | null,
  principal: string,
  events: DomainEvent[],
): StoredRecord => ({
  position,
  recordedAtMs: position * 1_000,
  epoch: 1,
  principal,
  commandId,
  events,
})
const done = (position: number, result: Record<string, unknown>): Answer => ({ ok: true, position, result })
const command = (id: string, principal: string, subject: CommandSubject, ...answers: Answer[]): SentCommand => ({
  id,
  principal,
  subject,
  sentAtMs: 0,
  answeredAtMs: 1,
  answers,
})
const fix = (seq: number): SentFix => ({
  unitId: 'A1',
  streamId: 's',
  seq,
  fixedAtMs: seq * 1_000,
  lonE7: seq,
  latE7: 1,
})

/** One call, offered, accepted and closed, and three fixes: both accounts agree. */
function honest() {
  const entered = { callId: 'c1', tripIds: ['t1'] }
  return {
    clients: {
      fixes: [fix(1), fix(2), fix(3)],
      commands: [
        command('enter', DESK, { kind: 'enter-call', callKey: 'k' }, done(1, entered)),
        command('accept', CREW, { kind: 'accept-offer', unitId: 'A1', offerId: 'o1' }, done(2, { phase: 'assigned' })),
        command('close', CREW, { kind: 'close-trip', unitId: 'A1', tripId: 't1' }, done(3, { phase: 'closed' })),
      ],
      board: [
        { kind: 'snapshot', position: 0 },
        { kind: 'record', position: 1, eventTypes: ['CallEntered', 'TripCreated', 'OfferMade'] },
        { kind: 'record', position: 2, eventTypes: ['OfferAccepted'] },
        { kind: 'record', position: 3, eventTypes: ['TripClosed'] },
      ] as HeardBoard[],
      told: [
        { toUnitId: 'A1', tripId: 't1', version: 1, phase: 'offered', unitId: null },
        { toUnitId: 'A1', tripId: 't1', version: 2, phase: 'assigned', unitId: 'A1' },
      ] as ToldTrip[],
    },
    stored: {
      fixes: [fix(1), fix(2), fix(3)],
      records: [
        record(1, 'enter', DESK, [...created('t1', 'c1'), offer('t1', 'o1')]),
        record(2, 'accept', CREW, [accepted('t1', 'o1')]),
        record(3, 'close', CREW, [closed('t1')]),
      ],
      commands: [
        // Keys come back from the database in an order of its own.
        { principal: DESK, commandId: 'enter', position: 1, result: { tripIds: ['t1'], callId: 'c1' } },
        { principal: CREW, commandId: 'accept', position: 2, result: { phase: 'assigned' } },
        { principal: CREW, commandId: 'close', position: 3, result: { phase: 'closed' } },
      ] as StoredCommand[],
    },
  }
}
type Accounts = ReturnType<typeof honest>

/** The kinds that are found once the accounts were changed, each once, sorted. */
function found(change: (accounts: Accounts) => void): FindingKind[] {
  const accounts = honest()
  change(accounts)
  const { findings } = judge(accounts.clients, accounts.stored)
  return [...new Set(findings.map(({ kind }) => kind))].sort()
}

test('two accounts that agree hold nothing lost and nothing doubled', () => {
  assert.deepEqual(
    found(() => {}),
    [],
  )
})

const WRONGS: readonly [title: string, kinds: FindingKind[], change: (accounts: Accounts) => void][] = [
  ['a fix that was sent and is not stored is lost', ['fix-lost'], ({ stored }) => stored.fixes.splice(1, 1)],
  [
    'a fix that is stored otherwise than it was sent is lost',
    ['fix-lost'],
    ({ stored }) => stored.fixes.splice(1, 1, { ...fix(2), lonE7: 9 }),
  ],
  ['a fix that is stored twice is doubled', ['fix-doubled'], ({ stored }) => stored.fixes.push(fix(2))],
  ['a fix that nobody sent is doubled', ['fix-doubled'], ({ stored }) => stored.fixes.push(fix(4))],
  [
    'an acknowledged call that the log does not have is lost, command and trip',
    ['command-lost', 'log-broken', 'trip-lost'],
    ({ clients, stored }) => {
      clients.board.length = 0
      stored.records.shift()
    },
  ],
  [
    'an acknowledged button that the log does not have is lost, command and trip',
    ['command-lost', 'trip-lost'],
    ({ clients, stored }) => {
      clients.board.pop()
      stored.records.pop()
    },
  ],
  [
    'a command at another position than was told is lost',
    ['command-lost'],
    ({ clients }) =>
      clients.commands.splice(1, 1, { ...clients.commands[1]!, answers: [done(3, { phase: 'assigned' })] }),
  ],
  [
    'a command whose record holds something else is lost',
    ['command-lost', 'trip-lost'],
    ({ clients, stored }) => {
      clients.board.splice(3, 1, { kind: 'record', position: 3, eventTypes: ['OfferAccepted'] })
      stored.records.splice(2, 1, record(3, 'close', CREW, []))
      clients.board.pop()
      clients.board.push({ kind: 'record', position: 3, eventTypes: [] })
    },
  ],
  [
    'a command whose stored outcome is not what was told is lost',
    ['command-lost'],
    ({ stored }) => stored.commands.splice(1, 1, { ...stored.commands[1]!, result: { phase: 'pending' } }),
  ],
  ['a command without an answer is lost', ['command-lost'], ({ clients }) => clients.commands[2]!.answers.pop()],
  [
    'a command in two records is doubled, and with it the trip that it accepted twice',
    ['command-doubled', 'log-broken', 'trip-doubled'],
    ({ stored }) => stored.records.push(record(4, 'accept', CREW, [accepted('t1', 'o1')])),
  ],
  [
    'a call that was entered twice by one command is a doubled trip',
    ['command-doubled', 'trip-doubled'],
    ({ stored }) => stored.records.push(record(4, 'enter', DESK, created('t2', 'c2'))),
  ],
  [
    'a trip that no acknowledged call asked for is doubled',
    ['trip-doubled'],
    ({ stored }) => stored.records.push(record(4, null, 'system', created('t2', 'c2'))),
  ],
  [
    'a record of a command that nobody sent is doubled',
    ['command-doubled'],
    ({ stored }) => stored.records.push(record(4, 'ghost', CREW, [])),
  ],
  [
    'a command that was refused and is in the log is doubled',
    ['command-doubled'],
    ({ clients }) =>
      clients.commands.splice(2, 1, { ...clients.commands[2]!, answers: [{ ok: false, code: 'wrong-phase' }] }),
  ],
  [
    'a repeated command that was answered otherwise is doubled',
    ['command-doubled'],
    ({ clients }) => clients.commands[1]!.answers.push(done(3, { phase: 'assigned' })),
  ],
  [
    'a trip that is otherwise than its crew was told is lost',
    ['trip-lost'],
    ({ clients }) => clients.told.push({ toUnitId: 'A1', tripId: 't1', version: 3, phase: 'en-route', unitId: 'A1' }),
  ],
  [
    'a trip that a crew was told of under another unit is lost',
    ['trip-lost'],
    ({ clients }) => clients.told.push({ toUnitId: 'A2', tripId: 't1', version: 2, phase: 'assigned', unitId: 'A2' }),
  ],
  [
    'a position that is left out breaks the log',
    ['log-broken'],
    ({ clients, stored }) => {
      clients.board.length = 0
      stored.records.push(record(5, null, 'system', []))
    },
  ],
  [
    'time that runs backwards breaks the log',
    ['log-broken'],
    ({ stored }) => stored.records.push({ ...record(4, null, 'system', []), recordedAtMs: 2_999 }),
  ],
  [
    'a record of an owner that had lost the region breaks the log',
    ['log-broken'],
    ({ stored }) => stored.records.push({ ...record(4, null, 'system', []), epoch: 0 }),
  ],
  [
    'a record that the board never heard breaks the board',
    ['board-broken'],
    ({ clients }) => clients.board.splice(2, 1),
  ],
  [
    'a record that the board heard twice breaks the board',
    ['board-broken'],
    ({ clients }) => clients.board.push(clients.board.at(-1)!),
  ],
  [
    'a record that the board heard otherwise breaks the board',
    ['board-broken'],
    ({ clients }) => clients.board.splice(3, 1, { kind: 'record', position: 3, eventTypes: ['TripCancelled'] }),
  ],
]

for (const [title, kinds, change] of WRONGS) {
  test(title, () => {
    assert.deepEqual(found(change), kinds)
  })
}

test('after a snapshot the board may go on from there', () => {
  assert.deepEqual(
    found(({ clients }) => clients.board.splice(2, 1, { kind: 'snapshot', position: 2 })),
    [],
  )
})

test('findings about one thing count once', () => {
  const { clients, stored } = honest()
  clients.told.push({ toUnitId: 'A1', tripId: 't1', version: 8, phase: 'en-route', unitId: 'A1' })
  clients.told.push({ toUnitId: 'A1', tripId: 't1', version: 9, phase: 'on-scene', unitId: 'A1' })
  assert.equal(judge(clients, stored).count('trip-lost'), 1)
})

test('a unit that is bound to two open trips is a doubled trip, in both modes of dispatch', () => {
  const asked = [
    record(1, null, DESK, [...created('t1', 'c1'), offer('t1', 'o1')]),
    record(2, null, CREW, [accepted('t1', 'o1')]),
    record(3, null, DESK, [...created('t2', 'c2'), offer('t2', 'o2', 'A1')]),
  ]
  assert.deepEqual(foldLog(asked).doubled, [])
  const both = foldLog([...asked, record(4, null, CREW, [accepted('t2', 'o2')])])
  assert.deepEqual(
    both.doubled.map(({ tripId }) => tripId),
    ['t2'],
  )
  const ordered = foldLog([
    ...asked.slice(0, 2),
    record(3, null, DESK, [...created('t2', 'c2'), offer('t2', 'o2', 'A1', 'ordered')]),
  ])
  assert.deepEqual(
    ordered.doubled.map(({ tripId }) => tripId),
    ['t2'],
  )
})

test('a unit whose order timed out may be bound again, and the queue is counted between records', () => {
  const timedOut: DomainEvent = {
    type: 'OfferTimedOut',
    v: 1,
    entity: 'trip/t1',
    tripId: 't1',
    offerId: 'o1',
    unitId: 'A1',
  }
  const folded = foldLog([
    record(1, null, DESK, [...created('t1', 'c1'), offer('t1', 'o1', 'A1', 'ordered')]),
    record(2, null, DESK, created('t2', 'c2')),
    record(3, null, 'system', [timedOut]),
    record(4, null, 'system', [offer('t2', 'o2', 'A1', 'ordered')]),
    record(5, null, CREW, [accepted('t2', 'o2')]),
  ])
  assert.deepEqual([folded.doubled, folded.broken, folded.pendingMax, folded.timedOut], [[], [], 2, 1])
  assert.deepEqual(
    [...folded.trips.values()].map(({ phase, unitId }) => [phase, unitId]),
    [
      ['pending', null],
      ['assigned', 'A1'],
    ],
  )
})
