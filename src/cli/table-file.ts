/**
 * The text of a table as spreadsheets save it, and its delimiter: unpacked, in whatever Unicode it is, with LF or CRLF.
 *
 * What is no such text is named as what it is, with what to do.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parseCsv } from '../base/csv.ts'

/** The file cannot be read as rows at all; the message begins with its name. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
}

/** More than this unpacked is no table of places: a small file could otherwise fill the memory. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024

const GZIP = [0x1f, 0x8b]
const BEGINNINGS: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a workbook (.xlsx, .ods) or another ZIP file'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'a workbook of an older Excel (.xls)'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF'],
]
const SAVE_AS = 'save the table as "CSV UTF-8" and import that'

/** Errors: UnusableFile. */
export async function readTableText(file: string): Promise<string> {
  const name = path.basename(file)
  const bytes = await unpacked(name, await readBytes(file))
  const [, kind] = BEGINNINGS.find(([beginning]) => beginsWith(bytes, beginning)) ?? []
  if (kind !== undefined) throw new UnusableFile(`${name} is ${kind}, not CSV; ${SAVE_AS}.`)
  const text = decoded(name, bytes)
  if (text.trim() === '') throw new UnusableFile(`${name} is empty.`)
  // Lines of an old Mac.
  return text.includes('\n') ? text : text.replaceAll('\r', '\n')
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new UnusableFile(`The file ${file} does not exist; check its name and folder.`, { cause })
    if (code === 'EISDIR') throw new UnusableFile(`${file} is a folder; name a file in it.`, { cause })
    throw new UnusableFile(`${file} cannot be read (${code}); check its rights.`, { cause })
  }
}

async function unpacked(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (!beginsWith(bytes, GZIP) && !name.endsWith('.gz')) return bytes
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: UNPACKED_BYTES_MAX })
  } catch (error) {
    throw new UnusableFile(`${name} cannot be unpacked: ${(error as Error).message}.`)
  }
}

/** Excel's "Unicode Text" is UTF-16 with a mark at its beginning. */
function decoded(name: string, bytes: Uint8Array): string {
  const encoding = beginsWith(bytes, [0xff, 0xfe]) ? 'utf-16le' : beginsWith(bytes, [0xfe, 0xff]) ? 'utf-16be' : 'utf-8'
  let text: string
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new UnusableFile(`${name} is not UTF-8; save it as "CSV UTF-8" and import it again.`)
  }
  if (text.includes('\0')) throw new UnusableFile(`${name} is not UTF-8, perhaps UTF-16 without its mark; ${SAVE_AS}.`)
  return text
}

const beginsWith = (bytes: Uint8Array, beginning: readonly number[]): boolean =>
  beginning.every((byte, index) => bytes[index] === byte)

const DELIMITERS = [',', ';', '\t']
/** Excel's own way to name the delimiter, on a line before the header. */
const SEP_LINE = /^\uFEFF?sep=([^\r\n])(?=\r?\n)/i

/**
 * The text, and the delimiter that its first line names; else the one with which its header has most names that
 * `isKnown`, then most names. The line that names it is emptied, so that lines keep their numbers.
 */
export function withDelimiter(text: string, isKnown: (name: string) => boolean): { text: string; delimiter: string } {
  const [line, named] = SEP_LINE.exec(text) ?? []
  if (line !== undefined) return { text: text.slice(line.length), delimiter: named! }
  const header = /^[\uFEFF\s]*[^\n]*/.exec(text)![0]
  const scores = DELIMITERS.map(delimiter => {
    const names = parseCsv(header, delimiter)[0]?.fields ?? []
    return names.filter(name => isKnown(name.trim())).length * header.length + names.length
  })
  return { text, delimiter: DELIMITERS[scores.indexOf(Math.max(...scores))]! }
}
