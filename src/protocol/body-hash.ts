/** What a command asks for, as one hash: how a repeated command id is told from one that is used again for something else. */
import { createHash } from 'node:crypto'
import type { Command } from '../domain/commands.ts'

/**
 * Input: a validated command, in which absent fields are already null. Output: SHA-256 of its canonical JSON (keys sorted,
 * no id, no trace) as 64 lower-case hex digits; the same over both WebSocket formats and HTTP.
 */
export function bodyHash(command: Command): string {
  return createHash('sha256').update(canonical(command)).digest('hex')
}

/** As `JSON.stringify` writes it, but for the order of the keys. Arrays keep theirs: the first need is not the second. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const fields = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] === undefined) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${canonical(fields[key])}`
  }
  return text === '' ? '{}' : `${text}}`
}
