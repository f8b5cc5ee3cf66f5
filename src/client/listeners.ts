/**
 * Many kinds of news by name, for the parts of one client: each kind is told to its hearers in the order in which they came.
 *
 * A `Signal` is for owners, whose mistakes are kept apart. A part's are the teller's to see: what it throws stops the
 * telling, since a message that a part cannot take must not pass for one that was heard.
 */
export class Listeners<News extends { [Name in keyof News]: unknown[] }> {
  readonly #hearers: { [Name in keyof News]?: Set<(...args: News[Name]) => void> } = {}

  /** Output: call it to stop hearing. */
  on<Name extends keyof News>(name: Name, hearer: (...args: News[Name]) => void): () => void {
    const hearers: Set<(...args: News[Name]) => void> = this.#hearers[name] ?? new Set()
    this.#hearers[name] = hearers
    hearers.add(hearer)
    return () => {
      hearers.delete(hearer)
    }
  }

  /** Input: whether it still is so; those behind a hearer that has changed it are not told. Errors: throws what a hearer throws. */
  tell<Name extends keyof News>(name: Name, args: News[Name], isStillSo: () => boolean = always): void {
    for (const hearer of this.#hearers[name] ?? []) {
      if (!isStillSo()) return
      hearer(...args)
    }
  }
}

const always = () => true
