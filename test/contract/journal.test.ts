/** The rules of the `Journal` port, run over every journal; those that only a real server can break come last. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type pg from 'pg'
import type { CallNote } from '../../src/domain/call-notes.ts'
import { driverKey } from '../../src/domain/entity.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import {
  type CallNames,
  type ClosedCallWrite,
  type Damage,
  type Journal,
  type LeavingMark,
  type Ownership,
  type RecordWrite,
  type SegmentWrite,
  type SnapshotWrite,
  STREAM_MARKS_KEPT,
  type StoredTable,
} from '../../src/store/log/journal.ts'
import { MemoryJournal } from '../../src/store/log/memory-journal.ts'
import type { Harm } from '../../src/store/log/memory-region.ts'
import { PostgresJournal } from '../../src/store/log/postgres-journal.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { Dice } from '../fuzz/dice.ts'
import { Chronicle } from '../sim/core/chronicle.ts'
import { SimulatedDatabase } from '../sim/core/database.ts'
import { Loop } from '../sim/core/loop.ts'
import { testDatabase } from '../support/postgres.ts'

interface Stalled {
  /** Resolves when so many statements have reached the store and wait there. */
  waiting(count: number): Promise<void>
  resume(): Promise<void>
}
interface Subject {
  readonly journal: Journal
  /** From now on no statement of the region gets past its fence. */
  stall(region: string): Promise<Stalled>
  /** A stored row is gone, or changed behind the journal's back; named by what tells it from the others of its table. */
  harm(region: string, table: StoredTable, key: string | number, harm: Harm): Promise<void>
  end(): Promise<void>
}

const signedOn = (unitId: string, principal = 'anna'): DomainEvent => ({
  type: 'CrewSignedOn',
  v: 1,
  entity: driverKey(unitId),
  unitId,
  principal,
  happenedAtMs: 1_700_000_000_000,
})

type Extra = Partial<Omit<RecordWrite, 'record'>> & { events?: DomainEvent[] }

function write(position: number, { events, ...extra }: Extra = {}): RecordWrite {
  return {
    record: {
      position,
      recordedAtMs: 1_000 * position,
      epoch: 1,
      principal: 'anna',
      commandId: null,
      trace: null,
      events: events ?? [signedOn('A-1')],
    },
    command: null,
    closes: [],
    opens: [],
    callDetails: null,
    ...extra,
  }
}

const command = (position: number, commandId: string) => ({
  principal: 'anna',
  commandId,
  bodyHash: createHash('sha256').update(commandId).digest('hex'),
  position,
  recordedAtMs: 1_000 * position,
  result: { tripId: `sf.${commandId}`, version: position },
})

const segment = (segmentNo: number): SegmentWrite => ({
  segmentNo,
  logPosition: 7,
  firstFixedAtMs: 100,
  lastFixedAtMs: 200,
  fixCount: 2,
  codecVersion: 1,
  bytes: Uint8Array.from([segmentNo, 0, 255, 13, 10]),
})

const noteOf = (noteNo: number): CallNote => ({
  ...{ noteNo, by: 'anna', unitId: null, atMs: 1_000, corrects: null, text: `note ${noteNo}` },
})

const snapshot = (position: number, state: unknown, segmentNo = 0): SnapshotWrite => ({
  entity: 'driver/A-1',
  position,
  segmentNo,
  state,
})

const mark = (streamId: string, durableSeq: number, leaveNo = 1, unitId = 'A-1'): LeavingMark => ({
  ...{ unitId, streamId, durableSeq, leaveNo },
})

/** The calls that tests give personal data. */
const CALLS = ['r.c1', 'r.c2']

const closed = (callId: string, position: number, changes: Partial<ClosedCallWrite> = {}): ClosedCallWrite => ({
  callId,
  tripIds: [`${callId}-1`, `${callId}-2`],
  position,
  incident: null,
  receivedAtMs: 1_000 * position,
  lonDeg: 174.76,
  latDeg: -36.85,
  state: { form: 9, callId, position },
  ...changes,
})
const named = (names: Partial<CallNames>): CallNames => ({ callIds: [], tripIds: [], incidents: [], ...names })
const whole = (calls: number, position = 1): SnapshotWrite => ({
  ...{ entity: 'region', position, segmentNo: 0 },
  state: { form: 9, lastRecordedAtMs: 1_000, counts: { drivers: 1, trips: 2 * calls, calls } },
})

async function all<T>(chunks: AsyncIterable<readonly T[]>): Promise<T[]> {
  const rows: T[] = []
  for await (const chunk of chunks) rows.push(...chunk)
  return rows
}

const rejected = { name: 'ContentRejected' }

async function openMemory(): Promise<Subject> {
  const journal = new MemoryJournal()
  return {
    journal,
    stall: async () => {
      journal.stall()
      return { waiting: async () => undefined, resume: async () => journal.resume() }
    },
    harm: async (...harm) => journal.harm(...harm),
    end: () => journal.close(),
  }
}

/** The simulation's journal, with a world around it in which nothing goes wrong and time passes as fast as it can. */
async function openSimulated(): Promise<Subject> {
  const loop = new Loop(0)
  const ignore = () => {}
  const database = new SimulatedDatabase({
    loop,
    chronicle: new Chronicle(() => loop.nowMs, false),
    dice: new Dice(1),
    watch: {
      acquired: ignore,
      recordsCommitted: ignore,
      segmentCommitted: ignore,
      snapshotsPut: ignore,
      callsPutAway: ignore,
    },
    region: { region: 'r', name: 'R', timeZone: 'UTC', dispatchMode: 'ordered' },
    units: [],
    stations: [],
    roads: null,
    onRejected: ignore,
  })
  let isOver = false
  const untilOver = async () => {
    while (!isOver) {
      await loop.run(loop.nowMs + 1, ignore)
      // Also when nothing is due, the suite must come to its next statement.
      await sleep(0)
    }
  }
  const over = untilOver()
  return {
    journal: database.connect({ deliver: run => run() }).journal,
    stall: async () => {
      database.lock()
      // Longer than any statement is on its way.
      const arrived = async () => {
        for (const untilMs = loop.nowMs + 20; loop.nowMs < untilMs; ) await sleep(1)
      }
      return { waiting: arrived, resume: async () => database.unlock() }
    },
    harm: async (...harm) => database.journal.harm(...harm),
    end: async () => {
      isOver = true
      await over
    },
  }
}

/** The key of each table that has checksums, and a change of a row that no form could notice. */
const HARMED: Readonly<Record<string, [key: string, change: string]>> = {
  'log.records': ['position', "principal = 'bert'"],
  'log.commands': ['command_id', "result = jsonb_build_object('version', 17)"],
  'log.call_details': ['call_id', "phone = '17'"],
  'log.call_notes': ['call_id', "text = '17'"],
  'log.closed_calls': ['call_id', 'position = position + 1'],
  'log.snapshots': ['entity', "state = jsonb_build_object('at', 17)"],
  'location.segments': ['segment_no', 'bytes = set_byte(bytes, 1, 17)'],
}

async function openPostgres(): Promise<Subject & { url: string; monitor: pg.Client }> {
  const database = await testDatabase()
  const journal = new PostgresJournal(database.engineUrl)
  const monitor = await openClient(database.url, { applicationName: 'test' })
  return {
    url: database.url,
    monitor,
    journal,
    async stall(region) {
      const locker = await openClient(database.url, { applicationName: 'test' })
      await locker.query('SET idle_in_transaction_session_timeout = 0')
      await locker.query('BEGIN')
      await locker.query('SELECT 1 FROM log.region_owner WHERE region = $1 FOR UPDATE', [region])
      return {
        async waiting(count) {
          for (;;) {
            const { rows } = await monitor.query(
              `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
            )
            if (rows.length >= count) return
            await sleep(5)
          }
        },
        async resume() {
          await locker.query('COMMIT')
          await locker.end()
        },
      }
    },
    async harm(region, table, key, harm) {
      const [name, change] = HARMED[table]!
      const what = harm === 'lost' ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${change}`
      const { rowCount } = await monitor.query(`${what} WHERE region = $1 AND ${name} = $2`, [region, key])
      assert.equal(rowCount, 1)
    },
    async end() {
      await journal.close()
      await monitor.end()
      await database.drop()
    },
  }
}

for (const [name, open] of [
  ['in memory', openMemory],
  ['in the simulation', openSimulated],
  ['in Postgres', openPostgres],
] as const) {
  describe(`a journal ${name}`, () => {
    let subject: Subject
    let journal: Journal
    before(async () => {
      subject = await open()
      journal = subject.journal
    })
    after(() => subject.end())

    let regions = 0
    /** Each test has a region of its own, taken. */
    async function owned(): Promise<Ownership> {
      const acquired = await journal.acquire(`r${++regions}`)
      return acquired.ownership
    }
    const logOf = (ownership: Ownership) => all(journal.readLog(ownership.region, 0))

    test('a region that nobody had begins with epoch 1 and nothing', async () => {
      const { ownership, logEnd, segmentEnd } = await journal.acquire('new')
      assert.equal(ownership.region, 'new')
      assert.equal(ownership.epoch, 1)
      assert.equal(logEnd, 0)
      assert.equal(segmentEnd, 0)
      assert.deepEqual(await logOf(ownership), [])
    })

    test('each taking raises the epoch by one under a new incarnation and tells what is durable', async () => {
      const first = await owned()
      await journal.appendRecords(first, [write(1), write(2)])
      await journal.appendSegment(first, segment(1))
      const second = await journal.acquire(first.region)
      assert.equal(second.ownership.epoch, 2)
      assert.notEqual(second.ownership.incarnation, first.incarnation)
      assert.equal(second.logEnd, 2)
      assert.equal(second.segmentEnd, 1)
    })

    test('records come back in order, as they were written, from any position', async () => {
      const ownership = await owned()
      const written = [
        write(1, { events: [signedOn('A-1', 'Zoë "the\\u0000 one" {,}'), signedOn('B.2')] }),
        { ...write(2), record: { ...write(2).record, commandId: 'c-2', trace: '00-ab-cd-01', principal: "o'hara" } },
        write(3, { events: [] }),
      ]
      assert.equal(await journal.appendRecords(ownership, written), 'durable')
      assert.deepEqual(
        await logOf(ownership),
        written.map(w => w.record),
      )
      assert.deepEqual(await all(journal.readLog(ownership.region, 2)), [written[2]!.record])
      assert.deepEqual(await all(journal.readLog(ownership.region, 3)), [])
    })

    test('a long log is read in chunks without a gap', async () => {
      const ownership = await owned()
      const count = 11_000
      for (let from = 1; from <= count; from += 2_000) {
        const batch = Array.from({ length: Math.min(2_000, count + 1 - from) }, (_, i) => write(from + i))
        await journal.appendRecords(ownership, batch)
      }
      const sizes: number[] = []
      let expected = 1
      for await (const chunk of journal.readLog(ownership.region, 0)) {
        sizes.push(chunk.length)
        for (const record of chunk) assert.equal(record.position, expected++)
      }
      assert.equal(expected, count + 1)
      assert.ok(sizes.length > 1)
    })

    test('a record carries the epoch it was written under', async () => {
      const first = await owned()
      await journal.appendRecords(first, [write(1)])
      const { ownership } = await journal.acquire(first.region)
      const next = write(2)
      await journal.appendRecords(ownership, [{ ...next, record: { ...next.record, epoch: ownership.epoch } }])
      assert.deepEqual(
        (await logOf(ownership)).map(record => record.epoch),
        [1, 2],
      )
    })

    for (const [what, positions] of [
      ['leave a gap after the end of the log', [2]],
      ['repeat one', [1, 1]],
      ['leave a gap within the batch', [1, 3]],
      ['run backwards', [2, 1]],
    ] as const) {
      test(`positions that ${what} are refused, and nothing of the batch stands`, async () => {
        const ownership = await owned()
        const batch = positions.map(position => write(position))
        await assert.rejects(journal.appendRecords(ownership, batch), rejected)
        assert.deepEqual(await logOf(ownership), [])
        assert.equal(await journal.appendRecords(ownership, [write(1)]), 'durable')
      })
    }

    test('a former owner is fenced: its records, segments and snapshots do not get in', async () => {
      const former = await owned()
      await journal.appendRecords(former, [write(1)])
      const { ownership } = await journal.acquire(former.region)
      assert.equal(await journal.appendRecords(former, [write(2)]), 'fenced')
      assert.equal(await journal.appendSegment(former, segment(1)), 'fenced')
      assert.equal(await journal.putSnapshots(former, [snapshot(1, 'late')]), 'fenced')
      assert.equal(await journal.putStreamMarks(former, [mark('a', 1)]), 'fenced')
      assert.equal(await journal.forgetCommands(former, Number.MAX_SAFE_INTEGER), 0)
      assert.equal(await journal.settle(former), null)
      assert.equal((await logOf(former)).length, 1)
      assert.deepEqual(await all(journal.readSegments(former.region, 0)), [])
      assert.deepEqual(await all(journal.readSnapshots(former.region)), [])
      assert.deepEqual(await journal.readStreamMarks(former.region, [mark('a', 1)]), [])
      assert.equal(await journal.appendRecords(ownership, [write(2)]), 'durable')
    })

    test('the right epoch under another incarnation is fenced too', async () => {
      const ownership = await owned()
      const other = { ...ownership, incarnation: 'of a replica that was promoted' }
      assert.equal(await journal.appendRecords(other, [write(1)]), 'fenced')
      assert.equal(await journal.settle(other), null)
    })

    test('of the streams that are asked for those are told that have a mark, each of its own unit and region', async () => {
      const ownership = await owned()
      const other = await owned()
      await journal.putStreamMarks(ownership, [mark('a', 3), mark('b', 2 ** 50 - 1), mark('a', 7, 1, 'B-2')])
      await journal.putStreamMarks(other, [mark('a', 9)])
      const names = ['a', 'b', 'c'].map(streamId => ({ unitId: 'A-1', streamId }))
      const read = await journal.readStreamMarks(ownership.region, [...names, { unitId: 'B-2', streamId: 'a' }])
      const told = read.map(({ unitId, streamId, durableSeq }) => [unitId, streamId, durableSeq])
      assert.deepEqual(told.sort(), [
        ['A-1', 'a', 3],
        ['A-1', 'b', 2 ** 50 - 1],
        ['B-2', 'a', 7],
      ])
      assert.deepEqual(await journal.readStreamMarks(ownership.region, []), [])
      assert.deepEqual(await journal.readStreamMarks('nowhere', names), [])
    })

    test('a mark is put again as often as one likes, rises, and never goes back', async () => {
      const ownership = await owned()
      for (const [durableSeq, stands] of [
        [3, 3],
        [3, 3],
        [8, 8],
        [5, 8],
      ] as const) {
        assert.equal(await journal.putStreamMarks(ownership, [mark('a', durableSeq)]), 'durable')
        const [row] = await journal.readStreamMarks(ownership.region, [mark('a', 0)])
        assert.equal(row?.durableSeq, stands)
      }
      await assert.rejects(journal.putStreamMarks(ownership, [mark('b', 0)]), rejected)
    })

    test('of a unit the marks of the streams that left last are kept, also under the next owner; others keep theirs', async () => {
      const first = await owned()
      const many = (from: number, count: number) =>
        Array.from({ length: count }, (_, i) => mark(`s${from + i}`, 1, from + i))
      await journal.putStreamMarks(first, [mark('other', 5, 1, 'B-2')])
      await journal.putStreamMarks(first, many(1, STREAM_MARKS_KEPT))
      const { ownership } = await journal.acquire(first.region)
      // Counted anew by the next owner, and newer all the same. One that was there leaves once more.
      await journal.putStreamMarks(
        ownership,
        [...many(STREAM_MARKS_KEPT + 1, 10), mark('s2', 4, 11)].map((row, i) => ({ ...row, leaveNo: i + 1 })),
      )
      await journal.putStreamMarks(ownership, [mark('last', 1, 12)])
      const marksOf = async (streamId: string, unitId = 'A-1') =>
        (await journal.readStreamMarks(first.region, [{ unitId, streamId }]))[0]?.durableSeq
      assert.equal(await marksOf('other', 'B-2'), 5)
      assert.deepEqual(await Promise.all(['s1', 's3', 's11'].map(id => marksOf(id))), [undefined, undefined, undefined])
      const kept = ['s2', 's13', `s${STREAM_MARKS_KEPT}`, `s${STREAM_MARKS_KEPT + 1}`, 'last']
      assert.deepEqual(await Promise.all(kept.map(id => marksOf(id))), [4, 1, 1, 1, 1])
    })

    test('regions do not see each other', async () => {
      const one = await owned()
      const two = await owned()
      const opens = [{ unitId: 'A-1', tripId: 't1' }]
      await journal.appendRecords(one, [write(1, { opens, command: command(1, 'c1') })])
      await journal.appendRecords(two, [write(1, { opens, command: command(1, 'c1') }), write(2)])
      assert.equal((await logOf(one)).length, 1)
      assert.equal((await logOf(two)).length, 2)
    })

    test('a unit with an open trip gets no second one, and nothing of that batch stands', async () => {
      const ownership = await owned()
      await journal.appendRecords(ownership, [write(1, { opens: [{ unitId: 'A-1', tripId: 't1' }] })])
      const callDetails = { callId: 'c', details: { callerName: 'x', phone: null, address: null, notes: null } }
      const batch = [
        write(2, { command: command(2, 'c2'), callDetails, opens: [{ unitId: 'B-2', tripId: 't2' }] }),
        write(3, { opens: [{ unitId: 'A-1', tripId: 't3' }] }),
      ]
      await assert.rejects(journal.appendRecords(ownership, batch), rejected)
      assert.equal((await logOf(ownership)).length, 1)
      assert.deepEqual(await all(journal.readCommands(ownership.region, 0)), [])
      assert.deepEqual(await journal.readCallDetails(ownership.region, CALLS), [])
      assert.equal(await journal.appendRecords(ownership, batch.slice(0, 1)), 'durable', 'B-2 was not opened either')
    })

    test('a unit opened twice in one batch is refused', async () => {
      const ownership = await owned()
      const batch = [
        write(1, { opens: [{ unitId: 'A-1', tripId: 't1' }] }),
        write(2, { opens: [{ unitId: 'A-1', tripId: 't2' }] }),
      ]
      await assert.rejects(journal.appendRecords(ownership, batch), rejected)
    })

    test('one batch may close a trip of a unit and open its next, in one record or in several', async () => {
      const ownership = await owned()
      const pair = (tripId: string) => [{ unitId: 'A-1', tripId }]
      await journal.appendRecords(ownership, [write(1, { opens: pair('t1') })])
      const batch = [
        write(2, { closes: pair('t1'), opens: pair('t2') }),
        write(3, { closes: pair('t2') }),
        write(4, { opens: pair('t3') }),
        write(5, { closes: pair('t3') }),
        write(6, { opens: pair('t4') }),
      ]
      assert.equal(await journal.appendRecords(ownership, batch), 'durable')
      await assert.rejects(journal.appendRecords(ownership, [write(7, { opens: pair('t5') })]), rejected)
      await assert.rejects(
        journal.appendRecords(ownership, [write(7, { opens: pair('t5') }), write(8, { closes: pair('t4') })]),
        rejected,
        'a later close does not excuse an earlier open',
      )
      assert.equal(
        await journal.appendRecords(ownership, [write(7, { closes: pair('t4'), opens: pair('t5') })]),
        'durable',
      )
    })

    test('closing a trip that is not the open one leaves the open one', async () => {
      const ownership = await owned()
      await journal.appendRecords(ownership, [write(1, { opens: [{ unitId: 'A-1', tripId: 't1' }] })])
      const other = write(2, {
        closes: [{ unitId: 'A-1', tripId: 'other' }],
        opens: [{ unitId: 'A-1', tripId: 't2' }],
      })
      await assert.rejects(journal.appendRecords(ownership, [other]), rejected)
    })

    test('commands come back from a moment on, in order, and are forgotten by age', async () => {
      const ownership = await owned()
      const commands = [1, 2, 3, 4].map(position => command(position, `c${position}`))
      await journal.appendRecords(
        ownership,
        commands.map(c => write(c.position, { command: c })),
      )
      assert.deepEqual(await all(journal.readCommands(ownership.region, 0)), commands)
      assert.deepEqual(await all(journal.readCommands(ownership.region, 3_000)), commands.slice(2))
      assert.equal(await journal.forgetCommands(ownership, 3_000), 2)
      assert.deepEqual(await all(journal.readCommands(ownership.region, 0)), commands.slice(2))
      assert.equal(await journal.forgetCommands(ownership, 3_000), 0)
    })

    test('commands of one millisecond all come back', async () => {
      const ownership = await owned()
      const commands = Array.from({ length: 6_000 }, (_, i) => ({
        ...command(i + 1, `c${i + 1}`),
        recordedAtMs: i < 10 ? 500 : 1_000,
      }))
      await journal.appendRecords(
        ownership,
        commands.map(c => write(c.position, { command: c })),
      )
      assert.deepEqual(await all(journal.readCommands(ownership.region, 1_000)), commands.slice(10))
      assert.equal(await journal.forgetCommands(ownership, 1_001), 6_000)
    })

    test('the same command id of one principal is stored once; another principal may use it too', async () => {
      const ownership = await owned()
      await journal.appendRecords(ownership, [write(1, { command: command(1, 'c1') })])
      await assert.rejects(
        journal.appendRecords(ownership, [write(2, { command: { ...command(1, 'c1'), position: 2 } })]),
        rejected,
      )
      const ofOther = { ...command(2, 'c1'), principal: 'bert' }
      assert.equal(await journal.appendRecords(ownership, [write(2, { command: ofOther })]), 'durable')
    })

    test('call details come back, nulls and quotes included', async () => {
      const ownership = await owned()
      const details = { callerName: 'Renée "R"', phone: null, address: '{1,\\2} Main St', notes: 'NULL' }
      await journal.appendRecords(ownership, [write(1, { callDetails: { callId: 'r.c1', details } })])
      assert.deepEqual(await journal.readCallDetails(ownership.region, CALLS), [{ callId: 'r.c1', details }])
    })

    test("a call's details are replaced as a whole, also twice in one batch", async () => {
      const ownership = await owned()
      const named = (callerName: string | null) => ({ callerName, phone: null, address: null, notes: null })
      const detailed = (position: number, callId: string, callerName: string | null) =>
        write(position, { callDetails: { callId, details: { ...named(callerName), phone: callerName && '021' } } })
      await journal.appendRecords(ownership, [detailed(1, 'r.c1', 'first'), detailed(2, 'r.c2', 'other')])
      await journal.appendRecords(ownership, [detailed(3, 'r.c1', 'second'), detailed(4, 'r.c1', 'third')])
      await journal.appendRecords(ownership, [detailed(5, 'r.c2', null)])
      assert.deepEqual(await journal.readCallDetails(ownership.region, CALLS), [
        { callId: 'r.c1', details: { ...named('third'), phone: '021' } },
        { callId: 'r.c2', details: named(null) },
      ])
    })

    test('a number of a call is stored once, and the last of each year comes back', async () => {
      const ownership = await owned()
      const give = (position: number, year: number, number: number) =>
        journal.appendRecords(ownership, [write(position, { incident: { year, number } })])
      await journal.appendRecords(ownership, [
        write(1, { incident: { year: 2026, number: 7 } }),
        write(2, { incident: { year: 2027, number: 1 } }),
        write(3, { incident: { year: 2026, number: 8 } }),
      ])
      for (const number of [8, 7, 1]) await assert.rejects(give(4, 2026, number), rejected)
      assert.deepEqual(
        await journal.readIncidentNumbers(ownership.region),
        new Map([
          [2026, 8],
          [2027, 1],
        ]),
      )
      assert.equal(await give(4, 2026, 10), 'durable')
      assert.equal((await journal.readIncidentNumbers(ownership.region)).get(2026), 10)
      assert.equal((await journal.readIncidentNumbers('another')).size, 0)
    })

    test('notes come back in the order of their numbers, quotes and nulls included', async () => {
      const ownership = await owned()
      const second = { ...noteOf(2), unitId: 'A-1', corrects: 1, text: 'Renée "R", {1,\\2}\n| NULL' }
      await journal.appendRecords(ownership, [
        write(1, { callNote: { callId: 'r.c2', note: noteOf(1) } }),
        write(2, { callNote: { callId: 'r.c1', note: noteOf(1) } }),
      ])
      await journal.appendRecords(ownership, [write(3, { callNote: { callId: 'r.c1', note: second } })])
      assert.deepEqual(await journal.readCallNotes(ownership.region, CALLS), [
        { callId: 'r.c1', note: noteOf(1) },
        { callId: 'r.c1', note: second },
        { callId: 'r.c2', note: noteOf(1) },
      ])
      for (const { details } of await journal.readCallDetails(ownership.region, CALLS)) {
        assert.ok(
          Object.values(details).every(value => value === null),
          'a note is no detail',
        )
      }
    })

    test("a note's number is stored once, whatever comes under it later", async () => {
      const ownership = await owned()
      const callNote = { callId: 'r.c1', note: noteOf(1) }
      await journal.appendRecords(ownership, [write(1, { callNote })])
      const other = { callId: 'r.c1', note: { ...noteOf(1), text: 'another' } }
      await assert.rejects(journal.appendRecords(ownership, [write(2, { callNote: other })]), rejected)
      const twice = [2, 3].map(position => write(position, { callNote: { callId: 'r.c1', note: noteOf(2) } }))
      await assert.rejects(journal.appendRecords(ownership, twice), rejected)
      assert.deepEqual(await journal.readCallNotes(ownership.region, CALLS), [callNote])
      assert.equal((await logOf(ownership)).length, 1)
    })

    test('a NUL inside an event is refused as content, and the next batch goes through', async () => {
      const ownership = await owned()
      const batch = [write(1), write(2, { events: [signedOn('A-1', 'an\u0000na')] })]
      await assert.rejects(journal.appendRecords(ownership, batch), rejected)
      assert.deepEqual(await logOf(ownership), [])
      assert.equal(await journal.appendRecords(ownership, [write(1)]), 'durable')
    })

    test('segments come back in order, as they were written, from any number', async () => {
      const ownership = await owned()
      const segments = [1, 2, 3].map(segment)
      for (const s of segments) assert.equal(await journal.appendSegment(ownership, s), 'durable')
      const plain = (rows: SegmentWrite[]) => rows.map(row => ({ ...row, bytes: Uint8Array.from(row.bytes) }))
      assert.deepEqual(plain(await all(journal.readSegments(ownership.region, 0))), segments)
      assert.deepEqual(plain(await all(journal.readSegments(ownership.region, 2))), segments.slice(2))
    })

    test('segment numbers follow each other', async () => {
      const ownership = await owned()
      await assert.rejects(journal.appendSegment(ownership, segment(2)), rejected)
      await journal.appendSegment(ownership, segment(1))
      await assert.rejects(journal.appendSegment(ownership, segment(1)), rejected)
      assert.equal((await all(journal.readSegments(ownership.region, 0))).length, 1)
    })

    test('snapshots never go backwards', async () => {
      const ownership = await owned()
      const stored = () => all(journal.readSnapshots(ownership.region))
      await journal.putSnapshots(ownership, [snapshot(5, { at: 5 }, 2)])
      assert.equal(await journal.putSnapshots(ownership, [snapshot(4, { at: 4 }, 9)]), 'durable')
      assert.deepEqual(await stored(), [snapshot(5, { at: 5 }, 2)])
      await journal.putSnapshots(ownership, [snapshot(5, { at: 'earlier fixes' }, 1)])
      assert.deepEqual(await stored(), [snapshot(5, { at: 5 }, 2)])
      await journal.putSnapshots(ownership, [snapshot(5, { at: 'more fixes' }, 3)])
      assert.deepEqual(await stored(), [snapshot(5, { at: 'more fixes' }, 3)])
      await journal.putSnapshots(ownership, [snapshot(6, [6], 3)])
      assert.deepEqual(await stored(), [snapshot(6, [6], 3)])
    })

    test('of two snapshots of one entity in one statement the newer stays', async () => {
      const ownership = await owned()
      const region: SnapshotWrite = { entity: 'region', position: 1, segmentNo: 0, state: 'text' }
      await journal.putSnapshots(ownership, [snapshot(3, 'new'), region, snapshot(2, 'old')])
      assert.deepEqual(await all(journal.readSnapshots(ownership.region)), [snapshot(3, 'new'), region])
    })

    const damages = async <T extends { readonly damage?: Damage }>(chunks: AsyncIterable<readonly T[]>) =>
      (await all(chunks)).map(({ damage }) => damage && [damage.at, damage.kind, damage.rows, damage.entities])

    test('a record that was changed comes in its place without its events, and tells whom it names', async () => {
      const { region, ...rest } = await owned()
      const events = [signedOn('A-1'), signedOn('B.2')]
      await journal.appendRecords({ region, ...rest }, [write(1), write(2, { events }), write(3)])
      await subject.harm(region, 'log.records', 2, 'changed')
      assert.deepEqual(await damages(journal.readLog(region, 0)), [
        undefined,
        ['position 2', 'changed', 1, ['driver/A-1', 'driver/B.2']],
        undefined,
      ])
      assert.deepEqual(
        (await all(journal.readLog(region, 0))).map(record => record.events.length),
        [1, 0, 1],
      )
      assert.deepEqual(await damages(journal.readLog(region, 2)), [undefined])
    })

    test('records that are missing have a place, wherever the reading begins; the log ends with the last one', async () => {
      const ownership = await owned()
      const { region } = ownership
      await journal.appendRecords(
        ownership,
        [1, 2, 3, 4, 5, 6].map(position => write(position)),
      )
      for (const position of [2, 3, 6]) await subject.harm(region, 'log.records', position, 'lost')
      const gap = ['position 2 to 3', 'missing', 2, []]
      assert.deepEqual(await damages(journal.readLog(region, 0)), [undefined, gap, undefined, undefined])
      assert.deepEqual(await damages(journal.readLog(region, 2)), [
        ['position 3', 'missing', 1, []],
        undefined,
        undefined,
      ])
      assert.equal((await journal.acquire(region)).logEnd, 5)
    })

    test('segments that were changed or are missing have a place, and no bytes', async () => {
      const ownership = await owned()
      const { region } = ownership
      for (const no of [1, 2, 3, 4, 5]) await journal.appendSegment(ownership, segment(no))
      await subject.harm(region, 'location.segments', 1, 'lost')
      await subject.harm(region, 'location.segments', 3, 'changed')
      await subject.harm(region, 'location.segments', 4, 'lost')
      assert.deepEqual(await damages(journal.readSegments(region, 0)), [
        ['segment_no 1', 'missing', 1, []],
        undefined,
        ['segment_no 3', 'changed', 1, []],
        ['segment_no 4', 'missing', 1, []],
        undefined,
      ])
      assert.deepEqual(
        (await all(journal.readSegments(region, 2))).map(({ bytes }) => bytes.length),
        [0, 0, 5],
      )
    })

    test('a snapshot that was changed has no state; a set that is refused is read no more, and another may follow', async () => {
      const ownership = await owned()
      const { region } = ownership
      await journal.putSnapshots(ownership, [snapshot(9, { at: 9 }), { ...snapshot(9, { at: 9 }), entity: 'region' }])
      await subject.harm(region, 'log.snapshots', 'driver/A-1', 'changed')
      const [driver] = await all(journal.readSnapshots(region))
      assert.deepEqual([driver?.state, driver?.damage?.at], [null, 'entity driver/A-1'])
      const later = (await journal.acquire(region)).ownership
      assert.equal(await journal.refuseSnapshots(ownership), 'fenced')
      assert.equal((await all(journal.readSnapshots(region))).length, 2)
      assert.equal(await journal.refuseSnapshots(later), 'durable')
      assert.deepEqual(await all(journal.readSnapshots(region)), [])
      await journal.putSnapshots(later, [snapshot(2, { at: 2 })])
      assert.deepEqual(await all(journal.readSnapshots(region)), [snapshot(2, { at: 2 })])
      assert.equal(await journal.refuseSnapshots(later), 'durable')
    })

    test('a call that left memory is found by its id, its trips and its number, with the snapshots of it gone', async () => {
      const ownership = await owned()
      const { region } = ownership
      await journal.appendRecords(ownership, [write(1), write(2), write(3)])
      const others = ['driver/A-1', 'call/r.c2', 'trip/r.c2-1'] as const
      const gone = ['call/r.c1', 'trip/r.c1-1', 'trip/r.c1-2'] as const
      await journal.putSnapshots(ownership, [
        ...[...others, ...gone].map(entity => ({ ...snapshot(2, { at: 2 }), entity })),
        whole(2),
      ])
      const incident = { year: 2026, number: 41 }
      const row = closed('r.c1', 3, { incident })
      assert.equal(await journal.putClosedCalls(ownership, [row], whole(1)), 'durable')
      const left = (await all(journal.readSnapshots(region))).map(({ entity }) => entity).sort()
      assert.deepEqual(left, [...others, 'region'].sort())
      const [counted] = (await all(journal.readSnapshots(region))).filter(({ entity }) => entity === 'region')
      assert.deepEqual(counted, whole(1))
      const found = [{ callId: 'r.c1', position: 3, state: row.state }]
      const names = [{ callIds: ['r.c1'] }, { tripIds: ['r.c1-2'] }, { incidents: [incident] }]
      for (const each of names) assert.deepEqual(await journal.readClosedCalls(region, named(each)), found)
      const several = { callIds: ['r.c1'], tripIds: ['r.c1-1', 'r.c1-2', 'r.nothing'], incidents: [incident] }
      assert.deepEqual(await journal.readClosedCalls(region, named(several)), found)
      assert.deepEqual(await journal.readClosedCalls('another', named(several)), [])
      assert.deepEqual(await journal.readClosedCalls(region, named({ callIds: ['r.c2'] })), [])
      assert.equal((await journal.readIncidentNumbers(region)).get(2026), 41)
    })

    test('a call that left memory gives way to a later one, and takes no snapshot away that is newer', async () => {
      const ownership = await owned()
      const { region } = ownership
      const read = async () =>
        (await journal.readClosedCalls(region, named({ callIds: ['r.c1'] }))).map(row => row.position)
      await journal.putSnapshots(ownership, [{ ...snapshot(7, { at: 7 }), entity: 'trip/r.c1-1' }, whole(5)])
      await journal.putClosedCalls(ownership, [closed('r.c1', 5)], whole(4))
      await journal.putClosedCalls(ownership, [closed('r.c1', 4)], whole(6))
      assert.deepEqual(await read(), [5])
      assert.deepEqual(
        (await all(journal.readSnapshots(region))).sort((a, b) => (a.entity < b.entity ? -1 : 1)),
        [whole(4), { ...snapshot(7, { at: 7 }), entity: 'trip/r.c1-1' }],
      )
      // Of another form nobody could read it any more.
      await journal.putClosedCalls(ownership, [closed('r.c1', 3, { state: { form: 10 } })], null)
      assert.deepEqual(await read(), [3])
      const later = (await journal.acquire(region)).ownership
      assert.equal(await journal.putClosedCalls(ownership, [closed('r.c1', 9)], null), 'fenced')
      assert.deepEqual(await read(), [3])
      assert.equal(await journal.putClosedCalls(later, [closed('r.c1', 9)], null), 'durable')
    })

    test('a call that left memory and was changed is told as damaged, and replaced by whatever comes', async () => {
      const ownership = await owned()
      const { region } = ownership
      await journal.putClosedCalls(ownership, [closed('r.c1', 5)], null)
      await subject.harm(region, 'log.closed_calls', 'r.c1', 'changed')
      const [row] = await journal.readClosedCalls(region, named({ tripIds: ['r.c1-1'] }))
      assert.deepEqual([row?.callId, row?.state, row?.damage?.at], ['r.c1', null, 'call_id r.c1'])
      await journal.putClosedCalls(ownership, [closed('r.c1', 4)], null)
      const [again] = await journal.readClosedCalls(region, named({ callIds: ['r.c1'] }))
      assert.deepEqual([again?.position, again?.damage], [4, undefined])
    })

    test('the newest calls that left memory are told with their places', async () => {
      const ownership = await owned()
      await journal.putClosedCalls(
        ownership,
        [1, 2, 3].map(n => closed(`r.c${n}`, n, { lonDeg: n, latDeg: -n })),
        null,
      )
      assert.deepEqual(await journal.readClosedPlaces(ownership.region, 1_500, 1), [
        { callId: 'r.c3', lonDeg: 3, latDeg: -3 },
      ])
      assert.equal((await journal.readClosedPlaces(ownership.region, 1_500, 10)).length, 2)
    })

    test('some commands are found by principal and id, the damaged ones as such', async () => {
      const ownership = await owned()
      const { region } = ownership
      const ofOther = { ...command(3, 'c1'), principal: 'bert' }
      await journal.appendRecords(ownership, [
        write(1, { command: command(1, 'c1') }),
        write(2, { command: command(2, 'c2') }),
        write(3, { command: ofOther }),
      ])
      const names = [
        { principal: 'anna', commandId: 'c1' },
        { principal: 'anna', commandId: 'c3' },
        { principal: 'bert', commandId: 'c1' },
      ]
      const found = await journal.readCommandsOf(region, names)
      assert.deepEqual(
        [...found].sort((a, b) => a.position - b.position),
        [command(1, 'c1'), ofOther],
      )
      await subject.harm(region, 'log.commands', 'c2', 'changed')
      const [row] = await journal.readCommandsOf(region, [{ principal: 'anna', commandId: 'c2' }])
      assert.deepEqual([row?.result, row?.damage?.at], [{}, 'position 2'])
    })

    test('a note that was changed is told as damaged, without its text, and keeps its number', async () => {
      const ownership = await owned()
      await journal.appendRecords(ownership, [write(1, { callNote: { callId: 'r.c1', note: noteOf(7) } })])
      await subject.harm(ownership.region, 'log.call_notes', 'r.c1', 'changed')
      const [row] = await journal.readCallNotes(ownership.region, CALLS)
      assert.deepEqual([row?.note.noteNo, row?.note.text], [7, null])
      assert.deepEqual([row?.damage?.table, row?.damage?.at], ['log.call_notes', 'call_id r.c1, note_no 7'])
    })

    test('a command and personal data that were changed are told as damaged, without their content', async () => {
      const ownership = await owned()
      const { region } = ownership
      const details = { callerName: 'Aroha', phone: '021', address: null, notes: null }
      const callDetails = { callId: 'r.c1', details }
      const record = { ...write(1).record, commandId: 'c-1' }
      await journal.appendRecords(ownership, [{ ...write(1, { command: command(1, 'c-1'), callDetails }), record }])
      await subject.harm(region, 'log.commands', 'c-1', 'changed')
      await subject.harm(region, 'log.call_details', 'r.c1', 'changed')
      const [known, ...more] = await all(journal.readCommands(region, 0))
      assert.deepEqual([known?.commandId, known?.result, more], ['c-1', {}, []])
      assert.equal(known?.damage?.at, 'position 1')
      const [of] = await journal.readCallDetails(region, CALLS)
      assert.deepEqual(of?.details, { callerName: null, phone: null, address: null, notes: null })
      assert.equal(of?.damage?.at, 'call_id r.c1')
    })

    test('open trips are told by their unit, and closed whichever they are', async () => {
      const ownership = await owned()
      const opens = [
        { unitId: 'A-1', tripId: 'r.t1' },
        { unitId: 'A-2', tripId: 'r.t2' },
      ]
      await journal.appendRecords(ownership, [write(1, { opens })])
      const stored = () => all(journal.readOpenTrips(ownership.region))
      assert.deepEqual(await stored(), opens)
      await journal.appendRecords(ownership, [write(2, { closes: [{ unitId: 'A-1', tripId: null }] })])
      assert.deepEqual(await stored(), opens.slice(1))
      await journal.appendRecords(ownership, [write(3, { closes: [{ unitId: 'A-9', tripId: null }] })])
      assert.deepEqual(await stored(), opens.slice(1))
    })

    test('settling tells what is durable', async () => {
      const ownership = await owned()
      assert.deepEqual(await journal.settle(ownership), { logEnd: 0, segmentEnd: 0 })
      await journal.appendRecords(ownership, [write(1), write(2)])
      await journal.appendSegment(ownership, segment(1))
      assert.deepEqual(await journal.settle(ownership), { logEnd: 2, segmentEnd: 1 })
    })

    test('settling waits for the statement in flight and sees it', async () => {
      const ownership = await owned()
      const stalled = await subject.stall(ownership.region)
      const append = journal.appendRecords(ownership, [write(1), write(2)])
      await stalled.waiting(1)
      let settled = false
      const settling = journal.settle(ownership).finally(() => {
        settled = true
      })
      await stalled.waiting(2)
      await sleep(20)
      assert.equal(settled, false)
      await stalled.resume()
      assert.equal(await append, 'durable')
      assert.deepEqual(await settling, { logEnd: 2, segmentEnd: 0 })
    })

    test('a takeover waits for the statement in flight and sees it; what is sent later is fenced', async () => {
      const former = await owned()
      const stalled = await subject.stall(former.region)
      const append = journal.appendRecords(former, [write(1)])
      await stalled.waiting(1)
      const takeover = journal.acquire(former.region)
      await stalled.waiting(2)
      await stalled.resume()
      assert.equal(await append, 'durable')
      assert.equal((await takeover).logEnd, 1)
      assert.equal(await journal.appendRecords(former, [write(2)]), 'fenced')
    })
  })
}

describe('a journal in Postgres, when the server misbehaves', () => {
  let subject: Awaited<ReturnType<typeof openPostgres>>
  before(async () => {
    subject = await openPostgres()
  })
  after(() => subject.end())

  const terminate = (applicationName: string) =>
    subject.monitor.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      applicationName,
    ])

  test('a connection that breaks under a statement leaves the outcome unknown; settling and repeating mends it', async () => {
    const { ownership } = await subject.journal.acquire('broken')
    const stalled = await subject.stall('broken')
    const append = subject.journal.appendRecords(ownership, [write(1)])
    const checked = assert.rejects(append, { name: 'OutcomeUnknown' })
    await stalled.waiting(1)
    await terminate('goldenhour records')
    await checked
    await stalled.resume()
    assert.deepEqual(await subject.journal.settle(ownership), { logEnd: 0, segmentEnd: 0 })
    assert.equal(await subject.journal.appendRecords(ownership, [write(1)]), 'durable')
  })

  test('a connection that broke while idle is opened again before anything is sent', async () => {
    const { ownership } = await subject.journal.acquire('idle')
    await subject.journal.appendSegment(ownership, segment(1))
    await terminate('goldenhour segments')
    await sleep(50)
    assert.equal(await subject.journal.appendSegment(ownership, segment(2)), 'durable')
  })

  test('a statement that the server cancels wrote nothing and may be repeated', async () => {
    const { ownership } = await subject.journal.acquire('cancelled')
    const stalled = await subject.stall('cancelled')
    const append = subject.journal.appendRecords(ownership, [write(1)])
    const checked = assert.rejects(append, { name: 'StoreUnavailable' })
    await stalled.waiting(1)
    await subject.monitor.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'goldenhour records'`,
    )
    await checked
    await stalled.resume()
    assert.equal(await subject.journal.appendRecords(ownership, [write(1)]), 'durable')
  })

  test('pages are read along their index, though the server knows nothing yet of how large the tables are', async () => {
    const { ownership } = await subject.journal.acquire('paged')
    const [count, atOnce] = [20_000, 1_000]
    await subject.monitor.query('ALTER TABLE log.records SET (autovacuum_enabled = off)')
    for (let from = 0; from < count; from += atOnce) {
      const batch = Array.from({ length: atOnce }, (_, i) => write(from + i + 1))
      await subject.journal.appendRecords(ownership, batch)
    }
    const fetched = async () => {
      await subject.monitor.query('SELECT pg_stat_clear_snapshot()')
      const { rows } = await subject.monitor.query(
        `SELECT coalesce(idx_tup_fetch, 0)::int + coalesce(seq_tup_read, 0)::int AS count FROM pg_stat_user_tables WHERE relname = 'records'`,
      )
      return rows[0].count as number
    }
    await sleep(1_500)
    const before = await fetched()
    let read = 0
    for await (const records of subject.journal.readLog('paged', 0)) read += records.length
    assert.equal(read, count)
    // A session tells its counts when it ends.
    let rows = 0
    for (let look = 0; look < 40 && rows < count; look++) {
      await sleep(500)
      rows = (await fetched()) - before
    }
    assert.ok(rows >= count && rows < 1.2 * count, `${rows} rows were fetched for ${count}`)
  })

  test('many regions share a few connections, and none waits for one that is stalled', async () => {
    const names = Array.from({ length: 36 }, (_, index) => `many-${index}`)
    const owned = await Promise.all(names.map(async name => (await subject.journal.acquire(name)).ownership))
    const stalled = await subject.stall(names[0]!)
    const held = subject.journal.appendRecords(owned[0]!, [write(1)])
    await stalled.waiting(1)
    const others = owned.slice(1)
    const written = await Promise.all(
      others.flatMap(ownership => [
        subject.journal.appendRecords(ownership, [write(1)]),
        subject.journal.appendSegment(ownership, segment(1)),
        subject.journal.putSnapshots(ownership, [snapshot(1, {})]),
        subject.journal.settle(ownership),
      ]),
    )
    assert.equal(written.filter(outcome => outcome === 'durable').length, 3 * others.length)
    const { rows } = await subject.monitor.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name ~ '^goldenhour (records|segments|snapshots|journal)$'
        AND datname = current_database()`,
    )
    assert.ok(rows[0].count <= 18, `${rows[0].count} connections`)
    await stalled.resume()
    assert.equal(await held, 'durable')
  })

  test('a stalled record lane does not hold up the segments of another region', async () => {
    const slow = await subject.journal.acquire('slow')
    const quick = await subject.journal.acquire('quick')
    const stalled = await subject.stall('slow')
    const append = subject.journal.appendRecords(slow.ownership, [write(1)])
    await stalled.waiting(1)
    assert.equal(await subject.journal.appendSegment(quick.ownership, segment(1)), 'durable')
    await stalled.resume()
    await append
  })

  test('what is reported durable is on disk, and stricter settings stay, whatever the database defaults to', async () => {
    const { monitor } = subject
    const database = new URL(subject.url).pathname.slice(1)
    await monitor.query('CREATE TABLE public.commits (lane text, synchronous_commit text)')
    await monitor.query(`CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO public.commits VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NULL; END $$`)
    for (const table of ['log.records', 'location.segments', 'log.snapshots']) {
      await monitor.query(`CREATE TRIGGER note AFTER INSERT ON ${table} EXECUTE FUNCTION public.note_commit()`)
    }
    for (const [byDefault, used] of [
      ['off', 'on'],
      ['remote_apply', 'remote_apply'],
    ]) {
      await monitor.query(`ALTER DATABASE ${database} SET synchronous_commit = ${byDefault}`)
      const journal = new PostgresJournal(subject.url)
      const { ownership } = await journal.acquire(`sync-${byDefault!.slice(0, 3)}`)
      await journal.appendRecords(ownership, [write(1)])
      await journal.appendSegment(ownership, segment(1))
      await journal.putSnapshots(ownership, [snapshot(1, {})])
      await journal.close()
      const { rows } = await monitor.query('DELETE FROM public.commits RETURNING lane, synchronous_commit')
      assert.deepEqual(
        rows.map(row => [row.lane, row.synchronous_commit]).sort(),
        ['records', 'segments', 'snapshots'].map(lane => [lane, used]),
      )
    }
    await monitor.query(`ALTER DATABASE ${database} RESET synchronous_commit`)
    for (const table of ['log.records', 'location.segments', 'log.snapshots']) {
      await monitor.query(`DROP TRIGGER note ON ${table}`)
    }
  })

  test('a command whose id was changed is damaged under the id of its record, too', async () => {
    const { ownership } = await subject.journal.acquire('ids')
    const record = { ...write(1).record, commandId: 'c-1' }
    await subject.journal.appendRecords(ownership, [{ ...write(1, { command: command(1, 'c-1') }), record }])
    await subject.monitor.query(`UPDATE log.commands SET command_id = 'c-2', recorded_at_ms = -5 WHERE region = 'ids'`)
    const found = await all(subject.journal.readCommands('ids', 0))
    assert.deepEqual(
      found.map(({ commandId, damage }) => [commandId, damage?.rows]),
      [
        ['c-2', 1],
        ['c-1', 0],
      ],
    )
  })

  test('whatever an event may hold, its record is proven when it is read', async () => {
    const { ownership } = await subject.journal.acquire('any')
    // What jsonb refuses, or cannot keep, is none of this: a NUL, and half of a surrogate pair.
    const text = fc.string({ unit: 'binary' }).filter(each => !each.includes('\u0000') && each.isWellFormed())
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), fc.constant(-0))
    const value = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.array(text), fc.dictionary(text, number))
    let position = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(text, value), { maxLength: 4 }), text, async (events, principal) => {
        position += 1
        const record = { ...write(position).record, principal, events: events as unknown as DomainEvent[] }
        await subject.journal.appendRecords(ownership, [{ ...write(position), record }])
        const [read] = await all(subject.journal.readLog('any', position - 1))
        assert.equal(read?.damage, undefined)
        assert.equal(JSON.stringify(read?.principal), JSON.stringify(principal))
      }),
      { numRuns: 150 },
    )
  })

  test('a row without a checksum is taken by its form', async () => {
    const { ownership } = await subject.journal.acquire('old')
    await subject.journal.appendRecords(ownership, [write(1), write(2), write(3), write(4)])
    const place = { lonDeg: -922, latDeg: 1, priority: 1, problem: null, needs: [], tripIds: [], receivedAtMs: 1 }
    const call = { type: 'CallEntered', v: 1, entity: 'call/r.c', callId: 'r.c', ...place }
    for (const [position, events] of [
      [2, [{ ...signedOn('A-1'), unitId: 'A-2' }]],
      [3, {}],
      [4, [call]],
    ]) {
      const values = [position, JSON.stringify(events)]
      await subject.monitor.query(`UPDATE log.records SET events = $2 WHERE region = 'old' AND position = $1`, values)
    }
    await subject.monitor.query(`UPDATE log.records SET checksum = NULL WHERE region = 'old'`)
    assert.deepEqual(
      (await all(subject.journal.readLog('old', 0))).map(({ damage }) => damage?.entities),
      [undefined, ['driver/A-2', 'driver/A-1'], [], ['call/r.c']],
    )
  })

  test('a page that Postgres cannot read is told with its region and table', async () => {
    const { ownership } = await subject.journal.acquire('page')
    await subject.journal.appendRecords(ownership, [write(1)])
    await subject.monitor.query(`CREATE FUNCTION public.broken() RETURNS bigint LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'invalid page in block 2 of relation base/1/2' USING ERRCODE = 'XX001'; END $$`)
    await subject.monitor.query('ALTER TABLE log.records RENAME TO records_kept')
    await subject.monitor.query(`CREATE VIEW log.records AS SELECT region, public.broken() + position AS position,
      recorded_at_ms, epoch, principal, command_id, trace, events, checksum FROM log.records_kept`)
    await subject.monitor.query('GRANT SELECT ON log.records TO PUBLIC')
    const reading = all(subject.journal.readLog('page', 0))
    await assert.rejects(reading, { name: 'StoredDataDamaged', region: 'page', table: 'log.records' })
    await assert.rejects(reading, /log\.records of region page.*invalid page in block 2.*restore from a backup/)
    await subject.monitor.query('DROP VIEW log.records')
    await subject.monitor.query('ALTER TABLE log.records_kept RENAME TO records')
  })

  test('without a server everything is unavailable', async () => {
    const url = new URL(subject.url)
    url.port = '1'
    const journal = new PostgresJournal(url.href)
    const ownership = { region: 'r', epoch: 1, incarnation: 'x' }
    const unavailable = { name: 'StoreUnavailable' }
    await assert.rejects(journal.acquire('r'), unavailable)
    await assert.rejects(journal.appendRecords(ownership, [write(1)]), unavailable)
    await assert.rejects(journal.settle(ownership), unavailable)
    await assert.rejects(all(journal.readLog('r', 0)), unavailable)
    await assert.rejects(journal.forgetCommands(ownership, 1), unavailable)
    await assert.rejects(journal.putStreamMarks(ownership, [mark('a', 1)]), unavailable)
    await assert.rejects(journal.readStreamMarks('r', [mark('a', 1)]), unavailable)
    await journal.close()
  })
})
