/** The appending of records once more: a call's personal data can be replaced, and not only entered. */
import type { Migration } from './migration.ts'

export const callDetails: Migration = {
  name: '0007-call-details',
  sql: `
-- One element a record, a command, a change of open_trip (in the order of the log) and a call; false when fenced.
CREATE OR REPLACE FUNCTION log.append_records(
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
    -- A call that the batch names twice is left as its last record has it; what the row held before is gone.
    INSERT INTO log.call_details (region, call_id, caller_name, phone, address, notes)
      SELECT DISTINCT ON (d.call_id) p_region, d.call_id, d.caller_name, d.phone, d.address, d.notes
      FROM unnest(d_call_id, d_caller_name, d_phone, d_address, d_notes) WITH ORDINALITY
        AS d (call_id, caller_name, phone, address, notes, n)
      ORDER BY d.call_id, d.n DESC
    ON CONFLICT (region, call_id) DO UPDATE SET caller_name = excluded.caller_name, phone = excluded.phone,
      address = excluded.address, notes = excluded.notes;
  END IF;
  RETURN true;
END $$;
`,
}
