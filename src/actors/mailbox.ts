/** The ordered queue of everything told to one region's actors, and what of it was handed out and comes back. */

/** Messages waiting in one region's mailbox before `tell` answers false. */
export const MAILBOX_BOUND = 100_000

/** Whom a letter is for. */
interface Addressee {
  /** A letter can be handed to it now; the actor may have ended. */
  readonly stands: boolean
  /** Has the actor made, unless that has begun. */
  make(): void
  hand(message: { readonly type: string }): void
}

interface Letter {
  readonly to: Addressee
  readonly message: { readonly type: string }
}

export class Mailbox {
  readonly name: string
  #letters: (Letter | undefined)[] = []
  #head = 0
  #back: Letter[] = []

  constructor(name: string) {
    this.name = name
  }

  get depth(): number {
    return this.#letters.length - this.#head
  }

  get isFull(): boolean {
    return this.depth >= MAILBOX_BOUND
  }

  push(letter: Letter): void {
    this.#letters.push(letter)
  }

  /** Takes out the messages that were not handed to anybody. */
  empty(): { readonly type: string }[] {
    const messages = [...this.#back, ...this.#letters.slice(this.#head)].map(letter => letter!.message)
    this.#letters = []
    this.#head = 0
    this.#back = []
    return messages
  }

  /**
   * Hands out up to `count` letters, which `deliver` then delivers. Output: how many. It ends before a letter whose actor does
   * not stand yet: that one is made when its letter is the first, or a later letter would overtake it.
   */
  handOut(count: number, deliver: () => void): number {
    const end = Math.min(this.#head + count, this.#letters.length)
    const start = this.#head
    for (; this.#head < end; this.#head++) {
      const { to, message } = this.#letters[this.#head]!
      if (!to.stands) {
        if (this.#head > start) break
        to.make()
        // What waits to be delivered is all that making takes, so this is the whole of it.
        deliver()
      }
      this.#letters[this.#head] = undefined
      to.hand(message)
    }
    return this.#head - start
  }

  /** A letter that was handed out comes back unread; `endShare` puts it in front again. */
  putBack(letter: Letter): void {
    this.#back.push(letter)
  }

  /** Output: how many came back. */
  endShare(): number {
    const back = this.#back
    // There is room in front: they were taken from there, and nothing has moved since.
    for (let i = back.length - 1; i >= 0; i--) this.#letters[--this.#head] = back[i]
    if (back.length > 0) this.#back = []
    if (this.#head === this.#letters.length) {
      this.#letters = []
      this.#head = 0
    } else if (this.#head > 4_096 && this.#head * 2 > this.#letters.length) {
      this.#letters = this.#letters.slice(this.#head)
      this.#head = 0
    }
    return back.length
  }
}
