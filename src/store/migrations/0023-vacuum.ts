/**
 * When Postgres looks after the tables that commands write to: soon where rows come and go, and in small steps where they only
 * come.
 *
 * Each commit takes a transaction's number, and each that meets another of its region's lanes a number of a group of lockers. Once
 * enough are taken, after 200 and 400 million, Postgres reads every table whole, but for pages of which it knows that nothing in them is
 * younger: so those are marked while they are new. Only settings change here, which takes no lock that a writer waits for.
 */
import type { Migration } from './migration.ts'

const onlyGrows = (
  rows: number,
) => `SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = ${rows},
  autovacuum_freeze_min_age = 0, autovacuum_multixact_freeze_min_age = 0)`

export const vacuum: Migration = {
  name: '0023-vacuum',
  sql: `
-- A row each time a unit gets a trip, gone when it ends: never more than there are units.
ALTER TABLE log.open_trip SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0);
-- Replaced in place, nearly always on the same page.
ALTER TABLE log.snapshots SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

ALTER TABLE log.records ${onlyGrows(500_000)};
ALTER TABLE log.commands ${onlyGrows(500_000)};
ALTER TABLE location.segments ${onlyGrows(100_000)};
ALTER TABLE audit.entries ${onlyGrows(100_000)};
-- Seven days' worth of it goes by and by.
ALTER TABLE log.commands SET (autovacuum_vacuum_scale_factor = 0.05);
`,
}
