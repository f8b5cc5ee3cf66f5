/** One feed: takes its fixes, each for the unit of its channel, and everything that it asks in its order. */
import type { Refusal } from '../../../base/refusal.ts'
import { BadFix, type SentFeedFix, toFeedFix } from '../../../protocol/fix-frame.ts'
import type { FeedChannel } from '../../../protocol/wire/fix-tuples.ts'
import { noFixes } from '../../../telemetry/fix-classes.ts'
import type { DriverActor } from '../../driver/driver-actor.ts'
import { FrameRefusals, gap, storeFull } from '../../driver/fix-refusals.ts'
import { LeftOut } from '../../driver/left-out.ts'
import { onItsWayMs } from '../../driver/speaker.ts'
import type { Session } from '../../region-handle.ts'
import type { MarksRead } from '../stream-marks.ts'
import { Attach } from './attach.ts'
import { FeedChannels } from './channels.ts'
import type { FeedPorts, Unrecorded } from './feed-ports.ts'

export interface FeedFrame {
  readonly session: Session
  readonly sentAtMs: number
  readonly fixes: readonly SentFeedFix[]
  readonly receivedWallMs: number
}

/** Something that a feed asked for. */
interface Errand {
  readonly run: () => void
  /** It was done, or never will be. */
  readonly ended?: () => void
}

/**
 * *Taking* what comes at once; or, while an `attach` is under way, keeping all that comes after it, in its order.
 */
export class Feed {
  readonly #ports: FeedPorts
  readonly #session: Session
  readonly #clientNowMs: number
  readonly #unrecorded: Unrecorded
  readonly #channels: FeedChannels
  readonly #attach: Attach
  /** What came behind it; bounded by the rates of a feed, as the reading has its time, and by `QUEUED_FIXES_MAX`. */
  #errands: Errand[] = []

  constructor(ports: FeedPorts, session: Session, clientNowMs: number, unrecorded: Unrecorded) {
    this.#ports = ports
    this.#unrecorded = unrecorded
    this.#session = session
    this.#clientNowMs = clientNowMs
    this.#channels = new FeedChannels(session, clientNowMs, ports)
    this.#attach = new Attach(ports, session, this.#channels, unrecorded)
  }

  close(): void {
    this.#channels.close()
    this.#attach.drop()
    for (const { ended } of this.#errands.splice(0)) ended?.()
  }

  /** Runs it now, or behind the `attach` that is under way. */
  inTurn(errand: Errand): void {
    if (this.#attach.isUnderWay) this.#errands.push(errand)
    else runErrand(errand)
  }

  #goOn(): void {
    while (!this.#attach.isUnderWay && this.#errands.length > 0) runErrand(this.#errands.shift()!)
  }

  /** Takes up units, each with a stream of this feed's own. */
  attach(requestId: string, channels: readonly FeedChannel[]): void {
    this.#attach.begin(requestId, channels)
  }

  marksRead(read: MarksRead): void {
    this.#attach.marksRead(read)
    this.#goOn()
  }

  attachMore(): void {
    this.#attach.more()
    this.#goOn()
  }

  /** The feed gives a channel up. */
  release(channel: number): void {
    this.#channels.release(channel)
  }

  take({ sentAtMs, fixes, receivedWallMs }: FeedFrame): void {
    const door = this.#ports.fixes
    const limits = door.limits()
    const sentGnssMs = door.regionMs(this.#clientNowMs + sentAtMs)
    const sentDeviceMs = door.regionMs(receivedWallMs - onItsWayMs(this.#session))
    const counts = noFixes()
    const leftOut = new LeftOut({})
    // One bad channel does not stop the others: what follows on it in this frame is left out.
    const bad = new Set<number>()
    const refusals = new FrameRefusals()
    const refuse = (channel: number, refusal: Refusal) => {
      bad.add(channel)
      refusals.add(channel, refusal)
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
            notTaken = driver.take(attachment, fix, limits, receivedWallMs, counts)
          }
          if (notTaken !== null) refuse(channel, notTaken(stream, { channel }))
        }
      }
      if (attachment !== undefined && attachment.driver.location.current !== before) {
        door.moved(attachment.driver, before)
      }
    }
    door.counted(counts)
    for (const refusal of refusals.all()) door.refuseFixes(this.#session, refusal)
    if (leftOut.refusal !== null) door.refuseFixes(this.#session, leftOut.refusal)
  }

  /** Null asks for the marks of all channels. */
  askMark(channel: number | null): void {
    if (channel === null) {
      for (const attachment of this.#channels.all()) this.#channels.marks.ask(attachment)
      return
    }
    const attachment = this.#channels.get(channel)
    if (attachment === undefined) return this.#ports.fixes.refuseFixes(this.#session, notAttached(channel))
    this.#channels.marks.ask(attachment)
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
