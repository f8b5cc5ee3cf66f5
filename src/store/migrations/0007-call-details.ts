/** A call's personal data can be replaced, and not only entered: `log.append_records` does so since. */
import type { Migration } from './migration.ts'

export const callDetails: Migration = {
  name: '0007-call-details',
  sql: 'SELECT 1',
}
