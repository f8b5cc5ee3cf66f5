/**
 * A server's travel times while it answers, and others while it does not.
 *
 * - *closed*: the server is asked. `failuresToOpen` failures in a row lead to *open*.
 * - *open*: it is left alone for `pauseMs`, so nobody waits for its timeout; then *half-open*.
 * - *half-open*: one question is its test, all others go past it. An answer leads to *closed*, a failure to *open*.
 *
 * Whatever the mode, who asks is answered: by the server, or by what stands behind it, if anything does. What is too large for the server is no
 * failure of it.
 */
import type { Scheduler } from '../../base/time.ts'
import type { ManyToOne, ManyToOneAnswer, ManyToOneAsk, NoTimes } from './many-to-one.ts'

interface GuardedTimesSettings {
  readonly failuresToOpen: number
  readonly pauseMs: number
}

interface GuardedTimesPorts {
  readonly server: ManyToOne
  /** Null for who has other times and needs only to hear that there are none of the server. */
  readonly fallBack: ManyToOne | null
  readonly scheduler: Scheduler
  /** Told whenever the server does not answer, to be counted. */
  readonly fellBack: (why: NoTimes, message: string) => void
}

type Mode = 'closed' | 'open' | 'half-open'

export class GuardedTimes implements ManyToOne {
  readonly #settings: GuardedTimesSettings
  readonly #ports: GuardedTimesPorts
  #mode: Mode = 'closed'
  #failures = 0
  #opensAtMs = 0

  constructor(settings: GuardedTimesSettings, ports: GuardedTimesPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  get mode(): Mode {
    return this.#mode
  }

  async timesToOne(ask: ManyToOneAsk): Promise<ManyToOneAnswer> {
    const answer = this.#mayAsk() ? await this.#asked(ask) : OPEN
    if (answer.ok) return answer
    this.#ports.fellBack(answer.why, answer.message)
    return this.#ports.fallBack?.timesToOne(ask) ?? answer
  }

  /** The first that comes after the pause is the test. */
  #mayAsk(): boolean {
    if (this.#mode === 'open' && this.#ports.scheduler.monotonicMs() >= this.#opensAtMs) {
      this.#mode = 'half-open'
      return true
    }
    return this.#mode === 'closed'
  }

  async #asked(ask: ManyToOneAsk): Promise<ManyToOneAnswer> {
    const answer = await this.#ports.server.timesToOne(ask)
    if (answer.ok || answer.why === 'too-many') {
      this.#mode = 'closed'
      this.#failures = 0
      return answer
    }
    this.#failures += 1
    // They are in a row until one is answered, so a test that fails opens it again.
    if (this.#failures >= this.#settings.failuresToOpen) this.#open()
    return answer
  }

  #open(): void {
    this.#mode = 'open'
    this.#opensAtMs = this.#ports.scheduler.monotonicMs() + this.#settings.pauseMs
  }
}

const OPEN: ManyToOneAnswer = {
  ok: false,
  why: 'open-circuit',
  message: 'The server failed again and again, and is left alone for a while.',
}
