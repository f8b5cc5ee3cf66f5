/** Segments of fixes that were moved out of the database into files, for their age. */
import type { Migration } from './migration.ts'

export const archives: Migration = {
  name: '0022-archives',
  sql: `
-- A file each: every segment from the first to the last is in it, and not in location.segments.
CREATE TABLE location.archives (
  region            text NOT NULL,
  from_no           bigint NOT NULL,
  to_no             bigint NOT NULL CHECK (to_no >= from_no),
  first_fixed_at_ms bigint NOT NULL,
  last_fixed_at_ms  bigint NOT NULL,
  fixes             bigint NOT NULL,
  file              text NOT NULL,
  file_bytes        bigint NOT NULL,
  sha256            text NOT NULL,
  archived_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, from_no)
);
CREATE INDEX archives_by_time ON location.archives (region, last_fixed_at_ms);
`,
}
