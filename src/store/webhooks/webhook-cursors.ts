/**
 * How far each webhook has the log of each region, and which of them are stopped.
 *
 * A cursor moves only from where it stood, so of two processes that both believe that they have a region one moves it. After a
 * restore every webhook is stopped, also one that the restored database did not know (`ANY_HOOK` stands for it): somebody has to say
 * that this database is the one that posts.
 */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { Database } from '../postgres/database.ts'

export interface WebhookCursor {
  readonly region: RegionId
  readonly hook: string
  /** The receiver has everything up to here. */
  readonly position: number
  /** The history that positions count in. */
  readonly logId: string
  /** Why nothing is posted; null while it goes. */
  readonly stopped: string | null
}

/** What no webhook is named. */
const ANY_HOOK = '*'
const COLUMNS = sql`region, hook, position, log_id AS "logId", stopped`

/** Of a webhook, or of all. Errors: those of pg. */
export async function webhookCursors(database: Database, hook: string | null): Promise<WebhookCursor[]> {
  const { rows } = await sql<WebhookCursor>`SELECT ${COLUMNS} FROM webhooks.cursors
    WHERE hook <> ${ANY_HOOK} AND (${hook}::text IS NULL OR hook = ${hook}) ORDER BY hook, region`.execute(database)
  return rows
}

/** A new one begins where the log ends now. Errors: those of pg. */
export async function beginWebhook(database: Database, region: RegionId, hook: string): Promise<void> {
  await sql`INSERT INTO webhooks.cursors (region, hook, position, stopped)
    SELECT ${region}, ${hook}, log.log_end(${region}),
      (SELECT stopped FROM webhooks.cursors WHERE region = ${region} AND hook = ${ANY_HOOK})
    ON CONFLICT DO NOTHING`.execute(database)
}

/** False when it does not stand there any more, or is stopped. Errors: those of pg. */
export async function moveWebhook(database: Database, from: WebhookCursor, position: number): Promise<boolean> {
  const { numAffectedRows } = await sql`UPDATE webhooks.cursors SET position = ${position} ${stillAt(from)}`.execute(
    database,
  )
  return numAffectedRows === 1n
}

/** Nothing where it does not stand there any more. Errors: those of pg. */
export async function stopWebhook(database: Database, from: WebhookCursor, why: string): Promise<void> {
  await sql`UPDATE webhooks.cursors SET stopped = ${why} ${stillAt(from)}`.execute(database)
}

const stillAt = ({ region, hook, position, logId }: WebhookCursor) => sql`WHERE region = ${region} AND hook = ${hook}
  AND position = ${position} AND log_id = ${logId} AND stopped IS NULL`

interface Going {
  readonly region: RegionId
  readonly hook: string
  /** What the receiver is taken to have; null: as it stands. */
  readonly after: number | null
}

/** Lets a webhook go, whatever it was stopped for. Output: where it stands. Errors: those of pg. */
export function letWebhookGo(
  database: Database,
  { region, hook, after }: Going,
  audited: AuditChange,
): Promise<number> {
  return database.transaction().execute(async transaction => {
    await beginWebhook(transaction, region, hook)
    const { rows } = await sql<{ position: number }>`UPDATE webhooks.cursors
      SET stopped = NULL, position = coalesce(${after}::bigint, position)
      WHERE region = ${region} AND hook = ${hook} RETURNING position`.execute(transaction)
    await sql`DELETE FROM webhooks.cursors WHERE region = ${region} AND hook = ${ANY_HOOK}`.execute(transaction)
    const { position } = rows[0]!
    await audited(transaction, { action: 'webhook-let-go', region, subject: hook, details: { position } })
    return position
  })
}
