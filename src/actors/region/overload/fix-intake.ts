/**
 * Where fixes wait when more come than the region can take, so that no command has to wait behind them.
 *
 * The mailbox is one order for all, so it gets no more fixes at a time than a command may wait for. What is more waits here,
 * a queue for each sender, and the senders get their turn one after another: one that sends too much is the one that waits.
 * Of one sender everything stays in its order. Nothing here is acknowledged; what is held back is told so, once a frame.
 */
import type { Refusal } from '../../../base/refusal.ts'
import type { MachineClock } from '../../../base/time.ts'
import { OVERLOADED } from '../../refusals.ts'
import type { Session, SessionMessage } from '../../region-handle.ts'
import { type HeldWhen, heldBack } from './held-back.ts'
import type { Overload } from './overload.ts'
import { isHeldAfter } from './overload-step.ts'
import { Pace } from './pace.ts'

/** A message of who sends fixes, or the end of his session, which must not overtake them. */
export type SenderMessage = SessionMessage | { readonly type: 'session-closed'; readonly session: Session }

/** Fixes and messages in the mailbox, beyond which fixes wait here: about 10 ms of work, and at most a frame more. */
const MAILBOX_FIXES = 1_000
/** How often the mailbox is filled up again: a tenth of what it then has. */
const FILL_EVERY_MS = 1
/** Of all that waits here, and of what one sender has here. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024
const SENDER_BYTES_MAX = 16 * 1024 * 1024
/** Of a fix as the parser makes it, an array of eight numbers, and of a message around it. */
const FIX_BYTES = 128
const MESSAGE_BYTES = 256
/** When a sender that is held back is to send again. */
const RETRY_AFTER_MIN_MS = 250
const RETRY_AFTER_MAX_MS = 2_000

interface FixIntakePorts {
  readonly machine: MachineClock
  readonly overload: Overload
  /** Fixes and messages that stand in the mailbox now. */
  readonly backlog: () => number
  /** Puts it there; false when it does not take it. */
  readonly deliver: (message: SenderMessage) => boolean
  readonly refuse: (session: Session, requestId: string | null, refusal: Refusal) => void
}

interface Waiting {
  readonly message: SenderMessage
  readonly bytes: number
  readonly sinceMs: number
}

/** What one sender has here, the oldest first. */
interface Sender {
  readonly waiting: Waiting[]
  /** The first that is still here. */
  head: number
  bytes: number
  isHeld: boolean
}

export class FixIntake {
  readonly #ports: FixIntakePorts
  /** Those that wait, in the order of their turns. */
  readonly #senders = new Map<Session, Sender>()
  readonly #pace = new Pace()
  #bytes = 0
  #cancelTimer: (() => void) | null = null

  constructor(ports: FixIntakePorts) {
    this.#ports = ports
  }

  /** Of everything that waits. */
  get waitingBytes(): number {
    return this.#bytes
  }

  /** To the mailbox at once, or behind those that wait; or not at all, and the sender is told so. */
  take(message: SenderMessage): void {
    if (this.#senders.size === 0 && this.#ports.backlog() < MAILBOX_FIXES) {
      if (!this.#ports.deliver(message)) this.#refuse(message, 0)
    } else if (message.type === 'session-closed') {
      // Never refused: there is one a session.
      if (this.#senders.has(message.session)) this.#wait(message, MESSAGE_BYTES)
      else this.#ports.deliver(message)
    } else {
      this.#takeBehind(message)
    }
  }

  /** The region's memory is dropped. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#senders.clear()
    this.#bytes = 0
  }

  #takeBehind(message: SessionMessage): void {
    const bytes = bytesOf(message)
    const sender = this.#senders.get(message.session)
    const waitMs = this.#waitMs(sender, bytes)
    if (this.#isHeld(sender, bytes, waitMs)) return this.#refuse(message, waitMs)
    if (sender !== undefined && this.#replacesHint(sender, message, bytes)) return
    this.#wait(message, bytes)
  }

  /** How long the sender's next would wait, or his oldest has waited, if that is longer. */
  #waitMs(sender: Sender | undefined, bytes: number): number {
    if (sender === undefined) return 0
    const waitedMs = this.#ports.machine.monotonicMs() - sender.waiting[sender.head]!.sinceMs
    // Each sender gets as many turns as any other, so what others have beyond what he has does not go before him.
    const before = Math.min(this.#bytes, sender.bytes * this.#senders.size)
    return Math.max(waitedMs, this.#pace.msOf(before + bytes))
  }

  #isHeld(sender: Sender | undefined, bytes: number, waitMs: number): boolean {
    if (this.#bytes + bytes > WAITING_BYTES_MAX) return true
    if (sender === undefined) return false
    sender.isHeld = isHeldAfter(sender.isHeld, waitMs)
    return sender.isHeld || sender.bytes + bytes > SENDER_BYTES_MAX
  }

  /** A newer hint behind a hint says all that both say. */
  #replacesHint({ waiting }: Sender, message: SessionMessage, bytes: number): boolean {
    const last = waiting.at(-1)!
    if (message.request.type !== 'hint' || last.message.type !== 'asked') return false
    const { request } = last.message
    if (request.type !== 'hint' || request.streamIndex !== message.request.streamIndex) return false
    waiting[waiting.length - 1] = { message, bytes, sinceMs: last.sinceMs }
    this.#ports.overload.counted('hint')
    return true
  }

  #wait(message: SenderMessage, bytes: number): void {
    let sender = this.#senders.get(message.session)
    if (sender === undefined) {
      sender = { waiting: [], head: 0, bytes: 0, isHeld: false }
      this.#senders.set(message.session, sender)
    }
    sender.waiting.push({ message, bytes, sinceMs: this.#ports.machine.monotonicMs() })
    sender.bytes += bytes
    this.#bytes += bytes
    this.#cancelTimer ??= this.#ports.machine.after(FILL_EVERY_MS, () => this.#goOn())
  }

  /** Fills the mailbox up again, a message of each sender in turn. */
  #goOn(): void {
    const { machine, overload, backlog, deliver } = this.#ports
    this.#cancelTimer = null
    const nowMs = machine.monotonicMs()
    let oldestMs = nowMs
    let taken = 0
    for (const [session, sender] of this.#senders) {
      const { message, bytes, sinceMs } = sender.waiting[sender.head]!
      oldestMs = Math.min(oldestMs, sinceMs)
      if (backlog() >= MAILBOX_FIXES) break
      this.#senders.delete(session)
      this.#bytes -= bytes
      taken += bytes
      sender.bytes -= bytes
      sender.head += 1
      // Behind the others: the loop meets it again, should there be room for all of them.
      if (sender.head < sender.waiting.length) this.#senders.set(session, shortened(sender))
      if (!deliver(message)) this.#refuse(message, 0)
    }
    this.#pace.took(taken, nowMs)
    overload.waited(this.#senders.size > 0 ? nowMs - oldestMs : 0)
    if (this.#senders.size > 0) this.#cancelTimer = machine.after(FILL_EVERY_MS, () => this.#goOn())
    else this.#pace.rest()
  }

  /** Whoever sends faster than it gets on then is only held back again. */
  #when(waitMs: number): HeldWhen {
    const { perS } = this.#pace
    const each = perS === null ? 0 : Math.round(perS / FIX_BYTES / Math.max(1, this.#senders.size))
    return { retryAfterMs: retryAfterMs(waitMs), ...(each > 0 && { fixesPerS: each }) }
  }

  /** Input: how long it would have waited. */
  #refuse(message: SenderMessage, waitMs: number): void {
    if (message.type === 'session-closed') return
    const { session, request } = message
    if ('id' in request) return this.#ports.refuse(session, request.id, OVERLOADED)
    const refusal = heldBack(request, this.#when(waitMs))
    if (refusal === null) return
    this.#ports.overload.counted('frame')
    this.#ports.refuse(session, null, refusal)
  }
}

/** Until half of what waits is gone: then its sender is held back no more. */
const retryAfterMs = (waitMs: number): number =>
  Math.round(Math.min(RETRY_AFTER_MAX_MS, Math.max(RETRY_AFTER_MIN_MS, waitMs / 2)))

/** Lets go of the places of those that are gone, once they are the greater part. */
function shortened(sender: Sender): Sender {
  if (sender.head < 64 || sender.head * 2 < sender.waiting.length) return sender
  sender.waiting.splice(0, sender.head)
  sender.head = 0
  return sender
}

function bytesOf({ request }: SessionMessage): number {
  if (request.type === 'feed-fixes' || request.type === 'fix') {
    return MESSAGE_BYTES + request.fixes.length * FIX_BYTES
  }
  return MESSAGE_BYTES + (request.type === 'attach' ? request.channels.length * FIX_BYTES : 0)
}
