/** Rows of the tables of states: what is tried in every column, with the rows that say the same made one. */
import type { Subject } from './cell.ts'
import type { Column } from './columns.ts'
import { type Gathered, gathered } from './gathered.ts'
import type { Stage } from './stage.ts'

/** The field of words that says who does it. */
export const BY = 'by'

/** One thing that can happen in the state of a column. */
export interface Attempt {
  /** By field, of those that may matter: which form of it this is. */
  readonly words: ReadonlyMap<string, string>
  readonly cell: string
}

/** Something that is tried in every state. */
export interface Trial {
  readonly name: string
  /** In each state the same forms, in the same order. */
  attempts(stage: Stage, subject: Subject): readonly Attempt[]
}

export interface Row extends Gathered {
  readonly name: string
}

/** Error: the forms of a trial differ from column to column. */
export function rowsOf(trials: readonly Trial[], columns: readonly Column[], subject: Subject): readonly Row[] {
  return trials.flatMap(({ name, attempts }) => {
    const tried = new Map<string, { words: ReadonlyMap<string, string>; cells: string[] }>()
    for (const { stage } of columns) {
      for (const { words, cell } of attempts(stage, subject)) {
        const key = JSON.stringify([...words])
        const row = tried.get(key) ?? { words, cells: [] }
        row.cells.push(cell)
        tried.set(key, row)
      }
    }
    const uneven = [...tried].find(([, { cells }]) => cells.length !== columns.length)
    if (uneven !== undefined) throw new Error(`${name} ${uneven[0]} was not tried in every state.`)
    return gathered([...tried.values()], BY).map(row => ({ name, ...row }))
  })
}
