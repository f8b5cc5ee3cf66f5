/** What a feed and one of its units are to each other. */
import type { DetachReason, StreamClock } from '../../../protocol/wire/fix-tuples.ts'
import type { DriverActor } from '../../driver/driver-actor.ts'
import type { Stream } from '../../driver/location.ts'
import type { FeedHold } from '../../driver/unit-actor.ts'
import type { InToldOrder } from './told-order.ts'

/** The feed, to which the unit's stream is news. */
export interface AttachmentOwner {
  /** Its clock at its hello. */
  readonly clientNowMs: number
  rose(attachment: Attachment): void
  lose(attachment: Attachment, reason: DetachReason): void
}

/** A feed's hold on one unit, through one stream. */
export class Attachment implements FeedHold, InToldOrder {
  readonly #owner: AttachmentOwner
  readonly channel: number
  readonly driver: DriverActor
  readonly stream: Stream
  readonly clock: StreamClock
  /** The mark last told, and when (monotonic); -1 until `attach` was answered, which tells the first. */
  toldSeq = -1
  toldAtMs = 0
  /** The feed asked for its mark when this seq was the last received; 0 when it did not ask. */
  askedSeq = 0
  /** Its mark leaves next. */
  isDue = false
  toldBefore: Attachment | null = null
  toldAfter: Attachment | null = null
  isInOrder = false

  constructor(owner: AttachmentOwner, channel: number, driver: DriverActor, stream: Stream, clock: StreamClock) {
    this.#owner = owner
    this.channel = channel
    this.driver = driver
    this.stream = stream
    this.clock = clock
  }

  get clientNowMs(): number {
    return this.#owner.clientNowMs
  }

  /** More of the stream is stored. */
  rose(): void {
    this.#owner.rose(this)
  }

  /** The unit is no longer this feed's, and not by its own doing. */
  end(reason: DetachReason): void {
    this.#owner.lose(this, reason)
  }
}
