/** What regions have learned of how long their roads take: every version that was learned, and which was in use when. */
import type { Migration } from './migration.ts'

export const travelSpeeds: Migration = {
  name: '0017-travel-speeds',
  sql: `
-- Learned; in use only once somebody says so.
CREATE TABLE roads.speeds (
  region text NOT NULL REFERENCES reference.regions,
  version integer NOT NULL CHECK (version > 0),
  -- The parameters of a travel model.
  model jsonb NOT NULL,
  -- From what it was learned, and how true it was on what was held out.
  facts jsonb NOT NULL,
  changed_by text NOT NULL,
  changed_at_ms bigint NOT NULL,
  note text,
  PRIMARY KEY (region, version)
);

-- The newest row stands; one without a version, and none at all, stand for the usual times.
CREATE TABLE roads.speed_uses (
  region text NOT NULL REFERENCES reference.regions,
  number integer NOT NULL CHECK (number > 0),
  version integer,
  changed_by text NOT NULL,
  changed_at_ms bigint NOT NULL,
  note text,
  PRIMARY KEY (region, number),
  FOREIGN KEY (region, version) REFERENCES roads.speeds
);
`,
}
