/** How far each region's numbers of calls have come, by year. */
import type { Migration } from './migration.ts'

export const incidentNumbers: Migration = {
  name: '0014-incident-numbers',
  sql: `
DROP FUNCTION IF EXISTS log.append_records(text, bigint, text, bigint[], bigint[], text[], text[], text[], text[], text[],
  text[], text[], bigint[], bigint[], text[], text[], text[], boolean[], text[], text[], text[], text[], text[], bigint[],
  text[], integer[], text[], text[], bigint[], integer[], text[]);

CREATE TABLE log.incident_numbers (
  region text NOT NULL,
  year   integer NOT NULL,
  last   bigint NOT NULL CHECK (last > 0),
  PRIMARY KEY (region, year)
) WITH (fillfactor = 50);
`,
}
