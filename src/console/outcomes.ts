/** What became of the last commands, for the dispatcher to read; the newest few stay until they are dismissed or time out. */
import { later } from './passing-time.ts'
import { Topic } from './topic.ts'

export interface OutcomeNote {
  readonly key: number
  readonly kind: 'done' | 'refused' | 'unknown'
  readonly text: string
}

const KEPT = 4
/** A refusal stays until somebody has seen it, and what nobody knows until it is known. */
const DONE_MS = 6_000

export class SaidOutcomes {
  readonly changes = new Topic()
  #notes: readonly OutcomeNote[] = []
  #said = 0

  get notes(): readonly OutcomeNote[] {
    return this.#notes
  }

  /** Output: by this it is dismissed. */
  say(kind: OutcomeNote['kind'], text: string): number {
    this.#said += 1
    const key = this.#said
    this.#notes = [...this.#notes.filter(note => note.text !== text), { key, kind, text }].slice(-KEPT)
    this.changes.tell()
    if (kind === 'done') later(DONE_MS, () => this.dismiss(key))
    return key
  }

  dismiss(key: number): void {
    this.#notes = this.#notes.filter(note => note.key !== key)
    this.changes.tell()
  }
}
