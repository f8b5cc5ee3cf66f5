/**
 * The checker, on databases and accounts by hand: an honest one passes, and each kind of wrong is found by its name.
 *
 * Everything is written by plain SQL into the real tables, as no engine would do it.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import pg from 'pg'
import { SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { Checker, type ClientAccount } from '../../../tools/torture/checker/checker.ts'
import type { FindingKind } from '../../../tools/torture/checker/findings.ts'
import { testDatabase } from '../../support/postgres.ts'

const REGION = 'torture'
const BASE = { lonE7: 1_747_600_000, latE7: -368_500_000 }
const MEASURED_MS = 1_767_225_600_000

let database: Awaited<ReturnType<typeof testDatabase>>
let client: pg.Client
let checker: Checker

before(async () => {
  database = await testDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
after(async () => {
  await client.end()
  await database.drop()
})
beforeEach(async () => {
  await client.query('TRUNCATE log.records, log.commands, log.open_trip, log.region_owner, location.segments')
  checker = new Checker(REGION)
})

interface Row {
  readonly position: number
  readonly epoch?: number
  readonly principal?: string
  readonly commandId?: string | null
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

async function record({ position, epoch = 1, principal = 'system', commandId = null, events }: Row): Promise<void> {
  await client.query(
    `INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, events)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [REGION, position, MEASURED_MS + position, epoch, principal, commandId, JSON.stringify(events)],
  )
}

async function outcome(principal: string, commandId: string, position: number, result: unknown): Promise<void> {
  await client.query(
    `INSERT INTO log.commands (region, principal, command_id, body_hash, position, recorded_at_ms, result)
     VALUES ($1, $2, $3, '', $4, $5, $6)`,
    [REGION, principal, commandId, position, MEASURED_MS, JSON.stringify(result)],
  )
}

async function segment(segmentNo: number, fixes: readonly Fix[], change: (bytes: Buffer) => Buffer = bytes => bytes) {
  const encoder = new SegmentEncoder()
  for (const { unitId = 'C01', streamId = 's', seq, n, atMs = MEASURED_MS + n } of fixes) {
    const [lonDeg, latDeg] = [(BASE.lonE7 + n) / 1e7, BASE.latE7 / 1e7]
    const unknown = { accuracyM: null, speedMps: null, headingDeg: null }
    encoder.add(unitId, streamId, { seq, fixedAtMs: atMs, lonDeg, latDeg, ...unknown }, 0)
  }
  const { bytes, fixCount, firstFixedAtMs, lastFixedAtMs } = encoder.finish()
  await client.query(
    `INSERT INTO location.segments (region, segment_no, log_position, first_fixed_at_ms, last_fixed_at_ms, fix_count,
       codec_version, bytes) VALUES ($1, $2, 1, $3, $4, $5, 1, $6)`,
    [REGION, segmentNo, firstFixedAtMs, lastFixedAtMs, fixCount, change(Buffer.from(bytes))],
  )
}

interface Fix {
  readonly unitId?: string
  readonly streamId?: string
  readonly seq: number
  /** Which of the unit's fixes it is, by its place. */
  readonly n: number
  readonly atMs?: number
}

const created = (tripId: string) => [{ type: 'CallEntered' }, { type: 'TripCreated', tripId }]
const offer = (tripId: string, offerId: string, unitId = 'C01') => [{ type: 'OfferMade', tripId, offerId, unitId }]
const accepted = (tripId: string, offerId: string, unitId = 'C01') => [
  { type: 'OfferAccepted', tripId, offerId, unitId },
]

/** A call that was entered, offered and accepted, and two fixes. */
async function honestDatabase(): Promise<void> {
  await client.query('INSERT INTO log.region_owner (region, epoch, incarnation) VALUES ($1, 1, $2)', [REGION, 'x'])
  await record({ position: 1, principal: 'desk', commandId: 'd1', events: created('t1') })
  await outcome('desk', 'd1', 1, { callId: 'k1', tripIds: ['t1'] })
  await record({ position: 2, events: offer('t1', 'o1') })
  await record({ position: 3, principal: 'crew-C01', commandId: 'c1', events: accepted('t1', 'o1') })
  await outcome('crew-C01', 'c1', 3, {})
  await client.query('INSERT INTO log.open_trip (region, unit_id, trip_id) VALUES ($1, $2, $3)', [REGION, 'C01', 't1'])
  await segment(1, [
    { seq: 1, n: 1 },
    { seq: 2, n: 2 },
  ])
}

type Command = ClientAccount['commands'][number]
const done = (position: number, result: Readonly<Record<string, unknown>> = {}) =>
  ({ ok: true, position, result }) as const
const refused = (code: string) => ({ ok: false, code }) as const
const command = (principal: string, id: string, answers: Command['answers']): Command => ({
  principal,
  id,
  kind: 'a command',
  via: 'binary',
  answers,
})
const ENTERED = command('desk', 'd1', [done(1, { tripIds: ['t1'], callId: 'k1' })])
const ACCEPTED = command('crew-C01', 'c1', [done(3)])

const sent = (n: number, more: Partial<{ clocksRight: boolean; streamId: string }> = {}) => ({
  n,
  streamId: 's',
  seq: n,
  trueAtMs: MEASURED_MS + n,
  clocksRight: true,
  ...more,
})
const unit = (fixes: readonly ReturnType<typeof sent>[], durableSeq: number, sentCount = fixes.length) => ({
  unitId: 'C01',
  baseLonE7: BASE.lonE7,
  baseLatE7: BASE.latE7,
  sentCount,
  open: new Map(fixes.map(fix => [fix.n, fix])),
  durable: { streamId: 's', seq: durableSeq },
})

const honest = (more: Partial<ClientAccount> = {}): ClientAccount => ({
  commands: [ENTERED, ACCEPTED],
  unanswered: [],
  heard: [
    { position: 2, eventTypes: ['OfferMade'] },
    { position: 3, eventTypes: ['OfferAccepted'] },
  ],
  units: [unit([sent(1), sent(2)], 2)],
  ...more,
})
const NOTHING_NEW: ClientAccount = { commands: [], unanswered: [], heard: [], units: [unit([], 2, 2)] }

async function kinds(account: ClientAccount): Promise<FindingKind[]> {
  return [...new Set((await checker.look(client, account)).map(({ kind }) => kind))]
}

test('an honest database and account pass, also when looked at again and at the end', async () => {
  await honestDatabase()
  assert.deepEqual(await checker.look(client, honest()), [])
  assert.deepEqual(await checker.look(client, NOTHING_NEW), [])
  assert.deepEqual(await checker.lookBack(client), [])
  assert.deepEqual([checker.position, checker.fixesStored, checker.trips.bound.get('C01')], [3, 2, 't1'])
})

test('an answered command that is not in the log, or stands elsewhere, is lost', async () => {
  await honestDatabase()
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, ACCEPTED, command('desk', 'd9', [done(4)])] })), [
    'command-lost',
  ])
  checker = new Checker(REGION)
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, command('crew-C01', 'c1', [done(2)])] })), ['command-lost'])
})

test('an answered command whose outcome is not kept is lost', async () => {
  await honestDatabase()
  await client.query(`DELETE FROM log.commands WHERE command_id = 'c1'`)
  assert.deepEqual(await kinds(honest()), ['command-lost'])
})

test('a repeated id with two outcomes, or with another than the one that is kept, differs', async () => {
  await honestDatabase()
  const twice = command('crew-C01', 'c1', [done(3), done(3, { other: true })])
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, twice] })), ['outcome-differs'])
  checker = new Checker(REGION)
  const thenRefused = command('crew-C01', 'c1', [done(3), refused('wrong-phase')])
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, thenRefused] })), ['outcome-differs'])
  checker = new Checker(REGION)
  await client.query(`UPDATE log.commands SET result = '{"changed": 1}' WHERE command_id = 'c1'`)
  assert.deepEqual(await kinds(honest()), ['outcome-differs'])
})

test('an outcome that is told in a later round is held against the first one', async () => {
  await honestDatabase()
  assert.deepEqual(await kinds(honest()), [])
  const again = command('crew-C01', 'c1', [done(3), done(3)])
  assert.deepEqual(await kinds({ ...NOTHING_NEW, commands: [again] }), [])
  const otherwise = command('crew-C01', 'c1', [done(3), done(4)])
  assert.deepEqual(await kinds({ ...NOTHING_NEW, commands: [otherwise] }), ['outcome-differs'])
})

test('a command that has two records was done twice, whether in one round or over two', async () => {
  await honestDatabase()
  await record({ position: 4, principal: 'crew-C01', commandId: 'c1', events: [] })
  assert.deepEqual(await kinds(honest()), ['command-doubled'])
  await record({ position: 5, principal: 'desk', commandId: 'd1', events: [] })
  assert.deepEqual(await kinds(NOTHING_NEW), ['command-doubled'])
})

test('a refused command that is in the log was refused and done; one that was refused first and then done is right', async () => {
  await honestDatabase()
  const no = command('crew-C01', 'c1', [refused('unknown-offer')])
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, no] })), ['refused-but-done'])
  checker = new Checker(REGION)
  const thenYes = command('crew-C01', 'c1', [refused('unknown-offer'), done(3)])
  assert.deepEqual(await kinds(honest({ commands: [ENTERED, thenYes] })), [])
})

test('a command in the log that no client sent is nobody’s; one whose answer is still awaited is not', async () => {
  await honestDatabase()
  assert.deepEqual(await kinds(honest({ commands: [ENTERED] })), ['nobody-asked'])
  checker = new Checker(REGION)
  const awaited = [{ principal: 'crew-C01', id: 'c1' }]
  assert.deepEqual(await kinds(honest({ commands: [ENTERED], unanswered: awaited })), [])
})

test('a hole in the positions or in the segments breaks the log', async () => {
  await honestDatabase()
  await record({ position: 5, events: [] })
  assert.deepEqual(await kinds(honest()), ['log-broken'])
  await segment(3, [{ seq: 3, n: 3 }])
  assert.deepEqual(await kinds({ ...NOTHING_NEW, units: [unit([sent(3)], 3, 3)] }), ['log-broken'])
})

test('a record of an earlier owner behind one of a later is a zombie’s, also over two rounds; so is one past the owner', async () => {
  await honestDatabase()
  await client.query('UPDATE log.region_owner SET epoch = 2')
  await record({ position: 4, epoch: 2, events: [] })
  assert.deepEqual(await kinds(honest()), [])
  await record({ position: 5, epoch: 1, events: [] })
  assert.deepEqual(await kinds(NOTHING_NEW), ['zombie-write'])
  await client.query('UPDATE log.region_owner SET epoch = 1')
  assert.deepEqual(await kinds(NOTHING_NEW), ['zombie-write'])
})

test('a fix that was told durable and is not stored is lost; one that was not told yet is not', async () => {
  await honestDatabase()
  const three = [sent(1), sent(2), sent(3)]
  assert.deepEqual(await kinds(honest({ units: [unit(three, 2)] })), [])
  checker = new Checker(REGION)
  assert.deepEqual(await kinds(honest({ units: [unit([sent(1), sent(2), sent(3)], 3)] })), ['fix-lost'])
})

test('a fix that is stored twice is doubled: under its number, or the same measurement under another', async () => {
  await honestDatabase()
  await segment(2, [{ seq: 2, n: 2 }])
  assert.deepEqual(await kinds(honest()), ['fix-doubled'])
  await segment(3, [{ seq: 3, n: 1 }])
  assert.deepEqual(await kinds(NOTHING_NEW), ['fix-doubled'])
})

test('a stored fix of a place where the unit never was is nobody’s', async () => {
  await honestDatabase()
  await segment(2, [{ seq: 3, n: 77 }])
  assert.deepEqual(await kinds(honest()), ['nobody-asked'])
})

test('a fix that is stored at another time than it was measured is misdated, unless a clock was wrong', async () => {
  await honestDatabase()
  await segment(2, [{ seq: 3, n: 3, atMs: MEASURED_MS + 60_000 }])
  const fixes = [sent(1), sent(2), sent(3)]
  assert.deepEqual(await kinds(honest({ units: [unit(fixes, 3)] })), ['fix-misdated'])
  checker = new Checker(REGION)
  const excused = [sent(1), sent(2), sent(3, { clocksRight: false })]
  assert.deepEqual(await kinds(honest({ units: [unit(excused, 3)] })), [])
  assert.equal(checker.fixesMisdated, 1)
})

test('a segment that cannot be read, or holds another number of fixes than its row says, is broken', async () => {
  await honestDatabase()
  await segment(2, [{ seq: 3, n: 3 }], bytes => bytes.subarray(0, -1))
  assert.deepEqual(await kinds(honest({ units: [unit([sent(1), sent(2), sent(3)], 2)] })), ['segment-broken'])
  await client.query('UPDATE location.segments SET fix_count = 3 WHERE segment_no = 1')
  checker = new Checker(REGION)
  const found = await checker.look(client, honest({ units: [unit([sent(1), sent(2), sent(3)], 2)] }))
  assert.deepEqual(
    found.map(({ kind, about }) => [kind, about]),
    [
      ['segment-broken', 'segment 1'],
      ['segment-broken', 'segment 2'],
    ],
  )
})

test('a unit that is bound to two open trips is found, and so is a trip that is created twice', async () => {
  await honestDatabase()
  await record({ position: 4, events: created('t2') })
  await record({ position: 5, events: offer('t2', 'o2') })
  await record({ position: 6, events: accepted('t2', 'o2') })
  assert.ok((await kinds(honest())).includes('unit-has-two-trips'))
  await record({ position: 7, events: created('t1') })
  assert.ok((await kinds(NOTHING_NEW)).includes('trip-doubled'))
})

test('events that no right decision makes break the log: an answer without an offer, one after the end, one without a trip', async () => {
  for (const events of [
    accepted('t1', 'o7'),
    [...[{ type: 'TripCancelled', tripId: 't1', unitId: 'C01' }], ...offer('t1', 'o2')],
    offer('t7', 'o2'),
    [{ type: 'TripPhaseReached', tripId: 't1', unitId: 'C02', phase: 'en-route' }],
  ]) {
    await client.query('TRUNCATE log.records, log.commands, log.open_trip, log.region_owner, location.segments')
    checker = new Checker(REGION)
    await honestDatabase()
    await record({ position: 4, events })
    assert.ok((await kinds(honest())).includes('log-broken'), JSON.stringify(events))
  }
})

test('the fence that keeps a unit from two trips must say what the log says', async () => {
  await honestDatabase()
  await client.query('DELETE FROM log.open_trip')
  assert.deepEqual(await kinds(honest()), ['binding-differs'])
  checker = new Checker(REGION)
  await client.query(`INSERT INTO log.open_trip (region, unit_id, trip_id) VALUES ('${REGION}', 'C01', 't1')`)
  await client.query(`INSERT INTO log.open_trip (region, unit_id, trip_id) VALUES ('${REGION}', 'C02', 't9')`)
  assert.deepEqual(await kinds(honest()), ['binding-differs'])
})

test('a board that told what is not in the log, told it otherwise, or out of order, is broken', async () => {
  await honestDatabase()
  for (const heard of [
    [{ position: 9, eventTypes: ['OfferMade'] }],
    [{ position: 2, eventTypes: ['OfferDeclined'] }],
    [
      { position: 3, eventTypes: ['OfferAccepted'] },
      { position: 2, eventTypes: ['OfferMade'] },
    ],
  ]) {
    checker = new Checker(REGION)
    assert.deepEqual(await kinds(honest({ heard })), ['board-broken'])
  }
})

test('a record or a segment that is changed or removed after it was read is found at the end', async () => {
  await honestDatabase()
  await checker.look(client, honest())
  await client.query(`UPDATE log.records SET events = '[]' WHERE position = 2`)
  assert.deepEqual(
    (await checker.lookBack(client)).map(({ about }) => about),
    ['log.records'],
  )
  await client.query('DELETE FROM location.segments')
  assert.deepEqual(
    (await checker.lookBack(client)).map(({ about }) => about),
    ['log.records', 'location.segments'],
  )
})
