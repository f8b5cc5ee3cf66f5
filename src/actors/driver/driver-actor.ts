/**
 * The actor of one unit: its durable state, its place, and the one session that speaks for it.
 *
 * Commands become turns of the region. Fixes do not: they are taken into the location stream here, placed in the
 * finder, and handed to the segment writer; the client hears of them by its durable mark alone.
 */

import type { Refusal } from '../../base/refusal.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { Fix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import { BadFix, type FixRequest, type HintRequest, toFix } from '../../protocol/fix-frame.ts'
import { LIMITS } from '../../protocol/limits.ts'
import type { StreamClock } from '../../protocol/wire.ts'
import { FIX_FLAGS, STORABLE_MS } from '../../store/location/segment-codec.ts'
import type { Behaviour } from '../actor-system.ts'
import { MARKS_UNREADABLE } from '../refusals.ts'
import type { MarksRead } from '../region/stream-marks.ts'
import type { CommandRequest, HelloRequest, QueryAnswer, Session, SessionMessage } from '../region-handle.ts'
import type { DriverDoor } from './driver-door.ts'
import { LeftOut, NOWHERE } from './left-out.ts'
import { type DriverLocation, type FixLimits, holeBefore, isTooLarge, type Stream } from './location.ts'
import type { FeedHold, UnitActor } from './unit-actor.ts'

/** Fixes that count as one mark's worth, and the time after which a mark is told anyway. */
export const MARK_EVERY_FIXES = 8
export const MARK_EVERY_MS = 30_000

export type DriverMessage =
  | { readonly type: 'session-opened'; readonly session: Session; readonly hello: HelloRequest }
  | { readonly type: 'session-closed'; readonly session: Session }
  | { readonly type: 'command'; readonly request: CommandRequest }
  | SessionMessage
  | { readonly type: 'read'; readonly answer: (answer: QueryAnswer) => void }
  | { readonly type: 'marks-read'; readonly session: Session; readonly read: MarksRead }

interface OpenStream {
  readonly stream: Stream
  readonly clock: StreamClock
}

/** The session that speaks for the unit now, and what its hello said. */
interface Connection {
  readonly session: Session
  readonly clientNowMs: number
  readonly streams: readonly OpenStream[]
  /** Its welcome has left; nothing may come before that. */
  welcomed: boolean
}

/** A session that has to wait for the marks of its streams; the unit's former one goes on until then. */
interface Arrival {
  readonly session: Session
  readonly hello: HelloRequest
  /** The location's `leaveNo` when the marks were asked for. */
  readonly leaveNo: number
}

/** What became of the fixes of a frame. */
interface FixCounts {
  current: number
  late: number
  duplicate: number
  future: number
  invalid: number
}

/** Makes the refusal of a fix that was not taken; `where` names its stream or channel to the client. */
type FixRefusal = (stream: Stream, where: Readonly<Record<string, number>>) => Refusal

const SUPERSEDED = 'superseded by a newer sign-in of this unit'

// One list for all drivers: there may be a million.
const ACCEPTS = [...(['session-opened', 'session-closed', 'command', 'asked', 'read', 'marks-read'] as const)]
/** One a session, and one for each reading of its marks. */
const NEVER_REFUSED = ['session-closed', 'marks-read'] as const

export class DriverActor implements Behaviour<DriverMessage>, UnitActor {
  readonly accepts = ACCEPTS
  readonly neverRefused = NEVER_REFUSED
  readonly location: DriverLocation
  readonly #door: DriverDoor
  state: DriverState
  #connection: Connection | null = null
  #arrival: Arrival | null = null
  /** The feed that holds this unit. */
  feed: FeedHold | null = null
  disconnectedSinceMs: number | null
  /** What its snapshot has: the state, null while there is none, and `marksOf` its streams. */
  savedState: DriverState | null = null
  savedMarks = 0

  constructor(door: DriverDoor, state: DriverState, location: DriverLocation, disconnectedSinceMs: number) {
    this.#door = door
    this.state = state
    this.location = location
    this.disconnectedSinceMs = disconnectedSinceMs
  }

  get unitId(): UnitId {
    return this.state.unitId
  }

  get session(): Session | null {
    return this.#connection?.session ?? null
  }

  /** The session, once it has heard its welcome; before that it is told nothing else. */
  get welcomedSession(): Session | null {
    return this.#connection?.welcomed === true ? this.#connection.session : null
  }

  receive(message: DriverMessage): void {
    switch (message.type) {
      case 'asked':
        return this.#onAsked(message)
      case 'command':
        return this.#door.crews.command(message.request)
      case 'session-opened':
        return this.#onOpened(message.session, message.hello)
      case 'session-closed':
        return this.#onClosed(message.session)
      case 'read':
        return this.#door.crews.readUnit(this, message.answer)
      case 'marks-read':
        return this.#onMarksRead(message.session, message.read)
    }
  }

  /** Takes the next fix of a stream: to memory at once, and on its way to the store. Output: why not; null when it was taken. */
  take(stream: Stream, fix: Fix, limits: FixLimits, receivedWallMs: number, counts: FixCounts): FixRefusal | null {
    if (fix.fixedAtMs < 0 || fix.fixedAtMs >= STORABLE_MS) return impossibleTime
    const flags = this.location.flagsOf(fix, limits)
    if (!this.#door.fixes.store(this.unitId, stream.streamId, fix, flags, receivedWallMs)) return storeFull
    stream.receivedSeq = fix.seq
    if (flags === FIX_FLAGS.future) counts.future++
    else if (this.location.place(stream.streamId, fix, flags, limits.outdatedMs)) counts.current++
    else counts.late++
    return null
  }

  /** Leaves out the next fix of a stream, which can never be taken: what is stored holds its place. Output: as of `take`. */
  leaveOut(stream: Stream, seq: number, receivedWallMs: number, counts: FixCounts): FixRefusal | null {
    const fix = { ...NOWHERE, seq, fixedAtMs: Math.round(this.#door.fixes.regionMs(receivedWallMs)) }
    if (!this.#door.fixes.store(this.unitId, stream.streamId, fix, FIX_FLAGS.unusable, receivedWallMs)) return storeFull
    stream.receivedSeq = seq
    counts.invalid++
    return null
  }

  /** The stream under which a feed sends this unit's fixes. Input: its mark, if it was forgotten. */
  openFeedStream(streamId: StreamId, mark = 0): Stream {
    return this.#openStream(streamId, mark)
  }

  /** Everything of this stream up to `seq` is stored. */
  onDurable(streamId: string, seq: number): void {
    const stream = this.location.knownStream(streamId)
    if (stream === undefined || seq <= stream.durableSeq) return
    stream.durableSeq = seq
    if (this.feed?.stream === stream) {
      this.feed.rose()
      if (!this.#isOpen(stream)) return
    }
    // While an ask is open every rise is told: a client may ask again before the first answer.
    if (stream.askedSeq > 0 || seq - stream.toldSeq >= MARK_EVERY_FIXES) this.#tellMark(stream)
    else if (stream.toldSeq < seq) this.#door.marks.markWaits(this)
  }

  /** This session's welcome has left, with the marks as they stand. */
  onWelcomed(session: Session): void {
    const connection = this.#connection
    if (connection?.session !== session) return
    connection.welcomed = true
    for (const { stream } of connection.streams) {
      stream.toldSeq = stream.durableSeq
      stream.toldAtMs = this.#door.fixes.monotonicMs()
    }
  }

  /** Tells the marks that have waited their time; true while some still wait. */
  tellDueMarks(nowMonotonicMs: number): boolean {
    let waiting = false
    for (const { stream } of this.#connection?.streams ?? []) {
      if (stream.toldSeq >= stream.durableSeq) continue
      if (nowMonotonicMs - stream.toldAtMs >= MARK_EVERY_MS) this.#tellMark(stream)
      else waiting = true
    }
    return waiting
  }

  /** Whether this unit's own session sends on the stream. */
  #isOpen(stream: Stream): boolean {
    return this.#connection?.streams.some(open => open.stream === stream) ?? false
  }

  #isInUse(stream: Stream): boolean {
    return this.feed?.stream === stream || this.#isOpen(stream)
  }

  #openStream(streamId: StreamId, mark: number): Stream {
    const uses = [
      (stream: Stream) => this.#isInUse(stream),
      (stream: Stream) => this.#door.marks.left(this, stream),
    ] as const
    if (mark > 0) this.location.restore(streamId, mark, ...uses)
    return this.location.stream(streamId, ...uses)
  }

  #onOpened(session: Session, hello: HelloRequest): void {
    this.#arrival?.session.close(CLOSE_CODES.superseded, SUPERSEDED)
    this.#arrival = null
    this.#arrive(session, hello, null)
  }

  /** The marks have come for which a session waits. */
  #onMarksRead(session: Session, read: MarksRead): void {
    const arrival = this.#arrival
    if (arrival?.session !== session) return
    this.#arrival = null
    if (read === null) return refuseHello(session, arrival.hello)
    // What left memory since the question may have come further than the answer says.
    this.#arrive(session, arrival.hello, arrival.leaveNo === this.location.leaveNo ? read : null)
  }

  /** Lets a session in, once the marks of all its streams are known. */
  #arrive(session: Session, hello: HelloRequest, read: MarksRead): void {
    const { location } = this
    const marks = new Map<StreamId, number>()
    const unknown: StreamId[] = []
    for (const [streamId] of hello.streams) {
      if (!location.mayBeForgotten(streamId)) continue
      const mark = read?.markOf(this.unitId, streamId)
      if (mark === undefined) unknown.push(streamId)
      else marks.set(streamId, mark)
    }
    if (location.isCrowded && hello.streams.some(([streamId]) => location.knownStream(streamId) === undefined)) {
      return refuseHello(session, hello)
    }
    if (unknown.length === 0) {
      const tooFar = hello.streams.findIndex(([streamId, , lowestSeq]) =>
        isTooLarge(location.knownStream(streamId)?.receivedSeq ?? marks.get(streamId) ?? 0, lowestSeq),
      )
      return tooFar < 0 ? this.#open(session, hello, marks) : refuseHole(session, hello, tooFar)
    }
    this.#arrival = { session, hello, leaveNo: location.leaveNo }
    this.#door.marks.readMarks(this, session, unknown)
  }

  #open(session: Session, hello: HelloRequest, marks: ReadonlyMap<StreamId, number>): void {
    const former = this.#connection
    const streams: OpenStream[] = []
    this.#connection = { session, clientNowMs: hello.clientNowMs, streams, welcomed: false }
    for (const [streamId, clock] of hello.streams) {
      streams.push({ stream: this.#openStream(streamId, marks.get(streamId) ?? 0), clock })
    }
    this.disconnectedSinceMs = null
    for (const { stream } of streams) stream.askedSeq = 0
    // Newest login wins; the close code forbids the older client to come back by itself.
    former?.session.close(CLOSE_CODES.superseded, SUPERSEDED)
    const holes = hello.streams.flatMap(([streamId, , lowestSeq], index) => {
      const hole = holeBefore(streams[index]!.stream, lowestSeq)
      if (hole === null) return []
      this.location.skipHole(streamId, hole.toSeq)
      return [hole]
    })
    this.#door.crews.opened(this, hello, holes)
  }

  #onClosed(session: Session): void {
    if (this.#arrival?.session === session) this.#arrival = null
    if (this.#connection?.session !== session) return
    this.#connection = null
    this.disconnectedSinceMs = this.#door.crews.nowMs()
    this.#door.crews.disconnected(this)
  }

  #onAsked({ session, request, receivedWallMs }: SessionMessage): void {
    const connection = this.#connection
    if (connection?.session !== session) return
    switch (request.type) {
      case 'fix':
        return this.#onFixes(connection, request, receivedWallMs)
      case 'hint':
        return this.#onHint(connection, request, receivedWallMs)
      case 'mark':
        return this.#onMarkAsked(connection, request.streamIndex)
    }
  }

  #onFixes(connection: Connection, request: FixRequest, receivedWallMs: number): void {
    const { streamIndex } = request
    const open = connection.streams[streamIndex]
    if (open === undefined) return this.#unknownStream(connection.session, streamIndex)
    const stream = open.stream
    const before = this.location.current
    const counts = { current: 0, late: 0, duplicate: 0, future: 0, invalid: 0 }
    const limits = this.#door.fixes.limits()
    const leftOut = new LeftOut({ streamIndex })
    const sentRegionMs = this.#sentRegionMs(connection, open.clock, request.sentAtMs, receivedWallMs)
    let refusal: Refusal | null = null
    for (const [place, wire] of request.fixes.entries()) {
      const seq = wire instanceof BadFix ? wire.seq : wire[0]
      if (seq <= stream.receivedSeq) {
        counts.duplicate++
        continue
      }
      if (seq > stream.receivedSeq + 1) {
        refusal = gap(stream, { streamIndex })
        break
      }
      let notTaken: FixRefusal | null
      if (wire instanceof BadFix) {
        notTaken = this.leaveOut(stream, seq, receivedWallMs, counts)
        if (notTaken === null) leftOut.add(place, wire)
      } else {
        const fix = toFix(wire, Math.round(sentRegionMs - wire[1]))
        notTaken = this.take(stream, fix, limits, receivedWallMs, counts)
      }
      if (notTaken !== null) {
        refusal = notTaken(stream, {})
        break
      }
    }
    this.#door.fixes.counted(counts)
    if (this.location.current !== before) this.#door.fixes.moved(this, before)
    if (leftOut.refusal !== null) this.#door.fixes.refuseFixes(connection.session, leftOut.refusal)
    if (refusal !== null) this.#door.fixes.refuseFixes(connection.session, refusal)
  }

  #onHint(connection: Connection, request: HintRequest, receivedWallMs: number): void {
    const open = connection.streams[request.streamIndex]
    if (open === undefined) return this.#unknownStream(connection.session, request.streamIndex)
    const before = this.location.current
    const { fix: wire, sentAtMs } = request
    const sentRegionMs = this.#sentRegionMs(connection, open.clock, sentAtMs, receivedWallMs)
    const fix = toFix(wire, Math.round(sentRegionMs - wire[1]))
    if (this.location.placeHint(open.stream.streamId, fix, this.#door.fixes.limits()))
      this.#door.fixes.moved(this, before)
    this.#door.fixes.counted({ hint: 1 })
  }

  #onMarkAsked({ session, streams }: Connection, streamIndex: number | null): void {
    if (streamIndex === null) {
      for (const { stream } of streams) this.#askMarkOf(stream)
      return
    }
    const open = streams[streamIndex]
    if (open === undefined) return this.#unknownStream(session, streamIndex)
    this.#askMarkOf(open.stream)
  }

  #askMarkOf(stream: Stream): void {
    if (stream.durableSeq >= stream.receivedSeq) this.#tellMark(stream)
    else stream.askedSeq = stream.receivedSeq
  }

  /** When a frame was sent, in region time. GNSS time is true; of a device clock only the ages of the fixes are trusted. */
  #sentRegionMs(connection: Connection, clock: StreamClock, sentAtMs: number, receivedWallMs: number): number {
    return this.#door.fixes.regionMs(clock === 'gnss' ? connection.clientNowMs + sentAtMs : receivedWallMs)
  }

  #tellMark(stream: Stream): void {
    const index = this.#connection?.streams.findIndex(open => open.stream === stream) ?? -1
    if (index < 0 || !this.#connection!.welcomed) return
    if (stream.durableSeq >= stream.askedSeq) stream.askedSeq = 0
    stream.toldSeq = stream.durableSeq
    stream.toldAtMs = this.#door.fixes.monotonicMs()
    this.#connection!.session.tell({ type: 'marks', streamIndex: index, durableSeq: stream.durableSeq })
  }

  #unknownStream(session: Session, streamIndex: number): void {
    const message = `hello named no stream ${streamIndex}; name every stream in hello.`
    this.#door.fixes.refuseFixes(session, { code: 'unknown-stream', message, details: { streamIndex } })
  }
}

/** The client is told to come again, because its welcome is not known now. */
function refuseHello(session: Session, { helloId }: HelloRequest): void {
  session.tell({ type: 'refused', id: helloId, refusal: MARKS_UNREADABLE })
  session.close(CLOSE_CODES.goingAway, MARKS_UNREADABLE.code)
}

/** The stream cannot be what the hello says, so a later hello of this client would be no better. */
function refuseHole(session: Session, { helloId }: HelloRequest, index: number): void {
  const path = `streams.${index}.2`
  const message = `\`${path}\` lies more than ${LIMITS.holeFixes} beyond the stream; begin a new stream with seq 1.`
  session.tell({ type: 'refused', id: helloId, refusal: { code: 'invalid-field', message, details: { path } } })
  session.close(CLOSE_CODES.protocolAbuse, 'invalid-field')
}

export const gap: FixRefusal = (stream, where) => {
  const expectedSeq = stream.receivedSeq + 1
  const message = `Fix ${expectedSeq} of this stream is missing; send the fixes from ${expectedSeq} on, in order.`
  return { code: 'fix-gap', message, details: { ...where, expectedSeq } }
}

const impossibleTime: FixRefusal = (stream, where) => {
  const message = 'The time of this fix lies outside every calendar; check clientNowMs, sentAtMs and ageMs.'
  return { code: 'invalid-field', message, details: { path: 'ageMs', ...where, expectedSeq: stream.receivedSeq + 1 } }
}

export const storeFull: FixRefusal = (stream, where) => {
  const message = 'The queue of fixes for the database is full; keep your fixes, and send them again.'
  return {
    code: 'overloaded',
    message,
    details: { ...where, expectedSeq: stream.receivedSeq + 1, retryAfterMs: 1_000 },
  }
}
