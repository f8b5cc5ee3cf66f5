/**
 * A part of the crowd of the bench `come-back`, in a process of its own: real clients of the library, a driver each, on
 * duty, reporting fixes at an even pace, over sockets that cost little.
 *
 * Modes: connecting, until every crew is on duty; working; from the parent's `watch` on, which comes before the kill,
 * all that happens to the connections is noted; from `ready` on every client is waited for, until all are connected or
 * the time for that is up.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type DriverClient } from '../src/client/index.ts'
import { seeded } from '../tools/shared/random.ts'
import type { Return } from './come-back-figures.ts'
import { crowdSocketClass } from './crowd-socket.ts'
import { somewhere, unitIdOf } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { machineMs } from './machine.ts'
import { REGION } from './region.ts'

export interface CrowdSetup {
  readonly port: number
  /** The place in the fleet of the first client's unit. */
  readonly firstUnit: number
  /** One a client. */
  readonly tokens: readonly string[]
  readonly localAddresses: readonly string[]
  readonly connectsPerS: number
  /** Zero for none. */
  readonly fixEveryS: number
  readonly seed: number
}
export type ToCrowd =
  | { readonly type: 'connect'; readonly setup: CrowdSetup }
  | { readonly type: 'watch' }
  | { readonly type: 'ready' }
  | { readonly type: 'settle' }

/** Without the moments that the parent knows; of one process, or of all. */
export interface Returned extends Pick<Return, 'backAtMs' | 'attempts' | 'reachedAtMs'> {
  readonly lost: number
  /** What clients noticed, by its words and how often. */
  readonly faults: Readonly<Record<string, number>>
  /** From the parent's `ready` on. */
  readonly cpuShare: number
  /** How late the crowd itself was at the worst, from the parent's `ready` on. */
  readonly loopLagMaxMs: number
}
export type FromCrowd =
  | { readonly type: 'connected' }
  | { readonly type: 'watching' }
  | { readonly type: 'returned'; readonly report: Returned }
  | { readonly type: 'settled'; readonly fixesReported: number; readonly fixesNotDurable: number }

const GIVE_UP_AFTER_MS = 60_000
const SETTLE_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 20
/** Crews that are connecting or signing on at a time, before the kill. */
const SIGNING_ON_MAX = 100
const CITY = { radiusM: 15_000 }

// All lose their connection at once, in a process in place of thousands of devices: where each fault was made is of no use,
// and to note it would hold up the others.
Error.stackTraceLimit = 0

class Crowd {
  readonly #setup: CrowdSetup
  readonly #random: () => number
  readonly #clients: DriverClient[] = []
  readonly #backAtMs: Float64Array
  readonly #attempts: Uint32Array
  readonly #faults: Record<string, number> = {}
  #reachedAtMs: number[] = []
  #open = 0
  #isWatching = false
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
  #isDriving = true

  constructor(setup: CrowdSetup) {
    this.#setup = setup
    this.#random = seeded(setup.seed)
    this.#backAtMs = new Float64Array(setup.tokens.length).fill(Number.NaN)
    this.#attempts = new Uint32Array(setup.tokens.length)
  }

  /** Errors: Error when a crew is refused. */
  async connect(): Promise<void> {
    const { tokens, firstUnit, connectsPerS, localAddresses } = this.#setup
    const webSocket = crowdSocketClass(localAddresses, () => {
      if (this.#isWatching) this.#reachedAtMs.push(machineMs())
    })
    const startedMs = performance.now()
    const underWay = new Set<Promise<unknown>>()
    for (const [index, token] of tokens.entries()) {
      const waitMs = startedMs + (index * 1_000) / connectsPerS - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      // However slow the machine is: what it cannot take now would make it slower still.
      while (underWay.size >= SIGNING_ON_MAX) await Promise.race(underWay)
      const client = connect({
        url: `ws://127.0.0.1:${this.#setup.port}`,
        token,
        region: REGION,
        role: 'driver',
        unitId: unitIdOf(firstUnit + index),
        webSocket,
        random: this.#random,
      })
      this.#follow(client, index)
      this.#clients.push(client)
      const onDuty = client.signOn().then(() => void underWay.delete(onDuty))
      underWay.add(onDuty)
    }
    await Promise.all(underWay)
    this.#drive()
  }

  watch(): void {
    this.#isWatching = true
    this.#attempts.fill(0)
  }

  async untilBack(): Promise<Returned> {
    const startedMs = performance.now()
    const cpuBefore = process.cpuUsage()
    // What it was late before that, when all lost their connections at once, met no server that could answer.
    this.#loopDelay.enable()
    while (this.#open < this.#clients.length && performance.now() < startedMs + GIVE_UP_AFTER_MS) {
      await sleep(LOOK_EVERY_MS)
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    this.#isWatching = false
    for (const [index, { connectionState }] of this.#clients.entries()) {
      if (connectionState !== 'open') this.#backAtMs[index] = Number.NaN
    }
    return {
      backAtMs: this.#backAtMs,
      attempts: this.#attempts,
      reachedAtMs: Float64Array.from(this.#reachedAtMs),
      lost: this.#clients.length - this.#open,
      faults: this.#faults,
      loopLagMaxMs: Math.max(0, this.#loopDelay.max / 1e6 - LOOK_EVERY_MS),
      cpuShare: (user + system) / 1_000 / (performance.now() - startedMs),
    }
  }

  async settle(): Promise<{ fixesReported: number; fixesNotDurable: number }> {
    this.#isDriving = false
    for (const client of this.#clients) client.mark().catch(() => undefined)
    const notDurable = () => this.#clients.reduce((sum, { fixesNotDurable }) => sum + fixesNotDurable, 0)
    const giveUpAtMs = performance.now() + SETTLE_WITHIN_MS
    while (notDurable() > 0 && performance.now() < giveUpAtMs) await sleep(100)
    return {
      fixesReported: this.#clients.reduce((sum, { lastSeq }) => sum + lastSeq, 0),
      fixesNotDurable: notDurable(),
    }
  }

  #follow(client: DriverClient, index: number): void {
    let isOpen = false
    client.onConnection(state => {
      this.#open += Number(state === 'open') - Number(isOpen)
      isOpen = state === 'open'
      if (!this.#isWatching) return
      if (state === 'connecting') this.#attempts[index]! += 1
      else if (state === 'open') this.#backAtMs[index] = machineMs()
    })
    client.onFault(({ message }) => {
      if (this.#isWatching) this.#faults[message] = (this.#faults[message] ?? 0) + 1
    })
    client.onClosed(({ message }) => {
      this.#faults[message] = (this.#faults[message] ?? 0) + 1
    })
  }

  /** Each vehicle reports once a cadence, all of them evenly spread over it. */
  #drive(): void {
    const cadenceMs = this.#setup.fixEveryS * 1_000
    if (cadenceMs === 0) return
    const startedMs = performance.now()
    let next = 0
    const timer = setInterval(() => {
      if (!this.#isDriving) return clearInterval(timer)
      const due = ((performance.now() - startedMs) / cadenceMs) * this.#clients.length
      for (; next < due; next++) this.#clients[next % this.#clients.length]!.report(somewhere(CITY, this.#random))
    }, LOOK_EVERY_MS)
  }
}

let crowd: Crowd | null = null
serveParent<ToCrowd>(async message => {
  switch (message.type) {
    case 'connect':
      crowd = new Crowd(message.setup)
      await crowd.connect()
      return tellParent<FromCrowd>({ type: 'connected' })
    case 'watch':
      crowd!.watch()
      return tellParent<FromCrowd>({ type: 'watching' })
    case 'ready':
      return tellParent<FromCrowd>({ type: 'returned', report: await crowd!.untilBack() })
    case 'settle':
      return tellParent<FromCrowd>({ type: 'settled', ...(await crowd!.settle()) })
  }
})
