/** What the views have of one call: its own row, and those of its trips. */
import { sql } from 'kysely'
import type { Database } from '../postgres/database.ts'
import type { WholeCall } from './whole-call.ts'

export type ViewRow = Readonly<Record<string, unknown>>

export interface CallRows {
  readonly call: ViewRow
  readonly trips: readonly ViewRow[]
  readonly tripTimes: readonly ViewRow[]
  readonly offers: readonly ViewRow[]
  readonly decisions: readonly ViewRow[]
  readonly alarms: readonly ViewRow[]
}

/** By the columns of the views, without the region. Errors: those of pg. */
export async function callRows(database: Database, { region, callId, tripIds }: WholeCall): Promise<CallRows> {
  const ofTrips = async (view: string, order: string): Promise<readonly ViewRow[]> => {
    const { rows } = await sql<{ row: ViewRow }>`SELECT to_jsonb(v) - 'region' AS row FROM ${sql.table(view)} v
      WHERE region = ${region} AND trip_id = ANY (${tripIds}::text[]) ORDER BY ${sql.raw(order)}`.execute(database)
    return rows.map(({ row }) => row)
  }
  const { rows } = await sql<{ row: ViewRow }>`SELECT to_jsonb(c) - 'region' AS row FROM views.calls c
    WHERE region = ${region} AND call_id = ${callId}`.execute(database)
  return {
    call: rows[0]!.row,
    trips: await ofTrips('views.trips', 'created_position, trip_id'),
    tripTimes: await ofTrips('views.trip_times', 'at_ms, e_time, trip_id, offer_id'),
    offers: await ofTrips('views.offers', 'offered_at_ms, offer_id'),
    decisions: await ofTrips('views.decisions', 'position, event'),
    alarms: await ofTrips('views.alarms', 'raised_at_ms, alarm_id'),
  }
}
