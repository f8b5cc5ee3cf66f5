/**
 * Requests that wait for the database. Each is answered within two seconds, also when the database falls silent.
 *
 * Whether it is silent is told by its health (1.6 s at most); what it had begun may still be done, so that a change is
 * to be repeated under its Idempotency-Key, as the refusal says.
 */
import type { Scheduler } from '../base/time.ts'
import type { StoreState } from '../store/postgres/store-health.ts'

const LOOK_EVERY_MS = 200
/** A request that comes while the database is away gets this long: for what needs it not, or finds it back. */
const GRACE_MS = 1_000

export class StoreWaits {
  readonly #store: () => StoreState
  readonly #scheduler: Scheduler
  /** From oldest to newest, each with the moment until which it is not given up. */
  readonly #waiting = new Map<() => void, number>()
  #cancelTimer: (() => void) | null = null

  constructor(store: () => StoreState, scheduler: Scheduler) {
    this.#store = store
    this.#scheduler = scheduler
  }

  /** The reply, or `away` when the database is away before it comes. Errors: those of the reply, unless it was given up. */
  orAway<T>(reply: Promise<T>, away: T): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => resolve(away)
      const isAway = this.#store().status === 'away'
      this.#waiting.set(giveUp, this.#scheduler.monotonicMs() + (isAway ? GRACE_MS : 0))
      this.#arm()
      reply.then(resolve, reject).finally(() => this.#done(giveUp))
    })
  }

  /** Looks no more; each waiting request is left to its own reply. */
  stop(): void {
    this.#waiting.clear()
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #done(giveUp: () => void): void {
    this.#waiting.delete(giveUp)
    if (this.#waiting.size === 0) this.stop()
  }

  #arm(): void {
    this.#cancelTimer ??= this.#scheduler.after(LOOK_EVERY_MS, () => this.#look())
  }

  #look(): void {
    this.#cancelTimer = null
    if (this.#store().status === 'away') {
      const nowMs = this.#scheduler.monotonicMs()
      for (const [giveUp, untilMs] of this.#waiting) {
        if (untilMs > nowMs) continue
        this.#waiting.delete(giveUp)
        giveUp()
      }
    }
    if (this.#waiting.size > 0) this.#arm()
  }
}
