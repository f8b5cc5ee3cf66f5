/** Whether a hospital takes patients now: what people say of it, beside what it is. */
import type { Migration } from './migration.ts'

export const hospitalStatus: Migration = {
  name: '0020-hospital-status',
  sql: `
ALTER TABLE reference.hospitals
  ADD COLUMN status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'divert', 'closed')),
  ADD COLUMN status_note text,
  -- By the wall clock; null where nobody has said anything yet.
  ADD COLUMN status_since_ms bigint;
`,
}
