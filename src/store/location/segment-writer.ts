/**
 * A region's segment lane: gathers fixes as encoded bytes and commits one segment at a time.
 *
 * The open segment is closed when no commit is in flight and 100 ms have passed since the last was closed, so that a
 * busy region makes at most ten inserts a second and a quiet one waits for nothing; or when it is full. While the store
 * is away, full segments queue up to a bound; beyond it `add` takes no fix, and the durable marks simply stop rising.
 * Modes: *open*, from which a fence, a refused segment or `stop` lead to *closed* for good.
 */
import type { Fix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { CommitLoop, type LaneHandlers, type LaneSettings } from '../log/commit-loop.ts'
import type { SegmentWrite } from '../log/journal.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder, type SegmentMark } from './segment-codec.ts'

export interface DurableSegment {
  readonly segmentNo: number
  /** The highest seq of each stream in it. */
  readonly marks: readonly SegmentMark[]
  /** When each fix reached this process, wall milliseconds, in the order of arrival: for the durable lag. */
  readonly arrivedWallMs: readonly number[]
}

/** What the region does when a segment's fate is known. Called one at a time, outside any turn; they must not throw. */
interface SegmentWriterHandlers extends LaneHandlers {
  onDurable(segment: DurableSegment): void
}

interface SegmentWriterSettings extends LaneSettings {
  readonly handlers: SegmentWriterHandlers
  /** Number of the last durable segment, from `acquire`. */
  readonly segmentEnd: number
  /** The log's head now; each segment is stamped with it when it is closed. */
  readonly logHead: () => number
  readonly closeEveryMs?: number
  readonly segmentFixesMax?: number
  readonly queuedFixesMax?: number
}

interface ClosedSegment {
  readonly write: SegmentWrite
  readonly durable: DurableSegment
}

const CLOSE_EVERY_MS = 100
/** About 1.5 MB, far more than 100 ms of the largest region: reached only while the store lags. */
const SEGMENT_FIXES_MAX = 65_536
/** 30 s at 67,000 fixes a second, about 50 MB. */
const QUEUED_FIXES_MAX = 2_000_000

export class SegmentWriter {
  readonly #settings: SegmentWriterSettings
  readonly #closeEveryMs: number
  readonly #segmentFixesMax: number
  readonly #queuedFixesMax: number
  readonly #loop: CommitLoop<SegmentWrite>
  readonly #encoder = new SegmentEncoder()
  #arrivedWallMs: number[] = []
  /** Closed and not yet durable, the one in flight included. */
  #queue: ClosedSegment[] = []
  #segmentNo: number
  #durableNo: number
  #queuedFixes = 0
  #lastClosedMs = Number.NEGATIVE_INFINITY
  #writing = false
  #closeIsDue = false
  #cancelTimer: (() => void) | null = null
  #closed = false
  /** Somebody waits for `idle`: close without waiting for the interval. */
  #idle: (() => void)[] = []

  constructor(settings: SegmentWriterSettings) {
    const { journal, ownership, segmentEnd } = settings
    this.#settings = settings
    this.#closeEveryMs = settings.closeEveryMs ?? CLOSE_EVERY_MS
    this.#segmentFixesMax = settings.segmentFixesMax ?? SEGMENT_FIXES_MAX
    this.#queuedFixesMax = settings.queuedFixesMax ?? QUEUED_FIXES_MAX
    this.#segmentNo = segmentEnd
    this.#durableNo = segmentEnd
    this.#loop = new CommitLoop<SegmentWrite>(
      settings,
      'segments',
      ([segment]) => journal.appendSegment(ownership, segment!),
      (segment, ends) => segment.segmentNo <= ends.segmentEnd,
    )
  }

  /** Fixes taken and not yet durable. */
  get queuedFixes(): number {
    return this.#queuedFixes
  }

  /** Number of the segment that the newest fix is in, or will be. */
  get newestSegmentNo(): number {
    return this.#encoder.fixCount > 0 ? this.#segmentNo + 1 : this.#segmentNo
  }

  /** Number up to which every segment is durable. */
  get durableSegmentNo(): number {
    return this.#durableNo
  }

  /**
   * Takes one fix; false when the queue is full or the region is lost, and the caller then does not take it either.
   * Errors: RangeError for a number that the border never lets through.
   */
  add(unitId: UnitId, streamId: StreamId, fix: Fix, flags: number, arrivedWallMs: number): boolean {
    if (this.#closed || this.#queuedFixes >= this.#queuedFixesMax) return false
    this.#encoder.add(unitId, streamId, fix, flags)
    this.#arrivedWallMs.push(arrivedWallMs)
    this.#queuedFixes++
    if (this.#encoder.fixCount >= this.#segmentFixesMax) {
      this.#closeSegment()
      void this.#drain()
    } else if (!this.#writing) {
      this.#closeWhenDue()
    }
    return true
  }

  /** Closes what is open and resolves when nothing is queued, or nothing ever will be written again. */
  idle(): Promise<void> {
    if (this.#closed || this.#queuedFixes === 0) return Promise.resolve()
    const idle = new Promise<void>(resolve => this.#idle.push(resolve))
    if (!this.#writing) void this.#drain()
    return idle
  }

  /** Writes nothing more and reports nothing more. Idempotent. */
  stop(): void {
    this.#close()
    this.#loop.stop()
  }

  #closeWhenDue(): void {
    if (this.#closeIsDue) return
    this.#closeIsDue = true
    const run = (): void => {
      this.#closeIsDue = false
      this.#cancelTimer = null
      if (!this.#closed && !this.#writing) void this.#drain()
    }
    const waitMs = this.#lastClosedMs + this.#closeEveryMs - this.#settings.scheduler.monotonicMs()
    // Not at once: the fixes of one frame, and of one slice of turns, belong into one segment.
    if (waitMs <= 0) queueMicrotask(run)
    else this.#cancelTimer = this.#settings.scheduler.after(waitMs, run)
  }

  #isDue(): boolean {
    if (this.#encoder.fixCount === 0) return false
    return this.#idle.length > 0 || this.#settings.scheduler.monotonicMs() - this.#lastClosedMs >= this.#closeEveryMs
  }

  #closeSegment(): void {
    const { bytes, fixCount, firstFixedAtMs, lastFixedAtMs, marks } = this.#encoder.finish()
    const segmentNo = ++this.#segmentNo
    this.#queue.push({
      write: {
        segmentNo,
        logPosition: this.#settings.logHead(),
        firstFixedAtMs,
        lastFixedAtMs,
        fixCount,
        codecVersion: SEGMENT_CODEC_VERSION,
        bytes,
      },
      durable: { segmentNo, marks, arrivedWallMs: this.#arrivedWallMs },
    })
    this.#arrivedWallMs = []
    this.#lastClosedMs = this.#settings.scheduler.monotonicMs()
  }

  async #drain(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    for (;;) {
      if (this.#queue.length === 0 && this.#isDue()) this.#closeSegment()
      const segment = this.#queue[0]
      if (segment === undefined) break
      const end = await this.#loop.commit([segment.write], segment.write.fixCount)
      if (this.#closed) return
      if (end.as !== 'durable') {
        this.#close()
        if (end.as === 'fenced') this.#settings.handlers.onFenced()
        else if (end.as === 'rejected') this.#settings.handlers.onContentRejected(end.error)
        return
      }
      this.#queue.shift()
      this.#durableNo = segment.write.segmentNo
      this.#queuedFixes -= segment.write.fixCount
      this.#settings.handlers.onDurable(segment.durable)
    }
    this.#writing = false
    if (this.#queuedFixes > 0) this.#closeWhenDue()
    else this.#releaseIdle()
  }

  #close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#queue = []
    this.#releaseIdle()
  }

  #releaseIdle(): void {
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }
}
