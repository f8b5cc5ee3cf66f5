/**
 * The outcomes of commands by their ids: the same id and body gets the first outcome, another body is a conflict.
 *
 * The newest outcomes are in memory, up to a bound in bytes: most repeats come within seconds. Of all older ones of the last 7
 * days a filter knows the ids, so a new id costs nothing, and an id that may be an old one is looked up in the store
 * (`waking.ts`) before it is decided. Refusals are not kept: a refused command changed nothing and is decided anew.
 */
import { IdFilter } from '../../base/id-filter.ts'
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

export interface OutcomesSettings {
  /** Outcomes in memory, about so many bytes; 8 MB, some twelve thousand of them, unless told. */
  readonly outcomeBytesMax?: number | undefined
}

const BYTES_MAX = 8 << 20
/** The ids of sixteen million commands; with more of them more new ids are looked up for nothing. */
const FILTER_BYTES_MAX = 48 << 20
/** Beside its key and its result: the hash of the body, the object and its place in the map. */
const BYTES_EACH = 480

export class Outcomes implements TurnFollower {
  readonly #bytesMax: number
  // Insertion order is the order of recording, so what leaves is at the front.
  readonly #known = new Map<string, { readonly outcome: KnownOutcome; readonly bytes: number }>()
  #bytes = 0
  /** The ids of outcomes that are in the store alone. */
  readonly #left = new IdFilter(FILTER_BYTES_MAX)
  #lastLeft = 0

  /** Outcomes whose stored row is damaged. Their moments may be wrong, so they are not forgotten by age. */
  readonly #damaged = new Map<string, KnownOutcome>()

  constructor({ outcomeBytesMax }: OutcomesSettings = {}) {
    this.#bytesMax = outcomeBytesMax ?? BYTES_MAX
  }

  /** Of what is in memory. */
  find(principal: Principal, commandId: string): KnownOutcome | undefined {
    const key = keyOf(principal, commandId)
    return this.#known.get(key)?.outcome ?? (this.#damaged.size === 0 ? undefined : this.#damaged.get(key))
  }

  /** Whether the store has to be asked for it before anybody says that it is new. */
  mayHaveLeft(principal: Principal, commandId: string): boolean {
    return this.#left.mayHave(keyOf(principal, commandId))
  }

  /** The position of the last outcome that has left memory: what the store was asked when it had less may not be all. */
  get lastLeft(): number {
    return this.#lastLeft
  }

  get count(): number {
    return this.#known.size
  }

  /** The command was carried out; an outcome of it that is whole comes before this. */
  rememberDamaged(principal: Principal, commandId: string, outcome: KnownOutcome): void {
    this.#damaged.set(keyOf(principal, commandId), { ...outcome, isDamaged: true })
  }

  decided({ position, recordedAtMs }: Turn, { cause, result }: Decided): void {
    const { principal, commandId, bodyHash } = cause
    if (bodyHash === null || commandId === null || result === undefined) return
    this.remember(principal, commandId, { bodyHash, position, recordedAtMs, result })
  }

  /** Input: one that is newer than all before. */
  remember(principal: Principal, commandId: string, outcome: KnownOutcome): void {
    const key = keyOf(principal, commandId)
    const bytes = BYTES_EACH + 2 * (key.length + lengthOf(outcome.result))
    this.#known.set(key, { outcome, bytes })
    this.#bytes += bytes
  }

  /** Everything up to this position is in the store: the oldest of it may leave memory. */
  letGo(durable: number): void {
    if (this.#bytes <= this.#bytesMax) return
    for (const [key, { outcome, bytes }] of this.#known) {
      if (this.#bytes <= this.#bytesMax || outcome.position > durable) return
      this.#left.add(key, outcome.recordedAtMs)
      this.#lastLeft = Math.max(this.#lastLeft, outcome.position)
      this.#known.delete(key)
      this.#bytes -= bytes
    }
  }

  /** Forgets what was recorded before the given region time, which the store has forgotten. */
  forgetBefore(recordedAtMs: number): void {
    this.#left.forgetBefore(recordedAtMs)
    for (const [key, { outcome, bytes }] of this.#known) {
      if (outcome.recordedAtMs >= recordedAtMs) return
      this.#known.delete(key)
      this.#bytes -= bytes
    }
  }
}

const keyOf = (principal: Principal, commandId: string): string => `${principal}\n${commandId}`

/** About as many characters as it would take to write it out. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let length = 16
  for (const [name, each] of Object.entries(value)) length += name.length + lengthOf(each)
  return length
}
