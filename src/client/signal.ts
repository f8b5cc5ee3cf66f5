/** One kind of news and the handlers that want it. */
export class Signal<Args extends unknown[]> {
  readonly #handlers = new Set<(...args: Args) => void>()

  get isHeard(): boolean {
    return this.#handlers.size > 0
  }

  /** Output: call it to stop hearing. */
  on(handler: (...args: Args) => void): () => void {
    this.#handlers.add(handler)
    return () => {
      this.#handlers.delete(handler)
    }
  }

  emit(...args: Args): void {
    for (const handler of [...this.#handlers]) {
      try {
        handler(...args)
      } catch (error) {
        // A handler's mistake is its owner's to see, and must not stop the connection half-way through a message.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
