/**
 * Everybody who is connected, and what ends them from outside: no hello in time, an age that no session may pass, and
 * sign-ins that were ended.
 *
 * One timer for all of them: at 15,000 connections a timer each would cost more memory than the sessions themselves.
 */
import { CLOSE_CODES } from '../protocol/errors.ts'
import type { Scheduler } from '../store/scheduler.ts'
import type { Revocations } from './auth/claims.ts'
import type { Conversation } from './conversation.ts'
import { Deadlines } from './limits/deadlines.ts'

/** How far a session may outlive its age. */
const SWEEP_EVERY_MS = 1_000
/** Closed in one go, so that thousands of sockets that end together do not hold up everybody else. */
const CLOSED_AT_ONCE = 500

export class SessionRegistry {
  /** Those without a valid hello. */
  readonly waiting: Deadlines<Conversation>
  readonly #conversations = new Set<Conversation>()
  readonly #revocations: Revocations
  readonly #wallClock: () => number
  readonly #scheduler: Scheduler
  #cancelSweep!: () => void

  constructor(helloTimeoutMs: number, revocations: Revocations, wallClock: () => number, scheduler: Scheduler) {
    this.waiting = new Deadlines(helloTimeoutMs, scheduler, conversation => conversation.helloOverdue())
    this.#revocations = revocations
    this.#wallClock = wallClock
    this.#scheduler = scheduler
    this.#sweepLater()
    revocations.onChange(() => this.#closeRevoked())
  }

  add(conversation: Conversation): void {
    this.#conversations.add(conversation)
    this.waiting.add(conversation)
  }

  remove(conversation: Conversation): void {
    this.#conversations.delete(conversation)
    this.waiting.remove(conversation)
  }

  get size(): number {
    return this.#conversations.size
  }

  [Symbol.iterator](): IterableIterator<Conversation> {
    return this.#conversations.values()
  }

  /** Tells all who are signed in to reconnect elsewhere, after `afterMs` plus a random share of `spreadMs`. */
  goAway(afterMs: number, spreadMs: number): void {
    for (const conversation of this.#conversations) {
      if (conversation.isSignedIn) conversation.goAway(afterMs, spreadMs)
    }
  }

  /** Watches nobody any more, and ends what is left with 4503. */
  end(): void {
    this.stop()
    for (const conversation of [...this.#conversations]) conversation.close(CLOSE_CODES.goingAway, 'going away')
  }

  stop(): void {
    this.#cancelSweep()
    for (const conversation of this.#conversations) this.waiting.remove(conversation)
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#scheduler.after(SWEEP_EVERY_MS, () => {
      this.#sweepLater()
      this.#closeAged()
    })
  }

  #closeAged(): void {
    const nowMs = this.#wallClock()
    this.#closeThose(({ endsAtMs }) => endsAtMs <= nowMs, 'token-expired')
  }

  #closeRevoked(): void {
    this.#closeThose(({ claims }) => claims !== null && this.#revocations.isRevoked(claims), 'signed out')
  }

  #closeThose(condition: (conversation: Conversation) => boolean, reason: string): void {
    const ended: Conversation[] = []
    for (const conversation of this.#conversations) if (condition(conversation)) ended.push(conversation)
    const closeSome = () => {
      for (const conversation of ended.splice(0, CLOSED_AT_ONCE)) {
        conversation.close(CLOSE_CODES.unauthenticated, reason)
      }
      if (ended.length > 0) this.#scheduler.after(0, closeSome)
    }
    closeSome()
  }
}
