/** Schemas `log` and `location`: who owns a region, what it decided, and the fixes it took. */
export const log = {
  name: '0001-log',
  sql: `
CREATE SCHEMA log;
CREATE SCHEMA location;

CREATE TABLE log.region_owner (
  region      text PRIMARY KEY,
  epoch       bigint NOT NULL,
  incarnation text NOT NULL
) WITH (fillfactor = 50);

-- Apart from region_owner, so that renewals never queue behind commits. The incarnation is that of the process.
CREATE TABLE log.region_lease (
  region      text PRIMARY KEY,
  node        text NOT NULL,
  incarnation text NOT NULL,
  until       timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE log.records (
  region         text NOT NULL,
  position       bigint NOT NULL CHECK (position > 0),
  recorded_at_ms bigint NOT NULL,
  epoch          bigint NOT NULL,
  principal      text NOT NULL,
  command_id     text,
  trace          text,
  events         jsonb NOT NULL,
  PRIMARY KEY (region, position)
);

CREATE TABLE log.commands (
  region         text NOT NULL,
  principal      text NOT NULL,
  command_id     text NOT NULL,
  body_hash      bytea NOT NULL,
  position       bigint NOT NULL,
  recorded_at_ms bigint NOT NULL,
  result         jsonb NOT NULL,
  PRIMARY KEY (region, principal, command_id)
);
-- Read at recovery and forgotten by age.
CREATE INDEX commands_by_age ON log.commands (region, recorded_at_ms, position);

CREATE TABLE log.open_trip (
  region  text NOT NULL,
  unit_id text NOT NULL,
  trip_id text NOT NULL,
  PRIMARY KEY (region, unit_id)
) WITH (fillfactor = 50);

CREATE TABLE log.call_details (
  region      text NOT NULL,
  call_id     text NOT NULL,
  caller_name text,
  phone       text,
  address     text,
  notes       text,
  PRIMARY KEY (region, call_id)
);

-- Replaced in place again and again: room on the page keeps the updates off the index.
CREATE TABLE log.snapshots (
  region     text NOT NULL,
  entity     text NOT NULL,
  position   bigint NOT NULL,
  segment_no bigint NOT NULL,
  state      jsonb NOT NULL,
  PRIMARY KEY (region, entity)
) WITH (fillfactor = 70);

CREATE TABLE log.clock (
  "only"           boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  anchor_region_ms bigint NOT NULL,
  anchor_wall_ms   bigint NOT NULL,
  rate             double precision NOT NULL
);

CREATE TABLE location.segments (
  region            text NOT NULL,
  segment_no        bigint NOT NULL CHECK (segment_no > 0),
  log_position      bigint NOT NULL,
  first_fixed_at_ms bigint NOT NULL,
  last_fixed_at_ms  bigint NOT NULL,
  fix_count         integer NOT NULL,
  codec_version     smallint NOT NULL,
  bytes             bytea NOT NULL,
  PRIMARY KEY (region, segment_no)
);
-- Delta-coded bytes do not compress; trying costs time on each insert.
ALTER TABLE location.segments ALTER COLUMN bytes SET STORAGE EXTERNAL;
`,
}
