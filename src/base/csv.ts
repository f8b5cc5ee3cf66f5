/** Comma-separated values as RFC 4180 has them, or separated by something else, with the line on which each row begins. */

export interface CsvRow {
  /** The first line of the row in its file, from 1. */
  readonly line: number
  readonly fields: readonly string[]
  /** What is wrong with the row's quoting; its fields are then not to be trusted. */
  readonly problem: string | null
}

/**
 * Splits a text into rows. Lines end with LF or CRLF; quoted fields may hold delimiters, quotes (doubled) and line ends;
 * empty lines are left out, and so is a byte-order mark. Input: the delimiter is one character.
 */
export function parseCsv(text: string, delimiter = ','): CsvRow[] {
  const rows: CsvRow[] = []
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const firstLine = line
    const fields: string[] = []
    let problem: string | null = null
    for (;;) {
      let field = ''
      if (text[at] === '"') {
        const from = at
        for (at += 1; at < text.length; at += 1) {
          if (text[at] !== '"') field += text[at]
          else if (text[at + 1] === '"') field += text[at++]
          else break
        }
        line += text.slice(from, at).split('\n').length - 1
        if (at === text.length) problem = 'a quoted field is never closed'
        at += 1
        if (at < text.length && !`${delimiter}\r\n`.includes(text[at]!))
          problem = 'text follows the closing quote of a field'
      }
      const end = endOfPlainField(text, at, delimiter)
      if (field === '') field = text.slice(at, end)
      if (text.slice(at, end).includes('"')) problem ??= 'a quote stands inside a field that is not quoted'
      at = end
      fields.push(field)
      if (text[at] !== delimiter) break
      at += 1
    }
    if (text[at] === '\r') at += 1
    at += 1
    line += 1
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: firstLine, fields, problem })
  }
  return rows
}

/** Where the next delimiter or line end is, or the end of the text. */
function endOfPlainField(text: string, from: number, delimiter: string): number {
  let at = from
  while (
    at < text.length &&
    text[at] !== delimiter &&
    text[at] !== '\n' &&
    !(text[at] === '\r' && text[at + 1] === '\n')
  )
    at++
  return at
}
