/**
 * The wall clock as far as the engine believes it. A step against the monotonic clock counts once it has lasted.
 *
 * Somebody sets a clock, a time server corrects it, a machine is resumed: from inside these look alike, and only some of
 * them are right. Modes: *settled*, the wall is followed; *in doubt*, from a step of more than a second on, time goes on
 * by the monotonic clock. A step that lasts `ADOPTED_AFTER_MS` is adopted; one that is taken back before that is forgotten.
 * One to the time that the clients' own clocks have is adopted at once: it sets right what was wrong, and until then every
 * client is told a wrong time and no unit seems to be where it is. That they deny a step does not keep it from being
 * adopted: where a machine was suspended, what they said is as old as what is believed.
 * One object for a process: a region that begins while the wall is in doubt must not believe it more than others do.
 */
import type { MachineClock } from '../base/time.ts'

/** Below this the wall is being slewed, or only ticks more coarsely than the monotonic clock. */
const STEP_MS = 1_000
/** How long a step must last, monotonic: longer than a hand or a script needs to take a mistake back. */
export const ADOPTED_AFTER_MS = 8_000

/** A clock that is off by less agrees with another: so much may a message have been under way. */
const AGREES_MS = 2_000
/** So many clients at least must have the new time, and this share of all clients that know either time. */
const WITNESSES_MIN = 3
const WITNESSES_SHARE = 0.75
/** The clients that said last what time they have; of more nothing is kept. */
const WITNESSES_MAX = 64

interface Step {
  /** By how much the wall stands ahead of what is believed; negative: behind. */
  readonly aheadMs: number
  readonly sinceMonotonicMs: number
}

/** What the wall clock did. */
export type WallNews =
  /** It stepped by this much, and is not believed. */
  | { readonly type: 'doubted'; readonly byMs: number }
  /** The wall shows again what it showed before the step. */
  | { readonly type: 'taken-back' }
  /** The step has lasted: time is now as much ahead of where it was; negative: behind. */
  | { readonly type: 'adopted'; readonly byMs: number }

export class WallClock {
  readonly #machine: Pick<MachineClock, 'wallMs' | 'monotonicMs'>
  readonly #listeners = new Set<(news: WallNews) => void>()
  /** What is believed of the wall less the monotonic clock. */
  #offsetMs: number
  #step: Step | null = null
  /** By client, its wall less our monotonic clock; the client that said it last stands last. */
  readonly #witnesses = new Map<string, number>()
  /** The latest that was told, so that a slewed clock does not run backwards. */
  #toldMs = Number.NEGATIVE_INFINITY

  /** The wall as it is now is believed: there is nothing yet to hold it against. */
  constructor(machine: Pick<MachineClock, 'wallMs' | 'monotonicMs'>) {
    this.#machine = machine
    this.#offsetMs = machine.wallMs() - machine.monotonicMs()
  }

  /** Calls `hear` with everything that the clock does from now on, seen when somebody looks at it; the answer ends that. */
  onNews(hear: (news: WallNews) => void): () => void {
    this.#listeners.add(hear)
    return () => this.#listeners.delete(hear)
  }

  /** Epoch milliseconds that are believed. Backwards only by a step that was adopted. */
  nowMs(): number {
    this.#look()
    return this.#believedMs()
  }

  /** A client said what time its own clock has. Input: whose it is, one voice each; epoch milliseconds, right or wrong. */
  told(client: string, epochMs: number): void {
    this.#witnesses.delete(client)
    this.#witnesses.set(client, epochMs - this.#machine.monotonicMs())
    if (this.#witnesses.size > WITNESSES_MAX) this.#witnesses.delete(this.#witnesses.keys().next().value!)
    this.#look()
    if (this.#step !== null && this.#isBorneOut(this.#step)) this.#adopt(this.#step)
  }

  /** By how much the wall stands ahead of what is believed; 0 while they agree, negative when it is behind. */
  doubtMs(): number {
    this.#look()
    return this.#step?.aheadMs ?? 0
  }

  /** The later and the earlier of what is believed and what the wall shows. */
  latestMs(): number {
    return this.nowMs() + Math.max(0, this.#step?.aheadMs ?? 0)
  }
  earliestMs(): number {
    return this.nowMs() + Math.min(0, this.#step?.aheadMs ?? 0)
  }

  #believedMs(): number {
    const nowMs = this.#step === null ? this.#machine.wallMs() : this.#machine.monotonicMs() + this.#offsetMs
    // Held where it was while a slewed clock is a little behind; one that goes on being set back is followed.
    this.#toldMs = this.#toldMs - nowMs > STEP_MS ? nowMs : Math.max(this.#toldMs, nowMs)
    return this.#toldMs
  }

  #look(): void {
    const monotonicMs = this.#machine.monotonicMs()
    const shownMs = this.#machine.wallMs() - monotonicMs
    const aheadMs = shownMs - this.#offsetMs
    const step = this.#step
    if (Math.abs(aheadMs) <= STEP_MS) {
      this.#offsetMs = shownMs
      this.#step = null
      if (step !== null) this.#tell({ type: 'taken-back' })
    } else if (step === null || Math.abs(aheadMs - step.aheadMs) > STEP_MS) {
      // A second step within the first begins the wait anew.
      this.#step = { aheadMs, sinceMonotonicMs: monotonicMs }
      this.#tell({ type: 'doubted', byMs: Math.round(aheadMs) })
      if (this.#isBorneOut(this.#step)) this.#adopt(this.#step)
    } else if (monotonicMs - step.sinceMonotonicMs >= ADOPTED_AFTER_MS) this.#adopt(step)
  }

  #isBorneOut({ aheadMs }: Step): boolean {
    let forIt = 0
    let against = 0
    for (const offsetMs of this.#witnesses.values()) {
      const fromBelievedMs = Math.abs(offsetMs - this.#offsetMs)
      const fromShownMs = Math.abs(offsetMs - this.#offsetMs - aheadMs)
      if (fromShownMs <= AGREES_MS && fromShownMs < fromBelievedMs) forIt++
      else if (fromBelievedMs <= AGREES_MS) against++
    }
    return forIt >= WITNESSES_MIN && forIt >= WITNESSES_SHARE * (forIt + against)
  }

  #adopt({ aheadMs }: Step): void {
    this.#offsetMs = this.#machine.wallMs() - this.#machine.monotonicMs()
    this.#step = null
    this.#toldMs = Number.NEGATIVE_INFINITY
    this.#tell({ type: 'adopted', byMs: Math.round(aheadMs) })
  }

  #tell(news: WallNews): void {
    for (const hear of this.#listeners) hear(news)
  }
}
