/** Everything that counts against a client at the door, in one place for conversations, routes and the upgrade. */

import { isTicket } from '../../access/tickets.ts'
import type { Refusal } from '../../base/refusal.ts'
import type { Scheduler } from '../../base/time.ts'
import type { Principal } from '../../domain/ids.ts'
import type { Role } from '../../domain/roles.ts'
import type { Limits, RateClass } from '../../protocol/limits.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { ConnectionCaps } from './connection-caps.ts'
import { Deadlines } from './deadlines.ts'
import { GoodCredentials } from './good-credentials.ts'
import { KeyedBuckets } from './keyed-buckets.ts'
import { Principals, type PrincipalUsage } from './principals.ts'
import { RateLimiter, type Usage } from './rate-limiter.ts'
import { UnreadLedger } from './unread.ts'

interface RefusedRequest {
  readonly refusal: Refusal
  readonly isFlood: boolean
}

export class Limiter {
  /** What all clients together have not read yet. */
  readonly unread: UnreadLedger
  readonly #caps: ConnectionCaps
  readonly #rates: RateLimiter
  readonly #principals: Principals
  /** By address and by what was asked for. A client that spends one bucket leaves the others to its neighbours. */
  readonly #openRequests: KeyedBuckets
  readonly #good = new GoodCredentials()
  /** Bodies that are being read, by what ends the wait for them. */
  readonly #bodies: Deadlines<() => void>
  readonly #metrics: Metrics
  /** The clock that all of them go by. */
  readonly monotonicMs: () => number

  constructor(limits: Limits, metrics: Metrics, scheduler: Scheduler) {
    const nowMs = () => scheduler.monotonicMs()
    this.monotonicMs = nowMs
    this.unread = new UnreadLedger(limits.unreadBytes)
    this.#caps = new ConnectionCaps(limits, nowMs)
    this.#rates = new RateLimiter(limits, nowMs)
    this.#principals = new Principals(limits.sessionsPerUser, nowMs)
    this.#openRequests = new KeyedBuckets(limits.openRequestsPerAddressPerS, 1, nowMs)
    this.#bodies = new Deadlines(limits.httpRequestMs, scheduler, tooSlow => {
      metrics.limitRefused('httpRequestMs')
      tooSlow()
    })
    this.#metrics = metrics
  }

  /**
   * Counts a WebSocket that is about to be opened; one that was let in is given back by `leave`. Input: how many of its
   * address have no welcome yet.
   */
  enter(addressKey: string, strangers: number): Refusal | null {
    const full = this.#caps.enter(addressKey, strangers)
    if (full === null) return null
    this.#metrics.limitRefused(full.limit)
    return full.refusal
  }

  leave(addressKey: string): void {
    this.#caps.leave(addressKey)
  }

  /**
   * Counts a session that is about to be opened; null when the principal has as many as it may. A driver always may:
   * its new session ends the old one of the unit, which must not keep it out.
   */
  join(principal: Principal, role: Role): PrincipalUsage | null {
    const usage = this.#principals.join(principal, { isCapped: role !== 'driver' })
    if (usage === null) this.#metrics.limitRefused('sessionsPerUser')
    return usage
  }

  /** What a principal hears that was cut for a flood and comes back too soon; null for all others. */
  pauseOf(principal: Principal): Refusal | null {
    const retryAfterMs = this.#principals.pauseMs(principal)
    if (retryAfterMs === 0) return null
    this.#metrics.limitRefused('floodPause')
    const message = `A connection of this user was cut for sending far over the rate; come back in ${retryAfterMs} ms.`
    return { code: 'rate-limited', message, details: { limit: 'floodPause', retryAfterMs } }
  }

  part(usage: PrincipalUsage): void {
    this.#principals.leave(usage)
  }

  /**
   * Takes messages from the rate of a connection and its principal. Output: 0, or how long to wait. A connection that
   * has become a flood by it is to be closed.
   */
  take(own: Usage, principal: PrincipalUsage | null, rateClass: RateClass, count: number): number {
    const waitMs = this.#rates.take(own, principal, rateClass, count)
    if (waitMs > 0) this.#overRate(own, principal, rateClass)
    return waitMs
  }

  /** As `take` for a frame that is dropped unread, if it has to be; 0 when it is to be read. */
  refuseUnread(own: Usage, principal: PrincipalUsage | null, rateClass: RateClass, count: number): number {
    const waitMs = this.#rates.refuseUnread(own, principal, rateClass, count)
    if (waitMs > 0) this.#overRate(own, principal, rateClass)
    return waitMs
  }

  #overRate(own: Usage, principal: PrincipalUsage | null, rateClass: RateClass): void {
    this.#metrics.limitRefused(`rates.${rateClass}`)
    if (!own.isFlood) return
    this.#metrics.limitRefused('floodBursts')
    principal?.flooded(this.monotonicMs())
  }

  /**
   * Takes one HTTP request from the rate of its principal. Output: null, or what to
   * answer, and whether so many were refused that the connection is to be ended.
   */
  takeRequest(principal: Principal, rateClass: 'query' | 'command'): RefusedRequest | null {
    return this.#takeRequests(principal, rateClass, 1)
  }

  /** The request turned out to count as so many more of its class. */
  takeMore(principal: Principal, rateClass: 'query' | 'command', count: number): Refusal | null {
    return count === 0 ? null : (this.#takeRequests(principal, rateClass, count)?.refusal ?? null)
  }

  #takeRequests(principal: Principal, rateClass: RateClass, count: number): RefusedRequest | null {
    const usage = this.#principals.usageOf(principal)
    const waitMs = this.#rates.takeRequest(usage, rateClass, count)
    if (waitMs === 0) return null
    this.#metrics.limitRefused(`rates.${rateClass}`)
    if (usage.isFlood) this.#metrics.limitRefused('floodBursts')
    return { refusal: tooFast(rateClass, waitMs), isFlood: usage.isFlood }
  }

  /** Takes one request that shows no credential from the rate of its address. Input: the open route, or what else it asks. */
  takeOpenRequest(addressKey: string, what: string): Refusal | null {
    return this.#openRefusal(this.#openRequests.take(`${addressKey} ${what}`))
  }

  /**
   * Whether a credential may be looked at. Whoever shows one bad one after another does not get more of that kind looked
   * at, since a signature costs time; but a ticket costs next to none, and what was good lately is known at once. So who
   * is at work is not shut out by a stranger behind the same address.
   */
  mayLook(addressKey: string, credential: string): Refusal | null {
    const kind = kindOf(credential)
    if (isTicket(credential) || this.#good.has(credential)) return null
    return this.#openRefusal(this.#openRequests.look(`${addressKey} ${kind}`))
  }

  /** A credential was good, or was given out just now. */
  wasGood(credential: string): void {
    if (!isTicket(credential)) this.#good.add(credential)
  }

  /** A credential was bad: it takes one from the rate of its address. */
  wasBad(addressKey: string, credential: string): void {
    this.#good.forget(credential)
    this.#openRequests.take(`${addressKey} ${kindOf(credential)}`)
  }

  /** A body is about to be read; `tooSlow` is called unless `endBody` is, in time and with the same function. */
  beginBody(tooSlow: () => void): void {
    this.#bodies.add(tooSlow)
  }

  endBody(tooSlow: () => void): void {
    this.#bodies.remove(tooSlow)
  }

  #openRefusal(waitMs: number): Refusal | null {
    if (waitMs === 0) return null
    this.#metrics.limitRefused('openRequestsPerAddressPerS')
    const message = `Your address sends requests without a good credential too fast; wait ${waitMs} ms.`
    return { code: 'rate-limited', message, details: { retryAfterMs: waitMs } }
  }
}

/** How what we give out begins, but for access tokens. */
const FORMS: ReadonlySet<string> = new Set(['ght_', 'ghd_', 'ghr_'])

/** Each kind costs something else to look at, and has a bucket of its own. */
function kindOf(credential: string): string {
  const start = credential.slice(0, 4)
  return FORMS.has(start) ? start : 'token'
}

/** What a client hears that sends more than its rate. */
export function tooFast(
  rateClass: RateClass,
  waitMs: number,
  details: Readonly<Record<string, unknown>> = {},
): Refusal {
  const message = `The rate of ${rateClass} messages is exceeded; wait ${waitMs} ms, then send again.`
  return { code: 'rate-limited', message, details: { ...details, class: rateClass, retryAfterMs: waitMs } }
}

export const TOO_MANY_SESSIONS: Refusal = {
  code: 'too-many-connections',
  message: 'This user has the largest number of sessions open; close one, then come back.',
  details: { limit: 'sessionsPerUser', retryAfterMs: 5_000 },
}
