/** What a phone's or a feed's disk keeps of one stream: every fix that was reported and is not known to be durable. */
import type { ReportedFix } from '../../../src/client/index.ts'

/** How far a client has come with the stream. */
interface Progress {
  readonly streamId: string
  readonly lastSeq: number
  readonly notDurable: number
}

/** Fixes that are durable stay so long before they are looked for. */
const LOOK_EVERY = 64

export class FixLog {
  readonly #prefix: string
  #streams = 1
  #streamId: string
  #fixes: ReportedFix[] = []
  #lastSeq = 0

  /** Input: the start of its streams' ids, which no other log of the unit has. */
  constructor(prefix: string) {
    this.#prefix = prefix
    this.#streamId = `${prefix}1`
  }

  get streamId(): string {
    return this.#streamId
  }
  /** The seq of the first fix that is kept; the next one, if none is. */
  get firstSeq(): number {
    return this.#lastSeq - this.#fixes.length + 1
  }
  get fixes(): readonly ReportedFix[] {
    return this.#fixes
  }

  /** Writes down a fix that the client has just taken. */
  add(fix: ReportedFix, client: Progress): void {
    this.#fixes.push(fix)
    this.#lastSeq += 1
    if (this.#fixes.length % LOOK_EVERY === 0 || client.streamId !== this.#streamId) this.follow(client)
  }

  /** Forgets what the client knows to be durable. */
  follow(client: Progress): void {
    const { notDurable } = client
    if (this.#fixes.length > notDurable) this.#fixes = this.#fixes.slice(this.#fixes.length - notDurable)
    // A client that found its stream used by somebody else has gone on in one of its own.
    this.#streamId = client.streamId
    this.#lastSeq = client.lastSeq
  }

  /** The disk is empty: what is reported from now on is another stream. */
  startOver(): void {
    this.#streams += 1
    this.#streamId = `${this.#prefix}${this.#streams}`
    this.#fixes = []
    this.#lastSeq = 0
  }
}
