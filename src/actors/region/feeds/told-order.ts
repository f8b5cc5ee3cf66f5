/**
 * Attachments in the order in which their marks were told last, the longest ago first.
 *
 * Linked through the attachments themselves: there may be a hundred thousand, and each moves to the end whenever it is told. A `Set`
 * passes over the places of all that have left whenever it is read from its beginning.
 */
export interface InToldOrder {
  /** Its neighbours, and whether it is here; the order's own. */
  toldBefore: InToldOrder | null
  toldAfter: InToldOrder | null
  isInOrder: boolean
}

export class ToldOrder<Item extends InToldOrder> {
  #first: Item | null = null
  #last: Item | null = null

  /** Null when there is none. */
  get first(): Item | null {
    return this.#first
  }

  /** Puts it at the end, wherever it was. */
  toEnd(item: Item): void {
    this.remove(item)
    item.isInOrder = true
    item.toldBefore = this.#last
    if (this.#last === null) this.#first = item
    else this.#last.toldAfter = item
    this.#last = item
  }

  remove(item: Item): void {
    if (!item.isInOrder) return
    const { toldBefore, toldAfter } = item as { toldBefore: Item | null; toldAfter: Item | null }
    if (toldBefore === null) this.#first = toldAfter
    else toldBefore.toldAfter = toldAfter
    if (toldAfter === null) this.#last = toldBefore
    else toldAfter.toldBefore = toldBefore
    item.isInOrder = false
    item.toldBefore = null
    item.toldAfter = null
  }

  clear(): void {
    while (this.#first !== null) this.remove(this.#first)
  }
}
