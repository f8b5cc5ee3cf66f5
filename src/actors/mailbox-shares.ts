/**
 * Which mailbox is served when: regions in turn, each for its share of messages and of time, so that none holds up the others.
 *
 * A share is handed out as a batch; what would be delivered past its time is put back into its mailbox.
 */
import { Mailbox } from './mailbox.ts'

const YIELD_AFTER_MS = 2
/** Messages in one run, for clocks that stand still while it runs: more than 2 ms ever hold. */
const RUN_MESSAGES = 4_096
/** What one region gets before the next one comes: so many messages, and not another one after so much time. */
const SHARE_MESSAGES = 32
const SHARE_MS = 0.5

export class MailboxShares {
  readonly #monotonicMs: () => number
  readonly #deliver: () => void
  readonly #mailboxes: Mailbox[] = []
  #next = 0
  /** Whose share it is, until when, and the same mailbox once that is over: what was handed out of it is put back. */
  #serving: Mailbox | null = null
  #shareUntilMs = Number.POSITIVE_INFINITY
  #over: Mailbox | null = null

  /** Input: `deliver` delivers what was handed out. */
  constructor(monotonicMs: () => number, deliver: () => void) {
    this.#monotonicMs = monotonicMs
    this.#deliver = deliver
  }

  add(name: string): Mailbox {
    const mailbox = new Mailbox(name)
    this.#mailboxes.push(mailbox)
    return mailbox
  }

  /** Output: what nobody will be handed any more. */
  drop(mailbox: Mailbox): { readonly type: string }[] {
    const index = this.#mailboxes.indexOf(mailbox)
    if (index >= 0) this.#mailboxes.splice(index, 1)
    // In the midst of its share: nothing of it would be found again.
    if (this.#serving === mailbox) this.#endShare()
    return mailbox.empty()
  }

  get all(): readonly Mailbox[] {
    return this.#mailboxes
  }

  /** Its share was used up by a message before. */
  isOver(mailbox: Mailbox): boolean {
    return this.#over === mailbox
  }

  /** A message has been delivered. */
  delivered(): void {
    if (this.#monotonicMs() >= this.#shareUntilMs) this.#over = this.#serving
  }

  /** Delivers for about 2 ms. False when the time is over and something still waits. */
  serveInTurn(): boolean {
    const untilMs = this.#monotonicMs() + YIELD_AFTER_MS
    let left = RUN_MESSAGES
    for (let idle = 0; idle < this.#mailboxes.length; ) {
      const mailbox = this.#mailboxes[this.#next++ % this.#mailboxes.length]!
      if (mailbox.depth === 0) {
        idle += 1
        continue
      }
      idle = 0
      const nowMs = this.#monotonicMs()
      if (nowMs >= untilMs || left <= 0) {
        // It is the first to be served the next time.
        this.#next -= 1
        return false
      }
      left -= this.#serve(mailbox, nowMs + SHARE_MS)
    }
    return true
  }

  /**
   * Delivers one share. Comedy gets a batch at once, for handing it one message at a time costs an eighth of all that it
   * can do (measured); what it would deliver past the share's time is put back. Output: how many were delivered.
   */
  #serve(mailbox: Mailbox, untilMs: number): number {
    this.#serving = mailbox
    this.#shareUntilMs = untilMs
    const handed = mailbox.handOut(SHARE_MESSAGES, this.#deliver)
    this.#deliver()
    this.#endShare()
    return handed - mailbox.endShare()
  }

  #endShare(): void {
    this.#serving = null
    this.#shareUntilMs = Number.POSITIVE_INFINITY
    this.#over = null
  }
}
