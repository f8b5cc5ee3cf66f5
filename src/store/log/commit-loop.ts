/**
 * Brings one batch of a lane to a known end, whatever the store does meanwhile.
 *
 * Unavailable: the same batch again, unchanged, after a wait. Outcome unknown: settle first, then only what is missing;
 * should the lost statement be done only after that, its double is refused for its content, and settling tells why.
 * The wait starts at 50 ms, doubles to 2 s, and starts anew with each batch.
 */

import type { Scheduler } from '../../base/time.ts'
import { ContentRejected, type Journal, OutcomeUnknown, type Ownership, StoreUnavailable } from './journal.ts'

export type Lane = 'records' | 'segments' | 'marks'

/** What metrics and logs hear of a lane; none of it may throw. */
interface LaneObserver {
  /** A batch is under way from now on, until it is committed or the lane has ended. */
  began(lane: Lane): void
  /** `size` counts records or fixes; `durationMs` runs from the first attempt, with all repeats. */
  committed(lane: Lane, durationMs: number, size: number): void
  /** A write did not get through and is repeated after `delayMs`; one call a failed attempt. */
  retrying(lane: Lane, error: Error, delayMs: number): void
}

/** What a region does when its lane can write no more. Called outside any turn; neither may throw. */
export interface LaneHandlers {
  /** Another process owns the region: stop answering, drop its memory. */
  onFenced(): void
  /** The store refuses what was decided: drop the region's memory and rebuild it from what is durable. */
  onContentRejected(error: Error): void
}

/** Where a region's lanes write, and under which right. */
export interface LaneSettings {
  readonly journal: Journal
  readonly ownership: Ownership
  readonly scheduler: Scheduler
  readonly observer: LaneObserver
}

export type CommitEnd =
  | { readonly as: 'durable' | 'fenced' | 'stopped' }
  | { readonly as: 'rejected'; readonly error: Error }

const BACKOFF_FIRST_MS = 50
const BACKOFF_MAX_MS = 2_000

export class CommitLoop<Item> {
  readonly #settings: LaneSettings
  readonly #lane: Lane
  readonly #write: (items: readonly Item[]) => Promise<'durable' | 'fenced'>
  /** True when the item stands, given the ends that settling found. */
  readonly #stands: (item: Item, ends: { logEnd: number; segmentEnd: number }) => boolean
  #wakeUp: (() => void) | null = null
  #stopped = false

  constructor(
    settings: LaneSettings,
    lane: Lane,
    write: (items: readonly Item[]) => Promise<'durable' | 'fenced'>,
    stands: (item: Item, ends: { logEnd: number; segmentEnd: number }) => boolean,
  ) {
    this.#settings = settings
    this.#lane = lane
    this.#write = write
    this.#stands = stands
  }

  /** Never rejects. After `stop` the answer is `stopped`, whatever became of the write. */
  async commit(batch: readonly Item[], size: number): Promise<CommitEnd> {
    const { scheduler, observer } = this.#settings
    const startedMs = scheduler.monotonicMs()
    observer.began(this.#lane)
    const end = await this.#repeat(batch)
    if (this.#stopped) return { as: 'stopped' }
    if (end.as === 'durable') observer.committed(this.#lane, scheduler.monotonicMs() - startedMs, size)
    return end
  }

  /** Gives up waiting for the next attempt; an attempt in flight is left to its fate. */
  stop(): void {
    this.#stopped = true
    this.#wakeUp?.()
  }

  async #repeat(batch: readonly Item[]): Promise<CommitEnd> {
    let missing = batch
    let unknown = false
    /** An earlier attempt may still come to be done at the server. */
    let mayComeLate = false
    let delayMs = BACKOFF_FIRST_MS
    while (!this.#stopped) {
      try {
        if (unknown) {
          const ends = await this.#settings.journal.settle(this.#settings.ownership)
          if (ends === null) return { as: 'fenced' }
          unknown = false
          missing = missing.filter(item => !this.#stands(item, ends))
          if (missing.length === 0) return { as: 'durable' }
        }
        return { as: await this.#write(missing) }
      } catch (error) {
        if (error instanceof ContentRejected && mayComeLate) {
          mayComeLate = false
          unknown = true
          continue
        }
        // Anything that the port does not name is our own mistake, and repeating it would not mend it.
        if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown)) {
          return { as: 'rejected', error: error instanceof Error ? error : new ContentRejected(String(error)) }
        }
        unknown ||= error instanceof OutcomeUnknown
        mayComeLate ||= unknown
        this.#settings.observer.retrying(this.#lane, error, delayMs)
        await this.#wait(delayMs)
        delayMs = Math.min(delayMs * 2, BACKOFF_MAX_MS)
      }
    }
    return { as: 'stopped' }
  }

  #wait(delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.#settings.scheduler.after(delayMs, resolve)
      this.#wakeUp = () => {
        cancel()
        resolve()
      }
    })
  }
}
