/** Whether a unit can carry a patient is an axis of its own beside its level of care. */
import type { Migration } from './migration.ts'

export const transport: Migration = {
  name: '0015-transport',
  sql: `
ALTER TABLE reference.units ADD COLUMN transports boolean NOT NULL DEFAULT true;
-- What the level of a unit said before.
UPDATE reference.units SET transports = false WHERE level_of_care = 'first-responder';
`,
}
