/** What a page is rendered by: topics that tell of changes. */
import { useLayoutEffect, useState } from 'preact/hooks'

/** Something that changes. Hearers are told once for all changes that come together. */
export class Topic {
  readonly #hearers = new Set<() => void>()
  #isDue = false

  tell(): void {
    if (this.#isDue) return
    this.#isDue = true
    // By a message and no frame: a page in the background has no frames, and its board must not stand still.
    queueMicrotask(() => {
      this.#isDue = false
      for (const hear of [...this.#hearers]) hear()
    })
  }

  on(hear: () => void): () => void {
    this.#hearers.add(hear)
    return () => void this.#hearers.delete(hear)
  }
}

/** Renders again when the topic tells; from the moment on that something was drawn, so that no change in between is missed. */
export function useTopic(topic: Topic): void {
  const [, again] = useState(0)
  useLayoutEffect(() => topic.on(() => again(count => count + 1)), [topic])
}
