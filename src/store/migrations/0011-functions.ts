/** Functions have files of their own (`store/functions`), which are applied again whenever their text is another. */
import type { Migration } from './migration.ts'

export const functionFiles: Migration = {
  name: '0011-functions',
  sql: `
-- What was applied last of each file.
CREATE TABLE goldenhour.functions (
  file       text PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
`,
}
