-- What the tables of accounts refuse.

-- A name in the audit and in the regions' logs keeps its meaning.
CREATE OR REPLACE FUNCTION auth.refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a user is disabled, never deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE OR REPLACE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON auth.users
  FOR EACH STATEMENT EXECUTE FUNCTION auth.refuse_deletion();
