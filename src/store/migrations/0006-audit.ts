/**
 * Schema `audit`: who did what, one chain of entries that cannot be changed without being noticed; and an index by time
 * on the segments, for reading a unit's track.
 *
 * An entry's hash covers the hash before it, so the whole chain hangs on its last one, which `audit.head` keeps. The
 * bytes are told in docs/audit.md and computed a second time, from the stored columns alone, by store/audit/audit-chain.ts.
 */
export const audit = {
  name: '0006-audit',
  sql: `
CREATE SCHEMA audit;

CREATE TABLE audit.entries (
  seq       bigint PRIMARY KEY CHECK (seq > 0),
  at        timestamptz NOT NULL,
  actor     text NOT NULL,
  action    text NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('done', 'refused')),
  region    text,
  subject   text,
  address   text,
  details   jsonb NOT NULL,
  prev_hash bytea NOT NULL,
  hash      bytea NOT NULL
);
CREATE INDEX entries_by_actor ON audit.entries (actor, seq);
CREATE INDEX entries_by_action ON audit.entries (action, seq);
CREATE INDEX entries_by_time ON audit.entries (at);

-- The end of the chain, and the lock by which entries are appended one after another.
CREATE TABLE audit.head (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  seq    bigint NOT NULL,
  hash   bytea NOT NULL
) WITH (fillfactor = 50);
INSERT INTO audit.head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- How far each region's log has been searched for what belongs into the audit.
CREATE TABLE audit.cursors (
  region   text PRIMARY KEY,
  position bigint NOT NULL
) WITH (fillfactor = 50);

-- A segment of live fixes spans little time, so its end alone bounds the search; those with a backlog have their own.
CREATE INDEX segments_by_time ON location.segments (region, last_fixed_at_ms, segment_no)
  WHERE last_fixed_at_ms - first_fixed_at_ms <= 3600000;
CREATE INDEX wide_segments_by_time ON location.segments (region, last_fixed_at_ms, segment_no)
  WHERE last_fixed_at_ms - first_fixed_at_ms > 3600000;
`,
}
