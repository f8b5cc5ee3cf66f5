/** Whether one fix of a unit is stored: for who cannot tell a repetition from a fix that comes late. */
import type { RegionId, StreamId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { readTrack } from './track.ts'

/** More than a unit has of one millisecond. */
const FIXES_MAX = 1_000

export interface FixSought {
  readonly region: RegionId
  readonly unitId: UnitId
  readonly fixedAtMs: number
  readonly seq: number
  /** One of these. */
  readonly streamIds: readonly StreamId[]
}

/**
 * Reads the segments of that millisecond. One that is damaged, or whose fixes were moved into files for their age, does not
 * tell; then the answer is no. Errors: those of pg.
 */
export async function isFixStored(database: Database, { streamIds, seq, ...sought }: FixSought): Promise<boolean> {
  const { region, unitId, fixedAtMs } = sought
  const range = { fromMs: fixedAtMs, toMs: fixedAtMs + 1, after: null, limit: FIXES_MAX }
  const { fixes } = await readTrack(database, { region, unitId, ...range })
  return fixes.some(fix => fix.seq === seq && streamIds.includes(fix.streamId))
}
