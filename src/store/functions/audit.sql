-- The audit's chain: its rows are appended and never change.
--
-- The bytes that are hashed are told in OPERATIONS.md and computed a second time, from the stored columns alone, by
-- store/audit/audit-chain.ts.

CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit.% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE OR REPLACE TRIGGER only_moves BEFORE DELETE OR TRUNCATE ON audit.head
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- One field of an entry: 00 for null; else 01, the count of its bytes as four (highest first), and the bytes of UTF-8.
CREATE OR REPLACE FUNCTION audit.field(p_text text) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_text IS NULL THEN decode('00', 'hex')
    ELSE decode('01', 'hex') || int4send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8') END
$$;

CREATE OR REPLACE FUNCTION audit.entry_hash(p_prev_hash bytea, e audit.entries) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(p_prev_hash || audit.field(e.seq::text)
    || audit.field((extract(epoch FROM e.at) * 1000000)::bigint::text)
    || audit.field(e.actor) || audit.field(e.action) || audit.field(e.outcome)
    || audit.field(e.region) || audit.field(e.subject) || audit.field(e.address) || audit.field(e.details::text))
$$;

-- Appends the elements of a JSON array, in its order; answers the last seq. The head's row stays locked until the
-- transaction ends, so entries of one that is rolled back leave no gap.
CREATE OR REPLACE FUNCTION audit.append(p_entries jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
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
