/**
 * The statements of the journal in Postgres. One that writes looks at the fence in itself: $1, $2 and $3 are the region, the
 * epoch and the incarnation. One that reads pages takes the region and where the page before ended.
 */
import { STREAM_MARKS_KEPT } from './journal.ts'

/** What is made of a page holds the loop for some ten milliseconds. */
const ROWS_PER_CHUNK = 1_000
/** Segments are up to 1.5 MB each. */
const SEGMENTS_PER_CHUNK = 100
/** A deletion holds the fence; a takeover must not wait long for it. */
export const COMMANDS_FORGOTTEN_AT_ONCE = 5_000

export const APPEND_RECORDS = `SELECT log.append_records(${placeholders(33)}) AS held`
export const APPEND_SEGMENT = `SELECT location.append_segment(${placeholders(10)}) AS held`
const FENCE = `f AS MATERIALIZED (
  SELECT 1 FROM log.region_owner WHERE region = $1 AND epoch = $2 AND incarnation = $3 FOR SHARE)`
export const PUT_SNAPSHOTS = `WITH ${FENCE}, put AS (
  INSERT INTO log.snapshots AS s (region, entity, position, segment_no, state, checksum)
  SELECT $1, u.entity, u.position, u.segment_no, u.state::jsonb,
    log.snapshot_checksum($1, u.entity, u.position, u.segment_no, u.state::jsonb::text)
  FROM f, unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[]) AS u (entity, position, segment_no, state)
  ON CONFLICT (region, entity) DO UPDATE
  SET position = excluded.position, segment_no = excluded.segment_no, state = excluded.state,
    checksum = excluded.checksum
  WHERE (s.position, s.segment_no) <= (excluded.position, excluded.segment_no))
SELECT count(*) = 1 AS held FROM f`
export const REFUSE_SNAPSHOTS = `WITH ${FENCE}, former AS (
  DELETE FROM log.refused_snapshots r USING f WHERE r.region = $1
    AND NOT EXISTS (SELECT 1 FROM log.snapshots s WHERE s.region = $1 AND s.entity = r.entity)),
gone AS (DELETE FROM log.snapshots USING f WHERE region = $1
  RETURNING region, entity, position, segment_no, state, checksum),
kept AS (
  INSERT INTO log.refused_snapshots (region, entity, position, segment_no, state, checksum) SELECT * FROM gone
  ON CONFLICT (region, entity) DO UPDATE SET position = excluded.position, segment_no = excluded.segment_no,
    state = excluded.state, checksum = excluded.checksum, refused_at = now())
SELECT count(*) = 1 AS held FROM f`
export const FORGET_COMMANDS = `WITH ${FENCE}, gone AS (
  DELETE FROM log.commands c USING f
  WHERE c.ctid = ANY (ARRAY(
    SELECT ctid FROM log.commands WHERE region = $1 AND recorded_at_ms < $4 LIMIT ${COMMANDS_FORGOTTEN_AT_ONCE}))
  RETURNING 1)
SELECT count(*) AS count FROM gone`

// A statement does not see its own insert, so what is one too many now goes with the next write.
export const PUT_STREAM_MARKS = `WITH ${FENCE}, marks AS (
  SELECT * FROM unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[]) AS u (unit_id, stream_id, durable_seq, leave_no)
), put AS (
  INSERT INTO location.stream_marks AS m (region, unit_id, stream_id, durable_seq, epoch, leave_no)
  SELECT $1, u.unit_id, u.stream_id, u.durable_seq, $2, u.leave_no FROM f, marks u
  ON CONFLICT (region, unit_id, stream_id) DO UPDATE
  SET durable_seq = greatest(m.durable_seq, excluded.durable_seq), epoch = excluded.epoch, leave_no = excluded.leave_no
), ranked AS (
  SELECT unit_id, stream_id, row_number() OVER (PARTITION BY unit_id ORDER BY epoch DESC, leave_no DESC) AS place
  FROM location.stream_marks WHERE region = $1 AND unit_id IN (SELECT unit_id FROM marks)
), gone AS (
  DELETE FROM location.stream_marks m USING f, ranked r
  WHERE m.region = $1 AND m.unit_id = r.unit_id AND m.stream_id = r.stream_id AND r.place > ${STREAM_MARKS_KEPT}
    AND (m.unit_id, m.stream_id) NOT IN (SELECT unit_id, stream_id FROM marks))
SELECT count(*) = 1 AS held FROM f`

export const READ_STREAM_MARKS = `SELECT m.unit_id, m.stream_id, m.durable_seq
  FROM unnest($2::text[], $3::text[]) AS u (unit_id, stream_id)
  JOIN location.stream_marks m ON m.region = $1 AND m.unit_id = u.unit_id AND m.stream_id = u.stream_id`
/** A row of now gives way to one of the same position; one that cannot be read, or of another form, to any. */
export const PUT_CLOSED_CALLS = `WITH ${FENCE}, calls AS (
  SELECT * FROM unnest($4::text[], $5::bigint[], $6::integer[], $7::bigint[], $8::bigint[], $9::float8[], $10::float8[],
    $11::text[]) AS u (call_id, position, year, number, received_at_ms, lon_deg, lat_deg, state)
), put AS (
  INSERT INTO log.closed_calls AS c
    (region, call_id, position, year, number, received_at_ms, lon_deg, lat_deg, state, checksum)
  SELECT $1, u.call_id, u.position, u.year, u.number, u.received_at_ms, u.lon_deg, u.lat_deg, u.state::jsonb,
    log.snapshot_checksum($1, 'call/' || u.call_id, u.position, 0, u.state::jsonb::text)
  FROM f, calls u
  ON CONFLICT (region, call_id) DO UPDATE
  SET position = excluded.position, year = excluded.year, number = excluded.number,
    received_at_ms = excluded.received_at_ms, lon_deg = excluded.lon_deg, lat_deg = excluded.lat_deg,
    state = excluded.state, checksum = excluded.checksum
  WHERE c.position <= excluded.position OR c.state -> 'form' IS DISTINCT FROM excluded.state -> 'form'
    OR c.checksum IS DISTINCT FROM log.snapshot_checksum(c.region, 'call/' || c.call_id, c.position, 0, c.state::text)
), trips AS (
  SELECT * FROM unnest($12::text[], $13::text[], $14::bigint[]) AS t (trip_id, call_id, position)
), named AS (
  INSERT INTO log.closed_trips (region, trip_id, call_id) SELECT $1, t.trip_id, t.call_id FROM f, trips t
  ON CONFLICT (region, trip_id) DO UPDATE SET call_id = excluded.call_id
), gone AS (
  DELETE FROM log.snapshots s USING f, (SELECT 'call/' || call_id AS entity, position FROM calls
    UNION ALL SELECT 'trip/' || trip_id, position FROM trips) e
  WHERE s.region = $1 AND s.entity = e.entity AND s.position <= e.position
), whole AS (
  UPDATE log.snapshots s
  SET state = $16::jsonb, checksum = log.snapshot_checksum($1, s.entity, s.position, s.segment_no, $16::jsonb::text)
  FROM f WHERE s.region = $1 AND s.entity = 'region' AND s.position = $15 AND s.segment_no = $17
    -- What comes late says of more than are left.
    AND (s.state #>> '{counts,calls}')::bigint >= ($16::jsonb #>> '{counts,calls}')::bigint)
SELECT count(*) = 1 AS held FROM f`
const CLOSED_COLUMNS = `c.call_id, c.position, t.state,
    c.checksum = log.snapshot_checksum(c.region, 'call/' || c.call_id, c.position, 0, t.state) AS sound`
/** For a condition to follow. */
export const PROVEN_CLOSED_CALLS = `SELECT ${CLOSED_COLUMNS} FROM log.closed_calls c
  CROSS JOIN LATERAL (SELECT c.state::text AS state OFFSET 0) t`
export const READ_CLOSED_CALLS = `SELECT ${CLOSED_COLUMNS}
  FROM (SELECT call_id FROM unnest($2::text[]) AS n (call_id)
    UNION SELECT t.call_id FROM unnest($3::text[]) AS n (trip_id)
      JOIN log.closed_trips t ON t.region = $1 AND t.trip_id = n.trip_id
    UNION SELECT c.call_id FROM unnest($4::integer[], $5::bigint[]) AS n (year, number)
      JOIN log.closed_calls c ON c.region = $1 AND c.year = n.year AND c.number = n.number) n
  JOIN log.closed_calls c ON c.region = $1 AND c.call_id = n.call_id
  CROSS JOIN LATERAL (SELECT c.state::text AS state OFFSET 0) t`
export const READ_CLOSED_PLACES = `SELECT call_id, lon_deg, lat_deg FROM log.closed_calls
  WHERE region = $1 AND received_at_ms >= $2 ORDER BY received_at_ms DESC LIMIT $3`
/**
 * Rows of the log, for a condition to follow. `sound` is null where nothing vouches for the row. The text is made once, for the
 * checksum and for us.
 */
export const PROVEN_RECORDS = `SELECT position, recorded_at_ms, epoch, principal, command_id, trace, t.events,
    checksum = log.record_checksum(region, position, recorded_at_ms, epoch, principal, command_id, trace, t.events)
      AS sound
  FROM log.records r, LATERAL (SELECT r.events::text AS events OFFSET 0) t`
export const READ_LOG = `${PROVEN_RECORDS}
  WHERE region = $1 AND position > $2 ORDER BY position LIMIT ${ROWS_PER_CHUNK}`
export const READ_SEGMENTS = `SELECT segment_no, log_position, first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version,
    bytes, checksum = location.segment_checksum(region, segment_no, log_position, first_fixed_at_ms,
      last_fixed_at_ms, fix_count, codec_version, bytes) AS sound
  FROM location.segments WHERE region = $1 AND segment_no > $2 ORDER BY segment_no LIMIT ${SEGMENTS_PER_CHUNK}`
/** Runs that are in files or in tracks, behind a segment, by their numbers. */
export const READ_ARCHIVED = `SELECT from_no, to_no FROM (
    SELECT region, from_no, to_no FROM location.archives UNION ALL SELECT region, from_no, to_no FROM location.packs) a
  WHERE region = $1 AND to_no > $2 ORDER BY from_no LIMIT ${ROWS_PER_CHUNK}`
export const READ_SNAPSHOTS = `SELECT entity, position, segment_no, t.state,
    checksum = log.snapshot_checksum(region, entity, position, segment_no, t.state) AS sound
  FROM log.snapshots s, LATERAL (SELECT s.state::text AS state OFFSET 0) t
  WHERE region = $1 AND entity > $2 ORDER BY entity LIMIT ${ROWS_PER_CHUNK}`
// A damaged row may have lost the id that it was written under; the record that it points at has it, too.
const PROVEN_COMMANDS = `SELECT c.principal, c.command_id, encode(c.body_hash, 'hex') AS body_hash, c.position,
    c.recorded_at_ms, t.result, t.sound, r.principal AS record_principal, r.command_id AS record_command_id
  FROM log.commands c
  CROSS JOIN LATERAL (SELECT j.result, c.checksum = log.command_checksum(c.region, c.principal, c.command_id,
      c.body_hash, c.position, c.recorded_at_ms, j.result) AS sound
    FROM (SELECT c.result::text AS result OFFSET 0) j OFFSET 0) t
  LEFT JOIN LATERAL (SELECT principal, command_id FROM log.records
    WHERE NOT t.sound AND region = $1 AND position = c.position) r ON true
  WHERE c.region = $1`
export const READ_COMMANDS = `${PROVEN_COMMANDS} AND (c.recorded_at_ms, c.position) > ($2, $3)
  ORDER BY c.recorded_at_ms, c.position LIMIT ${ROWS_PER_CHUNK}`
export const READ_COMMANDS_OF = `${PROVEN_COMMANDS}
  AND (c.principal, c.command_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))`
export const READ_CALL_DETAILS = `SELECT call_id, caller_name, phone, address, notes,
    checksum = log.call_details_checksum(region, call_id, caller_name, phone, address, notes, position) AS sound
  FROM log.call_details WHERE region = $1 AND call_id = ANY ($2::text[]) ORDER BY call_id`
/** For a condition to follow. */
export const PROVEN_CALL_NOTES = `SELECT call_id, note_no, author, unit_id, noted_at_ms, corrects, text,
    checksum = log.call_note_checksum(region, call_id, note_no, author, unit_id, noted_at_ms, corrects, text) AS sound
  FROM log.call_notes`
export const READ_CALL_NOTES = `${PROVEN_CALL_NOTES}
  WHERE region = $1 AND call_id = ANY ($2::text[]) ORDER BY call_id, note_no`
// A number that only a call has any more which has left memory is not given again.
export const READ_INCIDENT_NUMBERS = `SELECT year, last FROM log.incident_numbers WHERE region = $1
  UNION ALL (SELECT year, number FROM log.closed_calls WHERE region = $1 AND year IS NOT NULL
    ORDER BY year DESC, number DESC LIMIT 1) ORDER BY year, last`
export const READ_OPEN_TRIPS = `SELECT unit_id, trip_id
  FROM log.open_trip WHERE region = $1 AND unit_id > $2 ORDER BY unit_id LIMIT ${ROWS_PER_CHUNK}`

/**
 * Each page is the next part of an index. A server that knows nothing yet of a table that was just filled would rather sort
 * all that is left of it, with its checksums, for every page: 24 s for 120,000 records instead of 2.
 */
export const ALONG_THE_INDEX = 'SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off'

function placeholders(count: number): string {
  return Array.from({ length: count }, (_, i) => `$${i + 1}`).join(', ')
}
