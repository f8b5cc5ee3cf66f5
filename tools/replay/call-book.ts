/** Which recorded call a trip of the engine is: filled by who enters calls, read by the crews who get offers. */
import type { ReplayCall } from './calls.ts'

export class CallBook {
  readonly #calls = new Map<string, ReplayCall>()
  readonly #waiting = new Map<string, ((call: ReplayCall) => void)[]>()
  readonly #attempts = new Map<string, number>()

  entered(call: ReplayCall, tripId: string): void {
    this.#calls.set(tripId, call)
    for (const resolve of this.#waiting.get(tripId) ?? []) resolve(call)
    this.#waiting.delete(tripId)
  }

  /** An offer may be heard before the answer to the call that caused it; this waits for it. */
  callOf(tripId: string): Promise<ReplayCall> {
    const call = this.#calls.get(tripId)
    if (call !== undefined) return Promise.resolve(call)
    return new Promise(resolve => {
      this.#waiting.set(tripId, [...(this.#waiting.get(tripId) ?? []), resolve])
    })
  }

  /** Counts an offer of the call's trip, from 1. */
  nextAttempt(call: ReplayCall): number {
    const attempt = (this.#attempts.get(call.key) ?? 0) + 1
    this.#attempts.set(call.key, attempt)
    return attempt
  }
}
