/** Calls that are over, each with its trips, as they were when they left the memory of their region. */
import type { Migration } from './migration.ts'

export const closedCalls: Migration = {
  name: '0019-closed-calls',
  sql: `
-- Written when a call leaves memory, read when somebody asks for it. Its snapshots are taken away in the same statement.
CREATE TABLE log.closed_calls (
  region          text NOT NULL,
  call_id         text NOT NULL,
  -- Every event of the call and of its trips up to here is in the state.
  position        bigint NOT NULL,
  -- Its number, if it has one; when its caller called; where it is.
  year            integer,
  number          bigint,
  received_at_ms  bigint NOT NULL,
  lon_deg         double precision NOT NULL,
  lat_deg         double precision NOT NULL,
  state           jsonb NOT NULL,
  checksum        bigint,
  PRIMARY KEY (region, call_id)
);
CREATE INDEX ON log.closed_calls (region, year, number) WHERE year IS NOT NULL;
CREATE INDEX ON log.closed_calls (region, received_at_ms);

CREATE TABLE log.closed_trips (
  region  text NOT NULL,
  trip_id text NOT NULL,
  call_id text NOT NULL,
  PRIMARY KEY (region, trip_id)
);
`,
}
