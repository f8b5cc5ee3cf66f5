/**
 * The actor of one unit: its durable state, its place, and the one session that speaks for it.
 *
 * Commands become turns of the region. Fixes do not: they are taken into the location stream here, placed in the
 * finder, and handed to the segment writer; the client hears of them by its durable mark alone.
 */

import type { Refusal } from '../../base/refusal.ts'
import type { Fix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import { BadFix, type FixRequest, type HintRequest, toFix } from '../../protocol/fix-frame.ts'
import type { StreamClock } from '../../protocol/wire/fix-tuples.ts'
import { FIX_FLAGS, STORABLE_MS } from '../../store/location/segment-codec.ts'
import { type FixCounts, noFixes } from '../../telemetry/fix-classes.ts'
import type { Behaviour } from '../actor-system.ts'
import type { MarksRead } from '../region/stream-marks.ts'
import type { CommandRequest, HelloRequest, QueryAnswer, Session, SessionMessage } from '../region-handle.ts'
import type { DriverDoor } from './driver-door.ts'
import { outcomeOf } from './fix-outcome.ts'
import { type FixRefusal, gap, impossibleTime, storeFull } from './fix-refusals.ts'
import { entryOf, refuseHello, refuseHole } from './hello-entry.ts'
import { LeftOut, NOWHERE } from './left-out.ts'
import { type DriverLocation, type FixLimits, holeBefore, type Stream } from './location.ts'
import { MARK_EVERY_FIXES, type OpenStream, onItsWayMs, Speaker } from './speaker.ts'
import type { FeedHold, FollowedFreshness, UnitActor } from './unit-actor.ts'

export type DriverMessage =
  | {
      readonly type: 'session-opened'
      readonly session: Session
      readonly hello: HelloRequest
      readonly receivedWallMs: number
    }
  | { readonly type: 'session-closed'; readonly session: Session }
  | { readonly type: 'command'; readonly request: CommandRequest }
  | SessionMessage
  | { readonly type: 'read'; readonly answer: (answer: QueryAnswer) => void }
  | { readonly type: 'marks-read'; readonly session: Session; readonly read: MarksRead }

/** A session that has to wait for the marks of its streams; the unit's former one goes on until then. */
interface Arrival {
  readonly session: Session
  readonly hello: HelloRequest
  readonly wallMs: number
  /** The location's `leaveNo` when the marks were asked for. */
  readonly leaveNo: number
}

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
  #speaker: Speaker | null = null
  #arrival: Arrival | null = null
  /** The feed that holds this unit. */
  feed: FeedHold | null = null
  followed: FollowedFreshness | null = null
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
    return this.#speaker?.session ?? null
  }

  /** The session, once it has heard its welcome; before that it is told nothing else. */
  get welcomedSession(): Session | null {
    return this.#speaker?.isWelcomed === true ? this.#speaker.session : null
  }

  get clockAheadMs(): number | null {
    return this.#speaker?.clockAheadMs ?? null
  }

  receive(message: DriverMessage): void {
    switch (message.type) {
      case 'asked':
        return this.#onAsked(message)
      case 'command':
        return this.#door.crews.command(message.request)
      case 'session-opened':
        return this.#onOpened(message.session, message.hello, message.receivedWallMs)
      case 'session-closed':
        return this.#onClosed(message.session)
      case 'read':
        return this.#door.crews.readUnit(this, message.answer)
      case 'marks-read':
        return this.#onMarksRead(message.session, message.read)
    }
  }

  /** Takes the next fix of a stream: to memory at once, and on its way to the store. Output: why not; null when it was taken. */
  take(
    { stream, clock }: OpenStream,
    fix: Fix,
    limits: FixLimits,
    wallMs: number,
    counts: FixCounts,
  ): FixRefusal | null {
    if (fix.fixedAtMs < 0 || fix.fixedAtMs >= STORABLE_MS) return impossibleTime
    const flags = this.location.flagsOf(stream, fix, limits) | (clock === 'device' ? FIX_FLAGS.device : 0)
    if (!this.#door.fixes.store(this.unitId, stream.streamId, fix, flags, wallMs)) return storeFull
    stream.receivedSeq = fix.seq
    counts[outcomeOf(flags, this.location.place(stream, fix, flags, limits))]++
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
    if (stream.askedSeq > 0 || seq - stream.toldSeq >= MARK_EVERY_FIXES) this.#speaker?.tellMark(stream, this.#nowMs())
    else if (stream.toldSeq < seq) this.#door.marks.markWaits(this)
  }

  /** This session's welcome has left, with the marks as they stand. */
  onWelcomed(session: Session): void {
    if (this.#speaker?.session === session) this.#speaker.welcomed(this.#nowMs())
  }

  /** Tells the marks that have waited their time; true while some still wait. */
  tellDueMarks(nowMonotonicMs: number): boolean {
    return this.#speaker?.tellDueMarks(nowMonotonicMs) ?? false
  }

  /** Whether this unit's own session sends on the stream. */
  #isOpen(stream: Stream): boolean {
    return this.#speaker?.sendsOn(stream) ?? false
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

  #onOpened(session: Session, hello: HelloRequest, wallMs: number): void {
    this.#arrival?.session.close(CLOSE_CODES.superseded, SUPERSEDED)
    this.#arrival = null
    this.#arrive(session, hello, wallMs, null)
  }

  /** The marks have come for which a session waits. */
  #onMarksRead(session: Session, read: MarksRead): void {
    const arrival = this.#arrival
    if (arrival?.session !== session) return
    this.#arrival = null
    if (read === null) return refuseHello(session, arrival.hello)
    // What left memory since the question may have come further than the answer says.
    this.#arrive(session, arrival.hello, arrival.wallMs, arrival.leaveNo === this.location.leaveNo ? read : null)
  }

  /** Lets a session in, once the marks of all its streams are known. */
  #arrive(session: Session, hello: HelloRequest, wallMs: number, read: MarksRead): void {
    const { location } = this
    const entry = entryOf(hello, location, streamId => read?.markOf(this.unitId, streamId))
    switch (entry.is) {
      case 'known':
        return this.#open(session, hello, wallMs, entry.marks)
      case 'unknown':
        this.#arrival = { session, hello, wallMs, leaveNo: location.leaveNo }
        return this.#door.marks.readMarks(this, session, entry.streams)
      case 'crowded':
        return refuseHello(session, hello)
      case 'hole':
        return refuseHole(session, hello, entry.index)
    }
  }

  #open(session: Session, hello: HelloRequest, wallMs: number, marks: ReadonlyMap<StreamId, number>): void {
    const former = this.#speaker
    const speaker = new Speaker(session, hello.clientNowMs, wallMs)
    const { streams } = speaker
    this.#speaker = speaker
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
    if (this.#speaker?.session !== session) return
    this.#speaker = null
    this.disconnectedSinceMs = this.#door.crews.nowMs()
    this.#door.crews.disconnected(this)
  }

  #onAsked({ session, request, receivedWallMs }: SessionMessage): void {
    const speaker = this.#speaker
    if (speaker?.session !== session) return
    switch (request.type) {
      case 'fix':
        return this.#onFixes(speaker, request, receivedWallMs)
      case 'hint':
        return this.#onHint(speaker, request, receivedWallMs)
      case 'mark':
        return this.#onMarkAsked(speaker, request.streamIndex)
    }
  }

  #onFixes(speaker: Speaker, request: FixRequest, receivedWallMs: number): void {
    const { streamIndex } = request
    const open = speaker.streams[streamIndex]
    if (open === undefined) return this.#unknownStream(speaker.session, streamIndex)
    const stream = open.stream
    const before = this.location.current
    const counts = noFixes()
    const limits = this.#door.fixes.limits()
    const leftOut = new LeftOut({ streamIndex })
    const sentRegionMs = this.#sentRegionMs(speaker, open.clock, request.sentAtMs, receivedWallMs)
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
        notTaken = this.take(open, fix, limits, receivedWallMs, counts)
      }
      if (notTaken !== null) {
        refusal = notTaken(stream, {})
        break
      }
    }
    this.#door.fixes.counted(counts)
    if (this.location.current !== before) this.#door.fixes.moved(this, before)
    if (leftOut.refusal !== null) this.#door.fixes.refuseFixes(speaker.session, leftOut.refusal)
    if (refusal !== null) this.#door.fixes.refuseFixes(speaker.session, refusal)
  }

  #onHint(speaker: Speaker, request: HintRequest, receivedWallMs: number): void {
    const open = speaker.streams[request.streamIndex]
    if (open === undefined) return this.#unknownStream(speaker.session, request.streamIndex)
    const before = this.location.current
    const { fix: wire, sentAtMs } = request
    const sentRegionMs = this.#sentRegionMs(speaker, open.clock, sentAtMs, receivedWallMs)
    const fix = toFix(wire, Math.round(sentRegionMs - wire[1]))
    if (this.location.placeHint(open.stream, fix, this.#door.fixes.limits())) this.#door.fixes.moved(this, before)
    this.#door.fixes.countedOne('hint')
  }

  #onMarkAsked(speaker: Speaker, streamIndex: number | null): void {
    const { session, streams } = speaker
    if (streamIndex === null) {
      for (const { stream } of streams) speaker.markAsked(stream, this.#nowMs())
      return
    }
    const open = streams[streamIndex]
    if (open === undefined) return this.#unknownStream(session, streamIndex)
    speaker.markAsked(open.stream, this.#nowMs())
  }

  /** When a frame was sent, in region time. GNSS time is true; of a device clock only the ages of the fixes are trusted. */
  #sentRegionMs(speaker: Speaker, clock: StreamClock, sentAtMs: number, receivedWallMs: number): number {
    const deviceMs = receivedWallMs - onItsWayMs(speaker.session)
    return this.#door.fixes.regionMs(clock === 'gnss' ? speaker.clientNowMs + sentAtMs : deviceMs)
  }

  /** Monotonic. */
  #nowMs(): number {
    return this.#door.fixes.monotonicMs()
  }

  #unknownStream(session: Session, streamIndex: number): void {
    const message = `hello named no stream ${streamIndex}; name every stream in hello.`
    this.#door.fixes.refuseFixes(session, { code: 'unknown-stream', message, details: { streamIndex } })
  }
}
