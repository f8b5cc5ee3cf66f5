/**
 * Schemas `log` and `location`: who owns a region, what it decided, and the fixes it took.
 *
 * Fence and writes are one call of a server-side function, so that no transaction stays open while a process is
 * stopped, and at READ COMMITTED: every statement inside a function sees what committed before it began, so the reads
 * after a lock see what the lock waited for. FOR SHARE and not FOR KEY SHARE: only the former excludes a takeover.
 */
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

CREATE FUNCTION location.segment_end(p_region text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(segment_no), 0) FROM location.segments WHERE region = p_region
$$;

CREATE FUNCTION log.log_end(p_region text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(position), 0) FROM log.records WHERE region = p_region
$$;

-- Holds the ownership against a takeover until the end of the transaction; false when it is gone.
CREATE FUNCTION log.hold(p_region text, p_epoch bigint, p_incarnation text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM log.region_owner
    WHERE region = p_region AND epoch = p_epoch AND incarnation = p_incarnation FOR SHARE;
  RETURN FOUND;
END $$;

-- Raises the epoch, which waits for every statement that holds the old one.
CREATE FUNCTION log.acquire(p_region text, p_incarnation text,
  OUT epoch bigint, OUT log_end bigint, OUT segment_end bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log.region_owner AS o VALUES (p_region, 1, p_incarnation)
    ON CONFLICT (region) DO UPDATE SET epoch = o.epoch + 1, incarnation = excluded.incarnation
    RETURNING o.epoch INTO epoch;
  log_end := log.log_end(p_region);
  segment_end := location.segment_end(p_region);
END $$;

-- Waits for the statements in flight of this ownership, then tells what stands; no row when the ownership is gone.
CREATE FUNCTION log.settle(p_region text, p_epoch bigint, p_incarnation text)
RETURNS TABLE (log_end bigint, segment_end bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM log.region_owner
    WHERE region = p_region AND epoch = p_epoch AND incarnation = p_incarnation FOR UPDATE;
  IF FOUND THEN
    log_end := log.log_end(p_region);
    segment_end := location.segment_end(p_region);
    RETURN NEXT;
  END IF;
END $$;

-- One element a record, a command, a change of open_trip (in the order of the log) and a call; false when fenced.
CREATE FUNCTION log.append_records(
  p_region text, p_epoch bigint, p_incarnation text,
  r_position bigint[], r_recorded_at_ms bigint[], r_principal text[], r_command_id text[], r_trace text[],
  r_events text[],
  c_principal text[], c_command_id text[], c_body_hash text[], c_position bigint[], c_recorded_at_ms bigint[],
  c_result text[],
  o_unit_id text[], o_trip_id text[], o_opens boolean[],
  d_call_id text[], d_caller_name text[], d_phone text[], d_address text[], d_notes text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_end bigint;
BEGIN
  IF NOT log.hold(p_region, p_epoch, p_incarnation) THEN
    RETURN false;
  END IF;

  v_end := log.log_end(p_region);
  IF EXISTS (SELECT 1 FROM unnest(r_position) WITH ORDINALITY AS r (position, n) WHERE r.position <> v_end + r.n) THEN
    RAISE EXCEPTION 'positions % to % do not follow the end of the log, %',
      r_position[1], r_position[cardinality(r_position)], v_end USING ERRCODE = 'integrity_constraint_violation';
  END IF;

  INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, trace, events)
    SELECT p_region, r.position, r.recorded_at_ms, p_epoch, r.principal, r.command_id, r.trace, r.events::jsonb
    FROM unnest(r_position, r_recorded_at_ms, r_principal, r_command_id, r_trace, r_events)
      AS r (position, recorded_at_ms, principal, command_id, trace, events);

  IF cardinality(c_position) > 0 THEN
    INSERT INTO log.commands (region, principal, command_id, body_hash, position, recorded_at_ms, result)
      SELECT p_region, c.principal, c.command_id, decode(c.body_hash, 'hex'), c.position, c.recorded_at_ms,
        c.result::jsonb
      FROM unnest(c_principal, c_command_id, c_body_hash, c_position, c_recorded_at_ms, c_result)
        AS c (principal, command_id, body_hash, position, recorded_at_ms, result);
  END IF;

  -- One by one in the order of the log: a unit may be closed and opened, and opened and closed, in one batch.
  FOR i IN 1 .. cardinality(o_unit_id) LOOP
    IF o_opens[i] THEN
      INSERT INTO log.open_trip (region, unit_id, trip_id) VALUES (p_region, o_unit_id[i], o_trip_id[i]);
    ELSE
      DELETE FROM log.open_trip WHERE region = p_region AND unit_id = o_unit_id[i] AND trip_id = o_trip_id[i];
    END IF;
  END LOOP;

  IF cardinality(d_call_id) > 0 THEN
    INSERT INTO log.call_details (region, call_id, caller_name, phone, address, notes)
      SELECT p_region, d.call_id, d.caller_name, d.phone, d.address, d.notes
      FROM unnest(d_call_id, d_caller_name, d_phone, d_address, d_notes)
        AS d (call_id, caller_name, phone, address, notes);
  END IF;
  RETURN true;
END $$;

CREATE FUNCTION location.append_segment(
  p_region text, p_epoch bigint, p_incarnation text,
  p_segment_no bigint, p_log_position bigint, p_first_fixed_at_ms bigint, p_last_fixed_at_ms bigint,
  p_fix_count integer, p_codec_version smallint, p_bytes bytea
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_end bigint;
BEGIN
  IF NOT log.hold(p_region, p_epoch, p_incarnation) THEN
    RETURN false;
  END IF;
  v_end := location.segment_end(p_region);
  IF p_segment_no <> v_end + 1 THEN
    RAISE EXCEPTION 'segment % does not follow the last one, %', p_segment_no, v_end
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO location.segments VALUES (p_region, p_segment_no, p_log_position, p_first_fixed_at_ms,
    p_last_fixed_at_ms, p_fix_count, p_codec_version, p_bytes);
  RETURN true;
END $$;
`,
}
