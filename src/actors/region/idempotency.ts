/**
 * The outcomes of commands by their ids: the same id and body gets the first outcome, another body is a conflict.
 *
 * All outcomes of the last 7 days are in memory, read back at recovery, so a repeat is answered without a read.
 * Refusals are not kept: a refused command changed nothing and is decided anew.
 */
import type { Principal } from '../../domain/ids.ts'
import type { Decided, TurnFollower } from './followers.ts'
import type { Turn } from './turn.ts'

export interface KnownOutcome {
  /** What is stored of it is damaged: it was carried out, and nobody knows with what body and outcome. */
  readonly isDamaged?: true
  readonly bodyHash: string
  readonly position: number
  readonly recordedAtMs: number
  readonly result: Readonly<Record<string, unknown>>
}

/** Region time for which an outcome is kept. */
export const OUTCOMES_KEPT_MS = 7 * 24 * 3_600_000

export class Outcomes implements TurnFollower {
  // Insertion order is the order of recording, so forgetting starts at the front.
  readonly #known = new Map<string, KnownOutcome>()

  /** Outcomes whose stored row is damaged. Their moments may be wrong, so they are not forgotten by age. */
  readonly #damaged = new Map<string, KnownOutcome>()

  find(principal: Principal, commandId: string): KnownOutcome | undefined {
    const key = `${principal}\n${commandId}`
    return this.#known.get(key) ?? (this.#damaged.size === 0 ? undefined : this.#damaged.get(key))
  }

  /** The command was carried out; an outcome of it that is whole comes before this. */
  rememberDamaged(principal: Principal, commandId: string, outcome: KnownOutcome): void {
    this.#damaged.set(`${principal}\n${commandId}`, { ...outcome, isDamaged: true })
  }

  decided({ position, recordedAtMs }: Turn, { cause, result }: Decided): void {
    const { principal, commandId, bodyHash } = cause
    if (bodyHash === null || commandId === null || result === undefined) return
    this.remember(principal, commandId, { bodyHash, position, recordedAtMs, result })
  }

  remember(principal: Principal, commandId: string, outcome: KnownOutcome): void {
    this.#known.set(`${principal}\n${commandId}`, outcome)
  }

  /** Forgets what was recorded before the given region time. */
  forgetBefore(recordedAtMs: number): void {
    for (const [key, outcome] of this.#known) {
      if (outcome.recordedAtMs >= recordedAtMs) return
      this.#known.delete(key)
    }
  }
}
