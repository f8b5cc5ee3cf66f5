/** Tables from files: CSV, plain or gzipped, with the columns that a reader asks for, and errors that name the line. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseCsv } from '../../src/base/csv.ts'
import { numberOfText } from '../../src/protocol/number-text.ts'

/** What was given cannot be used; the message says what to give instead. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
}

/** One row by the names of its columns; every reader names where it was when something is wrong. */
export interface TableRow<Column extends string> {
  text(column: Column): string
  /** A number, or null for an empty field. Errors: InvalidInput for anything else. */
  numberOrNull(column: Column): number | null
  /** Errors: InvalidInput for an empty field too. */
  number(column: Column): number
}

const GZIP_MAGIC = [0x1f, 0x8b]

/**
 * Input: columns that the file must have, and others that read as empty where it has none. Errors: InvalidInput for a file that is
 * missing, lacks a column, or has a row that does not fit its header.
 */
export async function readTable<Column extends string>(
  file: string,
  columns: readonly Column[],
  mayLack: readonly Column[] = [],
): Promise<TableRow<Column>[]> {
  return tableOf(path.basename(file), await readText(file), columns, mayLack)
}

/** Errors: as `readTable`. */
export function tableOf<Column extends string>(
  name: string,
  text: string,
  columns: readonly Column[],
  mayLack: readonly Column[] = [],
): TableRow<Column>[] {
  const [header, ...rows] = parseCsv(text)
  const names = header?.fields ?? []
  const lacking = columns.filter(column => !names.includes(column))
  if (lacking.length > 0) {
    const has = names.length === 0 ? 'is empty' : `has ${names.slice(0, 40).join(', ')}`
    throw new InvalidInput(`${name}: the column ${lacking.join(', ')} is missing; the first line ${has}.`)
  }
  const indexes = new Map([...columns, ...mayLack].map(column => [column, names.indexOf(column)]))
  return rows.map(({ line, fields, problem }) => {
    const where = `${name}:${line}`
    if (problem !== null) throw new InvalidInput(`${where}: ${problem}.`)
    if (fields.length !== names.length) {
      throw new InvalidInput(`${where}: the row has ${fields.length} fields, the first line has ${names.length}.`)
    }
    return new Row(where, fields, indexes)
  })
}

class Row<Column extends string> implements TableRow<Column> {
  readonly #where: string
  readonly #fields: readonly string[]
  readonly #indexes: ReadonlyMap<Column, number>

  constructor(where: string, fields: readonly string[], indexes: ReadonlyMap<Column, number>) {
    this.#where = where
    this.#fields = fields
    this.#indexes = indexes
  }

  text(column: Column): string {
    return this.#fields[this.#indexes.get(column)!] ?? ''
  }

  numberOrNull(column: Column): number | null {
    const text = this.text(column)
    if (text === '') return null
    const value = numberOfText(text)
    if (value !== null) return value
    throw new InvalidInput(`${this.#where}: ${column} must be a number, not ${JSON.stringify(text)}.`)
  }

  number(column: Column): number {
    const value = this.numberOrNull(column)
    if (value === null) throw new InvalidInput(`${this.#where}: ${column} is empty.`)
    return value
  }
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw new InvalidInput(`${file}: ${why}.`, { cause })
  }
  if (!GZIP_MAGIC.every((byte, index) => bytes[index] === byte)) return bytes.toString('utf8')
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch (cause) {
    throw new InvalidInput(`${file}: it begins like gzip, but cannot be unpacked.`, { cause })
  }
}
