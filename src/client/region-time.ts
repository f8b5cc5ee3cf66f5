/**
 * Region time as a client knows it: told by `welcome`, and carried on from there by the monotonic clock.
 *
 * Wall clocks are set and monotonic clocks stand still while a device sleeps; both make the two part, and looked at from
 * the device they are the same. So while they have parted since the last welcome region time is *in doubt*: it goes on
 * by the monotonic clock, and what is dated by it waits for the next welcome, which shows how much time has gone by.
 */
import { RANGES } from '../protocol/limits.ts'
import type { ClockView } from '../protocol/wire/welcome-view.ts'
import type { ServerRefusal } from './errors.ts'
import type { FullTimers } from './timing.ts'

/** A moment as both clocks of the device showed it; its region time can be told later. */
export interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** A moment at which the server told region time. */
interface Told extends Moment {
  readonly regionMs: number
}

/** What a `hello` says of time, from which the times of later frames count. */
export interface Hello {
  readonly clientNowMs: number
  readonly saidAt: Moment
}

/** A local clock that is further off than this, in wall milliseconds, is not believed. */
const SKEW_MAX_MS = 2_000
/** Who waits for the first welcome has not slept for longer: the server takes no older button. */
const SLEEP_MAX_MS = 24 * 3_600_000
/** With a hello that is further off than this the range of ages may not reach to fixes that had to wait. */
const HELLO_SKEW_MAX_MS = RANGES.ageMs[1] / 2

export class RegionTime {
  readonly #timers: FullTimers
  #clock: ClockView | null = null
  #told: Told | null = null
  /** By the last welcome before that by which something was dated. */
  #toldBefore: Told | null = null
  #isUsed = false

  constructor(timers: FullTimers) {
    this.#timers = timers
  }

  /** False until the first `welcome`: until then the rate is not known and wall time stands in. */
  get known(): boolean {
    return this.#clock !== null
  }

  get rate(): number {
    return this.#clock?.rate ?? 1
  }

  /** The two clocks have parted since the last welcome. */
  get isInDoubt(): boolean {
    return this.#told !== null && this.#hasParted(this.#told)
  }

  moment(): Moment {
    return { wallMs: this.#timers.now(), monotonicMs: this.#timers.monotonicMs() }
  }

  nowMs(): number {
    return this.at(this.moment())
  }

  /** The region time of a moment, whole milliseconds. */
  at(moment: Moment): number {
    const told = this.#told
    if (told === null) return Math.round(moment.wallMs)
    const byMonotonicMs = told.regionMs + (moment.monotonicMs - told.monotonicMs) * this.rate
    return Math.round(moment.monotonicMs < told.monotonicMs ? this.#before(told, moment, byMonotonicMs) : byMonotonicMs)
  }

  /**
   * A moment before the last welcome. The monotonic clock may have stood still but never ran ahead, so it bounds the
   * moment from both sides: by what it counted since the welcome before, and until this one. Where a sleep leaves room
   * between the two the wall clock tells, unless it can be seen to have been set.
   */
  #before(told: Told, moment: Moment, latestMs: number): number {
    const before = this.#toldBefore
    const earliestMs =
      before === null
        ? latestMs - SLEEP_MAX_MS * this.rate
        : before.regionMs + (moment.monotonicMs - before.monotonicMs) * this.rate
    const byWallMs = told.regionMs + (moment.wallMs - told.wallMs) * this.rate
    // Each of the two welcomes may have been off by the skew.
    if (byWallMs < earliestMs - 2 * SKEW_MAX_MS * this.rate) return latestMs
    return Math.min(latestMs, Math.max(earliestMs, byWallMs))
  }

  /** What to say of time in a `hello`: the wall time, but not by a clock so wrong that fixes could not be dated by it. */
  hello(): Hello {
    const saidAt = this.moment()
    const clock = this.#clock
    const isTold = clock !== null && this.#isTooFarOff(saidAt.wallMs)
    const wallMs = isTold ? clock.anchorWallMs + (this.at(saidAt) - clock.anchorRegionMs) / clock.rate : saidAt.wallMs
    return { clientNowMs: Math.floor(wallMs), saidAt }
  }

  /**
   * Takes in the answer to a hello. The local wall clock, counted from the anchor (at rate 1 as it is), tells region time
   * more exactly than a message that was under way; but one that disagrees with the server's own `nowMs` by more than 2 s
   * is set aside, as the server refuses a crew's button that lies in its future. Output: false when another hello has to
   * be said: the device slept over the answer, or its clock is so wrong that no fix could be dated by the hello.
   */
  heard(clock: ClockView, hello: Hello): boolean {
    if (this.#hasParted(hello.saidAt)) return false
    const moment = this.moment()
    if (this.#isUsed) this.#toldBefore = this.#told
    this.#told = this.#toldAt(moment, clock)
    this.#isUsed = !this.#isTooFarOff(hello.clientNowMs + moment.monotonicMs - hello.saidAt.monotonicMs)
    return this.#isUsed
  }

  /**
   * Takes in that the server's own clock was set: what it told before was wrong, and dates nothing any more. What frames
   * say of their moment does not change, for it goes by our clock.
   */
  toldAnew(clock: ClockView): void {
    this.#toldBefore = null
    this.#told = this.#toldAt(this.moment(), clock)
  }

  #toldAt(moment: Moment, clock: ClockView): Told {
    this.#clock = clock
    const local = clock.rate === 1 ? moment.wallMs : this.#fromAnchor(moment.wallMs)
    const isBelieved = Math.abs(local - clock.nowMs) <= SKEW_MAX_MS * clock.rate
    return { ...moment, regionMs: isBelieved ? local : clock.nowMs }
  }

  /**
   * What a frame that is made now says of its moment, and the region time that the server derives from that, from which
   * the ages of its fixes are counted. Time goes on from the hello by the monotonic clock, whatever the wall clock does.
   */
  frame({ clientNowMs, saidAt }: Hello): { sentAtMs: number; sentAtRegionMs: number } {
    const sinceMs = Math.floor(this.#timers.monotonicMs() - saidAt.monotonicMs)
    const sentAtMs = Math.min(RANGES.sentAtMs[1], Math.max(RANGES.sentAtMs[0], sinceMs))
    return { sentAtMs, sentAtRegionMs: this.#fromAnchor(clientNowMs + sentAtMs) }
  }

  /**
   * Whether now is none of the moments that the server would take, as it says when it refuses one: then it is our time
   * that is wrong, and not only what was asked.
   */
  isOutside(details: ServerRefusal['details']): boolean {
    const { earliestMs, latestMs } = details ?? {}
    if (typeof earliestMs !== 'number' || typeof latestMs !== 'number') return false
    const nowMs = this.nowMs()
    return nowMs < earliestMs || nowMs > latestMs
  }

  /** The region time that the server derives from a client's wall time, right or wrong; fractions are kept. */
  #fromAnchor(wallMs: number): number {
    const clock = this.#clock
    return clock === null ? wallMs : clock.anchorRegionMs + (wallMs - clock.anchorWallMs) * clock.rate
  }

  /** Whether the wall clock was set since then, or the device slept. */
  #hasParted(since: Moment): boolean {
    const { wallMs, monotonicMs } = this.moment()
    return Math.abs(wallMs - since.wallMs - (monotonicMs - since.monotonicMs)) > SKEW_MAX_MS
  }

  #isTooFarOff(wallMs: number): boolean {
    return Math.abs(this.#fromAnchor(wallMs) - this.nowMs()) > HELLO_SKEW_MAX_MS
  }
}
