-- Who may append to a region's log, and appending.
--
-- Fence and writes are one call of a function, so that no transaction stays open while a process is stopped, and at READ
-- COMMITTED: every statement inside a function sees what committed before it began, so the reads after a lock see what the
-- lock waited for. FOR SHARE and not FOR KEY SHARE: only the former excludes a takeover.

CREATE OR REPLACE FUNCTION log.log_end(p_region text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(max(position), 0) FROM log.records WHERE region = p_region
$$;

-- Holds the ownership against a takeover until the end of the transaction; false when it is gone.
CREATE OR REPLACE FUNCTION log.hold(p_region text, p_epoch bigint, p_incarnation text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM log.region_owner
    WHERE region = p_region AND epoch = p_epoch AND incarnation = p_incarnation FOR SHARE;
  RETURN FOUND;
END $$;

-- Raises the epoch, which waits for every statement that holds the old one.
CREATE OR REPLACE FUNCTION log.acquire(p_region text, p_incarnation text,
  OUT epoch bigint, OUT log_end bigint, OUT segment_end bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log.region_owner AS o VALUES (p_region, 1, p_incarnation)
    ON CONFLICT (region) DO UPDATE SET epoch = o.epoch + 1, incarnation = excluded.incarnation
    RETURNING o.epoch INTO epoch;
  log_end := log.log_end(p_region);
  segment_end := location.segment_end(p_region);
END $$;

-- Waits for the statements in flight of this ownership, then tells what stands; no row when the ownership is gone.
CREATE OR REPLACE FUNCTION log.settle(p_region text, p_epoch bigint, p_incarnation text)
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

-- Checksums of rows are STABLE so that Postgres inlines them, and of SHA-256 rather than a hash of Postgres' own: those
-- differ between kinds of machines, and a dump may move. This is the first 64 bits of it.
CREATE OR REPLACE FUNCTION log.checksum_of(p_bytes bytea) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT ('x' || encode(substr(sha256(p_bytes), 1, 8), 'hex'))::bit(64)::bigint
$$;

-- Fields that may be NULL say so apart from their text: concat_ws leaves a NULL out.
CREATE OR REPLACE FUNCTION log.record_checksum(p_region text, p_position bigint, p_recorded_at_ms bigint, p_epoch bigint,
  p_principal text, p_command_id text, p_trace text, p_events text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_position, p_recorded_at_ms, p_epoch, p_principal,
    p_command_id IS NULL, p_command_id, p_trace IS NULL, p_trace, p_events), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION log.command_checksum(p_region text, p_principal text, p_command_id text, p_body_hash bytea,
  p_position bigint, p_recorded_at_ms bigint, p_result text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_principal, p_command_id, encode(p_body_hash, 'hex'),
    p_position, p_recorded_at_ms, p_result), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION log.snapshot_checksum(p_region text, p_entity text, p_position bigint, p_segment_no bigint,
  p_state text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_entity, p_position, p_segment_no, p_state), 'UTF8'))
$$;

-- The position is left out of rows of before positions were kept, which have NULL or 0.
CREATE OR REPLACE FUNCTION log.call_details_checksum(p_region text, p_call_id text, p_caller_name text, p_phone text,
  p_address text, p_notes text, p_position bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_call_id, p_caller_name IS NULL, p_caller_name,
    p_phone IS NULL, p_phone, p_address IS NULL, p_address, p_notes IS NULL, p_notes, nullif(p_position, 0)), 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION log.call_note_checksum(p_region text, p_call_id text, p_note_no integer, p_author text,
  p_unit_id text, p_noted_at_ms bigint, p_corrects integer, p_text text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT log.checksum_of(convert_to(concat_ws('|', p_region, p_call_id, p_note_no, p_author, p_unit_id IS NULL, p_unit_id,
    p_noted_at_ms, p_corrects IS NULL, p_corrects, p_text), 'UTF8'))
$$;

-- One element a record, a command, a change of open_trip (in the order of the log), a call's details, a note and a call's
-- number; false when fenced.
CREATE OR REPLACE FUNCTION log.append_records(
  p_region text, p_epoch bigint, p_incarnation text,
  r_position bigint[], r_recorded_at_ms bigint[], r_principal text[], r_command_id text[], r_trace text[],
  r_events text[],
  c_principal text[], c_command_id text[], c_body_hash text[], c_position bigint[], c_recorded_at_ms bigint[],
  c_result text[],
  o_unit_id text[], o_trip_id text[], o_opens boolean[],
  d_call_id text[], d_caller_name text[], d_phone text[], d_address text[], d_notes text[], d_position bigint[],
  n_call_id text[], n_note_no integer[], n_author text[], n_unit_id text[], n_noted_at_ms bigint[], n_corrects integer[],
  n_text text[],
  i_year integer[], i_number bigint[]
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

  INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, trace, events, checksum)
    SELECT p_region, r.position, r.recorded_at_ms, p_epoch, r.principal, r.command_id, r.trace, r.events::jsonb,
      log.record_checksum(p_region, r.position, r.recorded_at_ms, p_epoch, r.principal, r.command_id, r.trace,
        r.events::jsonb::text)
    FROM unnest(r_position, r_recorded_at_ms, r_principal, r_command_id, r_trace, r_events)
      AS r (position, recorded_at_ms, principal, command_id, trace, events);

  IF cardinality(c_position) > 0 THEN
    INSERT INTO log.commands (region, principal, command_id, body_hash, position, recorded_at_ms, result, checksum)
      SELECT p_region, c.principal, c.command_id, decode(c.body_hash, 'hex'), c.position, c.recorded_at_ms,
        c.result::jsonb, log.command_checksum(p_region, c.principal, c.command_id, decode(c.body_hash, 'hex'),
          c.position, c.recorded_at_ms, c.result::jsonb::text)
      FROM unnest(c_principal, c_command_id, c_body_hash, c_position, c_recorded_at_ms, c_result)
        AS c (principal, command_id, body_hash, position, recorded_at_ms, result);
  END IF;

  -- One by one in the order of the log: a unit may be closed and opened, and opened and closed, in one batch.
  -- A trip of NULL closes whatever the unit has: of one that is released nobody knows what that is.
  FOR i IN 1 .. cardinality(o_unit_id) LOOP
    IF o_opens[i] THEN
      INSERT INTO log.open_trip (region, unit_id, trip_id) VALUES (p_region, o_unit_id[i], o_trip_id[i]);
    ELSE
      DELETE FROM log.open_trip WHERE region = p_region AND unit_id = o_unit_id[i]
        AND (o_trip_id[i] IS NULL OR trip_id = o_trip_id[i]);
    END IF;
  END LOOP;

  -- One by one: the batch may name a call twice, and each version is kept. A row that only stands for a call's notes is none.
  FOR i IN 1 .. cardinality(d_call_id) LOOP
    INSERT INTO log.former_call_details (region, call_id, position, caller_name, phone, address, notes, checksum)
      SELECT region, call_id, coalesce(position, 0), caller_name, phone, address, notes, checksum FROM log.call_details
      WHERE region = p_region AND call_id = d_call_id[i]
        AND NOT (position IS NULL AND coalesce(caller_name, phone, address, notes) IS NULL);
    INSERT INTO log.call_details (region, call_id, caller_name, phone, address, notes, position, checksum)
      VALUES (p_region, d_call_id[i], d_caller_name[i], d_phone[i], d_address[i], d_notes[i], d_position[i],
        log.call_details_checksum(p_region, d_call_id[i], d_caller_name[i], d_phone[i], d_address[i], d_notes[i],
          d_position[i]))
    ON CONFLICT (region, call_id) DO UPDATE SET caller_name = excluded.caller_name, phone = excluded.phone,
      address = excluded.address, notes = excluded.notes, position = excluded.position, checksum = excluded.checksum;
  END LOOP;

  IF cardinality(n_call_id) > 0 THEN
    -- What is erased with the row of the details must have one.
    INSERT INTO log.call_details (region, call_id, checksum)
      SELECT DISTINCT p_region, n.call_id, log.call_details_checksum(p_region, n.call_id, NULL, NULL, NULL, NULL, NULL)
      FROM unnest(n_call_id) AS n (call_id)
    ON CONFLICT (region, call_id) DO NOTHING;
    INSERT INTO log.call_notes (region, call_id, note_no, author, unit_id, noted_at_ms, corrects, text, checksum)
      SELECT p_region, n.call_id, n.note_no, n.author, n.unit_id, n.noted_at_ms, n.corrects, n.text,
        log.call_note_checksum(p_region, n.call_id, n.note_no, n.author, n.unit_id, n.noted_at_ms, n.corrects, n.text)
      FROM unnest(n_call_id, n_note_no, n_author, n_unit_id, n_noted_at_ms, n_corrects, n_text)
        AS n (call_id, note_no, author, unit_id, noted_at_ms, corrects, text);
  END IF;
  FOR i IN 1 .. cardinality(i_year) LOOP
    INSERT INTO log.incident_numbers AS n (region, year, last) VALUES (p_region, i_year[i], i_number[i])
      ON CONFLICT (region, year) DO UPDATE SET last = excluded.last WHERE n.last < excluded.last;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'number % of the year % was given before', i_number[i], i_year[i]
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  RETURN true;
END $$;
