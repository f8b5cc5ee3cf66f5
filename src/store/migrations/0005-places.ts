/** Stations and hospitals, a version for every row of reference data, retired units, and the outcomes of HTTP changes. */
export const places = {
  name: '0005-places',
  sql: `
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
`,
}
