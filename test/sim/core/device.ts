/**
 * A phone or a computer that runs a client: its clock, its timers, its sockets. When it loses power all of that is gone
 * at once, without a word to anybody.
 */
import type { ConnectionOptions } from '../../../src/client/connection-options.ts'
import type { Timers } from '../../../src/client/timing.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Loop } from './loop.ts'
import type { Network } from './network.ts'

export interface DeviceParts {
  readonly name: string
  readonly loop: Loop
  readonly network: Network
  /** Its own chance, so that what others do does not change what it does. */
  readonly dice: Dice
}

export class Device {
  readonly name: string
  readonly #loop: Loop
  readonly #dice: Dice
  readonly #network: Network
  #aheadMs = 0
  /** Raised by each loss of power: what was set before it never happens. */
  #lives = 0
  #isOn = true
  #ids = 0
  #isStuck = false

  constructor({ name, loop, network, dice }: DeviceParts) {
    this.name = name
    this.#loop = loop
    this.#network = network
    this.#dice = dice
  }

  get isOn(): boolean {
    return this.#isOn
  }
  /** Which life it is in; a socket of an earlier one is nobody's. */
  get life(): number {
    return this.#lives
  }

  /** True while nothing that arrives is read: the app hangs, or its computer is too slow. */
  get isStuck(): boolean {
    return this.#isStuck
  }
  set isStuck(stuck: boolean) {
    this.#isStuck = stuck
    if (!stuck) this.#network.deviceReadsAgain(this)
  }

  /** Wall time as the device has it. */
  wallMs(): number {
    return Math.floor(this.#loop.nowMs + this.#aheadMs)
  }
  get hasRightTime(): boolean {
    return this.#aheadMs === 0
  }
  /** Somebody or something sets its clock so much ahead of true time; negative: behind. */
  setClock(aheadMs: number): void {
    this.#aheadMs = aheadMs
  }

  /** Runs in `delayMs` unless the device loses power before; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const life = this.#lives
    return this.#loop.after(delayMs, () => {
      if (life === this.#lives && this.#isOn) run()
    })
  }

  readonly timers: Timers = {
    now: () => this.wallMs(),
    // True time goes on whatever its clock shows.
    monotonicMs: () => this.#loop.nowMs,
    setTimeout: (run, delayMs) => this.after(delayMs, run),
    clearTimeout: timer => (timer as (() => void) | null)?.(),
  }

  /** What every client that runs on it is made with, beside its role. */
  clientOptions(
    token: string,
  ): Pick<ConnectionOptions, 'url' | 'region' | 'token' | 'webSocket' | 'random' | 'timers' | 'newId' | 'warn'> {
    return {
      url: 'ws://engine.test',
      region: this.#network.region,
      token,
      webSocket: this.#network.socketClassOf(this),
      random: () => this.#dice.below(2 ** 30) / 2 ** 30,
      timers: this.timers,
      newId: () => `${(++this.#ids).toString(36)}_${this.name}`,
      // The chronicle has what becomes of every connection.
      warn: () => {},
    }
  }

  powerOff(): void {
    if (!this.#isOn) return
    this.#isOn = false
    this.#lives += 1
    this.#network.devicePoweredOff(this)
  }
  powerOn(): void {
    this.#isOn = true
  }
}
