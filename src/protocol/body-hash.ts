/** What a command asks for, as one hash: how a repeated command id is told from one that is used again for something else. */
import { createHash } from 'node:crypto'
import type { Command } from '../domain/commands.ts'

/**
 * Input: a validated command, in which absent fields are already null. Output: SHA-256 of its canonical JSON (keys sorted,
 * no id, no trace) as 64 lower-case hex digits; the same over both WebSocket formats and HTTP.
 */
export function bodyHash(command: Command): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(command)))
    .digest('hex')
}

/** Arrays keep their order: the first need is not the second. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
