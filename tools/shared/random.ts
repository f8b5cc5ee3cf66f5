/** Chance from a seed: the same numbers on every machine. */

/** Mulberry32: the same numbers, from 0 up to but not including 1, from the same seed on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Chance by name: the same seed and names give the same number, whoever asks and in whatever order.
 * Output: a number from 0 (included) to 1 (excluded), evenly spread over names.
 */
export function draw(seed: number, ...names: readonly (string | number)[]): number {
  // FNV-1a over the text, then murmur3's finaliser: neighbouring names must not give neighbouring numbers.
  let hash = 0x811c9dc5
  for (const char of `${seed}|${names.join('|')}`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
