/**
 * The fixes of every stream, from the client's sending to the database: stored as they were sent, once, in order, and
 * covered by a mark only when they are.
 *
 * A fix is kept from when it is sent until it is stored; of what is stored only the runs of numbers are kept.
 */

import { type Fix, isNewer } from '../../../src/domain/fix.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import type { StreamClock } from '../../../src/protocol/wire/fix-tuples.ts'
import { decodeSegment, FIX_FLAGS, type SegmentFix } from '../../../src/store/location/segment-codec.ts'
import type { SegmentWrite } from '../../../src/store/log/journal.ts'
import type { DurableEnds } from '../core/watch.ts'
import type { Plan } from '../plan.ts'
import type { Findings } from './findings.ts'
import { Ranges } from './ranges.ts'

/** A fix as a client sent it, last. */
interface SentFix {
  /** Its time is the region time that its first sending amounts to; of a device's clock its age. */
  readonly fix: Fix
  readonly clock: StreamClock
  /** Other region times that its later sendings amount to; null while there is none. */
  otherTimesMs: number[] | null
  readonly firstSentAtMs: number
  lastWire: number
}

interface StoredPlace {
  readonly streamId: string
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonDeg: number
  readonly latDeg: number
  /** True time. */
  readonly storedAtMs: number
}

export class Stream {
  readonly unitId: UnitId
  readonly streamId: string
  readonly sent = new Map<number, SentFix>()
  readonly stored = new Ranges()
  /** Stored, or in a recorded hole. */
  readonly covered = new Ranges()
  /** How far it was stored when the database stood where, the newest last: segment, position, through; and again. */
  readonly #steps: number[] = []
  /** How far it was stored before the oldest of them. */
  #forgotten = 0
  /** Some of those that were sent lately, and when: one every few seconds. */
  #samples: { readonly seq: number; readonly atMs: number }[] = []
  /** The last stored fix that was believed. */
  believed: Fix | null = null
  /** The highest mark that a client was told. */
  told = 0
  /** On which its newest fix was sent. */
  lastWire = 0

  constructor(unitId: UnitId, streamId: string) {
    this.unitId = unitId
    this.streamId = streamId
  }

  noteSending(seq: number, wire: number, nowMs: number): void {
    this.lastWire = wire
    if (nowMs - (this.#samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < SAMPLE_EVERY_MS) return
    this.#samples.push({ seq, atMs: nowMs })
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift()
  }

  /** A fix that had been sent by then, and few others after it; 0 when none is known. */
  sentBy(atMs: number): number {
    return this.#samples.findLast(sample => sample.atMs <= atMs)?.seq ?? 0
  }

  /** Up to where everything was stored, or gone for good, when the database stood there. */
  throughAt({ logEnd, segmentEnd }: DurableEnds): number {
    const steps = this.#steps
    for (let i = steps.length - STEP; i >= 0; i -= STEP) {
      if (steps[i]! <= segmentEnd && steps[i + 1]! <= logEnd) return steps[i + 2]!
    }
    // Whatever is this long on its way is judged by the best that was forgotten.
    return this.#forgotten
  }

  /** Input: fixes that are stored now, or gone for good, and how far the database has come with them. */
  cover(from: number, to: number, ends: DurableEnds): void {
    const before = this.covered.through
    this.covered.add(from, to)
    const { through } = this.covered
    if (through === before) return
    const steps = this.#steps
    steps.push(ends.segmentEnd, ends.logEnd, through)
    if (steps.length > 2 * STEPS_KEPT * STEP) this.#forgotten = steps.splice(0, STEPS_KEPT * STEP).at(-1)!
  }
}

/** Steps kept of a stream: far more than can come in while a frame is on its way. */
const STEPS_KEPT = 512
/** Numbers in a step. */
const STEP = 3
/** Places kept of a unit, so that a picture may lag a little. */
const PLACES_KEPT = 6
/** How long a fix may be on its way before it must be stored and its client know it, once the world is calm. */
const STORED_WITHIN_MS = 60_000
/** Slower than what any region says of its fastest unit. */
const DRIVEN_MPS = 40
const SAMPLE_EVERY_MS = 5_000
const SAMPLES_KEPT = 32

export class Tracks {
  readonly #findings: Findings
  readonly #nowMs: () => number
  /** No engine's clock is ever wrong in this run, so that every time can be told to the millisecond. */
  readonly #clocksAreRight: boolean
  readonly #streams = new Map<string, Stream>()
  readonly #places = new Map<UnitId, StoredPlace[]>()

  constructor(findings: Findings, plan: Plan, nowMs: () => number) {
    this.#findings = findings
    this.#nowMs = nowMs
    this.#clocksAreRight = plan.troubles.clockJumps === 0
  }

  stream(unitId: UnitId, streamId: string): Stream {
    const key = `${unitId} ${streamId}`
    let stream = this.#streams.get(key)
    if (stream === undefined) {
      stream = new Stream(unitId, streamId)
      this.#streams.set(key, stream)
    }
    return stream
  }

  /** The newest stored fix that places the unit. */
  place(unitId: UnitId): StoredPlace | null {
    return this.#places.get(unitId)?.at(-1) ?? null
  }
  /** The newest ones, oldest first. */
  places(unitId: UnitId): readonly StoredPlace[] {
    return this.#places.get(unitId) ?? []
  }

  /** Input: the region time that its sending amounts to; of a device's clock its age. */
  sent(stream: Stream, fix: Fix, clock: StreamClock, wire: number): void {
    if (stream.stored.has(fix.seq)) {
      stream.lastWire = wire
      return
    }
    const known = stream.sent.get(fix.seq)
    if (known === undefined) {
      const firstSentAtMs = this.#nowMs()
      stream.sent.set(fix.seq, { fix, clock, otherTimesMs: null, firstSentAtMs, lastWire: wire })
      stream.noteSending(fix.seq, wire, firstSentAtMs)
      return
    }
    known.lastWire = wire
    stream.lastWire = wire
    if (!timesOf(known).includes(fix.fixedAtMs)) known.otherTimesMs = [...(known.otherTimesMs ?? []), fix.fixedAtMs]
    if (sameButTime(known.fix, fix)) return
    // The client's own mistake; what is stored then cannot be judged.
    this.#findings.find('fix-as-sent', `${nameOf(stream, fix.seq)} was sent again as another fix`)
  }

  segmentCommitted(segment: SegmentWrite, ends: DurableEnds): void {
    const rows = decodeSegment(segment.bytes)
    if (rows.length !== segment.fixCount) {
      const text = `segment ${segment.segmentNo} holds ${rows.length} fixes and says ${segment.fixCount}`
      this.#findings.find('fix-as-sent', text)
    }
    for (const row of rows) this.#stored(row, segment.segmentNo, ends)
  }

  holeRecorded(unitId: UnitId, streamId: string, fromSeq: number, toSeq: number, ends: DurableEnds): void {
    const stream = this.stream(unitId, streamId)
    if (stream.stored.overlaps(fromSeq, toSeq)) {
      const text = `the hole ${fromSeq} to ${toSeq} of stream ${streamId} of ${unitId} (position ${ends.logEnd}) covers a stored fix`
      this.#findings.find('hole-truthful', text)
    }
    stream.cover(fromSeq, toSeq, ends)
  }

  /** A client is told that everything up to `seq` is stored. Input: how far the database was. */
  marked(stream: Stream, seq: number, ends: DurableEnds, where: string): void {
    stream.told = Math.max(stream.told, seq)
    const through = stream.throughAt(ends)
    if (seq <= through) return
    const at = `segment ${ends.segmentEnd}, position ${ends.logEnd}`
    const text = `${where} marks ${nameOf(stream, seq)}; at ${at} fix ${through + 1} was neither stored nor in a hole`
    this.#findings.find('marks-truthful', text)
  }

  /** Input: the wires that are still open, by whether they are. */
  ended(isOpen: (wire: number) => boolean): void {
    const beforeMs = this.#nowMs() - STORED_WITHIN_MS
    for (const stream of this.#streams.values()) {
      const gaps = stream.covered.gaps()
      if (gaps.length > 0) {
        const text = `of stream ${stream.streamId} of ${stream.unitId}, stored up to ${stream.covered.max}, fixes ${gaps.join(', ')} are missing`
        this.#findings.find('track-without-gap', text)
      }
      for (const [seq, { lastWire, firstSentAtMs }] of stream.sent) {
        if (firstSentAtMs > beforeMs || !isOpen(lastWire)) continue
        const text = `${nameOf(stream, seq)} was sent ${this.#nowMs() - firstSentAtMs} ms ago and is not stored; stored are those up to ${stream.stored.max}`
        this.#findings.find('liveness-fixes', text)
        break
      }
      const known = stream.sentBy(beforeMs)
      if (stream.told >= known || !isOpen(stream.lastWire)) continue
      const text = `${nameOf(stream, known)} was sent ${STORED_WITHIN_MS} ms ago or more, and its client knows of those up to ${stream.told}`
      this.#findings.find('liveness-fixes', text)
    }
  }

  #stored({ unitId, streamId, fix, flags }: SegmentFix, segmentNo: number, ends: DurableEnds): void {
    const stream = this.stream(unitId, streamId)
    const { seq } = fix
    if (stream.stored.has(seq)) {
      this.#findings.find('fix-stored-once', `${nameOf(stream, seq)} is stored again in segment ${segmentNo}`)
      return
    }
    const sent = stream.sent.get(seq)
    if (sent === undefined) {
      this.#findings.find('fix-as-sent', `${nameOf(stream, seq)} is stored in segment ${segmentNo}, and nobody sent it`)
    } else {
      stream.sent.delete(seq)
      this.#compare(stream, sent, fix, flags)
    }
    stream.stored.add(seq, seq)
    stream.cover(seq, seq, ends)
    if ((flags & FIX_FLAGS.impossible) !== 0) this.#doubted(stream, fix)
    else if (placesUnit(flags)) stream.believed = fix
    if (placesUnit(flags)) this.#place(unitId, streamId, fix, (flags & FIX_FLAGS.replaces) !== 0)
  }

  #compare(stream: Stream, sent: SentFix, fix: Fix, flags: number): void {
    const isPlain = flags === 0 && sent.clock === 'gnss' && sent.fix.fixedAtMs === fix.fixedAtMs
    const isInTime = fix.fixedAtMs - LIMITS.aheadMs <= this.#nowMs() + 1
    if (isPlain && isInTime && sameButTime(sent.fix, fix)) return
    const find = (text: string) => this.#findings.find('fix-as-sent', `${nameOf(stream, fix.seq)} ${text}`)
    if (!sameButTime(sent.fix, fix)) find(`is stored as ${valuesOf(fix)} and was sent as ${valuesOf(sent.fix)}`)
    const nowMs = this.#nowMs()
    const isRight = timesOf(sent).some(timeMs => {
      if (sent.clock === 'device') {
        const receivedAtMs = fix.fixedAtMs + timeMs
        return (
          !this.#clocksAreRight || (receivedAtMs >= Math.floor(sent.firstSentAtMs) - 1 && receivedAtMs <= nowMs + 1)
        )
      }
      // However wrong the engine's clock is: a fix of a phone that has the time is dated by that alone.
      return fix.fixedAtMs === timeMs
    })
    if (!isRight) find(`is stored at ${fix.fixedAtMs} and was sent for ${timesOf(sent).join(' or ')} (${sent.clock})`)
    if (((flags & FIX_FLAGS.device) !== 0) !== (sent.clock === 'device'))
      find(`is not of the clock that it says (${sent.clock})`)
    if (!this.#clocksAreRight) return
    const aheadMs = fix.fixedAtMs - LIMITS.aheadMs
    if ((flags & FIX_FLAGS.replaces) !== 0) find('replaces a place of a clock that was ahead, and none was')
    if ((flags & FIX_FLAGS.future) !== 0) {
      if (aheadMs < Math.floor(sent.firstSentAtMs) - 1) find('was not ahead of the clock, and is stored as if it were')
    } else if (aheadMs > nowMs + 1) find('was ahead of the clock, and is stored as if it were not')
  }

  /** No vehicle jumps: only a wrong clock can make it seem so, and then the times are as far apart as the places. */
  #doubted(stream: Stream, fix: Fix): void {
    const before = [stream.believed, this.place(stream.unitId)].filter(each => each !== null)
    const isDriven = ({ lonDeg, latDeg, fixedAtMs }: (typeof before)[number]) => {
      const [northM, eastM] = [(fix.latDeg - latDeg) * 111_195, (fix.lonDeg - lonDeg) * 111_195]
      return Math.hypot(northM, eastM) <= (Math.abs(fix.fixedAtMs - fixedAtMs) / 1_000) * DRIVEN_MPS
    }
    if (before.length === 0 || !before.every(isDriven)) return
    this.#findings.find('fix-as-sent', `${nameOf(stream, fix.seq)} was easily reached, and is stored as impossible`)
  }

  #place(unitId: UnitId, streamId: string, fix: Fix, replaces: boolean): void {
    const places = this.#places.get(unitId) ?? []
    if (!replaces && !isNewer(fix, places.at(-1) ?? null)) return
    const { seq, fixedAtMs, lonDeg, latDeg } = fix
    places.push({ streamId, seq, fixedAtMs, lonDeg, latDeg, storedAtMs: this.#nowMs() })
    if (places.length > PLACES_KEPT) places.shift()
    this.#places.set(unitId, places)
  }
}

const nameOf = ({ unitId, streamId }: Stream, seq: number): string => `fix ${seq} of stream ${streamId} of ${unitId}`

const placesUnit = (flags: number): boolean => {
  const isDoubted = (flags & (FIX_FLAGS.impossible | FIX_FLAGS.inaccurate)) !== 0
  return (flags & FIX_FLAGS.future) === 0 && (!isDoubted || (flags & FIX_FLAGS.anchors) !== 0)
}

const timesOf = ({ fix, otherTimesMs }: SentFix): number[] => [fix.fixedAtMs, ...(otherTimesMs ?? [])]

const sameButTime = (a: Fix, b: Fix): boolean =>
  a.lonDeg === b.lonDeg &&
  a.latDeg === b.latDeg &&
  a.accuracyM === b.accuracyM &&
  a.speedMps === b.speedMps &&
  a.headingDeg === b.headingDeg

const valuesOf = ({ lonDeg, latDeg, accuracyM, speedMps, headingDeg }: Fix): string =>
  `${lonDeg} ${latDeg} accuracy ${accuracyM} speed ${speedMps} heading ${headingDeg}`
