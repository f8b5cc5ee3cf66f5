/** What the service tells us about itself (regions, units), and the keys that sign our tokens. */
export const reference = {
  name: '0002-reference',
  sql: `
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
`,
}
