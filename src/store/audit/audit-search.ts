/** A page of the audit for who looks for something in it: the newest entries first, narrowed by who, what, whom, where and when. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface FoundEntry {
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly outcome: 'done' | 'refused'
  readonly region: RegionId | null
  readonly subject: string | null
  readonly address: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export interface AuditWishes {
  /** Null: all, those of no region too. */
  readonly region: RegionId | null
  readonly actor: string | null
  readonly action: string | null
  readonly outcome: string | null
  readonly subject: string | null
  /** From then on and before that, epoch ms of the wall clock. */
  readonly fromMs: number
  readonly toMs: number | null
  /** Those before this one; null: from the newest. */
  readonly before: number | null
  readonly limit: number
}

/** Errors: those of pg. */
export async function searchAudit(database: Database, wishes: AuditWishes): Promise<readonly FoundEntry[]> {
  const { region, actor, action, outcome, subject, fromMs, toMs, before, limit } = wishes
  const fits = [
    sql`at >= to_timestamp(${fromMs}::numeric / 1000)`,
    ...(toMs === null ? [] : [sql`at < to_timestamp(${toMs}::numeric / 1000)`]),
    ...(before === null ? [] : [sql`seq < ${before}`]),
    ...(region === null ? [] : [sql`region = ${region}`]),
    ...(actor === null ? [] : [sql`actor = ${actor}`]),
    ...(action === null ? [] : [sql`action = ${action}`]),
    ...(outcome === null ? [] : [sql`outcome = ${outcome}`]),
    ...(subject === null ? [] : [sql`subject = ${subject}`]),
  ]
  const { rows } = await sql<FoundEntry>`SELECT seq, floor(extract(epoch FROM at) * 1000)::bigint AS "atMs",
    actor, action, outcome, region, subject, address, details
    FROM audit.entries WHERE ${sql.join(fits, sql` AND `)} ORDER BY seq DESC LIMIT ${limit}`.execute(database)
  return rows
}
