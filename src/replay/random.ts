/** Chance by name: the same seed and names give the same number, whoever asks and in whatever order. */

/** Output: a number from 0 (included) to 1 (excluded), evenly spread over names. */
export function draw(seed: number, ...names: readonly (string | number)[]): number {
  // FNV-1a over the text, then murmur3's finaliser: neighbouring names must not give neighbouring numbers.
  let hash = 0x811c9dc5
  for (const char of `${seed}|${names.join('|')}`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
