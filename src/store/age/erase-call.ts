/**
 * Erases the personal data of a call that is over, wherever the database has it, while the log stays whole and engines go on.
 *
 * Who called, the address and what was said stand apart from the log, and are deleted. The place and the problem stand in its
 * events: those records are written anew without them, with checksums of what they are now. Of what they were no hash is kept:
 * whoever has the rest of a record could try places until one fits. That the record was written anew is known all the same:
 * `log.erasures` and the audit have a seal over those records, which `verify` proves.
 *
 * One transaction does all of it, behind the region's commits, and only when no engine has the call in memory but as it is
 * stored: then whatever was made of the log is in the tables below. Engines are told within a second (`erasure-watch.ts`).
 */
import { sql } from 'kysely'
import { callKey, tripKey } from '../../domain/entity.ts'
import { withoutPersonal, withoutPersonalOf } from '../../domain/erasure.ts'
import type { AuditChange } from '../audit/audit.ts'
import type { Database } from '../postgres/database.ts'
import { eraseViews, standStill } from '../views/erased-rows.ts'
import type { WholeCall } from '../views/whole-call.ts'
import { AgeRefused, namesCallOrTrip, oneAtATime } from './age-work.ts'
import { SEAL } from './erasures.ts'
import { holdOn } from './holds.ts'

export interface Erased {
  /** Records that were written anew, */
  readonly records: number
  /** and texts that were deleted: versions of its details, and notes. Nothing of both: it was erased before. */
  readonly texts: number
}

interface ErasedRecord {
  readonly position: number
  readonly events: string
}

/** What of the log is written anew: records with a place or a problem, and the commands that led to any of the call. */
interface ToErase {
  readonly records: readonly ErasedRecord[]
  readonly commandsAt: readonly number[]
}

/** Of a call that has left memory; its trips are in it. */
interface ClosedRow {
  readonly position: number
  readonly state: { readonly call: object; readonly trips: readonly object[] }
  readonly sound: boolean | null
}

/** Input: whose connections may change the log, and a call of which the views are up to date. Errors: AgeRefused; those of pg. */
export async function eraseCall(
  database: Database,
  whole: WholeCall,
  reason: string,
  audited: AuditChange,
): Promise<Erased> {
  const { region, callId } = whole
  if (whole.isOpen) throw new AgeRefused(`Call ${callId} is open; erase it when it is over.`)
  // Records never change but by us, so the long search needs no lock.
  const toErase = await searchLog(database, whole)
  const { length: records } = toErase.records
  return database.transaction().execute(async transaction => {
    const viewsAt = await lockRegion(transaction, whole)
    const held = await holdOn(transaction, region, callId)
    if (held !== null)
      throw new AgeRefused(
        `Call ${callId} is held since ${held.placedAt.toISOString()} (${held.reason}); nothing of it is erased before "goldenhour hold release".`,
      )
    await refuseInMemory(transaction, whole, viewsAt)
    const texts = await eraseTexts(transaction, whole)
    await eraseRecords(transaction, whole, toErase)
    await eraseDerived(transaction, whole)
    await eraseViews(transaction, whole)
    if (records + texts > 0) {
      const seal = await putSeal(transaction, whole, toErase, reason)
      await audited(transaction, {
        ...{ action: 'call-erased', region, subject: callId, details: { reason, records, texts, seal } },
      })
    }
    return { records, texts }
  })
}

/** Errors: AgeRefused for a record that is damaged; those of pg. */
async function searchLog(database: Database, whole: WholeCall): Promise<ToErase> {
  const { region, firstPosition, lastPosition } = whole
  const { rows } = await sql<ErasedRecord & { readonly sound: boolean | null; readonly isCommand: boolean }>`
    SELECT r.position, t.events, r.command_id IS NOT NULL AS "isCommand",
      r.checksum = log.record_checksum(r.region, r.position, r.recorded_at_ms, r.epoch, r.principal, r.command_id,
        r.trace, t.events) AS sound
    FROM log.records r, LATERAL (SELECT r.events::text AS events OFFSET 0) t
    WHERE r.region = ${region} AND r.position BETWEEN ${firstPosition} AND ${lastPosition}
      AND ${namesCallOrTrip('t.events', whole)} ORDER BY r.position`.execute(database)
  const records = rows.flatMap(({ position, events: text, sound }) => {
    if (sound === false)
      throw new AgeRefused(
        `Record ${position} of call ${whole.callId} is damaged; mend it first (docs/durability.md), so that what it has is erased.`,
      )
    const events = JSON.parse(text) as readonly object[]
    const erased = withoutPersonalOf(events, whole)
    return erased === events ? [] : [{ position, events: JSON.stringify(erased) }]
  })
  return { records, commandsAt: rows.filter(row => row.isCommand).map(row => row.position) }
}

/** Behind what is being committed and folded, and before what comes next. Output: up to where the views are. */
async function lockRegion(transaction: Database, { region, callId }: WholeCall): Promise<number> {
  await oneAtATime(transaction, region)
  const viewsAt = await standStill(transaction, region)
  if (viewsAt === null)
    throw new AgeRefused(`The views of region ${region} are being rebuilt; erase call ${callId} when that is done.`)
  await sql`SELECT FROM log.region_owner WHERE region = ${region} FOR UPDATE`.execute(transaction)
  return viewsAt
}

/** A call that is in memory otherwise than as it is stored would be written out again with what it has there. */
async function refuseInMemory(transaction: Database, whole: WholeCall, viewsAt: number): Promise<void> {
  const { region, callId, tripIds, lastPosition } = whole
  const entities = [callKey(callId), ...tripIds.map(tripKey)]
  const { rows } = await sql<{ stored: boolean; unsaved: boolean }>`SELECT
    EXISTS (SELECT FROM log.closed_calls WHERE region = ${region} AND call_id = ${callId}
      AND position >= ${lastPosition}) AS stored,
    EXISTS (SELECT FROM log.snapshots WHERE region = ${region} AND entity = ANY (${entities}::text[]))
    OR EXISTS (SELECT FROM log.records r, LATERAL (SELECT r.events::text AS events OFFSET 0) t
      WHERE r.region = ${region} AND r.position > ${viewsAt}
        AND ${namesCallOrTrip('t.events', whole)}) AS unsaved`.execute(transaction)
  const { stored, unsaved } = rows[0]!
  if (stored && !unsaved) return
  throw new AgeRefused(
    `Call ${callId} is in the memory of its region still: a call leaves it a quarter of an hour after its last change, while an engine runs. Try again then.`,
  )
}

/** Answers how many versions of details and notes there were. */
async function eraseTexts(transaction: Database, { region, callId }: WholeCall): Promise<number> {
  const { rows } = await sql<{ texts: number }>`SELECT
    (SELECT count(*) FROM log.call_details WHERE region = ${region} AND call_id = ${callId}
      AND coalesce(caller_name, phone, address, notes) IS NOT NULL)
    + (SELECT count(*) FROM log.former_call_details WHERE region = ${region} AND call_id = ${callId})
    + (SELECT count(*) FROM log.call_notes WHERE region = ${region} AND call_id = ${callId}) AS texts`.execute(
    transaction,
  )
  // The others go with it.
  await sql`DELETE FROM log.call_details WHERE region = ${region} AND call_id = ${callId}`.execute(transaction)
  return Number(rows[0]!.texts)
}

async function eraseRecords(
  transaction: Database,
  { region }: WholeCall,
  { records, commandsAt }: ToErase,
): Promise<void> {
  await sql`UPDATE log.records r SET events = n.events::jsonb, checksum = log.record_checksum(r.region, r.position,
      r.recorded_at_ms, r.epoch, r.principal, r.command_id, r.trace, n.events::jsonb::text)
    FROM unnest(${positionsOf(records)}::bigint[], ${records.map(each => each.events)}::text[]) AS n (position, events)
    WHERE r.region = ${region} AND r.position = n.position`.execute(transaction)
  // The hash of a command is over what it said, and a town has few telephone numbers to try. Its id stays taken.
  await sql`UPDATE log.commands c SET body_hash = n.hash, checksum = log.command_checksum(c.region, c.principal,
      c.command_id, n.hash, c.position, c.recorded_at_ms, c.result::text)
    FROM (SELECT position, sha256(uuid_send(gen_random_uuid())) AS hash
      FROM unnest(${commandsAt}::bigint[]) AS n (position) OFFSET 0) n
    WHERE c.region = ${region} AND c.position = n.position`.execute(transaction)
}

const positionsOf = (records: readonly ErasedRecord[]): readonly number[] => records.map(each => each.position)

/** What was made of the records. */
async function eraseDerived(transaction: Database, { region, callId, tripIds }: WholeCall): Promise<void> {
  const entities = [callKey(callId), ...tripIds.map(tripKey)]
  await sql`DELETE FROM log.refused_snapshots WHERE region = ${region}
    AND entity = ANY (${entities}::text[])`.execute(transaction)
  const closed = await sql<ClosedRow>`SELECT position, state, checksum = log.snapshot_checksum(region,
      'call/' || call_id, position, 0, state::text) AS sound
    FROM log.closed_calls WHERE region = ${region} AND call_id = ${callId}`.execute(transaction)
  const { position, state, sound } = closed.rows[0]!
  if (sound === false)
    throw new AgeRefused(
      `The row of call ${callId} in log.closed_calls is damaged; mend it first (docs/durability.md).`,
    )
  const { call, trips } = state
  const erased = { ...state, call: withoutPersonal(call), trips: trips.map(trip => withoutPersonal(trip)) }
  const { lonDeg, latDeg } = erased.call as { readonly lonDeg: number; readonly latDeg: number }
  await sql`UPDATE log.closed_calls SET lon_deg = ${lonDeg}, lat_deg = ${latDeg}, state = n.state,
      checksum = log.snapshot_checksum(region, 'call/' || call_id, ${position}, 0, n.state::text)
    FROM (SELECT ${JSON.stringify(erased)}::jsonb AS state) n
    WHERE region = ${region} AND call_id = ${callId}`.execute(transaction)
}

/**
 * Over the records as they are now, those of an erasure of before among them: SHA-256 in hex over `position:checksum` of each,
 * joined by commas.
 */
async function putSeal(
  transaction: Database,
  { region, callId }: WholeCall,
  { records }: ToErase,
  reason: string,
): Promise<string> {
  const { rows } = await sql<{ seal: string }>`WITH erased AS (
      SELECT ${region}::text AS region, coalesce(array_agg(DISTINCT p ORDER BY p), '{}') AS positions FROM (
        SELECT unnest(positions) AS p FROM log.erasures WHERE region = ${region} AND call_id = ${callId}
        UNION SELECT unnest(${positionsOf(records)}::bigint[])) a)
    INSERT INTO log.erasures (region, call_id, reason, positions, seal)
    SELECT region, ${callId}, ${reason}, positions, ${sql.raw(SEAL)} FROM erased e
    ON CONFLICT (region, call_id) DO UPDATE
    SET erased_at = now(), reason = excluded.reason, positions = excluded.positions, seal = excluded.seal
    RETURNING seal`.execute(transaction)
  return rows[0]!.seal
}
