import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Acquired, Journal, LogRecord, RecordWrite } from '../../../src/store/log/journal.ts'
import { LogWriter } from '../../../src/store/log/log-writer.ts'
import { type MemoryFault, MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import { ManualScheduler, settled } from '../../support/manual-scheduler.ts'

/** A memory journal that also tells which batches it was given. */
class Watched extends MemoryJournal {
  readonly batches: number[][] = []
  override appendRecords(ownership: Acquired['ownership'], batch: readonly RecordWrite[]) {
    this.batches.push(batch.map(write => write.record.position))
    return super.appendRecords(ownership, batch)
  }
}

async function start(options: { batchMax?: number; journal?: Watched } = {}) {
  const journal = options.journal ?? new Watched()
  const scheduler = new ManualScheduler()
  const { ownership, logEnd } = await journal.acquire('r')
  const told: string[] = []
  const commits: { ms: number; size: number }[] = []
  const delays: number[] = []
  const writer = new LogWriter({
    journal,
    ownership,
    logEnd,
    scheduler,
    ...(options.batchMax === undefined ? {} : { batchMax: options.batchMax }),
    handlers: {
      onDurable: position => told.push(`durable ${position}`),
      onFenced: () => told.push('fenced'),
      onContentRejected: error => told.push(`rejected ${error.name}`),
    },
    observer: {
      began: () => undefined,
      committed: (_lane, ms, size) => commits.push({ ms, size }),
      retrying: (_lane, _error, delayMs) => delays.push(delayMs),
    },
  })
  return { journal, scheduler, writer, told, commits, delays, ownership }
}

const append = (writer: LogWriter, commandId: string | null = null, events: readonly DomainEvent[] = []): number =>
  writer.append({
    record: { recordedAtMs: 5, principal: 'anna', commandId, trace: null, events },
    command: commandId === null ? null : { bodyHash: 'ab'.repeat(32), result: { ok: 1 } },
    closes: [],
    opens: [],
    callDetails: null,
  })

async function logOf(journal: Journal): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for await (const chunk of journal.readLog('r', 0)) records.push(...chunk)
  return records
}

test('a position is given at once, the first after the end of the log', async () => {
  const { writer, journal } = await start()
  assert.deepEqual([append(writer), append(writer)], [1, 2])
  await writer.idle()
  writer.stop()
  const next = await start({ journal })
  assert.equal(next.writer.head, 2)
  assert.equal(append(next.writer), 3)
})

test('an idle writer commits what one stretch of code appended, together and without waiting', async () => {
  const { writer, journal, told, scheduler } = await start()
  append(writer)
  append(writer)
  append(writer)
  assert.equal(writer.pending, 3)
  await settled()
  assert.deepEqual(journal.batches, [[1, 2, 3]])
  assert.deepEqual(told, ['durable 3'])
  assert.equal(writer.durable, 3)
  assert.equal(writer.pending, 0)
  assert.equal(scheduler.monotonicMs(), 0)
})

test('what gathers during a commit makes up the next one; never two are in flight', async () => {
  const { writer, journal, told } = await start()
  journal.stall()
  append(writer)
  await settled()
  append(writer)
  append(writer)
  await settled()
  assert.deepEqual(journal.batches, [[1]])
  journal.resume()
  await writer.idle()
  assert.deepEqual(journal.batches, [[1], [2, 3]])
  assert.deepEqual(told, ['durable 1', 'durable 3'])
})

test('a batch holds at most its bound', async () => {
  const { writer, journal } = await start({ batchMax: 2 })
  for (let i = 0; i < 5; i++) append(writer)
  await writer.idle()
  assert.deepEqual(journal.batches, [[1, 2], [3, 4], [5]])
})

test('a batch holds few large records, and one that is larger than a batch has it alone', async () => {
  const { writer, journal } = await start()
  const hole = { type: 'FixHoleRecorded', v: 1, entity: 'driver/A1', unitId: 'A1', streamId: 's' } as const
  const withEvents = (count: number) =>
    append(
      writer,
      null,
      Array.from({ length: count }, (_, i) => ({ ...hole, fromSeq: i + 1, toSeq: i + 1 })),
    )
  for (const count of [600, 424, 1, 2_000, 1]) withEvents(count)
  await writer.idle()
  assert.deepEqual(journal.batches, [[1, 2], [3], [4], [5]])
})

test('a statement that is done only after its settling makes its repetition durable, not refused', async () => {
  /** Of the first batch the connection breaks; the server does it just before the second attempt arrives. */
  class Late extends Watched {
    override async appendRecords(ownership: Acquired['ownership'], batch: readonly RecordWrite[]) {
      if (this.batches.length === 0) {
        this.failNext('unknown-lost')
      } else if (this.batches.length === 1) {
        this.batches.push([])
        await super.appendRecords(ownership, batch)
      }
      return super.appendRecords(ownership, batch)
    }
  }
  const { writer, journal, told, scheduler } = await start({ journal: new Late() })
  append(writer)
  append(writer)
  await scheduler.advance(5_000)
  append(writer)
  await settled()
  assert.deepEqual(told, ['durable 2', 'durable 3'])
  assert.deepEqual(
    (await logOf(journal)).map(({ position }) => position),
    [1, 2, 3],
  )
})

test('content that is refused after a settling as well is refused', async () => {
  const { writer, journal, told, scheduler } = await start()
  journal.failNext('unknown-lost')
  journal.failNext('rejected')
  journal.failNext('rejected')
  append(writer)
  await scheduler.advance(5_000)
  assert.deepEqual(told, ['rejected ContentRejected'])
})

test('the stored outcome of a command names its record', async () => {
  const { writer, journal } = await start()
  append(writer)
  append(writer, 'c-1')
  await writer.idle()
  const commands = []
  for await (const chunk of journal.readCommands('r', 0)) commands.push(...chunk)
  assert.deepEqual(commands, [
    {
      principal: 'anna',
      commandId: 'c-1',
      bodyHash: 'ab'.repeat(32),
      position: 2,
      recordedAtMs: 5,
      result: { ok: 1 },
    },
  ])
})

test('while the store is away the same batch is repeated, after 50 ms doubling to 2 s', async () => {
  const { writer, journal, told, scheduler, delays } = await start()
  for (let i = 0; i < 8; i++) journal.failNext('unavailable')
  append(writer)
  await settled()
  append(writer)
  const waits = [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]
  for (const [i, wait] of waits.entries()) {
    await scheduler.advance(wait - 1)
    assert.equal(journal.batches.length, i + 1)
    await scheduler.advance(1)
    assert.equal(journal.batches.length, i === waits.length - 1 ? i + 3 : i + 2)
  }
  assert.deepEqual(delays, waits)
  assert.deepEqual(journal.batches, [...Array.from({ length: 9 }, () => [1]), [2]])
  assert.deepEqual(told, ['durable 1', 'durable 2'])
})

test('a commit whose outcome was lost but stands is reported durable and not written again', async () => {
  const { writer, journal, told, scheduler } = await start()
  journal.failNext('unknown-kept')
  append(writer)
  append(writer)
  await scheduler.advance(50)
  assert.deepEqual(journal.batches, [[1, 2]])
  assert.deepEqual(told, ['durable 2'])
  assert.equal((await logOf(journal)).length, 2)
})

test('a commit whose outcome was lost and does not stand is written again', async () => {
  const { writer, journal, told, scheduler } = await start()
  journal.failNext('unknown-lost')
  append(writer)
  append(writer)
  await scheduler.advance(50)
  assert.deepEqual(journal.batches, [
    [1, 2],
    [1, 2],
  ])
  assert.deepEqual(told, ['durable 2'])
})

test('an unknown outcome that settles under another owner is a fence', async () => {
  const { writer, journal, told, scheduler } = await start()
  journal.failNext('unknown-lost')
  append(writer)
  await settled()
  await journal.acquire('r')
  await scheduler.advance(50)
  assert.deepEqual(told, ['fenced'])
})

test('a fenced writer says so once, takes no more, and reports nothing durable', async () => {
  const { writer, journal, told } = await start()
  await journal.acquire('r')
  append(writer)
  append(writer)
  const idle = writer.idle()
  await settled()
  assert.deepEqual(told, ['fenced'])
  assert.throws(() => append(writer), /closed/)
  await idle
  assert.equal(writer.pending, 2)
  assert.equal(writer.durable, 0)
})

test('a refused batch closes the writer; nothing after it is written', async () => {
  const { writer, journal, told } = await start()
  journal.failNext('rejected')
  append(writer)
  await settled()
  assert.deepEqual(told, ['rejected ContentRejected'])
  assert.throws(() => append(writer), /closed/)
  assert.deepEqual(await logOf(journal), [])
})

test('a stopped writer gives up its repeats, leaves no timer and reports nothing', async () => {
  const { writer, journal, told, scheduler } = await start()
  journal.failNext('unavailable')
  append(writer)
  await settled()
  assert.equal(scheduler.timers, 1)
  const idle = writer.idle()
  writer.stop()
  await idle
  assert.equal(scheduler.timers, 0)
  await scheduler.advance(10_000)
  assert.deepEqual(journal.batches, [[1]])
  assert.deepEqual(told, [])
})

test('the observer hears how long a commit took with its repeats, and how large it was', async () => {
  const { writer, journal, scheduler, commits } = await start()
  journal.failNext('unavailable')
  append(writer)
  append(writer)
  await scheduler.advance(60)
  assert.deepEqual(commits, [{ ms: 50, size: 2 }])
})

test('whatever faults come, each record stands once, in order, and is reported once it stands', async () => {
  const fault = fc.constantFrom<MemoryFault>('unavailable', 'unknown-lost', 'unknown-kept')
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ fault }),
    fc.record({ advance: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ stall: fc.boolean() }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const { writer, journal, scheduler, told } = await start({ batchMax: 3 })
      for (const s of steps) {
        if ('append' in s) for (let i = 0; i < s.append; i++) append(writer, `c${writer.head + 1}`)
        else if ('fault' in s) journal.failNext(s.fault)
        else if ('advance' in s) await scheduler.advance(s.advance)
        else if (s.stall) journal.stall()
        else journal.resume()
        // Nothing is reported that does not stand.
        assert.ok((await logOf(journal)).length >= writer.durable)
      }
      journal.resume()
      await scheduler.advance(120_000)
      assert.equal(writer.pending, 0)
      const records = await logOf(journal)
      assert.deepEqual(
        records.map(record => record.commandId),
        Array.from({ length: writer.head }, (_, i) => `c${i + 1}`),
      )
      const positions = told.map(line => Number(line.replace('durable ', '')))
      assert.deepEqual(
        positions,
        [...positions].sort((a, b) => a - b),
      )
      assert.equal(positions.at(-1) ?? 0, writer.head)
      writer.stop()
    }),
    { numRuns: 100 },
  )
})
