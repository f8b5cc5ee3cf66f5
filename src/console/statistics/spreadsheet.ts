/** Tables as comma-separated values, that a spreadsheet takes as what they are and never as formulas. */

export type CsvCell = string | number | boolean | null

/** RFC 4180, with a byte order mark: without it some spreadsheets take UTF-8 for another code. */
export const csvOf = (rows: readonly (readonly CsvCell[])[]): string =>
  `\uFEFF${rows.map(row => `${row.map(cellOf).join(',')}\r\n`).join('')}`

/** With what a spreadsheet begins to calculate; the tab and the line's end hide one behind them. */
const FORMULA = /^[=+\-@\t\r\n|%]/

function cellOf(cell: CsvCell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const harmless = FORMULA.test(cell) ? `'${cell}` : cell
  return `"${harmless.replaceAll('"', '""')}"`
}
