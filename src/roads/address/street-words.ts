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

/**
 * How well a name fits what was typed, from 0 to 1: the same words are 1, also in the map's short forms; the kind of street left
 * out, or the last word not finished, a little less; else as far as the letters are alike.
 */
export function likeness(typed: readonly string[], name: readonly string[]): number {
  const [a, b] = [typed.join(' '), name.join(' ')]
  if (a === '' || b === '') return 0
  if (a === b) return 1
  const bare = (words: readonly string[]) => words.filter((word, index) => index === 0 || !KINDS.has(word)).join(' ')
  if (bare(typed) === bare(name)) return typed.length < name.length ? 0.9 : 0.75
  if (b.startsWith(a)) return 0.6 + (0.25 * a.length) / b.length
  return 0.85 * alike(a, b)
}

/** Dice's measure over pairs of letters. */
function alike(a: string, b: string): number {
  const pairs = new Map<string, number>()
  for (const pair of pairsOf(a)) pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  let shared = 0
  for (const pair of pairsOf(b)) {
    const left = pairs.get(pair) ?? 0
    if (left === 0) continue
    shared += 1
    pairs.set(pair, left - 1)
  }
  return (2 * shared) / (a.length + 1 + (b.length + 1))
}

function* pairsOf(text: string): Iterable<string> {
  const padded = ` ${text} `
  for (let index = 0; index + 1 < padded.length; index++) yield padded.slice(index, index + 2)
}
