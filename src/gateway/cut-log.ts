/**
 * Logs clients that were cut for being broken or hostile: the first of a network at once, then one line a minute with their
 * number. A stranger may come back a thousand times a second, and a disk is finite.
 */
import type { Scheduler } from '../base/time.ts'
import type { Logger } from '../telemetry/log.ts'

export interface Cut {
  readonly address: string
  /** What limits count the address as. */
  readonly addressKey: string
  /** Undefined for a client that has not signed in. */
  readonly principal: string | undefined
  readonly reason: string
}

const SAY_EVERY_MS = 60_000
/** Networks that are told apart in one minute; those beyond share a line. */
const NETWORKS_MAX = 256
const OTHERS = 'others'

export class CutLog {
  readonly #log: Logger
  readonly #scheduler: Scheduler
  /** By network: the last that was cut, and how many since a line said so. */
  readonly #unsaid = new Map<string, { last: Cut; times: number }>()
  #cancelTimer: (() => void) | null = null

  constructor(log: Logger, scheduler: Scheduler) {
    this.#log = log
    this.#scheduler = scheduler
  }

  cut(cut: Cut): void {
    const isNew = !this.#unsaid.has(cut.addressKey)
    const network = isNew && this.#unsaid.size >= NETWORKS_MAX ? OTHERS : cut.addressKey
    const known = this.#unsaid.get(network)
    if (known !== undefined) {
      known.last = cut
      known.times += 1
      return
    }
    this.#unsaid.set(network, { last: cut, times: 0 })
    this.#say(cut)
    this.#cancelTimer ??= this.#scheduler.after(SAY_EVERY_MS, () => this.#minute())
  }

  /** Says what was not said yet. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#sayRest()
    this.#unsaid.clear()
  }

  #minute(): void {
    this.#cancelTimer = null
    this.#sayRest()
    if (this.#unsaid.size > 0) this.#cancelTimer = this.#scheduler.after(SAY_EVERY_MS, () => this.#minute())
  }

  /** Networks from which nobody was cut for a minute are forgotten: the next one is news. */
  #sayRest(): void {
    for (const [network, { last, times }] of this.#unsaid) {
      if (times === 0) this.#unsaid.delete(network)
      else {
        this.#say(last, times, network === OTHERS)
        this.#unsaid.set(network, { last, times: 0 })
      }
    }
  }

  #say({ address, principal, reason }: Cut, times = 1, isOthers = false): void {
    const who = isOthers ? {} : { address, principal }
    this.#log.warn({ ...who, reason, times }, times === 1 ? 'a client was cut' : 'clients of one network were cut')
  }
}
