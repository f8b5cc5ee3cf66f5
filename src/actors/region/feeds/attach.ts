/**
 * A feed's `attach`: *held* until the marks of streams that memory has forgotten are read, then done part by part, so that
 * others have their turn in between; over when its answer waits to be durable.
 */
import type { ErrorCode } from '../../../base/refusal.ts'
import { driverKey } from '../../../domain/entity.ts'
import type { FixHoleRecorded } from '../../../domain/events/unit-events.ts'
import type { StreamId, UnitId } from '../../../domain/ids.ts'
import type { FeedChannel } from '../../../protocol/wire/fix-tuples.ts'
import type { StreamName } from '../../../store/log/journal.ts'
import type { DriverActor } from '../../driver/driver-actor.ts'
import { holeBefore, isTooLarge } from '../../driver/location.ts'
import type { Session } from '../../region-handle.ts'
import { refuseStalled } from '../send-refusal.ts'
import type { MarksRead } from '../stream-marks.ts'
import type { Attachment } from './attachment.ts'
import type { FeedChannels } from './channels.ts'
import type { FeedPorts, Unrecorded } from './feed-ports.ts'
import { feedStreamId, feedTag } from './feed-streams.ts'

/** Channels of one `attach` that are taken up in one go, about a millisecond's; what others ask comes in between. */
const CHANNELS_AT_ONCE = 64

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

export class Attach {
  readonly #ports: FeedPorts
  readonly #session: Session
  readonly #channels: FeedChannels
  readonly #unrecorded: Unrecorded
  readonly #allowed: ReadonlySet<UnitId> | null
  readonly #tag: string
  #held: HeldAttach | null = null
  #begun: BegunAttach | null = null

  constructor(ports: FeedPorts, session: Session, channels: FeedChannels, unrecorded: Unrecorded) {
    this.#ports = ports
    this.#session = session
    this.#channels = channels
    this.#unrecorded = unrecorded
    this.#allowed = session.feedUnits === null ? null : new Set(session.feedUnits)
    this.#tag = feedTag(session.principal)
  }

  /** One is under way: what the feed sends behind it must wait. */
  get isUnderWay(): boolean {
    return this.#held !== null || this.#begun !== null
  }

  /** The feed is gone. */
  drop(): void {
    this.#held = null
    this.#begun = null
  }

  /** Takes up units, each with a stream of this feed's own. */
  begin(requestId: string, channels: readonly FeedChannel[]): void {
    const tag = this.#tag
    this.#attach(
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
  #attach(
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
    if (read) return this.#attach(requestId, channels)
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
    this.#attach(requestId, channels, isOutOfDate ? undefined : read, asked)
  }

  more(): void {
    if (this.#begun === null) return
    this.#attachPart(this.#begun)
  }

  #attachPart(begun: BegunAttach): void {
    const { requestId, channels, attached, refused } = begun
    const end = begun.next + CHANNELS_AT_ONCE
    const holes: FixHoleRecorded[] = []
    for (const declared of channels.slice(begun.next, end)) {
      const [channel, unitId, streamId, , lowestSeq] = declared
      // A channel that is named anew has left its former unit, also when it is refused: its fixes are another's now.
      this.#channels.release(channel)
      const driver = this.#ports.memory.driverActor(unitId)
      const code = this.#whyNot(unitId, driver)
      if (driver === undefined || code !== null) {
        refused.push([channel, code ?? 'unknown-unit'])
        continue
      }
      const mark = this.#channels.isOutdated(driver, streamId) ? null : this.#markOf(driver, streamId, begun)
      if (mark === null) {
        refused.push([channel, 'unavailable'])
        continue
      }
      const receivedSeq = driver.location.knownStream(streamId)?.receivedSeq ?? mark
      if (isTooLarge(receivedSeq, lowestSeq)) {
        refused.push([channel, 'invalid-field'])
        continue
      }
      const attachment = this.#channels.hold(driver, declared, mark)
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
      const marks = attached.map(attachment => [attachment.channel, this.#channels.marks.told(attachment)] as const)
      this.#session.tell({ type: 'reply', id: requestId, position, result: { channels: marks, refused } })
    }
    // The units are held all the same: attaching them once more does no harm.
    this.#ports.hold(leave, () => refuseStalled(this.#session, requestId))
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
}
