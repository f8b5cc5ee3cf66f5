/** Chance from a seed: the same throws in the same order on every machine. */
import { seeded } from '../../tools/shared/random.ts'

export class Dice {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seeded(seed)
  }

  /** A whole number from 0 up to but not including `count`. */
  below(count: number): number {
    return Math.floor(this.#next() * count)
  }

  /** A whole number from `min` to `max`, both included. */
  within([min, max]: readonly [min: number, max: number]): number {
    return min + Math.floor(this.#next() * (max - min + 1))
  }

  /** True once in `count` throws. */
  oneIn(count: number): boolean {
    return this.#next() * count < 1
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#next() * items.length)]!
  }

  /** One of the names, each as often as its weight says. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K {
    let total = 0
    for (const name in weights) total += weights[name]
    let rest = this.#next() * total
    for (const name in weights) {
      rest -= weights[name]
      if (rest < 0) return name
    }
    throw new RangeError('There is nothing to choose from.')
  }

  text(alphabet: string, length: number): string {
    let text = ''
    for (let i = 0; i < length; i += 1) text += alphabet[this.below(alphabet.length)]
    return text
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i += 1) bytes[i] = this.below(256)
    return bytes
  }
}

/** A seed of its own for each part of a run, so that one part can be run again alone. */
export const partSeed = (seed: number, part: number): number =>
  (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(part + 1, 0xc2b2ae35)) >>> 0
