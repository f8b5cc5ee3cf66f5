/** A table of things with a filter: read when the page opens, and again on demand or after a change. */
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useState } from 'preact/hooks'
import { o } from './office-strings.ts'
import { ScrolledTable } from './scrolled-table.tsx'

const SHOWN = 300

/** What was read; `again` reads anew. */
export interface OfficeRead<T> {
  /** Null until it was read. */
  readonly items: readonly T[] | null
  readonly trouble: string | null
  readonly again: () => void
}

/** Input: `read` is called again when `of` is another. */
export function useOfficeList<T>(read: () => Promise<readonly T[]>, of: string): OfficeRead<T> {
  const [items, setItems] = useState<readonly T[] | null>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const [turn, setTurn] = useState(0)
  // The reader is another one each time the page is drawn.
  useEffect(() => {
    let isLate = false
    read().then(
      found => {
        if (isLate) return
        setItems(found)
        setTrouble(null)
      },
      error => !isLate && setTrouble((error as Error).message),
    )
    return () => {
      isLate = true
    }
  }, [of, turn])
  return { items, trouble, again: useCallback(() => setTurn(now => now + 1), []) }
}

interface OfficeColumn<T> {
  readonly label: string
  readonly cell: (item: T) => ComponentChildren
}

interface OfficeTableProps<T> {
  readonly title: string
  readonly list: OfficeRead<T>
  readonly keyOf: (item: T) => string
  /** By what the filter finds it. */
  readonly text: (item: T) => string
  readonly columns: readonly OfficeColumn<T>[]
  /** Left out where the caller may only look. */
  readonly actions?: (item: T) => ComponentChildren
  readonly add?: { readonly label: string; readonly run: () => void }
  /** Shown while there is none. */
  readonly first?: string
}

export function OfficeTable<T>({ title, list, keyOf, text, columns, actions, add, first }: OfficeTableProps<T>) {
  const [filter, setFilter] = useState('')
  const { items, trouble, again } = list
  const words = filter.toLowerCase().trim().split(/\s+/)
  const found = (items ?? []).filter(item => words.every(word => text(item).toLowerCase().includes(word)))
  const [head, ...others] = columns
  return (
    <section class="office-list" aria-label={title}>
      <div class="row">
        <h2>
          {title} {items !== null && <small class="quiet">{o.counted(found.length, items.length)}</small>}
        </h2>
        <input
          class="filter"
          type="search"
          aria-label={o.filter}
          placeholder={o.filter}
          value={filter}
          onInput={event => setFilter(event.currentTarget.value)}
        />
        <button type="button" onClick={again}>
          {o.again}
        </button>
        {add !== undefined && (
          <button type="button" class="primary" onClick={add.run}>
            {add.label}
          </button>
        )}
      </div>
      {trouble !== null && (
        <p class="refusal" role="alert">
          {trouble}
        </p>
      )}
      {items === null && trouble === null && <p class="quiet">{o.loading}</p>}
      {items !== null && found.length === 0 && <p>{items.length === 0 ? (first ?? o.none) : o.noneMatch}</p>}
      {found.length > 0 && (
        <ScrolledTable title={title} labels={columns.map(({ label }) => label)} hasActions={actions !== undefined}>
          {found.slice(0, SHOWN).map(item => (
            <tr key={keyOf(item)} data-row={keyOf(item)}>
              <th scope="row">{head!.cell(item)}</th>
              {others.map(({ label, cell }) => (
                <td key={label}>{cell(item)}</td>
              ))}
              {actions !== undefined && <td class="end">{actions(item)}</td>}
            </tr>
          ))}
        </ScrolledTable>
      )}
      {found.length > SHOWN && <p class="quiet">{o.cut(SHOWN)}</p>}
    </section>
  )
}
