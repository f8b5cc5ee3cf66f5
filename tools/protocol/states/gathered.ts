/** Rows of a table that say the same are one row: a word that does not matter is not told. */

export interface Tried {
  /** By field, of those that had several values. */
  readonly words: ReadonlyMap<string, string>
  readonly cells: readonly string[]
}

export interface Gathered {
  /** By field, of those whose words matter: the words that this row is for. */
  readonly words: ReadonlyMap<string, readonly string[]>
  readonly cells: readonly string[]
}

/** Input: `always`, the field that is told whether it matters or not; rows are in the order of its words. */
export function gathered(tried: readonly Tried[], always: string): readonly Gathered[] {
  let rows = tried
  // The last words of a command are the least: why comes behind what.
  for (const field of fieldsOf(tried).reverse()) {
    const without = rows.map(({ words, cells }) => ({ words: withoutField(words, field), cells }))
    const isTold = new Set(without.map(nameOf)).size === new Set(without.map(row => nameOf(row) + textOf(row))).size
    if (field !== always && isTold) rows = [...new Map(without.map(row => [nameOf(row), row])).values()]
  }
  const order = wordsAt(rows, always)
  const placeOf = ({ words }: Gathered): number => order.indexOf(words.get(always)?.[0] ?? '')
  return groupsOf(rows, textOf)
    .flatMap(group => rowsOf(group, rows, always))
    .sort((one, other) => placeOf(one) - placeOf(other))
}

const nameOf = ({ words }: Tried): string => JSON.stringify([...words])
const textOf = ({ cells }: Tried): string => cells.join('|')
const fieldsOf = (rows: readonly Tried[]): string[] => [...new Set(rows.flatMap(({ words }) => [...words.keys()]))]
const withoutField = (words: Tried['words'], field: string): Tried['words'] =>
  new Map([...words].filter(([name]) => name !== field))
const wordsAt = (rows: readonly Tried[], field: string): string[] => [
  ...new Set(rows.flatMap(({ words }) => words.get(field) ?? [])),
]

function groupsOf<T>(rows: readonly T[], keyOf: (row: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return [...groups.values()]
}

/** One row, unless its words do not go with each other in every way. */
function rowsOf(group: readonly Tried[], all: readonly Tried[], always: string): readonly Gathered[] {
  const fields = fieldsOf(group)
  const inGroup = fields.map(field => wordsAt(group, field))
  const isWhole = inGroup.reduce((product, words) => product * words.length, 1) === group.length
  if (!isWhole) {
    const field = fields.find((_, index) => inGroup[index]!.length > 1)!
    return groupsOf(group, ({ words }) => words.get(field) ?? '').flatMap(part => rowsOf(part, all, always))
  }
  const telling = fields
    .map((field, index) => [field, inGroup[index]!] as const)
    .filter(([field, words]) => field === always || words.length < wordsAt(all, field).length)
  return [{ words: new Map(telling), cells: group[0]!.cells }]
}
