/**
 * Names that may be like what was typed, found by pairs of letters: only those get a closer look, so a query looks at some
 * hundreds of names and not at all of a city.
 *
 * Exact: whatever `likeness` gives `LIKE_ENOUGH` or more is among them. For the same words or the beginning of a name all pairs of
 * what was typed are in the name; for letters that are alike Dice's measure says how many are; and names that are the same
 * but for the kind of street are kept apart.
 */
import { alikeBy, bareOf, LIKE_SHARE, lettersOf, likeness, pairCounts } from './street-words.ts'

/** Less alike is another street. */
export const LIKE_ENOUGH = 0.5
/** So much less of Dice's measure is not given away by rounding. */
const ROUNDING = 1e-9

interface LikeName {
  readonly number: number
  readonly likeness: number
}

/** Who has a pair of letters, and how often. */
interface Posting {
  readonly names: number[]
  readonly counts: number[]
}

export class NameIndex {
  /** By name; the first is of roads without one, and empty. */
  readonly #words: readonly (readonly string[])[]
  /** By name: the letters of its text. */
  readonly #lengths: Uint32Array
  readonly #postings = new Map<string, Posting>()
  readonly #byBare = new Map<string, number[]>()
  /** By name: the pairs that it shares with what is looked for; zero between two searches. */
  readonly #shared: Uint32Array

  constructor(words: readonly (readonly string[])[]) {
    this.#words = words
    this.#lengths = Uint32Array.from(words, each => lettersOf(each).length)
    this.#shared = new Uint32Array(words.length)
    for (let number = 1; number < words.length; number++) this.#add(number, words[number]!)
  }

  /** The names that are like it enough, in no order. */
  like(typed: readonly string[]): LikeName[] {
    const text = lettersOf(typed)
    if (text === '') return []
    const candidates = new Set<number>(this.#byBare.get(bareOf(typed)))
    const touched = this.#count(text)
    for (const number of touched) {
      const shared = this.#shared[number]!
      this.#shared[number] = 0
      const isNear = LIKE_SHARE * alikeBy(shared, text.length, this.#lengths[number]!) >= LIKE_ENOUGH - ROUNDING
      // All pairs of what a name begins with, but for the last letter and what follows it.
      if (isNear || shared >= text.length) candidates.add(number)
    }
    const names: LikeName[] = []
    for (const number of candidates) {
      const like = likeness(typed, this.#words[number]!)
      if (like >= LIKE_ENOUGH) names.push({ number, likeness: like })
    }
    return names
  }

  #add(number: number, words: readonly string[]): void {
    const text = lettersOf(words)
    if (text === '') return
    const bare = bareOf(words)
    const same = this.#byBare.get(bare)
    if (same === undefined) this.#byBare.set(bare, [number])
    else same.push(number)
    for (const [pair, count] of pairCounts(text)) {
      let posting = this.#postings.get(pair)
      if (posting === undefined) {
        posting = { names: [], counts: [] }
        this.#postings.set(pair, posting)
      }
      posting.names.push(number)
      posting.counts.push(count)
    }
  }

  /** Output: the names that share a pair. */
  #count(text: string): number[] {
    const shared = this.#shared
    const touched: number[] = []
    for (const [pair, often] of pairCounts(text)) {
      const posting = this.#postings.get(pair)
      if (posting === undefined) continue
      const { names, counts } = posting
      for (let at = 0; at < names.length; at++) {
        const number = names[at]!
        if (shared[number] === 0) touched.push(number)
        shared[number]! += Math.min(often, counts[at]!)
      }
    }
    return touched
  }
}
