/**
 * Everybody who is connected, and what ends a connection from outside: no hello in time, an age that no session may pass, a
 * sign-in that was ended.
 *
 * One timer for all of them: at 15,000 connections a timer each would cost more memory than the sessions themselves.
 */

import type { Revocations, TokenClaims } from '../access/claims.ts'
import { AddressCounts } from '../base/address-counts.ts'
import type { Scheduler } from '../base/time.ts'
import { CLOSE_CODES } from '../protocol/errors.ts'
import { Deadlines } from './limits/deadlines.ts'
import { TurnedAway } from './limits/turned-away.ts'

/**
 * So many clients may come back in a second: an upgrade, a ticket and a welcome take 0.2 ms of CPU (`bench reconnect`),
 * those who are back have work to do, and the limit of connects by one address lies above it.
 */
const COME_BACK_PER_S = 1_500
const SPREAD_MIN_MS = 1_000
/** What clients are told at a drain: when to come back at the earliest. */
export const COME_BACK_AFTER_MS = 1_000
/** Told anew when it has grown or shrunk by so much: a crowd that signs in is told a few times, not with each client. */
const SPREAD_GROWN = 1.5
const SPREAD_SHRUNK = 1 / 2
/** How far a session may outlive its age. */
const SWEEP_EVERY_MS = 1_000
/** Closed or told in one go, so that thousands of sockets that end together do not hold up everybody else. */
const AT_ONCE = 500

/** Somebody who is connected, as everybody together is dealt with. */
export interface Registered {
  readonly addressKey: string
  /** Null while nobody is signed in. */
  readonly claims: TokenClaims | null
  readonly isSignedIn: boolean
  readonly endsAtMs: number
  helloOverdue(): void
  goAway(afterMs: number, spreadMs: number): void
  tellSpread(spreadMs: number): void
  close(code: number, reason: string): void
}

export class SessionRegistry {
  /** Connections that may still send their hello in time. */
  readonly #waiting: Deadlines<Registered>
  /** Those without a welcome, until they get it or are gone. */
  readonly #strangers = new Set<Registered>()
  readonly #strangersByAddress = new AddressCounts()
  /** Clients that came while the engine serves nobody yet. */
  readonly turnedAway: TurnedAway
  readonly #conversations = new Set<Registered>()
  /** What those knew who were told last. */
  #spreadToldMs = SPREAD_MIN_MS
  readonly #revocations: Revocations
  readonly #wallClock: () => number
  readonly #scheduler: Scheduler
  #cancelSweep!: () => void

  constructor(helloTimeoutMs: number, revocations: Revocations, wallClock: () => number, scheduler: Scheduler) {
    this.#waiting = new Deadlines(helloTimeoutMs, scheduler, conversation => conversation.helloOverdue())
    this.turnedAway = new TurnedAway(COME_BACK_PER_S, () => scheduler.monotonicMs())
    this.#revocations = revocations
    this.#wallClock = wallClock
    this.#scheduler = scheduler
    this.#sweepLater()
    revocations.onChange(() => this.#closeRevoked())
  }

  add(conversation: Registered): void {
    this.#conversations.add(conversation)
    this.#waiting.add(conversation)
    this.#strangers.add(conversation)
    this.#strangersByAddress.enter(conversation.addressKey)
  }

  /** It is a stranger no more. */
  welcomed(conversation: Registered): void {
    this.#waiting.remove(conversation)
    if (this.#strangers.delete(conversation)) this.#strangersByAddress.leave(conversation.addressKey)
  }

  remove(conversation: Registered): void {
    this.welcomed(conversation)
    this.#conversations.delete(conversation)
  }

  /** How many connections of an address have no welcome yet. */
  strangersOf(addressKey: string): number {
    return this.#strangersByAddress.of(addressKey)
  }

  get size(): number {
    return this.#conversations.size
  }

  [Symbol.iterator](): IterableIterator<Registered> {
    return this.#conversations.values()
  }

  /** Over how long all who are here should spread when they come back, so that an engine can take them. */
  get comeBackSpreadMs(): number {
    return Math.max(SPREAD_MIN_MS, Math.ceil((this.size * 1_000) / COME_BACK_PER_S))
  }

  /** Tells all who are signed in to reconnect elsewhere, after `afterMs` plus a random share of their spread. */
  goAway(afterMs: number): void {
    const spreadMs = this.comeBackSpreadMs
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
    for (const conversation of this.#conversations) this.#waiting.remove(conversation)
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#scheduler.after(SWEEP_EVERY_MS, () => {
      this.#sweepLater()
      this.#closeAged()
      this.#tellSpread()
    })
  }

  #closeAged(): void {
    const nowMs = this.#wallClock()
    this.#closeThose(({ endsAtMs }) => endsAtMs <= nowMs, 'token-expired')
  }

  #closeRevoked(): void {
    this.#closeThose(({ claims }) => claims !== null && this.#revocations.isRevoked(claims), 'signed out')
  }

  /** After a kill nobody can say anything any more, so it is said before. Who comes now hears it in the welcome. */
  #tellSpread(): void {
    const spreadMs = this.comeBackSpreadMs
    const isNear = spreadMs < this.#spreadToldMs * SPREAD_GROWN && spreadMs > this.#spreadToldMs * SPREAD_SHRUNK
    if (isNear) return
    this.#spreadToldMs = spreadMs
    this.#eachOf(
      ({ isSignedIn }) => isSignedIn,
      conversation => conversation.tellSpread(spreadMs),
    )
  }

  #closeThose(condition: (conversation: Registered) => boolean, reason: string): void {
    this.#eachOf(condition, conversation => conversation.close(CLOSE_CODES.unauthenticated, reason))
  }

  #eachOf(condition: (conversation: Registered) => boolean, run: (conversation: Registered) => void): void {
    const meant: Registered[] = []
    for (const conversation of this.#conversations) if (condition(conversation)) meant.push(conversation)
    const runSome = () => {
      for (const conversation of meant.splice(0, AT_ONCE)) run(conversation)
      if (meant.length > 0) this.#scheduler.after(0, runSome)
    }
    runSome()
  }
}
