/** What a run counts, and what it finds wrong. */
import { createHash } from 'node:crypto'
import type { FrameClass } from './mutations.ts'

/**
 * `crash`: an exception, an `internal` answer, a broken invariant, or the end of the process. `hang`: something took too
 * long, or was never answered. `unserved`: a client that did nothing wrong went without its answer.
 */
export type FindingKind = 'crash' | 'hang' | 'unserved'

export interface Finding {
  readonly kind: FindingKind
  readonly what: string
  /** What was being sent, in hex, where that is known. */
  readonly hex: string | null
}

/** Past this many findings of a run the rest are only counted. */
const TOLD_MAX = 20
const HEX_BYTES_MAX = 2_048

export class Tally {
  readonly findings: Finding[] = []
  readonly #kinds: Record<FindingKind, number> = { crash: 0, hang: 0, unserved: 0 }
  readonly #classes = new Map<string, number>()
  readonly #outcomes = new Map<string, number>()
  readonly #events = new Map<string, number>()
  readonly #sent = createHash('sha256')
  frames = 0
  httpRequests = 0
  heads = 0
  credentials = 0

  frame(kind: FrameClass, bytes: Uint8Array): void {
    this.frames += 1
    this.#sent.update(bytes)
    add(this.#classes, kind)
  }

  /** Something that is no frame was sent. */
  sent(kind: string): void {
    add(this.#classes, kind)
  }

  outcome(code: string): void {
    add(this.#outcomes, code)
  }

  /** Something that was recorded in the log: how far the frames got. */
  event(type: string): void {
    add(this.#events, type)
  }

  found(kind: FindingKind, what: string, bytes: Uint8Array | null = null): void {
    this.#kinds[kind] += 1
    if (this.findings.length >= TOLD_MAX) return
    const hex = bytes === null ? null : Buffer.from(bytes.subarray(0, HEX_BYTES_MAX)).toString('hex')
    this.findings.push({ kind, what, hex })
  }

  count(kind: FindingKind): number {
    return this.#kinds[kind]
  }

  /** Of all the frames that were sent, in their order. */
  digest(): string {
    return this.#sent.copy().digest('hex')
  }

  /** Output: `outcome_<code>`, `class_<name>` and `event_<type>` with their counts. */
  figures(): Record<string, number> {
    const named = (prefix: string, counts: ReadonlyMap<string, number>) =>
      [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [`${prefix}_${name}`, count])
    return Object.fromEntries([
      ...named('outcome', this.#outcomes),
      ...named('class', this.#classes),
      ...named('event', this.#events),
    ])
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
