/**
 * What a restore does with webhooks: each is stopped, where the log ends at the latest, and positions count in another history.
 *
 * The database that was restored may be a copy, for a try or a look, while the first one goes on posting; and positions behind the end
 * are given anew, for records that a receiver must not take for those that it had under their numbers.
 */
import { sql } from 'kysely'
import type { Database } from '../postgres/database.ts'

/** For a session of the owner or of an engine; begun again it does no more. */
export const STOP_WEBHOOKS = `
  UPDATE webhooks.cursors SET position = least(position, log.log_end(region)), log_id = gen_random_uuid()::text,
    stopped = 'restored';
  INSERT INTO webhooks.cursors (region, hook, position, stopped)
    SELECT region, '*', 0, 'restored' FROM log.region_owner ON CONFLICT DO NOTHING`

/** For a database that was brought back by other means. Errors: those of pg. */
export async function stopWebhooks(database: Database): Promise<void> {
  await sql.raw(STOP_WEBHOOKS).execute(database)
}
