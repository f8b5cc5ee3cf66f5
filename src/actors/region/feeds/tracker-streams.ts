/**
 * Fixes of phones that post them one by one and number none. The device's own time is the number: it is the same however often
 * the phone sends the fix, and the mark of the device's stream is the newest of its times.
 *
 * A fix with a later time than the mark is new. Any other is a repetition or comes late, which only the store can tell: the
 * caller looks there, and sends a late one again as such. Nothing else is remembered, so nothing grows, and a restart finds
 * the mark again as it does that of any stream. The caller sends one fix of a device at a time.
 *
 * Whoever posts is answered when all that was taken by then is stored.
 */
import type { Principal, StreamId } from '../../../domain/ids.ts'
import { RANGES } from '../../../protocol/limits.ts'
import { FIX_FLAGS } from '../../../store/location/segment-codec.ts'
import type { SegmentWriter } from '../../../store/location/segment-writer.ts'
import type { StreamName } from '../../../store/log/journal.ts'
import type { DriverActor } from '../../driver/driver-actor.ts'
import type { FixDoor } from '../../driver/driver-door.ts'
import { outcomeOf } from '../../driver/fix-outcome.ts'
import type { Stream } from '../../driver/location.ts'
import { MARKS_UNREADABLE, OVERLOADED, retiredUnit, UNAVAILABLE, unknownUnit } from '../../refusals.ts'
import type { TrackerAnswer, TrackerRequest } from '../../region-handle.ts'
import type { RegionMemory } from '../memory.ts'
import type { MarksRead } from '../stream-marks.ts'
import { feedStreamId, feedTag } from './feed-streams.ts'

interface TrackerPorts {
  readonly fixes: Pick<FixDoor, 'regionMs' | 'limits' | 'store' | 'countedOne' | 'moved'>
  readonly memory: Pick<RegionMemory, 'driverActor'>
  readonly segments: Pick<SegmentWriter, 'newestSegmentNo' | 'durableSegmentNo'>
  readonly readMarks: (streams: readonly StreamName[], answer: (read: MarksRead) => void) => void
  /** Hands the request over once more; false when the mailbox is full. */
  readonly again: (request: TrackerRequest, read: NonNullable<MarksRead>) => boolean
}

interface Waiting {
  readonly segmentNo: number
  readonly answer: TrackerRequest['answer']
  readonly with: TrackerAnswer
}

/** Requests that wait for the store. What is more is answered `overloaded`. */
const WAITING_MAX = 10_000
const STREAM = 'tracker'
/** Of fixes that lie ahead of now: under the device's own stream they would make every later fix doubtful. */
const AHEAD_STREAM = 'tracker-ahead'

export class Trackers {
  readonly #ports: TrackerPorts
  /** In the order of their segments. */
  readonly #waiting: Waiting[] = []

  constructor(ports: TrackerPorts) {
    this.#ports = ports
  }

  /** Input: `read`, the mark of a stream that memory had forgotten. */
  take(request: TrackerRequest, read: MarksRead = null): void {
    const { unitId, principal, answer } = request
    const driver = this.#ports.memory.driverActor(unitId)
    if (driver === undefined) return answer({ ok: false, refusal: unknownUnit(unitId) })
    if (driver.state.retired === true) return answer({ ok: false, refusal: retiredUnit(unitId) })
    if (this.#waiting.length >= WAITING_MAX) return answer({ ok: false, refusal: OVERLOADED })
    const ids = trackerStreams(principal)
    const { location } = driver
    if (location.knownStream(ids.streamId) === undefined && location.isCrowded) {
      return answer({ ok: false, refusal: OVERLOADED })
    }
    const mark = read?.markOf(unitId, ids.streamId)
    if (location.mayBeForgotten(ids.streamId) && mark === undefined) return this.#readMark(request, ids.streamId)
    const stream = driver.openFeedStream(ids.streamId, location.knownStream(ids.streamId) ? 0 : mark)
    this.#takeOf(driver, stream, ids, request)
  }

  /** More is stored. */
  durable(): void {
    const { durableSegmentNo } = this.#ports.segments
    let count = 0
    while (count < this.#waiting.length && this.#waiting[count]!.segmentNo <= durableSegmentNo) count += 1
    for (const { answer, with: told } of this.#waiting.splice(0, count)) answer(told)
  }

  /** The region's memory is dropped. What is not stored by now may never be. */
  stop(): void {
    for (const { answer } of this.#waiting.splice(0)) answer({ ok: false, refusal: UNAVAILABLE })
  }

  #readMark(request: TrackerRequest, streamId: StreamId): void {
    const { answer } = request
    this.#ports.readMarks([{ unitId: request.unitId, streamId }], read => {
      if (read === null) return answer({ ok: false, refusal: MARKS_UNREADABLE })
      if (!this.#ports.again(request, read)) answer({ ok: false, refusal: OVERLOADED })
    })
  }

  #takeOf(driver: DriverActor, stream: Stream, { streamId, aheadId }: TrackerStreams, request: TrackerRequest): void {
    const { measured, measuredWallMs: seq, receivedWallMs, isLate, answer } = request
    const { fixes } = this.#ports
    if (!isTakable(seq, receivedWallMs)) {
      fixes.countedOne('invalid')
      return answer({ ok: true, is: 'unusable' })
    }
    const fix = { ...measured, seq, fixedAtMs: Math.round(fixes.regionMs(seq)) }
    const limits = fixes.limits()
    const flags = driver.location.flagsOf(stream, fix, limits)
    const isAhead = flags === FIX_FLAGS.future
    const isInOrder = seq > stream.receivedSeq && !isAhead
    if (!isInOrder && !isLate) {
      const { fixedAtMs } = fix
      return this.#whenStored(answer, { ok: true, is: 'doubtful', streamIds: [streamId, aheadId], seq, fixedAtMs })
    }
    if (!fixes.store(driver.unitId, isAhead ? aheadId : streamId, fix, flags, receivedWallMs)) {
      return answer({ ok: false, refusal: OVERLOADED })
    }
    if (isInOrder) stream.receivedSeq = seq
    const before = driver.location.current
    fixes.countedOne(outcomeOf(flags, driver.location.place(stream, fix, flags, limits)))
    if (driver.location.current !== before) fixes.moved(driver, before)
    this.#whenStored(answer, { ok: true, is: 'stored' })
  }

  #whenStored(answer: TrackerRequest['answer'], told: TrackerAnswer): void {
    const { newestSegmentNo, durableSegmentNo } = this.#ports.segments
    if (newestSegmentNo <= durableSegmentNo) return answer(told)
    this.#waiting.push({ segmentNo: newestSegmentNo, answer, with: told })
  }
}

interface TrackerStreams {
  readonly streamId: StreamId
  readonly aheadId: StreamId
}

/** Those of one device for one unit: no client can name them, as no principal has a name that begins so. */
function trackerStreams(principal: Principal): TrackerStreams {
  const tag = feedTag(`tracker:${principal}`)
  return { streamId: feedStreamId(STREAM, tag), aheadId: feedStreamId(AHEAD_STREAM, tag) }
}

/** As with the fixes of any stream: of at most 30 days ago, or ahead. */
function isTakable(measuredWallMs: number, receivedWallMs: number): boolean {
  const ageMs = receivedWallMs - measuredWallMs
  const [min, max] = RANGES.ageMs
  return Number.isSafeInteger(measuredWallMs) && measuredWallMs >= RANGES.seq[0] && ageMs >= min! && ageMs <= max!
}
