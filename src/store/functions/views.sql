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

