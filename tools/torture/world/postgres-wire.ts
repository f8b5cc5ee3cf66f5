/**
 * As much of the Postgres protocol as it takes to see a commit: where messages begin, and what a client asks for.
 *
 * The engine commits each batch by one call of a server-side function; any other client of ours, by COMMIT. Both are
 * seen, in the simple protocol and in the extended one, where a prepared statement is only named after its first use.
 */

export interface WireMessage {
  /** The type byte; empty for what opens a connection, which has none. */
  readonly type: string
  /** The whole message, as it came. */
  readonly bytes: Buffer
}

/** Cuts a stream into messages; keeps what is not whole yet. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0)
  #opening: boolean

  /** Input: whether messages without a type byte come first, as they do from clients. */
  constructor(opening: boolean) {
    this.#opening = opening
  }

  push(chunk: Buffer): WireMessage[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const messages: WireMessage[] = []
    for (;;) {
      const head = this.#opening ? 0 : 1
      if (this.#rest.length < head + 4) break
      const length = head + this.#rest.readInt32BE(head)
      if (this.#rest.length < length) break
      const bytes = this.#rest.subarray(0, length)
      this.#rest = this.#rest.subarray(length)
      messages.push({ type: this.#opening ? '' : String.fromCharCode(bytes[0]!), bytes })
      // Asking for TLS, a client opens twice; ours never ask.
      if (this.#opening) this.#opening = false
    }
    return messages
  }
}

const COMMITS = /\blog\.append_records\s*\(|\blocation\.append_segment\s*\(|^\s*(COMMIT|END)\b/i

/** Follows what one connection's client says, and knows which of its messages ask for a commit. */
export class CommitSpotter {
  readonly #prepared = new Map<string, boolean>()

  /** Whether this message is the one that makes the server commit: a simple query, or the binding of a statement. */
  asksForCommit({ type, bytes }: WireMessage): boolean {
    switch (type) {
      case 'Q':
        return COMMITS.test(textAt(bytes, 5).text)
      case 'P': {
        const name = textAt(bytes, 5)
        this.#prepared.set(name.text, COMMITS.test(textAt(bytes, name.end).text))
        return false
      }
      case 'B': {
        const portal = textAt(bytes, 5)
        return this.#prepared.get(textAt(bytes, portal.end).text) ?? false
      }
      default:
        return false
    }
  }
}

/** A string that ends with a zero byte, and where the next field begins. */
function textAt(bytes: Buffer, from: number): { text: string; end: number } {
  const zero = bytes.indexOf(0, from)
  const end = zero < 0 ? bytes.length : zero
  return { text: bytes.toString('utf8', from, end), end: end + 1 }
}
