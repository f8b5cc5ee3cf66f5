/** The decisions on one trip as the log has them, read back at the positions that the trip names. */
import { sql } from 'kysely'
import type { DecisionRecord } from '../../domain/events/decision-record.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { Principal, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { PROVEN_RECORDS } from './journal-statements.ts'
import { type LogRow, recordOf } from './stored-rows.ts'

interface StoredDecision {
  readonly position: number
  readonly recordedAtMs: number
  /** Null: nobody was found. */
  readonly unitId: UnitId | null
  /** Of the offer that it led to; null where nobody was found. */
  readonly round: number | null
  /** The dispatcher whose own choice it was; null for the desk's. */
  readonly chosenBy: Principal | null
  readonly decision: DecisionRecord
}

interface StoredDecisions {
  readonly decisions: readonly StoredDecision[]
  /** How many of the records are damaged or gone. */
  readonly damaged: number
}

/** Input: positions of records, ascending, as many as one statement may read. Errors: those of pg. */
export async function readDecisions(
  database: Database,
  region: RegionId,
  tripId: TripId,
  positions: readonly number[],
): Promise<StoredDecisions> {
  const { rows } = await sql<LogRow>`
    ${sql.raw(PROVEN_RECORDS)}
    WHERE region = ${region} AND position = ANY (${positions}::bigint[]) ORDER BY position`.execute(database)
  const sound = rows.map(recordOf).filter(({ damage }) => damage === undefined)
  const decisions = sound.flatMap(({ position, recordedAtMs, principal, events }) =>
    decisionsIn(events, tripId, principal).map(decided => ({ position, recordedAtMs, ...decided })),
  )
  return { decisions, damaged: positions.length - sound.length }
}

/** A record may have two: a trip that was taken from its unit, and went to another one. */
function decisionsIn(events: readonly DomainEvent[], tripId: TripId, principal: Principal) {
  const decisions: Omit<StoredDecision, 'position' | 'recordedAtMs'>[] = []
  let insisted: UnitId | null = null
  for (const event of events) {
    if (!('tripId' in event) || event.tripId !== tripId) continue
    if (event.type === 'AssignmentOverridden') insisted = event.unitId
    else if (event.type === 'OfferMade') {
      const { unitId, round, decision } = event
      decisions.push({ unitId, round, chosenBy: unitId === insisted ? principal : null, decision })
      insisted = null
    } else if (event.type === 'TripAlarmRaised' && event.decision !== undefined) {
      decisions.push({ unitId: null, round: null, chosenBy: null, decision: event.decision })
    }
  }
  return decisions
}
