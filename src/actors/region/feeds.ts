/**
 * The feeds of a region: connections that carry the fixes of many units, each under a channel of the feed's own.
 *
 * A feed holds a unit's stream, never the unit: it does not make it connected and cannot act for it. One feed holds a
 * unit at a time, and the newest attach wins. Nothing here is durable: a feed that comes back attaches anew, and the
 * marks of its streams tell it where to go on.
 */

import type { ErrorCode, Refusal } from '../../base/refusal.ts'
import type { MachineClock } from '../../base/time.ts'
import { driverKey } from '../../domain/entity.ts'
import type { FixHoleRecorded } from '../../domain/events.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { BadFix, type SentFeedFix, toFeedFix } from '../../protocol/fix-frame.ts'
import type { DetachReason, FeedChannel, StreamClock } from '../../protocol/wire.ts'
import type { StreamName } from '../../store/log/journal.ts'
import { type DriverActor, gap, MARK_EVERY_FIXES, MARK_EVERY_MS, storeFull } from '../driver/driver-actor.ts'
import type { FixDoor } from '../driver/driver-door.ts'
import { LeftOut } from '../driver/left-out.ts'
import { holeBefore, isTooLarge, type Stream } from '../driver/location.ts'
import type { FeedHold } from '../driver/unit-actor.ts'
import { OVERLOADED } from '../refusals.ts'
import type { HelloRequest, Session } from '../region-handle.ts'
import type { Admission } from './admission.ts'
import { feedStreamId, feedTag } from './feed-streams.ts'
import type { TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { RecordNews } from './news.ts'
import { refuseRequest, refuseStalled } from './send-refusal.ts'
import type { MarksRead } from './stream-marks.ts'
import type { Turn } from './turn.ts'

/** A feed's marks leave together, so often at most, wall time. */
const TELL_MARKS_EVERY_MS = 250
/** Marks in one frame: about 40 kB. */
const MARKS_PER_FRAME = 4_096
/** Fixes of feeds waiting in the region's mailbox, beyond which frames are left out; the next one then shows a gap. */
const QUEUED_FIXES_MAX = 500_000

/** Channels of one `attach` that are taken up in one go, about a millisecond's; what others ask comes in between. */
const CHANNELS_AT_ONCE = 64

interface FeedPorts {
  readonly fixes: Pick<FixDoor, 'monotonicMs' | 'regionMs' | 'limits' | 'counted' | 'moved' | 'refuseFixes'>
  readonly memory: Pick<RegionMemory, 'driverActor'>
  readonly admission: Pick<Admission, 'isOverfull'>
  /** Reads the marks of forgotten streams; the answer comes as a message, `feed-marks-read`. */
  readonly readMarks: (session: Session, streams: readonly StreamName[]) => void
  /** Lets others have their turn; the feed goes on with a message, `feed-attach-more`. */
  readonly later: (session: Session) => void
  readonly record: RecordNews
  /**
   * Lets this leave when all that was decided so far is durable, in the order held; `position` is the log's head.
   * `refuse` runs instead when the store stalls.
   */
  readonly hold: (leave: (position: number) => void, refuse?: () => void) => void
  readonly machine: Pick<MachineClock, 'after'>
}

export interface FeedFrame {
  readonly session: Session
  readonly sentAtMs: number
  readonly fixes: readonly SentFeedFix[]
  readonly receivedWallMs: number
}

export class Feeds implements TurnFollower {
  readonly #ports: FeedPorts
  readonly #feeds = new Map<Session, Feed>()
  /**
   * Streams with a hole that is not stored yet, and what it was found with. Until then no fix is taken above it: that
   * could be stored first, and a crash between would leave a hole that no record tells.
   */
  readonly #unrecorded: Unrecorded = new Map()
  #queuedFixes = 0

  constructor(ports: FeedPorts) {
    this.#ports = ports
  }

  open(session: Session, { clientNowMs }: HelloRequest): void {
    this.#feeds.set(session, new Feed(this.#ports, session, clientNowMs, this.#unrecorded))
  }

  /** The feed's connection has ended, and with it all that it held. */
  close(session: Session): void {
    this.#feeds.get(session)?.close()
    this.#feeds.delete(session)
  }

  /** The region's memory is dropped. */
  stop(): void {
    for (const feed of this.#feeds.values()) feed.close()
    this.#feeds.clear()
  }

  /** A unit that is retired is no longer theirs. */
  committed(turn: Turn): void {
    for (const { unitId, retired } of turn.drivers.values()) {
      if (retired === true) this.#ports.memory.driverActor(unitId)?.feed?.end('unit-retired')
    }
  }

  /** Whether so many fixes more may wait in the mailbox; counted until `take`. */
  admit(fixes: number): boolean {
    if (this.#queuedFixes + fixes > QUEUED_FIXES_MAX) return false
    this.#queuedFixes += fixes
    return true
  }

  /** The mailbox did not take them. */
  turnBack(fixes: number): void {
    this.#queuedFixes -= fixes
  }

  take(frame: FeedFrame): void {
    const count = frame.fixes.length
    const feed = this.#feeds.get(frame.session)
    if (feed === undefined) this.#queuedFixes -= count
    else feed.inTurn({ run: () => feed.take(frame), ended: () => this.turnBack(count) })
  }

  attach(session: Session, requestId: string, channels: readonly FeedChannel[]): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({
      run: () => {
        if (!this.#ports.admission.isOverfull) return feed.asked(requestId, channels)
        refuseRequest(session, requestId, OVERLOADED)
      },
    })
  }

  /** The marks have come for which this feed's `attach` waits. */
  marksRead(session: Session, read: MarksRead): void {
    this.#feeds.get(session)?.marksRead(read)
  }

  /** The next part of the `attach` that this feed has begun. */
  attachMore(session: Session): void {
    this.#feeds.get(session)?.attachMore()
  }

  detach(session: Session, requestId: string, channels: readonly number[]): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({
      run: () => {
        for (const channel of channels) feed.release(channel)
        this.#ports.hold(
          position => session.tell({ type: 'reply', id: requestId, position, result: {} }),
          () => refuseStalled(session, requestId),
        )
      },
    })
  }

  askMark(session: Session, channel: number | null): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({ run: () => feed.askMark(channel) })
  }
}

/** A feed's hold on one unit, through one stream. */
class Attachment implements FeedHold {
  readonly feed: Feed
  readonly channel: number
  readonly driver: DriverActor
  readonly stream: Stream
  readonly clock: StreamClock
  /** The mark last told, and when (monotonic); -1 until `attach` was answered, which tells the first. */
  toldSeq = -1
  toldAtMs = 0
  /** The feed asked for its mark when this seq was the last received; 0 when it did not ask. */
  askedSeq = 0

  constructor(feed: Feed, channel: number, driver: DriverActor, stream: Stream, clock: StreamClock) {
    this.feed = feed
    this.channel = channel
    this.driver = driver
    this.stream = stream
    this.clock = clock
  }

  /** More of the stream is stored. */
  rose(): void {
    this.feed.rose(this)
  }

  /** The unit is no longer this feed's, and not by its own doing. */
  end(reason: DetachReason): void {
    this.feed.lose(this, reason)
  }
}

type Unrecorded = Map<Stream, readonly FixHoleRecorded[]>

/** Something that a feed asked for. */
interface Errand {
  readonly run: () => void
  /** It was done, or never will be. */
  readonly ended?: () => void
}

/** An `attach` that waits for the marks of forgotten streams. */
interface HeldAttach {
  readonly requestId: string
  readonly channels: readonly FeedChannel[]
  /** The streams whose marks are being read, and how often their units had forgotten one when they were asked for. */
  readonly asked: readonly (readonly [driver: DriverActor, leaveNo: number])[]
}

/** An `attach` that is done part by part. */
interface BegunAttach {
  readonly requestId: string
  readonly channels: readonly FeedChannel[]
  readonly read: MarksRead
  readonly asked: ReadonlyMap<DriverActor, number>
  readonly attached: Attachment[]
  readonly refused: (readonly [channel: number, code: ErrorCode])[]
  /** The first channel that was not looked at yet. */
  next: number
}

/**
 * *Taking* what comes at once; *holding* an `attach` until marks have come, or *attaching* it part by part: then all that
 * comes after it waits, in its order.
 */
class Feed {
  readonly #ports: FeedPorts
  readonly #session: Session
  readonly #clientNowMs: number
  readonly #unrecorded: Unrecorded
  readonly #allowed: ReadonlySet<UnitId> | null
  readonly #tag: string
  readonly #channels = new Map<number, Attachment>()
  /** Channels whose mark leaves next. */
  readonly #due = new Set<Attachment>()
  /** Those told less than `MARK_EVERY_MS` ago, the longest ago first. */
  readonly #recent = new Set<Attachment>()
  #cancelTimer: (() => void) | null = null
  #held: HeldAttach | null = null
  #begun: BegunAttach | null = null
  /** What came behind it; bounded by the rates of a feed, as the reading has its time, and by `QUEUED_FIXES_MAX`. */
  #errands: Errand[] = []

  constructor(ports: FeedPorts, session: Session, clientNowMs: number, unrecorded: Unrecorded) {
    this.#ports = ports
    this.#unrecorded = unrecorded
    this.#session = session
    this.#clientNowMs = clientNowMs
    this.#allowed = session.feedUnits === null ? null : new Set(session.feedUnits)
    this.#tag = feedTag(session.principal)
  }

  close(): void {
    for (const attachment of this.#channels.values()) attachment.driver.feed = null
    this.#channels.clear()
    this.#due.clear()
    this.#recent.clear()
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#held = null
    this.#begun = null
    for (const { ended } of this.#errands.splice(0)) ended?.()
  }

  /** Runs it now, or behind the `attach` that is held. */
  inTurn(errand: Errand): void {
    if (this.#isBusy) this.#errands.push(errand)
    else runErrand(errand)
  }

  get #isBusy(): boolean {
    return this.#held !== null || this.#begun !== null
  }

  #goOn(): void {
    while (!this.#isBusy && this.#errands.length > 0) runErrand(this.#errands.shift()!)
  }

  /** Takes up units, each with a stream of this feed's own. */
  asked(requestId: string, channels: readonly FeedChannel[]): void {
    const tag = this.#tag
    this.attach(
      requestId,
      channels.map(([channel, unitId, id, clock, lowestSeq]) => [
        channel,
        unitId,
        feedStreamId(id, tag),
        clock,
        lowestSeq,
      ]),
    )
  }

  /** Attaches once the marks of all its streams are known. */
  attach(
    requestId: string,
    channels: readonly FeedChannel[],
    read: MarksRead | undefined = undefined,
    askedBefore: HeldAttach['asked'] = [],
  ): void {
    const unknown: StreamName[] = []
    const asked: [DriverActor, number][] = []
    for (const [, unitId, streamId] of channels) {
      const driver = this.#ports.memory.driverActor(unitId)
      if (driver === undefined || read === null || this.#whyNot(unitId, driver) !== null) continue
      if (!driver.location.mayBeForgotten(streamId) || read?.markOf(unitId, streamId) !== undefined) continue
      unknown.push({ unitId, streamId })
      asked.push([driver, driver.location.leaveNo])
    }
    if (unknown.length === 0) {
      const asked = new Map(askedBefore)
      this.#begun = { requestId, channels, read: read ?? null, asked, attached: [], refused: [], next: 0 }
      return this.#attachPart(this.#begun)
    }
    // A stream was forgotten while the marks of others were read. All are read again, or there would be no end to it.
    if (read) return this.attach(requestId, channels)
    this.#held = { requestId, channels, asked }
    this.#ports.readMarks(this.#session, unknown)
  }

  marksRead(read: MarksRead): void {
    const held = this.#held
    if (held === null) return
    this.#held = null
    const { requestId, channels, asked } = held
    // What left memory since the question may have come further than the answer says.
    const isOutOfDate = read !== null && asked.some(([{ location }, leaveNo]) => location.leaveNo !== leaveNo)
    this.attach(requestId, channels, isOutOfDate ? undefined : read, asked)
    this.#goOn()
  }

  attachMore(): void {
    if (this.#begun === null) return
    this.#attachPart(this.#begun)
    this.#goOn()
  }

  #attachPart(begun: BegunAttach): void {
    const { requestId, channels, attached, refused } = begun
    const end = begun.next + CHANNELS_AT_ONCE
    const holes: FixHoleRecorded[] = []
    for (const declared of channels.slice(begun.next, end)) {
      const [channel, unitId, streamId, , lowestSeq] = declared
      // A channel that is named anew has left its former unit, also when it is refused: its fixes are another's now.
      this.release(channel)
      const driver = this.#ports.memory.driverActor(unitId)
      const code = this.#whyNot(unitId, driver)
      if (driver === undefined || code !== null) {
        refused.push([channel, code ?? 'unknown-unit'])
        continue
      }
      const mark = this.#markOf(driver, streamId, begun)
      if (mark === null) {
        refused.push([channel, 'unavailable'])
        continue
      }
      const receivedSeq = driver.location.knownStream(streamId)?.receivedSeq ?? mark
      if (isTooLarge(receivedSeq, lowestSeq)) {
        refused.push([channel, 'invalid-field'])
        continue
      }
      const attachment = this.#hold(driver, declared, mark)
      attached.push(attachment)
      const hole = holeBefore(attachment.stream, lowestSeq)
      if (hole === null) continue
      this.#unrecorded.set(attachment.stream, holes)
      driver.location.skipHole(streamId, hole.toSeq)
      holes.push({ type: 'FixHoleRecorded', v: 1, entity: driverKey(unitId), unitId, ...hole })
    }
    this.#ports.record(holes)
    // Whether or not somebody still waits for the answer by then.
    this.#ports.hold(() => {
      for (const [stream, found] of this.#unrecorded) if (found === holes) this.#unrecorded.delete(stream)
    })
    begun.next = end
    if (end < channels.length) {
      const more = () => this.#ports.later(this.#session)
      // At the pace of the store: the records of others must not stand behind all of it.
      return holes.length === 0 ? more() : this.#ports.hold(more, more)
    }
    this.#begun = null
    const leave = (position: number) => {
      const marks = attached.map(attachment => [attachment.channel, this.#told(attachment)] as const)
      this.#session.tell({ type: 'reply', id: requestId, position, result: { channels: marks, refused } })
    }
    // The units are held all the same: attaching them once more does no harm.
    this.#ports.hold(leave, () => refuseStalled(this.#session, requestId))
  }

  /** The feed gives a channel up. */
  release(channel: number): void {
    const attachment = this.#channels.get(channel)
    if (attachment !== undefined) this.#forget(attachment)
  }

  lose(attachment: Attachment, reason: DetachReason): void {
    this.#forget(attachment)
    // Behind the answer to the attach, which may still wait to be durable.
    this.#ports.hold(() => this.#session.tell({ type: 'detached', channel: attachment.channel, reason }))
  }

  take({ sentAtMs, fixes, receivedWallMs }: FeedFrame): void {
    const door = this.#ports.fixes
    const limits = door.limits()
    const sentGnssMs = door.regionMs(this.#clientNowMs + sentAtMs)
    const sentDeviceMs = door.regionMs(receivedWallMs)
    const counts = { current: 0, late: 0, duplicate: 0, future: 0, invalid: 0 }
    const leftOut = new LeftOut({})
    // One bad channel does not stop the others: what follows on it in this frame is left out.
    const bad = new Set<number>()
    const refuse = (channel: number, refusal: Refusal) => {
      bad.add(channel)
      door.refuseFixes(this.#session, refusal)
    }
    for (let i = 0; i < fixes.length; ) {
      const channel = channelOf(fixes[i]!)
      const attachment = bad.has(channel) ? undefined : this.#channels.get(channel)
      if (attachment === undefined && !bad.has(channel)) refuse(channel, notAttached(channel))
      const before = attachment?.driver.location.current ?? null
      // Fixes of one unit that follow each other move it once.
      for (; i < fixes.length && channelOf(fixes[i]!) === channel; i++) {
        if (attachment === undefined || bad.has(channel)) continue
        const wire = fixes[i]!
        const { driver, stream, clock } = attachment
        const seq = wire instanceof BadFix ? wire.seq : wire[1]
        if (this.#unrecorded.has(stream)) refuse(channel, storeFull(stream, { channel }))
        else if (seq <= stream.receivedSeq) counts.duplicate++
        else if (seq > stream.receivedSeq + 1) refuse(channel, gap(stream, { channel }))
        else {
          const sentMs = clock === 'gnss' ? sentGnssMs : sentDeviceMs
          let notTaken: ReturnType<DriverActor['take']>
          if (wire instanceof BadFix) {
            notTaken = driver.leaveOut(stream, seq, receivedWallMs, counts)
            if (notTaken === null) leftOut.add(i, wire)
          } else {
            const fix = toFeedFix(wire, Math.round(sentMs - wire[2]))
            notTaken = driver.take(stream, fix, limits, receivedWallMs, counts)
          }
          if (notTaken !== null) refuse(channel, notTaken(stream, { channel }))
        }
      }
      if (attachment !== undefined && attachment.driver.location.current !== before) {
        door.moved(attachment.driver, before)
      }
    }
    door.counted(counts)
    if (leftOut.refusal !== null) door.refuseFixes(this.#session, leftOut.refusal)
  }

  /** Null asks for the marks of all channels. */
  askMark(channel: number | null): void {
    if (channel === null) {
      for (const attachment of this.#channels.values()) this.#askMarkOf(attachment)
      return
    }
    const attachment = this.#channels.get(channel)
    if (attachment === undefined) return this.#ports.fixes.refuseFixes(this.#session, notAttached(channel))
    this.#askMarkOf(attachment)
  }

  #askMarkOf(attachment: Attachment): void {
    const { stream } = attachment
    attachment.askedSeq = stream.receivedSeq
    // Until `attach` is answered, its answer is the mark.
    if (attachment.toldSeq >= 0 && stream.durableSeq >= stream.receivedSeq) this.#makeDue(attachment)
  }

  rose(attachment: Attachment): void {
    const { stream, toldSeq, askedSeq } = attachment
    // The answer to `attach` tells the mark as it then is.
    if (toldSeq < 0) return
    const isEnough = stream.durableSeq - toldSeq >= MARK_EVERY_FIXES
    if (isEnough || askedSeq > 0 || !this.#recent.has(attachment)) this.#makeDue(attachment)
  }

  #whyNot(unitId: UnitId, driver: DriverActor | undefined): ErrorCode | null {
    // First what the credential says: a feed learns nothing of units that are not its business.
    if (this.#allowed !== null && !this.#allowed.has(unitId)) return 'wrong-unit'
    if (driver === undefined) return 'unknown-unit'
    return driver.state.retired === true ? 'unit-retired' : null
  }

  /** The mark of a forgotten stream; 0 for others, null when the store could not tell, or must first take others. */
  #markOf(driver: DriverActor, streamId: StreamId, { read, asked }: BegunAttach): number | null {
    const { unitId, location } = driver
    if (location.knownStream(streamId) !== undefined) return 0
    if (location.isCrowded) return null
    if (!location.mayBeForgotten(streamId)) return 0
    // What has left memory since the question may have come further than the answer says.
    return asked.get(driver) === location.leaveNo ? (read?.markOf(unitId, streamId) ?? null) : null
  }

  #hold(driver: DriverActor, [channel, , streamId, clock]: FeedChannel, mark: number): Attachment {
    driver.feed?.end('superseded')
    const attachment = new Attachment(this, channel, driver, driver.openFeedStream(streamId, mark), clock)
    driver.feed = attachment
    this.#channels.set(channel, attachment)
    return attachment
  }

  #forget(attachment: Attachment): void {
    this.#channels.delete(attachment.channel)
    this.#due.delete(attachment)
    this.#recent.delete(attachment)
    if (attachment.driver.feed === attachment) attachment.driver.feed = null
  }

  /** The mark as it is now, which the caller tells. */
  #told(attachment: Attachment): number {
    const { durableSeq } = attachment.stream
    if (this.#channels.get(attachment.channel) !== attachment) return durableSeq
    attachment.toldSeq = durableSeq
    attachment.toldAtMs = this.#ports.fixes.monotonicMs()
    if (durableSeq >= attachment.askedSeq) attachment.askedSeq = 0
    this.#due.delete(attachment)
    // To the end: the set is in the order of these moments.
    this.#recent.delete(attachment)
    this.#recent.add(attachment)
    this.#setTimer()
    return durableSeq
  }

  #makeDue(attachment: Attachment): void {
    this.#due.add(attachment)
    this.#setTimer()
  }

  #setTimer(): void {
    if (this.#cancelTimer !== null) return
    this.#cancelTimer = this.#ports.machine.after(TELL_MARKS_EVERY_MS, () => {
      this.#cancelTimer = null
      this.#tellDueMarks()
      if (this.#due.size > 0 || this.#recent.size > 0) this.#setTimer()
    })
  }

  #tellDueMarks(): void {
    const nowMs = this.#ports.fixes.monotonicMs()
    for (const attachment of this.#recent) {
      if (nowMs - attachment.toldAtMs < MARK_EVERY_MS) break
      this.#recent.delete(attachment)
      if (attachment.stream.durableSeq > attachment.toldSeq) this.#due.add(attachment)
    }
    // Marks that a slow feed cannot take yet stay due: the later they leave, the more they tell.
    if (this.#due.size === 0 || this.#session.isBehind) return
    const marks = [...this.#due].map(attachment => [attachment.channel, this.#told(attachment)] as const)
    for (let from = 0; from < marks.length; from += MARKS_PER_FRAME) {
      this.#session.tell({ type: 'feed-marks', marks: marks.slice(from, from + MARKS_PER_FRAME) })
    }
  }
}

const channelOf = (fix: SentFeedFix): number => (fix instanceof BadFix ? fix.channel! : fix[0])

function runErrand({ run, ended }: Errand): void {
  run()
  ended?.()
}

function notAttached(channel: number): Refusal {
  const message = `Channel ${channel} has no unit; attach a unit before its fixes.`
  return { code: 'unknown-stream', message, details: { channel } }
}
