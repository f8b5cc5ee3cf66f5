/**
 * Legal hold: a call that somebody has to account for is kept as it is, with everything about it, until it is released. It is not
 * erased, and what happened while it was open is not let go for its age.
 */
import { sql } from 'kysely'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { TimeSpan } from '../location/archives.ts'
import type { Database } from '../postgres/database.ts'
import { type WholeCall, wholeCall } from '../views/whole-call.ts'
import { AgeRefused, oneAtATime } from './age-work.ts'

export interface Hold {
  readonly region: RegionId
  readonly callId: CallId
  readonly reason: string
  readonly placedAt: Date
  /** When its caller called, region time. */
  readonly fromMs: number
  readonly releasedAt: Date | null
  readonly releaseReason: string | null
}

/** Where units were this long before the call came in belongs to it. */
const BEFORE_MS = 3_600_000
/** And what its crews did within this after its last step. */
const AFTERWARDS_MS = 4 * 3_600_000

/** Errors: AgeRefused for one that is held already; those of pg. */
export async function placeHold(
  database: Database,
  { region, callId, receivedAtMs }: WholeCall,
  reason: string,
  audited: AuditChange,
): Promise<void> {
  await database.transaction().execute(async transaction => {
    await oneAtATime(transaction, region)
    const held = await holdOn(transaction, region, callId)
    if (held !== null)
      throw new AgeRefused(`Call ${callId} is held since ${held.placedAt.toISOString()}: ${held.reason}.`)
    await sql`INSERT INTO log.holds (region, call_id, reason, from_ms)
      VALUES (${region}, ${callId}, ${reason}, ${receivedAtMs - BEFORE_MS})`.execute(transaction)
    await audited(transaction, { action: 'call-held', region, subject: callId, details: { reason } })
  })
}

/** Errors: AgeRefused for one that is not held; those of pg. */
export async function releaseHold(
  database: Database,
  { region, callId }: WholeCall,
  reason: string,
  audited: AuditChange,
): Promise<void> {
  await database.transaction().execute(async transaction => {
    await oneAtATime(transaction, region)
    const { numAffectedRows } = await sql`UPDATE log.holds SET released_at = now(), release_reason = ${reason}
      WHERE region = ${region} AND call_id = ${callId} AND released_at IS NULL`.execute(transaction)
    if (numAffectedRows === 0n) throw new AgeRefused(`Call ${callId} is not held; "goldenhour hold list" lists holds.`)
    await audited(transaction, { action: 'call-released', region, subject: callId, details: { reason } })
  })
}

/** The hold that stands; null where none does. Errors: those of pg. */
export async function holdOn(database: Database, region: RegionId, callId: CallId): Promise<Hold | null> {
  const { rows } = await holds(database, sql`region = ${region} AND call_id = ${callId} AND released_at IS NULL`)
  return rows[0] ?? null
}

/** Those that stand, or all that ever did, the oldest first. Errors: those of pg. */
export async function listHolds(database: Database, withReleased: boolean): Promise<readonly Hold[]> {
  return (await holds(database, withReleased ? sql`true` : sql`released_at IS NULL`)).rows
}

/** The times of calls that are held in a region: nothing of those is let go. Errors: those of pg. */
export async function heldSpans(database: Database, region: RegionId): Promise<readonly TimeSpan[]> {
  const { rows } = await holds(database, sql`region = ${region} AND released_at IS NULL`)
  const spans: TimeSpan[] = []
  for (const { callId, fromMs } of rows) {
    const call = await wholeCall(database, region, callId)
    // Of one that goes on, or of which the views know nothing yet, everything since is kept.
    const isOver = call !== null && !call.isOpen && call.lastStepMs !== null
    spans.push({ fromMs, toMs: isOver ? call.lastStepMs + AFTERWARDS_MS : Number.MAX_SAFE_INTEGER })
  }
  return spans
}

const holds = (database: Database, which: ReturnType<typeof sql>) =>
  sql<Hold>`SELECT region, call_id AS "callId", reason, placed_at AS "placedAt", from_ms AS "fromMs",
    released_at AS "releasedAt", release_reason AS "releaseReason"
    FROM log.holds WHERE ${which} ORDER BY hold_no`.execute(database)
