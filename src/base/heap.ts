/** A binary heap: what comes first by `isEarlier` is taken first. Of equals the order is open: let `isEarlier` be total. */
export class Heap<T> {
  readonly #isEarlier: (a: T, b: T) => boolean
  readonly #items: T[] = []

  constructor(isEarlier: (a: T, b: T) => boolean) {
    this.#isEarlier = isEarlier
  }

  /** The first; undefined when there is none. */
  get first(): T | undefined {
    return this.#items[0]
  }

  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isEarlier(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  /** Takes the first; undefined when there is none. */
  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const child = right < items.length && this.#isEarlier(items[right]!, items[left]!) ? right : left
      if (!this.#isEarlier(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }

  clear(): void {
    this.#items.length = 0
  }
}
