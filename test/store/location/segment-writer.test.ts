import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fix } from '../../../src/domain/fix.ts'
import { decodeSegment } from '../../../src/store/location/segment-codec.ts'
import { type DurableSegment, SegmentWriter } from '../../../src/store/location/segment-writer.ts'
import type { SegmentWrite } from '../../../src/store/log/journal.ts'
import { type MemoryFault, MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import { ManualScheduler, settled } from '../../support/manual-scheduler.ts'

async function start(options: { segmentFixesMax?: number; queuedFixesMax?: number; journal?: MemoryJournal } = {}) {
  const { journal = new MemoryJournal(), ...bounds } = options
  const scheduler = new ManualScheduler()
  const { ownership, segmentEnd } = await journal.acquire('r')
  const durable: DurableSegment[] = []
  const told: string[] = []
  const commits: { ms: number; size: number }[] = []
  const log = { head: 0 }
  const writer = new SegmentWriter({
    journal,
    ownership,
    segmentEnd,
    scheduler,
    logHead: () => log.head,
    ...bounds,
    handlers: {
      onDurable: segment => durable.push(segment),
      onFenced: () => told.push('fenced'),
      onContentRejected: error => told.push(`rejected ${error.name}`),
    },
    observer: {
      began: () => undefined,
      committed: (_lane, ms, size) => commits.push({ ms, size }),
      retrying: () => undefined,
    },
  })
  return { journal, scheduler, writer, durable, told, commits, log }
}

const fix = (seq: number): Fix => ({
  seq,
  fixedAtMs: 1_000 + seq,
  lonDeg: 1,
  latDeg: 2,
  accuracyM: null,
  speedMps: null,
  headingDeg: null,
})

const add = (writer: SegmentWriter, seq: number, unitId = 'A-1', arrivedWallMs = 7): boolean =>
  writer.add(unitId, 's', fix(seq), 0, arrivedWallMs)

async function segmentsOf(journal: MemoryJournal): Promise<SegmentWrite[]> {
  const segments: SegmentWrite[] = []
  for await (const chunk of journal.readSegments('r', 0)) segments.push(...chunk)
  return segments
}
const seqsOf = async (journal: MemoryJournal): Promise<number[][]> =>
  (await segmentsOf(journal)).map(segment => decodeSegment(segment.bytes).map(row => row.fix.seq))

test('a quiet region writes a frame of fixes at once, as one segment', async () => {
  const { writer, journal, durable, log } = await start()
  log.head = 9
  add(writer, 1, 'A-1', 100)
  add(writer, 2, 'A-1', 100)
  add(writer, 1, 'B-2', 101)
  assert.equal(writer.queuedFixes, 3)
  await settled()
  assert.deepEqual(durable, [
    {
      segmentNo: 1,
      marks: [
        { unitId: 'A-1', streamId: 's', seq: 2 },
        { unitId: 'B-2', streamId: 's', seq: 1 },
      ],
      arrivedWallMs: [100, 100, 101],
    },
  ])
  assert.equal(writer.queuedFixes, 0)
  assert.equal(writer.durableSegmentNo, 1)
  const [segment] = await segmentsOf(journal)
  const { bytes, ...rest } = segment!
  assert.equal(decodeSegment(bytes).length, 3)
  assert.deepEqual(rest, {
    segmentNo: 1,
    logPosition: 9,
    firstFixedAtMs: 1_001,
    lastFixedAtMs: 1_002,
    fixCount: 3,
    codecVersion: 1,
  })
})

test('a busy region closes a segment every 100 ms', async () => {
  const { writer, journal, scheduler, commits } = await start()
  for (let seq = 1; seq <= 30; seq++) {
    add(writer, seq)
    await scheduler.advance(10)
  }
  await scheduler.advance(100)
  assert.deepEqual(
    (await seqsOf(journal)).map(seqs => seqs.length),
    [1, 9, 10, 10],
  )
  assert.deepEqual(
    commits.map(commit => commit.size),
    [1, 9, 10, 10],
  )
})

test('a segment is not closed while another is in flight; it is at once when that one returns late', async () => {
  const { writer, journal, scheduler } = await start()
  journal.stall()
  add(writer, 1)
  await scheduler.advance(100)
  for (let seq = 2; seq <= 6; seq++) {
    add(writer, seq)
    await scheduler.advance(100)
  }
  journal.resume()
  await settled()
  assert.deepEqual(await seqsOf(journal), [[1], [2, 3, 4, 5, 6]])
})

test('a segment that is full is closed before its time', async () => {
  const { writer, journal } = await start({ segmentFixesMax: 2 })
  journal.stall()
  for (let seq = 1; seq <= 5; seq++) add(writer, seq)
  journal.resume()
  await writer.idle()
  assert.deepEqual(await seqsOf(journal), [[1, 2], [3, 4], [5]])
})

test('beyond the bound no fix is taken, and after the store is back they are again', async () => {
  const { writer, journal, scheduler } = await start({ segmentFixesMax: 2, queuedFixesMax: 5 })
  journal.stall()
  const taken = [1, 2, 3, 4, 5, 6, 7].map(seq => add(writer, seq))
  assert.deepEqual(taken, [true, true, true, true, true, false, false])
  assert.equal(writer.queuedFixes, 5)
  journal.resume()
  await scheduler.advance(200)
  assert.equal(writer.queuedFixes, 0)
  assert.equal(add(writer, 6), true)
  await writer.idle()
  assert.deepEqual((await seqsOf(journal)).flat(), [1, 2, 3, 4, 5, 6])
})

test('idle closes what is open without waiting for its time', async () => {
  const { writer, journal, scheduler } = await start()
  add(writer, 1)
  await settled()
  add(writer, 2)
  await writer.idle()
  assert.equal(scheduler.monotonicMs(), 0)
  assert.deepEqual(await seqsOf(journal), [[1], [2]])
})

test('segment numbers go on where the former owner ended', async () => {
  const first = await start()
  add(first.writer, 1)
  await first.writer.idle()
  first.writer.stop()
  const second = await start({ journal: first.journal })
  add(second.writer, 2)
  await second.writer.idle()
  assert.deepEqual(
    (await segmentsOf(first.journal)).map(segment => segment.segmentNo),
    [1, 2],
  )
})

test('a fenced writer says so once and takes no more', async () => {
  const { writer, journal, told, durable } = await start()
  await journal.acquire('r')
  add(writer, 1)
  await settled()
  assert.deepEqual(told, ['fenced'])
  assert.deepEqual(durable, [])
  assert.equal(add(writer, 2), false)
})

test('a refused segment closes the writer', async () => {
  const { writer, journal, told } = await start()
  journal.failNext('rejected')
  add(writer, 1)
  await settled()
  assert.deepEqual(told, ['rejected ContentRejected'])
  assert.equal(add(writer, 2), false)
  await writer.idle()
})

test('a stopped writer leaves no timer and reports nothing', async () => {
  const { writer, journal, scheduler, durable } = await start()
  add(writer, 1)
  await settled()
  add(writer, 2)
  assert.equal(scheduler.timers, 1)
  writer.stop()
  assert.equal(scheduler.timers, 0)
  await scheduler.advance(10_000)
  assert.deepEqual(await seqsOf(journal), [[1]])
  assert.equal(durable.length, 1)
})

test('whatever faults come, every fix taken stands once, in order, and no mark runs ahead of the store', async () => {
  const fault = fc.constantFrom<MemoryFault>('unavailable', 'unknown-lost', 'unknown-kept')
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ fault }),
    fc.record({ advance: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ stall: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const { writer, journal, scheduler, durable } = await start({ segmentFixesMax: 5, queuedFixesMax: 20 })
      let seq = 0
      const marks = () => durable.reduce((highest, segment) => Math.max(highest, segment.marks[0]!.seq), 0)
      for (const s of steps) {
        if ('add' in s) for (let i = 0; i < s.add; i++) if (add(writer, seq + 1)) seq++
        if ('fault' in s) journal.failNext(s.fault)
        if ('advance' in s) await scheduler.advance(s.advance)
        if ('stall' in s) s.stall ? journal.stall() : journal.resume()
        assert.ok((await seqsOf(journal)).flat().length >= marks())
      }
      journal.resume()
      await scheduler.advance(120_000)
      assert.equal(writer.queuedFixes, 0)
      assert.equal(marks(), seq)
      assert.deepEqual(
        (await seqsOf(journal)).flat(),
        Array.from({ length: seq }, (_, i) => i + 1),
      )
      assert.equal(durable.flatMap(segment => segment.arrivedWallMs).length, seq)
      writer.stop()
    }),
    { numRuns: 100 },
  )
})
