/** What was said about calls: notes that are added, and the versions of a call's details that were replaced. */
import type { Migration } from './migration.ts'

export const callNotes: Migration = {
  name: '0013-call-notes',
  sql: `
DROP FUNCTION IF EXISTS log.call_details_checksum(text, text, text, text, text, text);
DROP FUNCTION IF EXISTS log.append_records(text, bigint, text, bigint[], bigint[], text[], text[], text[], text[], text[],
  text[], text[], bigint[], bigint[], text[], text[], text[], boolean[], text[], text[], text[], text[], text[]);

-- The record that wrote the row, which says who did and when; NULL in rows of before, which have 0 once they are former.
ALTER TABLE log.call_details ADD COLUMN position bigint;

-- Whoever erases a call's details erases with them what they were and what was said.
CREATE TABLE log.former_call_details (
  region      text NOT NULL,
  call_id     text NOT NULL,
  position    bigint NOT NULL,
  caller_name text,
  phone       text,
  address     text,
  notes       text,
  checksum    bigint,
  PRIMARY KEY (region, call_id, position),
  FOREIGN KEY (region, call_id) REFERENCES log.call_details ON DELETE CASCADE
);

CREATE TABLE log.call_notes (
  region      text NOT NULL,
  call_id     text NOT NULL,
  note_no     integer NOT NULL CHECK (note_no > 0),
  author      text NOT NULL,
  unit_id     text,
  noted_at_ms bigint NOT NULL,
  corrects    integer,
  text        text NOT NULL,
  checksum    bigint,
  PRIMARY KEY (region, call_id, note_no),
  FOREIGN KEY (region, call_id) REFERENCES log.call_details ON DELETE CASCADE
);
`,
}
