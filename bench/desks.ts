/** A few dispatchers at work: each enters a call, and cancels it once it is answered, at an even pace of its own. */
import { connect, type DispatcherClient } from '../src/client/index.ts'
import { percentile } from './come-back-figures.ts'
import { somewhere } from './fleet.ts'
import { REGION } from './region.ts'

export interface DeskDelays {
  readonly commands: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** What was answered with anything but a reply, by its words and how often. */
  readonly failures: Readonly<Record<string, number>>
}

const CITY = { radiusM: 15_000 }

export class Desks {
  readonly #desks: DispatcherClient[]
  readonly #everyMs: number
  readonly #random: () => number
  readonly #tookMs: number[] = []
  readonly #failures: Record<string, number> = {}
  readonly #timers: NodeJS.Timeout[] = []
  readonly #underWay = new Set<Promise<void>>()

  /** Input: a token a desk; `perS` calls a second of all of them together. */
  constructor(port: number, tokens: readonly string[], perS: number, random: () => number) {
    this.#desks = tokens.map(token =>
      connect({ url: `ws://127.0.0.1:${port}`, token, region: REGION, role: 'dispatcher' }),
    )
    this.#everyMs = (tokens.length * 1_000) / perS
    this.#random = random
  }

  /** Resolves when they work. */
  async start(): Promise<void> {
    await Promise.all(this.#desks.map(desk => desk.opened()))
    for (const [index, desk] of this.#desks.entries()) {
      const begin = () => this.#timers.push(setInterval(() => this.#work(desk), this.#everyMs))
      this.#timers.push(setTimeout(begin, (index / this.#desks.length) * this.#everyMs))
    }
  }

  /** Waits for what they have asked, and ends them. */
  async stop(): Promise<DeskDelays> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#underWay)
    for (const desk of this.#desks) desk.close()
    const sorted = this.#tookMs.sort((a, b) => a - b)
    return {
      commands: sorted.length,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      maxMs: sorted.at(-1) ?? 0,
      failures: this.#failures,
    }
  }

  #work(desk: DispatcherClient): void {
    const turn = this.#enterAndCancel(desk).catch((error: Error) => {
      this.#failures[error.message] = (this.#failures[error.message] ?? 0) + 1
    })
    this.#underWay.add(turn)
    void turn.then(() => this.#underWay.delete(turn))
  }

  async #enterAndCancel(desk: DispatcherClient): Promise<void> {
    const askedAtMs = performance.now()
    const { result } = await desk.enterCall({
      ...somewhere(CITY, this.#random),
      priority: 2,
      needs: [{ levelOfCare: 'bls', capabilities: [] }],
    })
    this.#tookMs.push(performance.now() - askedAtMs)
    await desk.cancelCall(result.callId, 'caller-cancelled')
  }
}
