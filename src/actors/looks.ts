/**
 * Looks at something that may have changed, one after the other. Those who wait for one share it, and none follows at once
 * where one has just been: a look may find a million units, and may take only a part of everybody's time.
 */
import type { MachineClock } from '../base/time.ts'

/** A look that somebody waits for is followed by a rest of so many times as long as it took. */
const REST = 9

interface LooksPorts<Found> {
  readonly machine: MachineClock
  readonly look: () => Promise<Found>
  /** Resolves when what was found is known to all whom it concerns. */
  readonly seen: () => Promise<void>
  readonly restMaxMs: number
}

export class Looks<Found> {
  readonly #ports: LooksPorts<Found>
  /** The look that is under way, or was last. */
  #last: Promise<unknown> = Promise.resolve()
  /** The look that has been asked for and has not begun, and when it may. */
  #asked: Promise<void> | null = null
  #askedNotBeforeMs = Number.NEGATIVE_INFINITY

  constructor(ports: LooksPorts<Found>) {
    this.#ports = ports
  }

  /** Looks once those that were asked for before are over, however they ended. Errors: those of the look. */
  next(): Promise<Found> {
    const look = () => this.#ports.look()
    const found = this.#last.then(look, look)
    this.#last = found
    return found
  }

  /** Resolves when a look that begins from now on has been seen. Errors: those of the look. */
  soon(): Promise<void> {
    // A caller that asks before the look begins shares it.
    this.#asked ??= this.#lookSoon()
    return this.#asked
  }

  async #lookSoon(): Promise<void> {
    const { machine, seen, restMaxMs } = this.#ports
    const restMs = this.#askedNotBeforeMs - machine.monotonicMs()
    await (restMs > 0 ? new Promise<void>(resolve => void machine.after(restMs, resolve)) : undefined)
    this.#asked = null
    const startedMs = machine.monotonicMs()
    try {
      await this.next()
      await seen()
    } finally {
      const endedMs = machine.monotonicMs()
      this.#askedNotBeforeMs = endedMs + Math.min(restMaxMs, REST * (endedMs - startedMs))
    }
  }
}
