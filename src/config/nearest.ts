/** Which word a mistyped one was probably meant to be. */

/** The one of `known` with the fewest edits to `word`, without regard to case. `known` must not be empty. */
export function nearest(word: string, known: readonly string[]): string {
  const distances = known.map(other => editDistance(word.toLowerCase(), other.toLowerCase()))
  return known[distances.indexOf(Math.min(...distances))]!
}

/** Levenshtein: letters put in, taken out or replaced, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
