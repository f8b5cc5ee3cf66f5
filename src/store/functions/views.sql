-- What people read of the views, of the run that stands, and what answers their usual questions.
--
-- A view is replaced as it stands: columns are added behind the others, so rights that were given on it stay.

CREATE OR REPLACE VIEW views.progress AS
  SELECT region, position AS as_of_position, recorded_at_ms AS as_of_ms, passed_over FROM views.cursors;

CREATE OR REPLACE VIEW views.passed_over AS
  SELECT r.region, r.position, r.event, r.entity, r.type, r.why
  FROM views.passed_over_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.calls AS
  SELECT r.region, r.call_id, r.incident_no, r.state, r.priority, r.entered_priority, r.problem, r.lon_deg, r.lat_deg,
    r.units_needed, r.received_at_ms, r.received_source, r.entered_at_ms, r.entered_by, r.entered_position,
    r.first_notified_at_ms, r.ended_at_ms, r.position
  FROM views.call_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.trips AS
  SELECT r.region, r.trip_id, r.call_id, r.response_no, r.phase, r.phase_since_ms, r.priority, r.lon_deg, r.lat_deg,
    r.level_of_care, r.transport, r.capabilities, r.received_at_ms, r.created_at_ms, r.created_position,
    r.pending_since_ms, r.on_hold, r.unit_id, r.offer_id, r.round, r.helps_trip_id, r.helps_because,
    r.helped_by_trip_id, r.disposition, r.cancel_reason, r.handed_to_trip_id, r.missed, r.ended_at_ms, r.position
  FROM views.trip_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.trip_times AS
  SELECT r.region, r.trip_id, r.offer_id, r."time", r.unit_id, r.e_time, r.at_ms, r.cause, r.why_unknown,
    r.other_at_ms, r.corrected
  FROM views.trip_time_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.units AS
  SELECT r.region, r.unit_id, r.call_sign, r.level_of_care, r.transports, r.capabilities, r.home_station, r.status,
    r.status_since_ms, r.dispatchability, r.crew, r.unavailable_reason, r.trip_id, r.standing_down_trip_id,
    r.no_contact_trip_id, r.retired, r.position
  FROM views.unit_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.offers AS
  SELECT r.region, r.trip_id, r.offer_id, r.call_id, r.unit_id, r.level_of_care, r.transports, r.mode, r.round,
    r.offered_at_ms, r.deadline_at_ms, r.by_voice, r.chosen_by, r.eta_ms, r.distance_m, r.outcome, r.reason,
    r.outcome_at_ms, r.outcome_by, r.response_end, r.position
  FROM views.offer_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.decisions AS
  SELECT r.region, r.position, r.event, r.trip_id, r.call_id, r.decided_at_ms, r.unit_id, r.offer_id, r.alarm,
    r.chosen_by, r.policy_version, r.basis, r.roads_version, r.not_by_road, r.eligible, r.candidates, r.excluded,
    r.passed_over, r.despite, r.loss
  FROM views.decision_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.shifts AS
  SELECT r.region, r.unit_id, r.position, r.principal, r.signed_on_at_ms, r.signed_on_by, r.signed_off_at_ms,
    r.signed_off_by
  FROM views.shift_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

CREATE OR REPLACE VIEW views.alarms AS
  SELECT r.region, r.alarm_id, r.kind, r.severity, r.entity, r.trip_id, r.unit_id, r.raised_at_ms, r.gone_at_ms,
    r.acknowledged_by, r.acknowledged_at_ms, r.escalated_at_ms, r.shelved_by, r.shelved_at_ms, r.shelved_for_ms,
    r.ended_at_ms, r."end", r.mass
  FROM views.alarm_rows r JOIN views.cursors c ON c.region = r.region AND c.run = r.run;

-- The response to each call that reached the centre in a window, one sample a call, with what it comes to under the rules of a
-- contract: which event starts the clock, which unit stops it, and how it is rounded.
--
-- A call keeps its own clock, whoever was diverted to it or from it: it is stopped by the first unit that counts, of any of its
-- trips. Corrected moments are taken as corrected.
CREATE OR REPLACE FUNCTION views.response_samples(
  p_region text, p_from_ms bigint, p_to_ms bigint,
  -- received: eTimes.01; entered: the call was in the system; notified: the first of its units, eTimes.03.
  p_start text DEFAULT 'received',
  -- exact, or to whole minutes: down (late only when the next minute is full), up, nearest.
  p_rounding text DEFAULT 'exact',
  -- Which unit stops the clock: any, transport (one that can carry), level (of the care that was needed).
  p_counts text DEFAULT 'any',
  -- Whether a unit that waits at its staging point has arrived.
  p_staged boolean DEFAULT false,
  -- Longitudes and latitudes of a polygon: only calls in it.
  p_zone polygon DEFAULT NULL)
RETURNS TABLE (call_id text, incident_no text, priority smallint, received_at_ms bigint, outcome text, unit_id text,
  started_at_ms bigint, stopped_at_ms bigint, elapsed_ms bigint) LANGUAGE sql STABLE AS $$
  WITH judged AS (
    SELECT c.call_id, c.incident_no, c.priority, c.received_at_ms, a.unit_id,
      CASE p_start WHEN 'received' THEN c.received_at_ms WHEN 'entered' THEN c.entered_at_ms ELSE n.at_ms END AS started_at_ms,
      CASE WHEN a.at_ms IS NOT NULL THEN a.at_ms WHEN c.state = 'cancelled' THEN c.ended_at_ms END AS stopped_at_ms,
      CASE WHEN a.at_ms IS NOT NULL THEN 'arrived' WHEN c.state = 'closed' THEN 'unknown' ELSE c.state END AS outcome
    FROM views.calls c
    LEFT JOIN LATERAL (
      SELECT min(m.at_ms) AS at_ms FROM views.trips t
      JOIN views.trip_times m ON m.region = t.region AND m.trip_id = t.trip_id AND m.time = 'notified'
      WHERE p_start = 'notified' AND t.region = c.region AND t.call_id = c.call_id) n ON true
    LEFT JOIN LATERAL (
      SELECT m.at_ms, m.unit_id FROM views.trips t
      JOIN views.trip_times m ON m.region = t.region AND m.trip_id = t.trip_id
        AND (m.time = 'on-scene' OR p_staged AND m.time = 'staged')
      LEFT JOIN views.offers o ON o.region = m.region AND o.trip_id = m.trip_id AND o.offer_id = m.offer_id
      -- Whoever helps until the right unit is there is measured by what that trip needs.
      LEFT JOIN views.trips h ON h.region = t.region AND h.trip_id = t.helps_trip_id
      WHERE t.region = c.region AND t.call_id = c.call_id AND m.at_ms IS NOT NULL AND CASE p_counts
        WHEN 'any' THEN true
        WHEN 'transport' THEN o.transports
        ELSE array_position(ARRAY['first-responder', 'bls', 'als', 'cct'], o.level_of_care)
          >= array_position(ARRAY['first-responder', 'bls', 'als', 'cct'], coalesce(h.level_of_care, t.level_of_care)) END
      ORDER BY m.at_ms, m.unit_id LIMIT 1) a ON true
    WHERE c.region = p_region AND c.received_at_ms >= p_from_ms AND c.received_at_ms < p_to_ms
      AND (p_zone IS NULL OR p_zone @> point(c.lon_deg, c.lat_deg)))
  SELECT j.call_id, j.incident_no, j.priority, j.received_at_ms,
    CASE WHEN j.stopped_at_ms < j.started_at_ms THEN 'out-of-order' WHEN j.started_at_ms IS NULL AND j.outcome <> 'open'
      THEN 'unknown' ELSE j.outcome END,
    j.unit_id, j.started_at_ms, j.stopped_at_ms,
    CASE WHEN j.stopped_at_ms >= j.started_at_ms THEN CASE p_rounding
      WHEN 'exact' THEN e.ms
      WHEN 'down' THEN e.ms / 60000 * 60000
      WHEN 'up' THEN (e.ms + 59999) / 60000 * 60000
      ELSE (e.ms + 30000) / 60000 * 60000 END END
  FROM judged j, LATERAL (SELECT j.stopped_at_ms - j.started_at_ms AS ms) e
$$;

-- How often a response was within a limit, and the times that shares of the calls do not exceed: of all, and by priority. Every
-- figure is of the samples of the window; a fractile is the smallest time that at least its share does not exceed.
--
-- A call that was cancelled before anybody arrived is judged by the time until then, so it is late if it was late already;
-- with p_cancelled 'left-out' it is no sample. Calls that are open or of which nobody knows are none, and counted.
CREATE OR REPLACE FUNCTION views.response_fractiles(
  p_region text, p_from_ms bigint, p_to_ms bigint, p_limit_ms bigint, p_share double precision DEFAULT 0.9,
  p_priorities smallint[] DEFAULT NULL, p_start text DEFAULT 'received', p_rounding text DEFAULT 'exact',
  p_counts text DEFAULT 'any', p_staged boolean DEFAULT false, p_cancelled text DEFAULT 'judged', p_zone polygon DEFAULT NULL)
RETURNS TABLE (priority smallint, calls bigint, samples bigint, within bigint, share double precision, is_met boolean,
  fractile_ms bigint, p50_ms bigint, p90_ms bigint, max_ms bigint, cancelled bigint, open bigint, unknown bigint)
LANGUAGE sql STABLE AS $$
  WITH s AS (
    SELECT r.priority, r.outcome, CASE WHEN r.outcome = 'arrived' OR r.outcome = 'cancelled' AND p_cancelled = 'judged'
      THEN r.elapsed_ms END AS ms
    FROM views.response_samples(p_region, p_from_ms, p_to_ms, p_start, p_rounding, p_counts, p_staged, p_zone) r
    WHERE p_priorities IS NULL OR r.priority = ANY (p_priorities))
  SELECT s.priority, count(*), count(ms), count(*) FILTER (WHERE ms <= p_limit_ms),
    count(*) FILTER (WHERE ms <= p_limit_ms)::double precision / nullif(count(ms), 0),
    count(*) FILTER (WHERE ms <= p_limit_ms)::double precision / nullif(count(ms), 0) >= p_share,
    percentile_disc(p_share) WITHIN GROUP (ORDER BY ms), percentile_disc(0.5) WITHIN GROUP (ORDER BY ms),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY ms), max(ms),
    count(*) FILTER (WHERE outcome = 'cancelled'), count(*) FILTER (WHERE outcome = 'open'),
    count(*) FILTER (WHERE outcome IN ('unknown', 'out-of-order'))
  FROM s GROUP BY GROUPING SETS ((), (s.priority)) ORDER BY s.priority NULLS FIRST
$$;
