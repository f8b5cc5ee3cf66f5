/** Whether the other side of an open connection lives: silence for one interval is probed, silence for two is its end. */
import type { FullTimers } from './timing.ts'

interface HeartbeatPorts {
  readonly timers: FullTimers
  /** Has the other side say something. */
  probe(): void
  /** An interval has passed, and the connection may live. */
  beat(): void
  /** Nothing was heard although it was asked for. No beat follows. */
  silent(): void
}

export class Heartbeat {
  readonly #ports: HeartbeatPorts
  readonly #intervalMs: number
  #heard = true
  #probing = false
  #timer: unknown

  constructor(ports: HeartbeatPorts, intervalMs: number) {
    this.#ports = ports
    this.#intervalMs = intervalMs
    this.#timer = ports.timers.setTimeout(() => this.#tick(), intervalMs)
  }

  /** Something came from the other side. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#ports.timers.clearTimeout(this.#timer)
  }

  #tick(): void {
    if (this.#heard) this.#probing = false
    else if (this.#probing) return this.#ports.silent()
    else {
      this.#probing = true
      this.#ports.probe()
    }
    this.#heard = false
    this.#timer = this.#ports.timers.setTimeout(() => this.#tick(), this.#intervalMs)
    this.#ports.beat()
  }
}
