/** Fixes that can never be taken: what is stored in their place, and what their client is told. */

import type { Refusal } from '../../base/refusal.ts'
import type { Fix } from '../../domain/fix.ts'
import type { BadFix } from '../../protocol/fix-frame.ts'
import { fixRangeText } from '../../protocol/parse.ts'

/** So many fixes of a frame are named; of the others it is told how many they are. */
const NAMED_MAX = 16

/** What stands in the place of such a fix, besides its seq and the moment it came. */
export const NOWHERE: Omit<Fix, 'seq' | 'fixedAtMs'> = {
  lonDeg: 0,
  latDeg: 0,
  accuracyM: null,
  speedMps: null,
  headingDeg: null,
}

interface Named {
  readonly path: string
  readonly channel?: number
  readonly seq: number
}

/** Those of one frame. */
export class LeftOut {
  readonly #where: Readonly<Record<string, number>>
  readonly #named: Named[] = []
  #count = 0
  #problem = ''

  /** Input: `where` names the stream of the whole frame, if it is one. */
  constructor(where: Readonly<Record<string, number>>) {
    this.#where = where
  }

  /** Input: its place among the fixes of the frame. */
  add(place: number, { channel, seq, field }: BadFix): void {
    this.#count += 1
    const path = `fixes.${place}.${field}`
    if (this.#count === 1) this.#problem = `\`${path}\` ${fixRangeText(field)}`
    if (this.#named.length < NAMED_MAX) this.#named.push(channel === null ? { path, seq } : { path, channel, seq })
  }

  /** Null when there were none. */
  get refusal(): Refusal | null {
    if (this.#count === 0) return null
    const message = `${this.#problem}${othersText(this.#count - 1)}; such a fix is left out for good and need not be sent again.`
    const details = {
      path: this.#named[0]!.path,
      ...this.#where,
      leftOut: this.#named,
      more: this.#count - this.#named.length,
    }
    return { code: 'invalid-field', message, details }
  }
}

const othersText = (count: number): string =>
  count === 0
    ? ''
    : count === 1
      ? ', and 1 more fix of the frame is wrong'
      : `, and ${count} more fixes of the frame are wrong`
