/** The people who sign in, and what keeps them signed in. */
export const accounts = {
  name: '0003-accounts',
  sql: `
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
`,
}
