/**
 * First in, first out. A `Set` or an array that loses its first items one by one is slow at it: the one passes over the places of
 * all that have left whenever it is read from its beginning, the other moves what is left.
 */
const MOVED_MIN = 1_024

export class Fifo<Item> {
  #items: Item[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  /** Undefined when there is none. */
  first(): Item | undefined {
    return this.#items[this.#head]
  }

  /** Takes the first item; only while there is one. */
  shift(): Item {
    const item = this.#items[this.#head]!
    this.#head += 1
    // Half of the places are of items that have left: moving the others costs each of those no more than once.
    if (this.#head >= MOVED_MIN && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
