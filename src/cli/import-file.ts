/** A file of a table as rows by column name: its columns found and mapped, and constants set. */
import path from 'node:path'
import { type CsvRow, parseCsv } from '../base/csv.ts'
import { readTableText, UnusableFile, withDelimiter } from './table-file.ts'

/** What a file's columns are called here; every name but the first is one that files use for it too. */
export interface Columns {
  readonly [ours: string]: { readonly also: readonly string[]; readonly required: boolean }
}

export interface Mapping {
  /** Their column name to ours. */
  readonly map: ReadonlyMap<string, string>
  /** Our column to its text in every row; `{column}` in it is that column of the row, by their name or ours. */
  readonly set: ReadonlyMap<string, string>
  /** As `set`, for the rows whose own text is empty or absent. */
  readonly fill: ReadonlyMap<string, string>
}

export interface Row {
  readonly line: number
  /** By our column names; a column that the file lacks is absent. */
  readonly values: Readonly<Record<string, string>>
  /** What is wrong with the row as a row; null when nothing is. */
  readonly problem: string | null
}

export interface ReadRows {
  readonly rows: readonly Row[]
  /** Columns of the file that nothing here is made of. */
  readonly ignored: readonly string[]
}

/** Errors: UnusableFile. */
export async function readRows(file: string, columns: Columns, mapping: Mapping): Promise<ReadRows> {
  const { header, lines } = await readTable(file, columns, mapping)
  const unusable = (problem: string) => new UnusableFile(`${path.basename(file)}:${header.line}: ${problem}`)
  const theirs = header.fields.map(name => name.trim())
  const itNames = `it names ${theirs.filter(name => name !== '').join(', ')}`
  if (header.problem !== null) throw unusable(header.problem)
  const absent = [...mapping.map.keys()].find(name => !theirs.includes(name))
  if (absent !== undefined) throw unusable(`--map names a column ${absent}, which the header does not; ${itNames}`)
  const ours = ourNames(theirs, columns, mapping)
  const twice = ours.find((name, index) => name !== null && ours.indexOf(name) !== index)
  if (twice !== undefined) throw unusable(`two columns of the header give ${twice}; leave one out`)
  const missing = Object.keys(columns).filter(
    name => columns[name]!.required && !ours.includes(name) && !mapping.set.has(name) && !mapping.fill.has(name),
  )
  if (missing.length > 0) {
    throw unusable(
      `the header must name the columns ${missing.join(', ')}; ${itNames}; ` +
        'name yours with --map, or give them a text with --set',
    )
  }
  const badText = problemOfTexts(mapping, new Set(theirs.flatMap((name, index) => [name, ours[index] ?? name])))
  if (badText !== null) throw unusable(badText)
  if (lines.length === 0) throw unusable('there is no row below the header')
  const used = (index: number) => ours[index] !== null || isQuoted(theirs[index]!, mapping)
  return {
    ignored: theirs.filter((name, index) => name !== '' && !used(index)),
    rows: lines.map(({ line, fields, problem }) => {
      const count = fields.length === theirs.length ? null : `has ${fields.length} fields instead of ${theirs.length}`
      const given = new Map(theirs.map((name, index) => [name, fields[index]?.trim() ?? '']))
      const values: Record<string, string> = {}
      ours.forEach((name, index) => {
        if (name === null) return
        values[name] = fields[index]?.trim() ?? ''
        given.set(name, values[name])
      })
      for (const [name, text] of mapping.set) values[name] = filledIn(text, given)
      for (const [name, text] of mapping.fill) values[name] ||= filledIn(text, given)
      return { line, values, problem: problem ?? count }
    }),
  }
}

async function readTable(
  file: string,
  columns: Columns,
  { map }: Mapping,
): Promise<{ header: CsvRow; lines: CsvRow[] }> {
  const known = new Set(Object.entries(columns).flatMap(([ours, { also }]) => [ours, ...also].map(alike)))
  const whole = await readTableText(file)
  const { text, delimiter } = withDelimiter(whole, name => map.has(name) || known.has(alike(name)))
  const [header, ...rows] = parseCsv(text, delimiter)
  if (header === undefined) throw new UnusableFile(`${path.basename(file)} is empty.`)
  // Spreadsheets save rows that were emptied.
  const lines = rows.filter(({ fields, problem }) => problem !== null || fields.some(field => field.trim() !== ''))
  return { header, lines }
}

/** The same for names that differ in no more than case, spaces and signs: `Unit ID`, `unitId` and `unit_id`. */
const alike = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')

/**
 * Our name of each column: as it was mapped, as it is called here, as files call it too, or alike; null for one of no use.
 * Those that a closer name has are left to it.
 */
function ourNames(theirs: readonly string[], columns: Columns, mapping: Mapping): (string | null)[] {
  const found = new Map(mapping.map)
  const mapped = new Set(mapping.map.values())
  for (const [ours, { also }] of Object.entries(columns)) {
    if (mapped.has(ours) || mapping.set.has(ours)) continue
    const ways: ((name: string) => boolean)[] = [
      name => name === ours,
      name => also.includes(name),
      name => alike(name) === alike(ours),
      name => also.some(other => alike(name) === alike(other)),
    ]
    const names = ways
      .map(isOurs => theirs.filter(name => !found.has(name) && isOurs(name)))
      .find(all => all.length > 0)
    for (const name of names ?? []) found.set(name, ours)
  }
  return theirs.map(name => found.get(name) ?? null)
}

const PLACEHOLDER = /\{([^{}]+)\}/g

const isQuoted = (name: string, { set, fill }: Mapping): boolean =>
  [...set.values(), ...fill.values()].some(text => text.includes(`{${name}}`))

function problemOfTexts({ set, fill }: Mapping, names: ReadonlySet<string>): string | null {
  const columns = [...names].filter(name => name !== '').map(name => `{${name}}`)
  const texts = [...set].map(pair => ['--set', ...pair]).concat([...fill].map(pair => ['--fill', ...pair]))
  for (const [option, column, text] of texts as [string, string, string][]) {
    const unknown = [...text.matchAll(PLACEHOLDER)].find(([, name]) => !names.has(name!))?.[1]
    const braces = /[{}]/.test(text.replaceAll(PLACEHOLDER, ''))
    if (unknown === undefined && !braces) continue
    const why = unknown === undefined ? 'braces stand around the name of a column' : `there is no column ${unknown}`
    return `${option} ${column}=${text}: ${why}; those of the file are ${columns.join(', ')}`
  }
  return null
}

const filledIn = (text: string, given: ReadonlyMap<string, string>): string =>
  text.replaceAll(PLACEHOLDER, (_, name: string) => given.get(name)!)

/** Input: `name=value` as given after --map or --set. */
export function splitPair(text: string): readonly [string, string] | null {
  const at = text.indexOf('=')
  return at > 0 && at < text.length - 1 ? [text.slice(0, at).trim(), text.slice(at + 1).trim()] : null
}
