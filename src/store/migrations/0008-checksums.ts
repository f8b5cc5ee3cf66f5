/**
 * A checksum in every row that an engine starts from, so that one that was changed behind its back is noticed.
 *
 * The server computes it when it inserts and compares it when it is asked for the row: `jsonb` does not keep the text
 * that was sent, and only the server has the one that it keeps. A checksum of NULL stands for nothing: rows of before
 * this migration have it, and so may a row that was mended by hand.
 */
import type { Migration } from './migration.ts'

export const checksums: Migration = {
  name: '0008-checksums',
  sql: `
ALTER TABLE log.records ADD COLUMN checksum bigint;
ALTER TABLE log.commands ADD COLUMN checksum bigint;
ALTER TABLE log.snapshots ADD COLUMN checksum bigint;
ALTER TABLE log.call_details ADD COLUMN checksum bigint;
ALTER TABLE location.segments ADD COLUMN checksum bigint;

-- Sets of snapshots that an engine would not start from, the last of each region, for whoever looks into it.
CREATE TABLE log.refused_snapshots (
  region     text NOT NULL,
  entity     text NOT NULL,
  position   bigint NOT NULL,
  segment_no bigint NOT NULL,
  state      jsonb NOT NULL,
  checksum   bigint,
  refused_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, entity)
);
`,
}
