/** Tells a feed the marks of its channels: together, so often at most, and those first that it asked for. */
import type { MachineClock } from '../../../base/time.ts'
import { MARK_EVERY_FIXES, MARK_EVERY_MS } from '../../driver/speaker.ts'
import type { Session } from '../../region-handle.ts'
import type { Attachment } from './attachment.ts'

/** A feed's marks leave together, so often at most, wall time. */
const TELL_MARKS_EVERY_MS = 250
/** Marks in one frame: about 40 kB. */
const MARKS_PER_FRAME = 4_096

export class MarkTeller {
  readonly #session: Session
  readonly #machine: MachineClock
  /** Channels whose mark leaves next. */
  readonly #due = new Set<Attachment>()
  /** Those told less than `MARK_EVERY_MS` ago, the longest ago first. */
  readonly #recent = new Set<Attachment>()
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
    if (isEnough || askedSeq > 0 || !this.#recent.has(attachment)) this.#makeDue(attachment)
  }

  forget(attachment: Attachment): void {
    this.#due.delete(attachment)
    this.#recent.delete(attachment)
  }

  close(): void {
    this.#due.clear()
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
    this.#cancelTimer = this.#machine.after(TELL_MARKS_EVERY_MS, () => {
      this.#cancelTimer = null
      this.#tellDueMarks()
      if (this.#due.size > 0 || this.#recent.size > 0) this.#setTimer()
    })
  }

  #tellDueMarks(): void {
    const nowMs = this.#machine.monotonicMs()
    for (const attachment of this.#recent) {
      if (nowMs - attachment.toldAtMs < MARK_EVERY_MS) break
      this.#recent.delete(attachment)
      if (attachment.stream.durableSeq > attachment.toldSeq) this.#due.add(attachment)
    }
    // Marks that a slow feed cannot take yet stay due: the later they leave, the more they tell.
    if (this.#due.size === 0 || this.#session.isBehind) return
    const marks = [...this.#due].map(attachment => [attachment.channel, this.told(attachment)] as const)
    for (let from = 0; from < marks.length; from += MARKS_PER_FRAME) {
      this.#session.tell({ type: 'feed-marks', marks: marks.slice(from, from + MARKS_PER_FRAME) })
    }
  }
}
