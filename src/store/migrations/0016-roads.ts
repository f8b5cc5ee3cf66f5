/** The road networks of regions: every version that ever stood, and the bytes of the last few networks. */
import type { Migration } from './migration.ts'

export const roads: Migration = {
  name: '0016-roads',
  sql: `
CREATE SCHEMA roads;

-- The newest version stands. One without a network stands for the straight line.
CREATE TABLE roads.versions (
  region text NOT NULL REFERENCES reference.regions,
  version integer NOT NULL CHECK (version > 0),
  -- What the bytes of its graph say of themselves.
  sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  -- The version whose network was taken again.
  again integer,
  nodes integer NOT NULL,
  arcs integer NOT NULL,
  -- What the import kept and left out; null for what was not imported.
  report jsonb,
  changed_by text NOT NULL,
  changed_at_ms bigint NOT NULL,
  note text,
  PRIMARY KEY (region, version)
);

-- In pieces, so that neither side has all of them in one answer. The bytes are numbers, which do not pack well.
CREATE TABLE roads.parts (
  region text NOT NULL REFERENCES reference.regions,
  sha256 text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('graph', 'hierarchy')),
  number integer NOT NULL CHECK (number BETWEEN 0 AND 1023),
  bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 524288),
  PRIMARY KEY (region, sha256, kind, number)
);
ALTER TABLE roads.parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
`,
}
