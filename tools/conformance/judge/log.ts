/**
 * A client's own log of frames: one JSON object a line, in the order in which the client sent and received.
 *
 * `{"atMs", "connection", "dir": "open", "subprotocol"}`, then `"sent"` and `"received"` with the frame as `text`, `hex` or
 * `base64`, and `"closed"` with the `code`. `atMs` is milliseconds of any one clock; `connection` any name or number.
 */

interface Stamp {
  /** Line of the log, from 1. */
  readonly line: number
  readonly atMs: number
  readonly connection: string
}
export interface FrameEntry extends Stamp {
  readonly dir: 'sent' | 'received'
  readonly data: string | Uint8Array
}
export type Entry =
  | (Stamp & { readonly dir: 'open'; readonly subprotocol: string })
  | FrameEntry
  | (Stamp & { readonly dir: 'closed'; readonly code: number })

/** As it is before it has a place in the log. */
export type Unnumbered<E = Entry> = E extends Entry ? Omit<E, 'line'> : never

/** The log cannot be read; the message names the line and what is wanted there. */
export class LogUnreadable extends Error {
  override readonly name = 'LogUnreadable'
}

/** Errors: LogUnreadable. */
export function readLog(text: string): Entry[] {
  const open = new Set<string>()
  let latestMs = Number.NEGATIVE_INFINITY
  const entries = text.split('\n').flatMap((content, index): Entry[] => {
    if (content.trim() === '') return []
    const entry = readLine(content, index + 1)
    if (entry.atMs < latestMs)
      throw fault(entry.line, '`atMs` runs backwards: write the lines in their order, by one clock')
    latestMs = entry.atMs
    if (entry.dir === 'open') {
      if (open.has(entry.connection)) throw fault(entry.line, `connection ${entry.connection} is open already`)
      open.add(entry.connection)
    } else if (!open.has(entry.connection)) {
      throw fault(entry.line, `connection ${entry.connection} is not open: a line with "dir": "open" comes first`)
    }
    if (entry.dir === 'closed') open.delete(entry.connection)
    return [entry]
  })
  if (entries.length === 0) throw new LogUnreadable('The log has no line.')
  return entries
}

/** One line, as a recorder writes it. */
export function writeLine(entry: Unnumbered): string {
  if (!('data' in entry)) return JSON.stringify(entry)
  const { data, ...rest } = entry
  const frame = typeof data === 'string' ? { text: data } : { hex: Buffer.from(data).toString('hex') }
  return JSON.stringify({ ...rest, ...frame })
}

function readLine(content: string, line: number): Entry {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw fault(line, 'not JSON')
  }
  if (typeof value !== 'object' || value === null) throw fault(line, 'not a JSON object')
  const { atMs, connection, dir, subprotocol, code, text, hex, base64 } = value as Record<string, unknown>
  if (typeof atMs !== 'number' || !Number.isFinite(atMs)) throw fault(line, '`atMs` must be a number of milliseconds')
  if (typeof connection !== 'string' && typeof connection !== 'number') {
    throw fault(line, '`connection` must be a name or a number')
  }
  const stamp = { line, atMs, connection: String(connection) }
  switch (dir) {
    case 'open':
      if (typeof subprotocol !== 'string') throw fault(line, '`subprotocol` must be the one that the server chose')
      return { ...stamp, dir, subprotocol }
    case 'closed':
      if (typeof code !== 'number') throw fault(line, '`code` must be the close code, 1006 where there was none')
      return { ...stamp, dir, code }
    case 'sent':
    case 'received':
      return { ...stamp, dir, data: dataOf({ text, hex, base64 }, line) }
    default:
      throw fault(line, '`dir` must be open, sent, received or closed')
  }
}

function dataOf({ text, hex, base64 }: Readonly<Record<string, unknown>>, line: number): string | Uint8Array {
  if (typeof text === 'string') return text
  if (typeof hex === 'string' && /^(?:[0-9a-f]{2})*$/i.test(hex)) return Buffer.from(hex, 'hex')
  if (typeof base64 === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return Buffer.from(base64, 'base64')
  throw fault(line, 'a frame needs its `text`, or its bytes as `hex` or `base64`')
}

const fault = (line: number, what: string): LogUnreadable => new LogUnreadable(`Line ${line}: ${what}.`)
