/**
 * Time and order of a whole simulated world: what falls due runs in the order of its moment, then of its asking.
 *
 * One step runs one thing to its end, with every promise that it settled. So nothing depends on how fast the machine is
 * or in which order its event loop would have come round: the same seed takes the same steps.
 */
import { Heap } from '../../../src/base/heap.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  /** Null once it was cancelled. */
  run: (() => void) | null
}

/**
 * What Node itself runs between two callbacks: all promises of a step, however long their chains. It is not public (and
 * documented as such, DEP0134); without it each step takes a whole turn of the event loop, which does the same at the
 * cost of a system call.
 */
const settlePromises = (process as { _tickCallback?: () => void })._tickCallback ?? null
const STEPS_A_TURN = settlePromises === null ? 1 : 1_000

const isEarlier = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

export class Loop {
  readonly #heap = new Heap(isEarlier)
  #nowMs: number
  #order = 0
  #steps = 0

  /** Input: the true time at which the world begins, epoch ms. */
  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  /** True time, as no clock in the world may show it. */
  get nowMs(): number {
    return this.#nowMs
  }
  get steps(): number {
    return this.#steps
  }

  /** Runs once, `delayMs` from now; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#heap.push(due)
    return () => {
      due.run = null
    }
  }

  /** Takes steps until the given true time. `stepped` is called after each. Errors: whatever a step throws. */
  run(untilMs: number, stepped: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let hasStepped = false
      const turn = () => {
        try {
          for (let left = STEPS_A_TURN; ; left -= 1) {
            if (hasStepped) stepped()
            hasStepped = false
            const due = this.#nextUntil(untilMs)
            if (due === null) return resolve()
            if (left === 0) return void setImmediate(turn)
            this.#heap.pop()
            this.#nowMs = Math.max(this.#nowMs, due.atMs)
            this.#steps += 1
            hasStepped = true
            due.run!()
            settlePromises?.()
          }
        } catch (error) {
          reject(error)
        }
      }
      setImmediate(turn)
    })
  }

  /** The first thing that is due until then; null when there is none, and then it is that time. */
  #nextUntil(untilMs: number): Due | null {
    const heap = this.#heap
    while (heap.first?.run === null) heap.pop()
    if (heap.first !== undefined && heap.first.atMs <= untilMs) return heap.first
    this.#nowMs = Math.max(this.#nowMs, untilMs)
    return null
  }
}
