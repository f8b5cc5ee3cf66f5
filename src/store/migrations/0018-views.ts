/**
 * Schema `views`: what the log says, in tables that people ask questions of.
 *
 * Every row belongs to a run of the log through the fold. `views.cursors` says which run is read: a rebuild fills the next one
 * beside it and takes its place in one step. The tables that end in `_rows` are for the engine; what people read are the views
 * over them (`functions/views.sql`). `folded` is the state that the next event goes on from.
 */
import type { Migration } from './migration.ts'

const OF_RUN = 'region text NOT NULL, run integer NOT NULL'

export const views: Migration = {
  name: '0018-views',
  sql: `
CREATE SCHEMA views;

-- How far the log has been folded, and which run of it is read.
CREATE TABLE views.cursors (
  region         text PRIMARY KEY,
  position       bigint NOT NULL,
  run            integer NOT NULL DEFAULT 1,
  -- Of the last record that was folded.
  recorded_at_ms bigint,
  -- Records and events that could not be folded: all of them, while passed_over_rows keeps a thousand.
  passed_over    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The run that is to be read next, while it is made.
CREATE TABLE views.rebuilds (
  region         text PRIMARY KEY,
  run            integer NOT NULL,
  position       bigint NOT NULL,
  recorded_at_ms bigint,
  passed_over    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE views.passed_over_rows (
  ${OF_RUN},
  position bigint NOT NULL,
  -- Its place in the record, from 0; -1 for the whole record.
  event    integer NOT NULL,
  entity   text NOT NULL,
  type     text,
  why      text NOT NULL,
  PRIMARY KEY (region, run, position, event, entity)
);

CREATE TABLE views.region_rows (
  ${OF_RUN},
  position bigint NOT NULL,
  folded   jsonb NOT NULL,
  PRIMARY KEY (region, run)
) WITH (fillfactor = 70);

CREATE TABLE views.call_rows (
  ${OF_RUN},
  call_id              text NOT NULL,
  incident_no          text,
  state                text NOT NULL,
  priority             smallint NOT NULL,
  entered_priority     smallint NOT NULL,
  problem              text,
  lon_deg              double precision NOT NULL,
  lat_deg              double precision NOT NULL,
  units_needed         integer NOT NULL,
  received_at_ms       bigint NOT NULL,
  received_source      text,
  entered_at_ms        bigint NOT NULL,
  entered_by           text,
  entered_position     bigint NOT NULL,
  first_notified_at_ms bigint,
  ended_at_ms          bigint,
  position             bigint NOT NULL,
  folded               jsonb NOT NULL,
  PRIMARY KEY (region, run, call_id)
) WITH (fillfactor = 70);
CREATE INDEX call_rows_in_order ON views.call_rows (region, run, entered_position, call_id);
CREATE INDEX call_rows_by_time ON views.call_rows (region, run, received_at_ms);
CREATE INDEX call_rows_by_number ON views.call_rows (region, run, incident_no);
CREATE INDEX call_rows_open ON views.call_rows (region, run, entered_position) WHERE state = 'open';

CREATE TABLE views.trip_rows (
  ${OF_RUN},
  trip_id           text NOT NULL,
  call_id           text NOT NULL,
  response_no       text,
  phase             text NOT NULL,
  phase_since_ms    bigint NOT NULL,
  priority          smallint NOT NULL,
  lon_deg           double precision NOT NULL,
  lat_deg           double precision NOT NULL,
  level_of_care     text NOT NULL,
  transport         boolean NOT NULL,
  capabilities      text[] NOT NULL,
  received_at_ms    bigint NOT NULL,
  created_at_ms     bigint NOT NULL,
  created_position  bigint NOT NULL,
  pending_since_ms  bigint,
  on_hold           text,
  unit_id           text,
  offer_id          text,
  round             integer NOT NULL,
  helps_trip_id     text,
  helps_because     text,
  helped_by_trip_id text,
  disposition       text,
  cancel_reason     text,
  handed_to_trip_id text,
  missed            text[] NOT NULL,
  ended_at_ms       bigint,
  position          bigint NOT NULL,
  folded            jsonb NOT NULL,
  PRIMARY KEY (region, run, trip_id)
) WITH (fillfactor = 70);
CREATE INDEX trip_rows_in_order ON views.trip_rows (region, run, created_position, trip_id);
CREATE INDEX trip_rows_by_time ON views.trip_rows (region, run, received_at_ms);
CREATE INDEX trip_rows_by_call ON views.trip_rows (region, run, call_id);
CREATE INDEX trip_rows_open ON views.trip_rows (region, run, created_position) WHERE ended_at_ms IS NULL;

CREATE TABLE views.trip_time_rows (
  ${OF_RUN},
  trip_id     text NOT NULL,
  offer_id    text NOT NULL,
  "time"      text NOT NULL,
  unit_id     text NOT NULL,
  e_time      text NOT NULL,
  at_ms       bigint,
  cause       text NOT NULL,
  why_unknown text,
  other_at_ms bigint,
  corrected   text,
  PRIMARY KEY (region, run, trip_id, offer_id, "time")
) WITH (fillfactor = 70);

CREATE TABLE views.unit_rows (
  ${OF_RUN},
  unit_id               text NOT NULL,
  call_sign             text NOT NULL,
  level_of_care         text NOT NULL,
  transports            boolean NOT NULL,
  capabilities          text[] NOT NULL,
  home_station          text,
  status                text NOT NULL,
  status_since_ms       bigint NOT NULL,
  dispatchability       text NOT NULL,
  crew                  text,
  unavailable_reason    text,
  trip_id               text,
  standing_down_trip_id text,
  no_contact_trip_id    text,
  retired               boolean NOT NULL,
  position              bigint NOT NULL,
  folded                jsonb NOT NULL,
  PRIMARY KEY (region, run, unit_id)
) WITH (fillfactor = 70);

CREATE TABLE views.offer_rows (
  ${OF_RUN},
  trip_id        text NOT NULL,
  offer_id       text NOT NULL,
  call_id        text NOT NULL,
  unit_id        text NOT NULL,
  -- The unit as it was then.
  level_of_care  text,
  transports     boolean,
  mode           text NOT NULL,
  round          integer NOT NULL,
  offered_at_ms  bigint NOT NULL,
  deadline_at_ms bigint NOT NULL,
  by_voice       boolean NOT NULL,
  chosen_by      text,
  eta_ms         bigint,
  distance_m     double precision,
  outcome        text,
  reason         text,
  outcome_at_ms  bigint,
  outcome_by     text,
  response_end   text,
  position       bigint NOT NULL,
  PRIMARY KEY (region, run, trip_id, offer_id)
) WITH (fillfactor = 70);
CREATE INDEX offer_rows_by_time ON views.offer_rows (region, run, offered_at_ms);
CREATE INDEX offer_rows_by_unit ON views.offer_rows (region, run, unit_id, offered_at_ms);

CREATE TABLE views.decision_rows (
  ${OF_RUN},
  position       bigint NOT NULL,
  event          integer NOT NULL,
  trip_id        text NOT NULL,
  call_id        text NOT NULL,
  decided_at_ms  bigint NOT NULL,
  -- Null: nobody was found, and the alarm says so.
  unit_id        text,
  offer_id       text,
  alarm          text,
  chosen_by      text,
  policy_version integer,
  basis          text NOT NULL,
  roads_version  integer,
  not_by_road    text,
  eligible       integer,
  candidates     jsonb NOT NULL,
  excluded       jsonb NOT NULL,
  passed_over    jsonb,
  despite        text,
  loss           jsonb,
  PRIMARY KEY (region, run, position, event)
);
CREATE INDEX decision_rows_by_trip ON views.decision_rows (region, run, trip_id);
CREATE INDEX decision_rows_by_time ON views.decision_rows (region, run, decided_at_ms);

CREATE TABLE views.shift_rows (
  ${OF_RUN},
  unit_id          text NOT NULL,
  position         bigint NOT NULL,
  principal        text NOT NULL,
  signed_on_at_ms  bigint NOT NULL,
  signed_on_by     text NOT NULL,
  signed_off_at_ms bigint,
  signed_off_by    text,
  PRIMARY KEY (region, run, unit_id, position)
) WITH (fillfactor = 70);
CREATE INDEX shift_rows_open ON views.shift_rows (region, run, unit_id) WHERE signed_off_at_ms IS NULL;
CREATE INDEX shift_rows_by_time ON views.shift_rows (region, run, signed_on_at_ms);

CREATE TABLE views.alarm_rows (
  ${OF_RUN},
  alarm_id           text NOT NULL,
  kind               text NOT NULL,
  severity           smallint NOT NULL,
  entity             text NOT NULL,
  trip_id            text,
  unit_id            text,
  raised_at_ms       bigint NOT NULL,
  gone_at_ms         bigint,
  acknowledged_by    text,
  acknowledged_at_ms bigint,
  escalated_at_ms    bigint,
  shelved_by         text,
  shelved_at_ms      bigint,
  shelved_for_ms     bigint,
  ended_at_ms        bigint,
  "end"              text,
  mass               jsonb,
  PRIMARY KEY (region, run, alarm_id)
) WITH (fillfactor = 70);
CREATE INDEX alarm_rows_by_time ON views.alarm_rows (region, run, raised_at_ms);
`,
}
