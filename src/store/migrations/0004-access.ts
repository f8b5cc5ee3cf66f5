/** What credentials are checked against: keys that can be retired, devices, tickets' secrets, and what was ended early. */
export const access = {
  name: '0004-access',
  sql: `
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
`,
}
