/** How far each webhook has the log of each region. */
import type { Migration } from './migration.ts'

export const webhooks: Migration = {
  name: '0024-webhooks',
  sql: `
CREATE SCHEMA webhooks;
-- Where its messages go, and with which secret, is in no table: whoever gets a copy of the database posts nothing by that.
CREATE TABLE webhooks.cursors (
  region   text NOT NULL,
  hook     text NOT NULL,
  -- The receiver has everything up to here.
  position bigint NOT NULL CHECK (position >= 0),
  -- The history that positions count in: after a restore they are given anew, for other records.
  log_id   text NOT NULL DEFAULT gen_random_uuid()::text,
  -- Why nothing is posted until somebody says so.
  stopped  text,
  PRIMARY KEY (region, hook)
) WITH (fillfactor = 50);
`,
}
