/**
 * Takes from a database that was just restored what came after a moment: the logs behind a position, and what those records wrote
 * beside them.
 *
 * What is derived from the log was not restored. Reference data, users and roads have no history of their own and stay as the
 * backup has them; the audit tells what was done, and stays whole.
 */
import type pg from 'pg'
import type { RegionId } from '../../domain/ids.ts'

const OUTCOMES = 'DELETE FROM log.commands WHERE region = $1 AND position > $2'

/** The notes that records behind the moment added, which name them. */
const NOTES = `DELETE FROM log.call_notes n
  USING log.records r CROSS JOIN LATERAL jsonb_array_elements(r.events) e
  WHERE r.region = $1 AND r.position > $2 AND e ->> 'type' = 'CallNoteAdded'
    AND n.region = $1 AND n.call_id = e ->> 'callId' AND n.note_no = (e ->> 'noteNo')::integer`

const FORMER_DETAILS = 'DELETE FROM log.former_call_details WHERE region = $1 AND position > $2'
/** What stood then is the last of the former versions that are left; its checksum is that of the row that it was. */
const DETAILS_AGAIN = `WITH stood AS (
    SELECT DISTINCT ON (f.call_id) f.* FROM log.former_call_details f
    JOIN log.call_details d ON d.region = f.region AND d.call_id = f.call_id AND d.position > $2
    WHERE f.region = $1 ORDER BY f.call_id, f.position DESC
  ), gone AS (
    DELETE FROM log.former_call_details f USING stood s
    WHERE f.region = $1 AND f.call_id = s.call_id AND f.position = s.position)
  UPDATE log.call_details d SET caller_name = s.caller_name, phone = s.phone, address = s.address, notes = s.notes,
    position = nullif(s.position, 0), checksum = s.checksum
  FROM stood s WHERE d.region = $1 AND d.call_id = s.call_id`
/** Without details then: the row stands for the call's notes, if it has any. */
const DETAILS_EMPTIED = `UPDATE log.call_details SET caller_name = NULL, phone = NULL, address = NULL, notes = NULL,
    position = NULL, checksum = log.call_details_checksum(region, call_id, NULL, NULL, NULL, NULL, NULL)
  WHERE region = $1 AND position > $2`
const DETAILS_OF_NOTHING = `DELETE FROM log.call_details d
  WHERE region = $1 AND $2::bigint IS NOT NULL AND position IS NULL AND coalesce(caller_name, phone, address, notes) IS NULL
    AND NOT EXISTS (SELECT 1 FROM log.call_notes n WHERE n.region = d.region AND n.call_id = d.call_id)
    AND NOT EXISTS (SELECT 1 FROM log.former_call_details f WHERE f.region = d.region AND f.call_id = d.call_id)`

/** Numbers only rise, so what was given first behind the moment tells how far they had come. */
const NUMBERS = `WITH later AS (
    SELECT split_part(e ->> 'incidentNo', '-', 1)::integer AS year, min(split_part(e ->> 'incidentNo', '-', 2)::bigint) AS first
    FROM log.records r CROSS JOIN LATERAL jsonb_array_elements(r.events) e
    WHERE r.region = $1 AND r.position > $2 AND e ->> 'type' = 'CallEntered' AND e ? 'incidentNo' GROUP BY 1
  ), none AS (DELETE FROM log.incident_numbers n USING later l WHERE n.region = $1 AND n.year = l.year AND l.first = 1)
  UPDATE log.incident_numbers n SET last = l.first - 1 FROM later l WHERE n.region = $1 AND n.year = l.year AND l.first > 1`

/** The first that was closed behind the moment, and all that follow: numbers must stay without a gap. */
const SEGMENTS = `DELETE FROM location.segments WHERE region = $1
  AND segment_no >= (SELECT min(segment_no) FROM location.segments WHERE region = $1 AND log_position > $2)`
const RECORDS = 'DELETE FROM log.records WHERE region = $1 AND position > $2'
/** Of records that are gone; whoever reads the rest finds it erased, and is told to erase the call again. */
const ERASURES = `DELETE FROM log.erasures
  WHERE region = $1 AND EXISTS (SELECT 1 FROM unnest(positions) AS p WHERE p > $2)`
/** What was audited of records that are gone stays; those that come in their place are to be audited, too. */
const AUDITED = 'UPDATE audit.cursors SET position = least(position, $2) WHERE region = $1'

const STEPS = [OUTCOMES, NOTES, FORMER_DETAILS, DETAILS_AGAIN, DETAILS_EMPTIED, DETAILS_OF_NOTHING]
const LAST_STEPS = [NUMBERS, SEGMENTS, RECORDS, ERASURES, AUDITED]

/** Input: the last position of each region that stays. Errors: those of pg. */
export async function cutLogs(session: pg.Client, positions: ReadonlyMap<RegionId, number>): Promise<void> {
  for (const [region, position] of positions)
    for (const step of [...STEPS, ...LAST_STEPS]) await session.query(step, [region, position])
}

/** A run that reaches behind the moment, whose segments are there from sets of before, or are all behind it. */
const PACKS = `WITH gone AS (
    DELETE FROM location.packs p WHERE region = $1 AND last_log_position > $2 AND (first_log_position > $2
      OR (SELECT count(*) FROM location.segments s WHERE s.region = $1 AND s.segment_no >= p.from_no)
        = location.segment_end($1) - p.from_no + 1)
    RETURNING first_track_no, last_track_no)
  DELETE FROM location.tracks t USING gone g
  WHERE t.region = $1 AND t.track_no BETWEEN g.first_track_no AND g.last_track_no`

/** After the logs: the segments that are left stand for the runs that reach behind the moment. Errors: those of pg. */
export async function cutPacks(session: pg.Client, positions: ReadonlyMap<RegionId, number>): Promise<void> {
  for (const [region, position] of positions) await session.query(PACKS, [region, position])
}

/** Which unit has which trip, by what the log makes. Errors: those of pg. */
export async function putOpenTrips(
  session: pg.Client,
  region: RegionId,
  openTrips: readonly { readonly unitId: string; readonly tripId: string }[],
): Promise<void> {
  await session.query(
    `INSERT INTO log.open_trip (region, unit_id, trip_id)
     SELECT $1, t.unit_id, t.trip_id FROM unnest($2::text[], $3::text[]) AS t (unit_id, trip_id)`,
    [region, openTrips.map(({ unitId }) => unitId), openTrips.map(({ tripId }) => tripId)],
  )
}
