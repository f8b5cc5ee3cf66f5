/** A file of comma-separated values as rows by column name: read, unpacked, its columns mapped and constants set. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parseCsv } from './csv.ts'

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

/** The file cannot be read as rows at all; the message begins with its name. */
class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
}

/** More than this unpacked is no table of places: a small file could otherwise fill the memory. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024

/** Errors: UnusableFile. */
export async function readRows(file: string, columns: Columns, mapping: Mapping): Promise<ReadRows> {
  const [header, ...lines] = parseCsv(await readText(file))
  const at = `${path.basename(file)}:${header?.line ?? 1}`
  const theirs = header?.fields.map(name => name.trim()) ?? []
  if (header?.problem) throw new UnusableFile(`${at}: ${header.problem}`)
  for (const name of mapping.map.keys()) {
    if (!theirs.includes(name)) throw new UnusableFile(`${at}: --map names a column ${name}, which the header does not`)
  }
  const ours = theirs.map(name => ourName(name, theirs, columns, mapping))
  const twice = ours.find((name, index) => name !== null && ours.indexOf(name) !== index)
  if (twice !== undefined) throw new UnusableFile(`${at}: two columns of the header give ${twice}; leave one out`)
  const missing = Object.keys(columns).filter(
    name => columns[name]!.required && !ours.includes(name) && !mapping.set.has(name) && !mapping.fill.has(name),
  )
  if (missing.length > 0) {
    throw new UnusableFile(
      `${at}: the header must name the columns ${missing.join(', ')}; name yours with --map, or give them a text with --set`,
    )
  }
  const names = new Set(theirs.flatMap((name, index) => [name, ours[index] ?? name]))
  for (const [option, texts] of [
    ['--set', mapping.set],
    ['--fill', mapping.fill],
  ] as const) {
    for (const [column, text] of texts) {
      const problem = problemOfText(text, names)
      if (problem !== null) throw new UnusableFile(`${at}: ${option} ${column}=${text}: ${problem}`)
    }
  }
  const used = (index: number) => ours[index] !== null || isQuoted(theirs[index]!, mapping)
  return {
    ignored: theirs.filter((_, index) => !used(index)),
    rows: lines.map(({ line, fields, problem }) => {
      const count = fields.length === theirs.length ? null : `has ${fields.length} fields instead of ${theirs.length}`
      const known = new Map(theirs.map((name, index) => [name, fields[index]?.trim() ?? '']))
      const values: Record<string, string> = {}
      ours.forEach((name, index) => {
        if (name === null) return
        values[name] = fields[index]?.trim() ?? ''
        known.set(name, values[name])
      })
      for (const [name, text] of mapping.set) values[name] = filledIn(text, known)
      for (const [name, text] of mapping.fill) values[name] ||= filledIn(text, known)
      return { line, values, problem: problem ?? count }
    }),
  }
}

/** Our name of a column: as it was mapped, as it is called here, or as files call it too; null for one of no use. */
function ourName(name: string, theirs: readonly string[], columns: Columns, mapping: Mapping): string | null {
  const mapped = mapping.map.get(name)
  if (mapped !== undefined) return mapped
  const taken = new Set(mapping.map.values())
  for (const [ours, { also }] of Object.entries(columns)) {
    if (taken.has(ours) || mapping.set.has(ours)) continue
    if (name === ours || (also.includes(name) && !theirs.includes(ours))) return ours
  }
  return null
}

const PLACEHOLDER = /\{([^{}]+)\}/g

const isQuoted = (name: string, { set, fill }: Mapping): boolean =>
  [...set.values(), ...fill.values()].some(text => text.includes(`{${name}}`))

function problemOfText(text: string, names: ReadonlySet<string>): string | null {
  const named = [...text.matchAll(PLACEHOLDER)].map(([, name]) => name!)
  const unknown = named.find(name => !names.has(name))
  const columns = `those of the file are ${[...names].map(name => `{${name}}`).join(', ')}`
  if (unknown !== undefined) return `there is no column ${unknown}; ${columns}`
  return /[{}]/.test(text.replaceAll(PLACEHOLDER, '')) ? `braces stand around the name of a column; ${columns}` : null
}

const filledIn = (text: string, known: ReadonlyMap<string, string>): string =>
  text.replaceAll(PLACEHOLDER, (_, name: string) => known.get(name)!)

/** Input: `name=value` as given after --map or --set. */
export function splitPair(text: string): readonly [string, string] | null {
  const at = text.indexOf('=')
  return at > 0 && at < text.length - 1 ? [text.slice(0, at).trim(), text.slice(at + 1).trim()] : null
}

async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UnusableFile(`${file} is not UTF-8; save it as "CSV UTF-8" and import it again.`)
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file)
  if (!file.endsWith('.gz')) return bytes
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: UNPACKED_BYTES_MAX })
  } catch (error) {
    throw new UnusableFile(`${file} cannot be unpacked: ${(error as Error).message}.`)
  }
}
