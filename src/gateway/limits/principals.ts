/** What each principal has used, and its number of open sessions, shared by all its sessions. */
import type { Principal } from '../../domain/ids.ts'
import { FloodPause } from './flood-pause.ts'
import { Usage } from './rate-limiter.ts'

/** Found once a session and held by reference. */
export class PrincipalUsage extends Usage {
  sessions = 0
  /** Null until one of its connections is cut for a flood. */
  #pause: FloodPause | null = null

  /** One of its connections was cut for a flood. */
  flooded(nowMs: number): void {
    this.#pause ??= new FloodPause()
    this.#pause.begin(nowMs)
  }

  /** For how long it opens no session; 0 almost always. */
  pauseMs(nowMs: number): number {
    return this.#pause?.waitMs(nowMs) ?? 0
  }

  override isIdle(nowMs: number): boolean {
    return super.isIdle(nowMs) && (this.#pause?.isForgotten(nowMs) ?? true)
  }
}

/**
 * A principal is forgotten when it has no session, has used nothing lately and has not flooded lately: one that leaves and
 * comes back at once finds what it had used. Only who showed a good token is known here: at most all users there are.
 */
export class Principals {
  readonly #byName = new Map<Principal, PrincipalUsage>()
  readonly #sessionsMax: number
  readonly #nowMs: () => number
  #sweepAtSize = 64

  constructor(sessionsMax: number, nowMs: () => number) {
    this.#sessionsMax = sessionsMax
    this.#nowMs = nowMs
  }

  get size(): number {
    return this.#byName.size
  }

  /** For a request of its own, without a session. */
  usageOf(name: Principal): PrincipalUsage {
    let usage = this.#byName.get(name)
    if (usage === undefined) {
      if (this.#byName.size >= this.#sweepAtSize) this.#sweep()
      usage = new PrincipalUsage()
      this.#byName.set(name, usage)
    }
    return usage
  }

  /** For how long a principal opens no session, after a flood. */
  pauseMs(name: Principal): number {
    return this.#byName.get(name)?.pauseMs(this.#nowMs()) ?? 0
  }

  /** Counts one more session; null when the principal has as many as it may. Each is given back by `leave`, once. */
  join(name: Principal, { isCapped = true } = {}): PrincipalUsage | null {
    const usage = this.usageOf(name)
    if (isCapped && usage.sessions >= this.#sessionsMax) return null
    usage.sessions += 1
    return usage
  }

  leave(usage: PrincipalUsage): void {
    usage.sessions -= 1
  }

  /** Each time that their number has doubled: without a timer, and seldom. */
  #sweep(): void {
    const nowMs = this.#nowMs()
    for (const [name, usage] of this.#byName) {
      if (usage.sessions === 0 && usage.isIdle(nowMs)) this.#byName.delete(name)
    }
    this.#sweepAtSize = Math.max(64, 2 * this.#byName.size)
  }
}
