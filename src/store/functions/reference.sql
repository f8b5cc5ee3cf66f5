-- Reference data: a region's policies only grow, and no region is without one.

CREATE OR REPLACE FUNCTION reference.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'reference.% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON reference.policies
  FOR EACH STATEMENT EXECUTE FUNCTION reference.refuse_change();

-- For a region that an engine of the former version makes while it still runs: a number that is not given has its default.
CREATE OR REPLACE FUNCTION reference.give_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reference.policies (region, version, policy, changed_by, changed_at_ms)
  VALUES (NEW.region, 1, jsonb_build_object('mode', NEW.dispatch_mode), 'system', (extract(epoch FROM now()) * 1000)::bigint)
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS has_policy ON reference.regions;
CREATE CONSTRAINT TRIGGER has_policy AFTER INSERT ON reference.regions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION reference.give_policy();
