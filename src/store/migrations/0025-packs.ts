/** Segments of fixes that were packed into a track for each unit. */
import type { Migration } from './migration.ts'

export const packs: Migration = {
  name: '0025-packs',
  sql: `
-- A run each: every fix of the segments from the first to the last is in its tracks, and not in location.segments.
CREATE TABLE location.packs (
  region             text NOT NULL,
  from_no            bigint NOT NULL,
  to_no              bigint NOT NULL CHECK (to_no >= from_no),
  first_log_position bigint NOT NULL,
  last_log_position  bigint NOT NULL,
  first_fixed_at_ms  bigint NOT NULL,
  last_fixed_at_ms   bigint NOT NULL,
  fixes              bigint NOT NULL,
  first_track_no     bigint NOT NULL,
  last_track_no      bigint NOT NULL CHECK (last_track_no >= first_track_no),
  packed_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, from_no)
);
CREATE INDEX packs_by_time ON location.packs (region, last_fixed_at_ms);
-- A unit of a run each; numbered in its region, so that a backup has those behind the last one.
CREATE TABLE location.tracks (
  region             text NOT NULL,
  unit_id            text NOT NULL,
  first_fixed_at_ms  bigint NOT NULL,
  last_fixed_at_ms   bigint NOT NULL,
  track_no           bigint NOT NULL,
  fix_count          integer NOT NULL,
  codec_version      smallint NOT NULL,
  bytes              bytea NOT NULL,
  checksum           bigint NOT NULL,
  PRIMARY KEY (region, track_no)
);
-- Its bytes are compressed already.
ALTER TABLE location.tracks ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX tracks_by_unit ON location.tracks (region, unit_id, track_no);
`,
}
