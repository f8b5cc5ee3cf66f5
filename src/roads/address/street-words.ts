/** Names of streets as people type them: without marks and case, and short forms of the usual words spelled out. */

/** Short forms by the word that a map has; those of English and German street names. */
const SHORT_FORMS: Readonly<Record<string, string>> = {
  ...{
    st: 'street',
    str: 'street',
    ave: 'avenue',
    av: 'avenue',
    rd: 'road',
    blvd: 'boulevard',
    dr: 'drive',
    ln: 'lane',
  },
  ...{ ct: 'court', pl: 'place', ter: 'terrace', hwy: 'highway', pkwy: 'parkway', sq: 'square', cres: 'crescent' },
  ...{ cir: 'circle', aly: 'alley', wy: 'way', expy: 'expressway', fwy: 'freeway', mt: 'mount', ft: 'fort' },
  ...{ n: 'north', s: 'south', e: 'east', w: 'west' },
}
/** What says which kind of street it is, and is often left out. */
const KINDS: ReadonlySet<string> = new Set([
  ...['street', 'avenue', 'road', 'boulevard', 'drive', 'lane', 'court', 'place', 'terrace', 'highway', 'parkway'],
  ...['square', 'crescent', 'circle', 'alley', 'way', 'expressway', 'freeway'],
])

/** The words of a name, in order; a leading zero of a number is none (`03RD` is `3rd`). */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/['’.]/g, '')
  const words = plain.split(/[^\p{L}\p{N}]+/u).filter(word => word !== '')
  return words.map(word => {
    const bare = word.replace(/^0+(?=\d)/, '').replace(/(?<=\p{L}{3})str(asse)?$/u, 'street')
    return Object.hasOwn(SHORT_FORMS, bare) ? SHORT_FORMS[bare]! : bare
  })
}

/** The words as one text. */
export const lettersOf = (words: readonly string[]): string => words.join(' ')

/** Without the kind of street, but never without the first word. */
export const bareOf = (words: readonly string[]): string =>
  words.filter((word, index) => index === 0 || !KINDS.has(word)).join(' ')

/** Of letters that are alike. */
export const LIKE_SHARE = 0.85

/**
 * How well a name fits what was typed, from 0 to 1: the same words are 1, also in the map's short forms; the kind of street left
 * out, or the last word not finished, a little less; else as far as the letters are alike.
 */
export function likeness(typed: readonly string[], name: readonly string[]): number {
  const [a, b] = [lettersOf(typed), lettersOf(name)]
  if (a === '' || b === '') return 0
  if (a === b) return 1
  if (bareOf(typed) === bareOf(name)) return typed.length < name.length ? 0.9 : 0.75
  if (b.startsWith(a)) return 0.6 + (0.25 * a.length) / b.length
  return LIKE_SHARE * alike(a, b)
}

function alike(a: string, b: string): number {
  const [pairs, others] = [pairCounts(a), pairCounts(b)]
  let shared = 0
  for (const [pair, count] of pairs) shared += Math.min(count, others.get(pair) ?? 0)
  return alikeBy(shared, a.length, b.length)
}

/** Dice's measure over pairs of letters. Input: how many pairs two texts share, and the lengths of both. */
export const alikeBy = (shared: number, length: number, otherLength: number): number =>
  (2 * shared) / (length + 1 + (otherLength + 1))

/** How often each pair of letters comes, one of them may be the end of the text. */
export function pairCounts(text: string): Map<string, number> {
  const padded = ` ${text} `
  const pairs = new Map<string, number>()
  for (let index = 0; index + 1 < padded.length; index++) {
    const pair = padded.slice(index, index + 2)
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  return pairs
}
