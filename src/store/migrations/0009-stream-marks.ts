/** How far the streams of a unit had come that its region no longer has in memory. */
import type { Migration } from './migration.ts'

export const streamMarks: Migration = {
  name: '0009-stream-marks',
  sql: `
-- Written when a stream leaves memory, read when its client comes back with it.
CREATE TABLE location.stream_marks (
  region      text NOT NULL,
  unit_id     text NOT NULL,
  stream_id   text NOT NULL,
  durable_seq bigint NOT NULL CHECK (durable_seq > 0),
  -- Whose memory it left, and counted there: of a unit's marks those that left longest ago are forgotten first.
  epoch       bigint NOT NULL,
  leave_no    bigint NOT NULL,
  PRIMARY KEY (region, unit_id, stream_id)
) WITH (fillfactor = 80);
`,
}
