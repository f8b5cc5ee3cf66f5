/** Holds back what would begin while a round is looked at; what is under way comes to its end. */
export class Gate {
  #opened: Promise<void> = Promise.resolve()
  #open: (() => void) | null = null

  get isOpen(): boolean {
    return this.#open === null
  }

  close(): void {
    if (this.#open !== null) return
    this.#opened = new Promise(resolve => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open?.()
    this.#open = null
  }

  pass(): Promise<void> {
    return this.#opened
  }
}
