/**
 * A region's record lane: gives positions, gathers, commits one batch at a time.
 *
 * Modes: *open*, from which a fence, a refused batch or `stop` lead to *closed* for good. What is pending then is never
 * reported durable; whoever takes the region next reads the log for what stands. The queue has no bound of its own: a
 * decided record cannot be taken back, so the region looks at `pending` before it decides (and answers `overloaded`).
 */
import { CommitLoop, type LaneHandlers, type LaneSettings } from './commit-loop.ts'
import type { CommandRow, LogRecord, RecordWrite } from './journal.ts'

/** A record as a turn decided it; the writer adds position and epoch. */
export interface LogAppend extends Pick<RecordWrite, 'closes' | 'opens' | 'callDetails' | 'callNote' | 'incident'> {
  readonly record: Omit<LogRecord, 'position' | 'epoch'>
  /** The outcome to find when the record's command id is repeated; null where nobody can repeat it. */
  readonly command: Pick<CommandRow, 'bodyHash' | 'result'> | null
}

/** What the region does when its fate is known. Called one at a time, outside any turn; they must not throw. */
interface LogWriterHandlers extends LaneHandlers {
  /** Every record up to here is durable. */
  onDurable(position: number): void
}

interface LogWriterSettings extends LaneSettings {
  readonly handlers: LogWriterHandlers
  /** Position of the last durable record, from `acquire`. */
  readonly logEnd: number
  readonly batchMax?: number
}

const BATCH_MAX = 512
/** Events of one batch, besides its first record: some 5 ms of everybody's time to write out as text. */
const BATCH_EVENTS_MAX = 1_024

export class LogWriter {
  readonly #settings: LogWriterSettings
  readonly #batchMax: number
  readonly #loop: CommitLoop<RecordWrite>
  #queue: RecordWrite[] = []
  #head: number
  #durable: number
  #scheduled = false
  #closed = false
  #idle: (() => void)[] = []

  constructor(settings: LogWriterSettings) {
    const { journal, ownership, logEnd, batchMax = BATCH_MAX } = settings
    this.#settings = settings
    this.#batchMax = batchMax
    this.#head = logEnd
    this.#durable = logEnd
    this.#loop = new CommitLoop<RecordWrite>(
      settings,
      'records',
      batch => journal.appendRecords(ownership, batch),
      (write, ends) => write.record.position <= ends.logEnd,
    )
  }

  /** Position of the last record appended, durable or not. */
  get head(): number {
    return this.#head
  }

  /** Position up to which every record is durable. */
  get durable(): number {
    return this.#durable
  }

  /** Records appended and not yet durable. */
  get pending(): number {
    return this.#head - this.#durable
  }

  /**
   * Takes the record of one turn and answers its position; it is written when the commit in flight has returned.
   * The caller gives it away: neither events nor result may change afterwards.
   */
  append(write: LogAppend): number {
    if (this.#closed) throw new Error('This writer is closed: the region was lost, refused or stopped.')
    const { recordedAtMs, principal, commandId } = write.record
    if (write.command !== null && commandId === null) throw new Error('A stored outcome needs a command id.')
    const position = this.#head + 1
    this.#queue.push({
      record: { ...write.record, position, epoch: this.#settings.ownership.epoch },
      command:
        write.command === null ? null : { ...write.command, principal, commandId: commandId!, position, recordedAtMs },
      closes: write.closes,
      opens: write.opens,
      callDetails: write.callDetails,
      callNote: write.callNote ?? null,
      incident: write.incident ?? null,
    })
    this.#head = position
    this.#schedule()
    return position
  }

  /** Resolves when nothing is pending, or nothing ever will be written again; `pending` tells which. */
  idle(): Promise<void> {
    if (this.#closed || this.pending === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  /** Writes nothing more and reports nothing more. Idempotent. */
  stop(): void {
    this.#close()
    this.#loop.stop()
  }

  /** Once the code that runs now is done, so that all turns of one slice share a commit; until then only one is set. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => void this.#drain())
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const gathered = this.#queue
      this.#queue = []
      for (let from = 0; from < gathered.length; ) {
        const to = this.#batchEnd(gathered, from)
        await this.#commit(gathered.slice(from, to))
        if (this.#closed) return
        from = to
      }
    }
    this.#scheduled = false
    this.#releaseIdle()
  }

  /** Where the batch that begins here ends: by its records, and by their events. */
  #batchEnd(writes: readonly RecordWrite[], from: number): number {
    let events = writes[from]!.record.events.length
    let to = from + 1
    for (; to < writes.length && to - from < this.#batchMax; to++) {
      events += writes[to]!.record.events.length
      if (events > BATCH_EVENTS_MAX) break
    }
    return to
  }

  async #commit(batch: readonly RecordWrite[]): Promise<void> {
    const end = await this.#loop.commit(batch, batch.length)
    if (this.#closed) return
    if (end.as === 'durable') {
      this.#durable = batch[batch.length - 1]!.record.position
      this.#settings.handlers.onDurable(this.#durable)
      return
    }
    this.#close()
    if (end.as === 'fenced') this.#settings.handlers.onFenced()
    else if (end.as === 'rejected') this.#settings.handlers.onContentRejected(end.error)
  }

  #close(): void {
    this.#closed = true
    this.#queue = []
    this.#releaseIdle()
  }

  #releaseIdle(): void {
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }
}
