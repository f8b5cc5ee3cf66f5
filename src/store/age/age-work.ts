/** What erasing, holding and letting go of what is old have in common. */
import { sql } from 'kysely'
import type { ErasedIds } from '../../domain/erasure.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

/** Whether a record names the call or one of its trips; for a condition. Input: the column that has the events as text. */
export const namesCallOrTrip = (events: string, { callId, tripIds }: ErasedIds) =>
  sql<boolean>`(${sql.join(
    [callId, ...tripIds].map(id => sql`strpos(${sql.ref(events)}, ${id}) > 0`),
    sql` OR `,
  )})`

/** Erasing, holding and letting go of what is old wait for each other, in one region; until the end of the transaction. */
export async function oneAtATime(transaction: Database, region: RegionId): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('goldenhour age'), hashtext(${region}))`.execute(transaction)
}

/** What an operator asked for cannot be; the message says why, and what to do. */
export class AgeRefused extends Error {
  override readonly name = 'AgeRefused'
}
