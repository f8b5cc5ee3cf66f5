/** A region is told what changed among its units since it was last told: those are found without reading all of them. */
import type { Migration } from './migration.ts'

export const unitChanges: Migration = {
  name: '0010-unit-changes',
  sql: `
CREATE INDEX units_by_change ON reference.units (region, version, unit_id);
CREATE INDEX retired_units_by_change ON reference.retired_units (region, version, unit_id);
`,
}
