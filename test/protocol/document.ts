/** Reads the protocol's pages as data: their tables, rules and frames, for the tests that hold them equal to the code. */
import assert from 'node:assert/strict'
import { protocolText } from '../../tools/protocol/pages.ts'

/** PROTOCOL.md and the pages that it lists, as one text. */
export const DOCUMENT = protocolText()

/** Output: the rows of the first table behind a line, without its head; each cell as written. */
export function tableAfter(line: string): string[][] {
  const at = DOCUMENT.split('\n').indexOf(line)
  assert.ok(at >= 0, `no page of the protocol has the line "${line}"`)
  const rest = DOCUMENT.split('\n').slice(at + 1)
  const first = rest.findIndex(row => row.startsWith('|'))
  const end = rest.findIndex((row, i) => i > first && !row.startsWith('|'))
  return rest.slice(first + 2, end < 0 ? undefined : end).map(cellsOf)
}

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim())
}

/** The words in backquotes of a cell. */
export const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1]!)

export interface DocumentFrame {
  readonly side: 'client' | 'server' | 'misuse'
  readonly json: string
  /** The bytes as shown, where they are. */
  readonly hex: string | null
}

export function frames(): DocumentFrame[] {
  const blocks = DOCUMENT.matchAll(/```json (client|server|misuse)\n(.+)\n```(?:\n\n```hex\n([0-9a-f \n]+)\n```)?/g)
  return [...blocks].map(([, side, json, hex]) => ({
    side: side as DocumentFrame['side'],
    json: json!,
    hex: hex?.replaceAll(/\s/g, '') ?? null,
  }))
}
