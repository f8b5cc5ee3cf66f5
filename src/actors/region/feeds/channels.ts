/** The units that a feed holds, each under a channel of the feed's own. */
import type { StreamId } from '../../../domain/ids.ts'
import type { DetachReason, FeedChannel } from '../../../protocol/wire/fix-tuples.ts'
import type { DriverActor } from '../../driver/driver-actor.ts'
import type { Session } from '../../region-handle.ts'
import { Attachment, type AttachmentOwner } from './attachment.ts'
import type { FeedPorts } from './feed-ports.ts'
import { MarkTeller } from './mark-teller.ts'

export class FeedChannels implements AttachmentOwner {
  readonly #session: Session
  readonly #ports: Pick<FeedPorts, 'hold'>
  readonly #channels = new Map<number, Attachment>()
  readonly marks: MarkTeller
  readonly clientNowMs: number

  constructor(session: Session, clientNowMs: number, ports: Pick<FeedPorts, 'hold' | 'machine'>) {
    this.#session = session
    this.clientNowMs = clientNowMs
    this.#ports = ports
    this.marks = new MarkTeller(session, ports.machine)
  }

  get(channel: number): Attachment | undefined {
    return this.#channels.get(channel)
  }
  all(): Iterable<Attachment> {
    return this.#channels.values()
  }

  /**
   * Whether the same feed has said hello anew since, and holds the unit by that: what it sent over a connection that it has given
   * up may reach us behind what it sends over the next one, and must not take the unit from it.
   */
  isOutdated(driver: DriverActor, streamId: StreamId): boolean {
    const { feed } = driver
    return feed !== null && feed.stream.streamId === streamId && feed.clientNowMs > this.clientNowMs
  }

  /** Takes the unit from whichever feed has it. Input: the mark of a stream that the unit has forgotten, else 0. */
  hold(driver: DriverActor, [channel, , streamId, clock]: FeedChannel, mark: number): Attachment {
    driver.feed?.end('superseded')
    const attachment = new Attachment(this, channel, driver, driver.openFeedStream(streamId, mark), clock)
    driver.feed = attachment
    this.#channels.set(channel, attachment)
    return attachment
  }

  /** The feed gives a channel up. */
  release(channel: number): void {
    const attachment = this.#channels.get(channel)
    if (attachment !== undefined) this.#forget(attachment)
  }

  rose(attachment: Attachment): void {
    this.marks.rose(attachment)
  }

  lose(attachment: Attachment, reason: DetachReason): void {
    this.#forget(attachment)
    // Behind the answer to the attach, which may still wait to be durable.
    this.#ports.hold(() => this.#session.tell({ type: 'detached', channel: attachment.channel, reason }))
  }

  close(): void {
    for (const attachment of this.#channels.values()) attachment.driver.feed = null
    this.#channels.clear()
    this.marks.close()
  }

  #forget(attachment: Attachment): void {
    this.#channels.delete(attachment.channel)
    this.marks.forget(attachment)
    if (attachment.driver.feed === attachment) attachment.driver.feed = null
  }
}
