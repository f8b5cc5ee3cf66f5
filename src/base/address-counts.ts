/** How many of something each address has, and all addresses together. */
export class AddressCounts {
  readonly #byAddress = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  /** How many addresses have any. */
  get addresses(): number {
    return this.#byAddress.size
  }

  of(addressKey: string): number {
    return this.#byAddress.get(addressKey) ?? 0
  }

  /** One more; it is given back once, by `leave`. */
  enter(addressKey: string): void {
    this.#total += 1
    this.#byAddress.set(addressKey, this.of(addressKey) + 1)
  }

  /** Of an address that has none, nothing is taken. */
  leave(addressKey: string): void {
    const left = this.of(addressKey) - 1
    if (left < 0) return
    this.#total -= 1
    if (left === 0) this.#byAddress.delete(addressKey)
    else this.#byAddress.set(addressKey, left)
  }
}
