/** What a search still has to look at, nearest first: tree nodes by their lower bound, units by their distance. */

import type { PlacedUnit } from './cell.ts'
import type { Box } from './lower-bound.ts'

/** An inner node or leaf of an rbush tree, as `toJSON` hands it out; or a cell, which a leaf holds. */
export interface TreeNode extends Box {
  readonly children: readonly (TreeNode | PlacedUnit)[]
}

type Entry = TreeNode | PlacedUnit

/**
 * A binary heap whose arrays are kept from search to search, so that a search allocates nothing for what it visits.
 *
 * Units with equal keys come in the order of their ids. Nodes come before units of the same key, which makes the order
 * total; a node that holds a unit is always before it, because its bound is less than the unit's distance.
 */
export class SearchHeap {
  #keys = new Float64Array(1024)
  readonly #entries: (Entry | undefined)[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Key of the next entry; only while `size` > 0. */
  get nextKey(): number {
    return this.#keys[0]!
  }

  push(entry: Entry, key: number): void {
    if (this.#size === this.#keys.length) this.#grow()
    const keys = this.#keys
    const entries = this.#entries
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!comesBefore(key, entry, keys[parent]!, entries[parent]!)) break
      keys[at] = keys[parent]!
      entries[at] = entries[parent]
      at = parent
    }
    keys[at] = key
    entries[at] = entry
  }

  /** Takes the next entry; only while `size` > 0. */
  pop(): Entry {
    const keys = this.#keys
    const entries = this.#entries
    const first = entries[0]!
    const size = --this.#size
    const key = keys[size]!
    const entry = entries[size]!
    // Emptied, so that the heap keeps no unit or node alive that has left its tree.
    entries[size] = undefined
    if (size === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      const right = child + 1
      if (right < size && comesBefore(keys[right]!, entries[right]!, keys[child]!, entries[child]!)) child = right
      if (!comesBefore(keys[child]!, entries[child]!, key, entry)) break
      keys[at] = keys[child]!
      entries[at] = entries[child]
      at = child
    }
    keys[at] = key
    entries[at] = entry
    return first
  }

  clear(): void {
    this.#entries.fill(undefined, 0, this.#size)
    this.#size = 0
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#keys.length)
    larger.set(this.#keys)
    this.#keys = larger
  }
}

function comesBefore(key: number, entry: Entry, otherKey: number, other: Entry): boolean {
  if (key !== otherKey) return key < otherKey
  if (entry.children !== null) return other.children === null
  return other.children === null && entry.unitId < other.unitId
}
