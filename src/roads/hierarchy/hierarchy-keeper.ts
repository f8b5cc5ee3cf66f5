/**
 * Gives a ranking the times in use, and the hierarchy of them as soon as a thread has made it.
 *
 * Until then the ranking's search answers, so nothing waits. A thread whose times are no longer in use is ended; one runs at
 * a time. A failure is told and leaves the search to answer.
 */
import type { RoadRanking } from '../nearest/road-ranking.ts'
import type { RoadTimes } from '../road-times.ts'
import { prepareHierarchy } from './prepare.ts'

export class HierarchyKeeper {
  readonly #ranking: RoadRanking
  readonly #graphBytes: Uint8Array
  readonly #failed: (error: unknown) => void
  #times: RoadTimes | null = null
  #making: AbortController | null = null
  #made: Promise<void> = Promise.resolve()

  /** Input: the bytes of the ranking's graph, in shared memory. */
  constructor(ranking: RoadRanking, graphBytes: Uint8Array, failed: (error: unknown) => void) {
    this.#ranking = ranking
    this.#graphBytes = graphBytes
    this.#failed = failed
  }

  /** Does nothing for the times that are in use. */
  use(times: RoadTimes): void {
    if (times === this.#times) return
    this.stop()
    this.#times = times
    this.#ranking.useTimes(times)
    const making = new AbortController()
    this.#making = making
    this.#made = this.#make(times, making)
  }

  /** When the thread is done, or there is none. */
  settled(): Promise<void> {
    return this.#made
  }

  /** Ends the thread; the ranking goes on. */
  stop(): void {
    this.#making?.abort(new Error('Other times are in use.'))
    this.#making = null
  }

  async #make({ throughMs }: RoadTimes, making: AbortController): Promise<void> {
    const what = { graphBytes: this.#graphBytes, way: 'in use', throughMs }
    try {
      const hierarchy = await prepareHierarchy(what, making.signal)
      if (!making.signal.aborted) this.#ranking.useHierarchy(hierarchy)
    } catch (error) {
      if (!making.signal.aborted) this.#failed(error)
    }
  }
}
