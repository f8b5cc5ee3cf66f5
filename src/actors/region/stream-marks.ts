/**
 * The marks of streams that are not in memory. A mark is written when its stream leaves, and read when the client comes back
 * with it.
 *
 * A stream leaves when nine others of its unit were used since (`driver/location.ts`). Its mark is written once all that
 * was taken of it is durable, and only then is the stream forgotten: a crash before that finds it in log and segments
 * again. Nothing of this touches the way of a fix. One write and one reading are under way at a time; what comes
 * meanwhile is gathered for the next.
 */
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { CommitLoop, type LaneHandlers, type LaneSettings } from '../../store/log/commit-loop.ts'
import type { LeavingMark, StreamMark, StreamName } from '../../store/log/journal.ts'
import type { DriverLocation, Stream } from '../driver/location.ts'

/** Marks in one statement, which holds the region's fence. */
const AT_ONCE = 500
/** Streams in one reading; the last request may take the number beyond this. */
const READ_AT_ONCE = 5_000
/**
 * How long a client waits for the reading of its marks before it is told to come again. Its welcome may then wait for a
 * second to become durable, and whoever asks is answered within two.
 */
const READ_LIMIT_MS = 900

/** What the store has of streams that were asked for; null when it could not be asked. */
export type MarksRead = ReadMarks | null

interface StreamMarksSettings extends LaneSettings {
  readonly handlers: LaneHandlers
  /** The ends of what was taken, and of what is durable. */
  readonly taken: () => Ends
  readonly durable: () => Ends
  /** Called for the first of readings that fail one after another. */
  readonly onReadFailed: (error: unknown) => void
}

interface Ends {
  readonly position: number
  readonly segmentNo: number
}

/** A stream that waits to be forgotten. */
interface Leaving {
  readonly unitId: UnitId
  readonly location: DriverLocation
  readonly stream: Stream
  /** All of it is durable when these are; null until the turn is over in which it left. */
  ends: Ends | null
}

interface Reader {
  readonly streams: readonly StreamName[]
  readonly answer: (read: MarksRead) => void
}

/** The answer about some streams: the streams that have a mark, and the streams that have none. */
class ReadMarks {
  readonly #marks = new Map<string, number>()

  constructor(streams: readonly StreamName[], rows: readonly StreamMark[]) {
    for (const { unitId, streamId } of streams) this.#marks.set(`${unitId} ${streamId}`, 0)
    for (const { unitId, streamId, durableSeq } of rows) this.#marks.set(`${unitId} ${streamId}`, durableSeq)
  }

  /** 0 when the store has none; undefined when it was not asked. */
  markOf(unitId: UnitId, streamId: StreamId): number | undefined {
    return this.#marks.get(`${unitId} ${streamId}`)
  }
}

export class StreamMarks {
  readonly #settings: StreamMarksSettings
  readonly #loop: CommitLoop<LeavingMark>
  /** In the order of their ends. At most `STREAMS_LEAVING` a unit, and those that came back since. */
  readonly #leaving = new Map<Stream, Leaving>()
  #writing = false
  #scheduled = false
  #readers: Reader[] = []
  /** When the reading under way began, monotonic; null while there is none. */
  #readingSinceMs: number | null = null
  #readsFail = false
  readonly #cancels = new Set<() => void>()
  #stopped = false

  constructor(settings: StreamMarksSettings) {
    const { journal, ownership } = settings
    this.#settings = settings
    this.#loop = new CommitLoop<LeavingMark>(
      settings,
      'marks',
      rows => journal.putStreamMarks(ownership, rows),
      // What the store has of them is not looked at: written twice they are the same.
      () => false,
    )
  }

  /** A stream of the unit has left its memory. */
  left(unitId: UnitId, location: DriverLocation, stream: Stream): void {
    if (this.#stopped) return
    this.#leaving.delete(stream)
    this.#leaving.set(stream, { unitId, location, stream, ends: null })
    this.#schedule()
  }

  /** More is durable. */
  advance(): void {
    if (this.#leaving.size > 0 && !this.#writing) this.#schedule()
  }

  /** Reads the marks of streams. Input: `answer` is called later, never at once. */
  read(streams: readonly StreamName[], answer: (read: MarksRead) => void): void {
    const { scheduler } = this.#settings
    if (this.#stopped) return
    const nowMs = scheduler.monotonicMs()
    // The store hangs: a request that comes now need not wait until that is plain.
    const hangs = this.#readingSinceMs !== null && nowMs - this.#readingSinceMs >= READ_LIMIT_MS
    if (hangs) return queueMicrotask(() => this.#answer(answer, null))
    const cancel = scheduler.after(READ_LIMIT_MS, () => settle(null))
    const settle = (read: MarksRead): void => {
      if (!this.#cancels.delete(cancel)) return
      cancel()
      this.#answer(answer, read)
    }
    this.#cancels.add(cancel)
    this.#readers.push({ streams, answer: settle })
    if (this.#readingSinceMs === null) void this.#readAll()
  }

  /** Writes and answers nothing more. Idempotent. */
  stop(): void {
    this.#stopped = true
    this.#loop.stop()
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    this.#leaving.clear()
    this.#readers = []
  }

  /** Once the code that runs now is done: only then are the holes on record that its turn found. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      const taken = this.#settings.taken()
      for (const leaving of this.#leaving.values()) leaving.ends ??= taken
      if (!this.#writing) void this.#write()
    })
  }

  async #write(): Promise<void> {
    this.#writing = true
    for (;;) {
      const batch = this.#nextBatch()
      if (batch.length === 0) break
      const rows = batch.map(({ unitId, location, stream }) => location.leavingMark(unitId, stream))
      const end = await this.#loop.commit(rows, rows.length)
      if (this.#stopped) return
      if (end.as !== 'durable') {
        this.stop()
        if (end.as === 'fenced') this.#settings.handlers.onFenced()
        else if (end.as === 'rejected') this.#settings.handlers.onContentRejected(end.error)
        return
      }
      for (const leaving of batch) {
        const { location, stream } = leaving
        // One that came back meanwhile, and perhaps left again with more, has its turn later.
        if (this.#leaving.get(stream) !== leaving) continue
        this.#leaving.delete(stream)
        if (location.isLeaving(stream)) location.forget(stream)
      }
    }
    this.#writing = false
  }

  #nextBatch(): Leaving[] {
    const { position, segmentNo } = this.#settings.durable()
    const batch: Leaving[] = []
    for (const leaving of this.#leaving.values()) {
      const { location, stream, ends } = leaving
      if (!location.isLeaving(stream)) {
        this.#leaving.delete(stream)
        continue
      }
      if (ends === null || ends.position > position || ends.segmentNo > segmentNo || batch.length === AT_ONCE) break
      batch.push(leaving)
    }
    return batch
  }

  async #readAll(): Promise<void> {
    const { scheduler } = this.#settings
    while (this.#readers.length > 0 && !this.#stopped) {
      const readers = this.#nextReaders()
      this.#readingSinceMs = scheduler.monotonicMs()
      const read = await this.#readOnce(readers.flatMap(({ streams }) => streams))
      for (const { answer } of readers) answer(read)
    }
    this.#readingSinceMs = null
  }

  #nextReaders(): Reader[] {
    let count = 0
    let streams = 0
    while (count < this.#readers.length && streams < READ_AT_ONCE) streams += this.#readers[count++]!.streams.length
    return this.#readers.splice(0, count)
  }

  async #readOnce(streams: readonly StreamName[]): Promise<MarksRead> {
    const { journal, ownership, onReadFailed } = this.#settings
    try {
      const read = new ReadMarks(streams, await journal.readStreamMarks(ownership.region, streams))
      this.#readsFail = false
      return read
    } catch (error) {
      if (!this.#readsFail) onReadFailed(error)
      this.#readsFail = true
      return null
    }
  }

  #answer(answer: (read: MarksRead) => void, read: MarksRead): void {
    if (!this.#stopped) answer(read)
  }
}
