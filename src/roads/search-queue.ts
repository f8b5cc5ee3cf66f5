/** Nodes by time, the least first, of equal times the least node: a heap of numbers that hold both. */
import { MAX_NODES } from './graph.ts'

/** A way that takes longer is none: 24 days. A time below it and a node fit into the 53 bits of a number. */
export const MAX_WAY_MS = 2 ** 31 - 1

/** Each place of the heap has four below it, which lie together in memory. */
const BRANCHES = 4

/** A node may be in it several times; whoever takes it out knows which time was the right one. */
export class SearchQueue {
  #keys = new Float64Array(1_024)
  #size = 0

  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#size = 0
  }

  /** Input: a time of at most `MAX_WAY_MS`. */
  push(ms: number, node: number): void {
    if (this.#size === this.#keys.length) {
      const larger = new Float64Array(this.#size * 2)
      larger.set(this.#keys)
      this.#keys = larger
    }
    const keys = this.#keys
    const key = ms * MAX_NODES + node
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 2
      if (keys[parent]! <= key) break
      keys[at] = keys[parent]!
      at = parent
    }
    keys[at] = key
  }

  /** The first, still in it; Infinity when there is none. */
  first(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]!
  }

  /** Takes out the first of those that are in it; `msOf` and `nodeOf` read it. */
  pop(): number {
    const keys = this.#keys
    const first = keys[0]!
    const size = --this.#size
    const last = keys[size]!
    let at = 0
    for (;;) {
      const from = (at << 2) + 1
      if (from >= size) break
      const end = Math.min(from + BRANCHES, size)
      let least = from
      for (let child = from + 1; child < end; child++) if (keys[child]! < keys[least]!) least = child
      if (keys[least]! >= last) break
      keys[at] = keys[least]!
      at = least
    }
    keys[at] = last
    return first
  }
}

export const msOf = (key: number): number => Math.floor(key / MAX_NODES)
/** By subtraction: the remainder of such large numbers is slow. */
export const nodeOf = (key: number): number => key - Math.floor(key / MAX_NODES) * MAX_NODES

/** What an entry of a search's rounds can hold. */
const MAX_ROUNDS = 2 ** 32 - 1

/**
 * The round of a search that begins. A node counts as reached where its entry of `round` is that of the present search, so
 * nothing is cleared in between, but for when the numbers run out.
 */
export function nextRound(round: Uint32Array, former: number): number {
  if (former < MAX_ROUNDS) return former + 1
  round.fill(0)
  return 1
}
