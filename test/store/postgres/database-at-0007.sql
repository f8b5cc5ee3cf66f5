-- A database as Goldenhour left it at the step 0007, before functions had files of their own: what the program of that time
-- ran, in its order, with the record that it kept. Never changed: databases like this one are out there.
CREATE SCHEMA goldenhour;
CREATE TABLE goldenhour.migrations (
        name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());

-- 0001-log
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
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0001-log', '2026-01-01 12:00:00+00');

-- 0002-reference
CREATE SCHEMA reference;

CREATE TABLE reference.regions (
  region text PRIMARY KEY CHECK (region ~ '^[a-z0-9]{1,16}$'),
  name text NOT NULL,
  time_zone text NOT NULL,
  dispatch_mode text NOT NULL DEFAULT 'ordered' CHECK (dispatch_mode IN ('ordered', 'offered'))
);

CREATE TABLE reference.units (
  region text NOT NULL REFERENCES reference.regions,
  unit_id text NOT NULL CHECK (unit_id ~ '^[A-Za-z0-9._-]{1,32}$'),
  call_sign text NOT NULL,
  level_of_care text NOT NULL,
  capabilities text[] NOT NULL DEFAULT '{}',
  home_station text,
  PRIMARY KEY (region, unit_id)
);

-- One row, raised with every change, so that a reader knows by one look whether it must read again.
CREATE TABLE reference.version (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  version bigint NOT NULL
);
INSERT INTO reference.version (version) VALUES (0);

CREATE SCHEMA auth;

CREATE TABLE auth.signing_keys (
  kid text PRIMARY KEY,
  private_jwk jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0002-reference', '2026-02-01 12:00:00+00');

-- 0003-accounts
CREATE TABLE auth.users (
  name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' AND lower(name COLLATE "C") <> 'system'),
  -- Two names that differ only in case would be taken for each other.
  name_key text COLLATE "C" NOT NULL UNIQUE GENERATED ALWAYS AS (lower(name COLLATE "C")) STORED,
  role text NOT NULL CHECK (role IN ('driver', 'dispatcher', 'supervisor', 'admin')),
  regions text[] NOT NULL CHECK (role = 'admin' OR cardinality(regions) > 0),
  units text[] CHECK (units IS NULL OR role = 'driver'),
  password_hash text NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  created_at_ms bigint NOT NULL,
  changed_at_ms bigint NOT NULL
);

-- A name in the audit and in the regions' logs keeps its meaning.
CREATE FUNCTION auth.refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a user is disabled, never deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON auth.users
  FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_deletion();

-- One sign-in, over all its refreshes.
CREATE TABLE auth.sign_ins (
  sid text PRIMARY KEY,
  user_name text NOT NULL REFERENCES auth.users,
  -- What was chosen at the sign-in; null: all regions of the user, no unit.
  region text,
  unit text,
  signed_in_at_ms bigint NOT NULL,
  -- The newest token's number, from 1.
  generation integer NOT NULL,
  -- When it ends if it is not refreshed before.
  ends_at_ms bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX sign_ins_by_user ON auth.sign_ins (user_name, signed_in_at_ms);
CREATE INDEX sign_ins_by_end ON auth.sign_ins (ends_at_ms);

-- Every token of a sign-in, the spent ones too: one that comes again was copied.
CREATE TABLE auth.refresh_tokens (
  token_hash bytea PRIMARY KEY,
  sid text NOT NULL REFERENCES auth.sign_ins ON DELETE CASCADE,
  generation integer NOT NULL,
  spent_at_ms bigint,
  -- The token that followed, readable only to who has this one, and only until that one is used.
  sealed_successor bytea
);
CREATE INDEX refresh_tokens_by_sign_in ON auth.refresh_tokens (sid, generation);
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0003-accounts', '2026-03-01 12:00:00+00');

-- 0004-access
ALTER TABLE auth.signing_keys ADD COLUMN retired_at timestamptz;

-- The newest makes tickets; the one before it is still taken.
CREATE TABLE auth.ticket_secrets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.devices (
  id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9]{12}$'),
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('feed', 'driver')),
  region text NOT NULL REFERENCES reference.regions,
  unit text CHECK ((role = 'driver') = (unit IS NOT NULL)),
  units text[] CHECK (units IS NULL OR role = 'feed'),
  -- Of 256 random bits, so a plain hash is enough.
  secret_hash bytea NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  created_at_ms bigint NOT NULL,
  changed_at_ms bigint NOT NULL,
  last_used_at_ms bigint
) WITH (fillfactor = 70);

-- Ends everything of the user, sign-in or device that began at that moment or before it.
CREATE TABLE auth.revocations (
  kind text NOT NULL CHECK (kind IN ('user', 'session', 'device')),
  id text NOT NULL,
  revoked_at_ms bigint NOT NULL,
  -- The number that auth.version was raised to with it: whoever has read up to one number reads on from there.
  version bigint NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX revocations_by_version ON auth.revocations (version);
CREATE INDEX revocations_by_age ON auth.revocations (revoked_at_ms);

-- One row, raised with every change of keys, secrets and revocations, so that one look tells whether to read again.
CREATE TABLE auth.version (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  version bigint NOT NULL
);
INSERT INTO auth.version (version) VALUES (0);
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0004-access', '2026-04-01 12:00:00+00');

-- 0005-places
-- A row's version is that of the reference data at its last change. It never comes again, not even for a row that was
-- deleted and made anew, so it serves as the row's ETag.
ALTER TABLE reference.regions ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE reference.units ADD COLUMN version bigint NOT NULL DEFAULT 0;
CREATE INDEX units_by_station ON reference.units (region, home_station) WHERE home_station IS NOT NULL;

-- Units that were deleted: the region's log must hear of it, whenever it is running again.
CREATE TABLE reference.retired_units (
  region text NOT NULL REFERENCES reference.regions,
  unit_id text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (region, unit_id)
);

CREATE TABLE reference.stations (
  region text NOT NULL REFERENCES reference.regions,
  station_id text NOT NULL CHECK (station_id ~ '^[A-Za-z0-9._-]{1,32}$'),
  name text NOT NULL,
  lon_deg double precision NOT NULL CHECK (lon_deg BETWEEN -180 AND 180),
  lat_deg double precision NOT NULL CHECK (lat_deg BETWEEN -90 AND 90),
  capacity integer CHECK (capacity >= 0),
  address text,
  note text,
  version bigint NOT NULL,
  PRIMARY KEY (region, station_id)
);

CREATE TABLE reference.hospitals (
  region text NOT NULL REFERENCES reference.regions,
  hospital_id text NOT NULL CHECK (hospital_id ~ '^[A-Za-z0-9._-]{1,32}$'),
  name text NOT NULL,
  lon_deg double precision NOT NULL CHECK (lon_deg BETWEEN -180 AND 180),
  lat_deg double precision NOT NULL CHECK (lat_deg BETWEEN -90 AND 90),
  address text,
  emergency_department boolean NOT NULL,
  capabilities text[] NOT NULL DEFAULT '{}',
  version bigint NOT NULL,
  PRIMARY KEY (region, hospital_id)
);

CREATE SCHEMA gateway;

-- What a change over HTTP was answered, written with the change itself. The key is kept only as a hash, and the request's
-- hash is keyed by it: a body that held a password cannot be guessed from this table.
CREATE TABLE gateway.http_outcomes (
  principal text NOT NULL,
  key_hash bytea NOT NULL,
  request_hash bytea NOT NULL,
  status smallint NOT NULL,
  headers jsonb NOT NULL,
  body text NOT NULL,
  answered_at_ms bigint NOT NULL,
  PRIMARY KEY (principal, key_hash)
);
CREATE INDEX http_outcomes_by_age ON gateway.http_outcomes (answered_at_ms);
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0005-places', '2026-05-01 12:00:00+00');

-- 0006-audit
CREATE SCHEMA audit;

CREATE TABLE audit.entries (
  seq       bigint PRIMARY KEY CHECK (seq > 0),
  at        timestamptz NOT NULL,
  actor     text NOT NULL,
  action    text NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('done', 'refused')),
  region    text,
  subject   text,
  address   text,
  details   jsonb NOT NULL,
  prev_hash bytea NOT NULL,
  hash      bytea NOT NULL
);
CREATE INDEX entries_by_actor ON audit.entries (actor, seq);
CREATE INDEX entries_by_action ON audit.entries (action, seq);
CREATE INDEX entries_by_time ON audit.entries (at);

-- The end of the chain, and the lock by which entries are appended one after another.
CREATE TABLE audit.head (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  seq    bigint NOT NULL,
  hash   bytea NOT NULL
) WITH (fillfactor = 50);
INSERT INTO audit.head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- How far each region's log has been searched for what belongs into the audit.
CREATE TABLE audit.cursors (
  region   text PRIMARY KEY,
  position bigint NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit.% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER only_moves BEFORE DELETE OR TRUNCATE ON audit.head
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- One field of an entry: 00 for null; else 01, the count of its bytes as four (highest first), and the bytes of UTF-8.
CREATE FUNCTION audit.field(p_text text) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_text IS NULL THEN decode('00', 'hex')
    ELSE decode('01', 'hex') || int4send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8') END
$$;

CREATE FUNCTION audit.entry_hash(p_prev_hash bytea, e audit.entries) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(p_prev_hash || audit.field(e.seq::text)
    || audit.field((extract(epoch FROM e.at) * 1000000)::bigint::text)
    || audit.field(e.actor) || audit.field(e.action) || audit.field(e.outcome)
    || audit.field(e.region) || audit.field(e.subject) || audit.field(e.address) || audit.field(e.details::text))
$$;

-- Appends the elements of a JSON array, in its order; answers the last seq. The head's row stays locked until the
-- transaction ends, so entries of one that is rolled back leave no gap.
CREATE FUNCTION audit.append(p_entries jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_seq bigint;
  v_hash bytea;
  v_entry audit.entries;
  v_given jsonb;
BEGIN
  SELECT seq, hash INTO STRICT v_seq, v_hash FROM audit.head FOR UPDATE;
  FOR v_given IN SELECT value FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS e (value, n) ORDER BY n LOOP
    v_seq := v_seq + 1;
    v_entry.seq := v_seq;
    v_entry.at := coalesce(to_timestamp((v_given ->> 'atMs')::numeric / 1000), clock_timestamp());
    v_entry.actor := v_given ->> 'actor';
    v_entry.action := v_given ->> 'action';
    v_entry.outcome := v_given ->> 'outcome';
    v_entry.region := v_given ->> 'region';
    v_entry.subject := v_given ->> 'subject';
    v_entry.address := v_given ->> 'address';
    v_entry.details := v_given -> 'details';
    v_entry.prev_hash := v_hash;
    v_hash := audit.entry_hash(v_hash, v_entry);
    v_entry.hash := v_hash;
    INSERT INTO audit.entries VALUES (v_entry.*);
  END LOOP;
  UPDATE audit.head SET seq = v_seq, hash = v_hash;
  RETURN v_seq;
END $$;

-- A segment of live fixes spans little time, so its end alone bounds the search; those with a backlog have their own.
CREATE INDEX segments_by_time ON location.segments (region, last_fixed_at_ms, segment_no)
  WHERE last_fixed_at_ms - first_fixed_at_ms <= 3600000;
CREATE INDEX wide_segments_by_time ON location.segments (region, last_fixed_at_ms, segment_no)
  WHERE last_fixed_at_ms - first_fixed_at_ms > 3600000;
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0006-audit', '2026-06-01 12:00:00+00');

-- 0007-call-details
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
INSERT INTO goldenhour.migrations (name, applied_at) VALUES ('0007-call-details', '2026-07-01 12:00:00+00');
