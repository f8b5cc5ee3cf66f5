/** Tells a feed the marks of its channels: together, so often at most, and those first that it asked for. */
import { Fifo } from '../../../base/fifo.ts'
import type { MachineClock } from '../../../base/time.ts'
import { MARK_EVERY_FIXES, MARK_EVERY_MS } from '../../driver/speaker.ts'
import type { Session } from '../../region-handle.ts'
import type { Attachment } from './attachment.ts'
import { ToldOrder } from './told-order.ts'

/** A feed's marks leave together, so often at most, wall time. */
const TELL_MARKS_EVERY_MS = 250
/** Marks in one frame: about 40 kB. */
const MARKS_PER_FRAME = 4_096

export class MarkTeller {
  readonly #session: Session
  readonly #machine: MachineClock
  /** Channels whose mark leaves next; and some for which that is no longer so, passed over when it is their turn. */
  readonly #due = new Fifo<Attachment>()
  #dueCount = 0
  /** Those told less than `MARK_EVERY_MS` ago. */
  readonly #recent = new ToldOrder<Attachment>()
  #cancelTimer: (() => void) | null = null

  constructor(session: Session, machine: MachineClock) {
    this.#session = session
    this.#machine = machine
  }

  /** The feed asked for this mark: it is told once all that was received by now is stored. */
  ask(attachment: Attachment): void {
    const { stream } = attachment
    attachment.askedSeq = stream.receivedSeq
    // Until `attach` is answered, its answer is the mark.
    if (attachment.toldSeq >= 0 && stream.durableSeq >= stream.receivedSeq) this.#makeDue(attachment)
  }

  /** More of its stream is stored. */
  rose(attachment: Attachment): void {
    const { stream, toldSeq, askedSeq } = attachment
    // The answer to `attach` tells the mark as it then is.
    if (toldSeq < 0) return
    const isEnough = stream.durableSeq - toldSeq >= MARK_EVERY_FIXES
    if (isEnough || askedSeq > 0 || !attachment.isInOrder) this.#makeDue(attachment)
  }

  forget(attachment: Attachment): void {
    this.#notDue(attachment)
    this.#recent.remove(attachment)
  }

  close(): void {
    this.#due.clear()
    this.#dueCount = 0
    this.#recent.clear()
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  /** The mark as it is now, which the caller tells. */
  told(attachment: Attachment): number {
    const { durableSeq } = attachment.stream
    if (attachment.driver.feed !== attachment) return durableSeq
    attachment.toldSeq = durableSeq
    attachment.toldAtMs = this.#machine.monotonicMs()
    if (durableSeq >= attachment.askedSeq) attachment.askedSeq = 0
    this.#notDue(attachment)
    this.#recent.toEnd(attachment)
    this.#setTimer()
    return durableSeq
  }

  #makeDue(attachment: Attachment): void {
    if (!attachment.isDue) {
      attachment.isDue = true
      this.#dueCount += 1
      this.#due.push(attachment)
    }
    this.#setTimer()
  }

  #notDue(attachment: Attachment): void {
    if (!attachment.isDue) return
    attachment.isDue = false
    this.#dueCount -= 1
  }

  #setTimer(): void {
    this.#cancelTimer ??= this.#machine.after(TELL_MARKS_EVERY_MS, () => this.#tell(this.#dueCount))
  }

  /**
   * Tells a frame of marks, and the loop is left to others before the next: a feed may have a hundred thousand, all stored at once.
   * Input: how many of those that were due when this began are still to be told.
   */
  #tell(count: number): void {
    const oldOnes = this.#makeOldDue()
    // Marks that a slow feed cannot take yet stay due: the later they leave, the more they tell.
    const some = this.#session.isBehind ? [] : this.#firstDue(Math.min(count + oldOnes, MARKS_PER_FRAME))
    if (some.length > 0) {
      const marks = some.map(attachment => [attachment.channel, this.told(attachment)] as const)
      this.#session.tell({ type: 'feed-marks', marks })
    }
    const left = count + oldOnes - some.length
    if (some.length > 0 && left > 0) {
      this.#cancelTimer = this.#machine.after(0, () => this.#tell(left))
      return
    }
    this.#cancelTimer = null
    if (this.#dueCount > 0 || this.#recent.first !== null) this.#setTimer()
  }

  #firstDue(most: number): Attachment[] {
    const first: Attachment[] = []
    while (first.length < most && this.#due.length > 0) {
      const attachment = this.#due.shift()
      if (!attachment.isDue) continue
      this.#notDue(attachment)
      first.push(attachment)
    }
    return first
  }

  /** Output: how many marks have become due since the last of each was told so long ago; a frame of them at most. */
  #makeOldDue(): number {
    const nowMs = this.#machine.monotonicMs()
    const before = this.#dueCount
    for (let looked = 0; looked < MARKS_PER_FRAME; looked += 1) {
      const attachment = this.#recent.first
      if (attachment === null || nowMs - attachment.toldAtMs < MARK_EVERY_MS) break
      this.#recent.remove(attachment)
      if (attachment.stream.durableSeq > attachment.toldSeq) this.#makeDue(attachment)
    }
    return this.#dueCount - before
  }
}
