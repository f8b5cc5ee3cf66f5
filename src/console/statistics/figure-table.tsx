/** One table of figures, and the same as a file for a spreadsheet. */
import type { ComponentChildren } from 'preact'
import { ScrolledTable } from '../office/scrolled-table.tsx'
import { csvOf } from './spreadsheet.ts'
import { s } from './statistics-strings.ts'
import { csvRowsOf, type FigureTable, shownOf } from './tables.ts'

interface FigureTableProps {
  readonly table: FigureTable
  readonly region: string
  readonly timeZone: string
  readonly children?: ComponentChildren
}

export function FigureTableOf({ table, region, timeZone, children }: FigureTableProps) {
  const { name, columns, rows } = table
  const title = s.tables[name]
  const moment = momentsIn(timeZone)
  return (
    <section class="office-list" aria-label={title} data-table={name}>
      <div class="row">
        <h3>{title}</h3>
        <button
          type="button"
          aria-label={s.csvOf(title)}
          onClick={() => download(`${region}-${name}.csv`, csvOf(csvRowsOf(table)))}
        >
          {s.csv}
        </button>
      </div>
      {children}
      <ScrolledTable title={title} labels={columns.map(({ label }) => label)}>
        {rows.map((row, index) => (
          <tr key={`${index} ${row[0]}`}>
            <th scope="row">{shownOf(row[0]!, columns[0]!, moment)}</th>
            {row.slice(1).map((value, place) => (
              <td key={columns[place + 1]!.label}>{shownOf(value, columns[place + 1]!, moment)}</td>
            ))}
          </tr>
        ))}
      </ScrolledTable>
    </section>
  )
}

function momentsIn(timeZone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
  })
  return ms => format.format(ms)
}

function download(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
