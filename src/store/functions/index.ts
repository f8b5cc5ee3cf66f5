/** The functions and triggers of the schema, a file for each of Postgres' schemas, in the order in which they are applied. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** SQL that may be applied again at any time, and leaves the same things behind each time. */
export interface FunctionFile {
  readonly file: string
  readonly sql: string
  /** Of the text: a database that has another applies it. */
  readonly sha256: string
}

// Functions in SQL are checked when they are made, so what they call comes before them.
export const functions: readonly FunctionFile[] = [
  'log.sql',
  'location.sql',
  'reference.sql',
  'audit.sql',
  'auth.sql',
  'views.sql',
].map(file => {
  const sql = readFileSync(new URL(file, import.meta.url), 'utf8')
  return { file, sql, sha256: createHash('sha256').update(sql).digest('hex') }
})
