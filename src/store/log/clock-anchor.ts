/** The anchor of region time, kept with the database: regionTime = anchorRegion + (wall - anchorWall) × rate. */
import { type Database, DatabaseSetupError } from '../postgres/database.ts'

export interface ClockAnchor {
  readonly anchorRegionMs: number
  readonly anchorWallMs: number
  /** Region milliseconds that pass in one wall millisecond. */
  readonly rate: number
}

/**
 * The stored clock; a database without records gets one that starts now, at the rate asked for.
 * Errors: DatabaseSetupError `clock-rate-differs` when there are records and they were made at another rate.
 */
export function loadOrCreateClock(
  database: Database,
  asked: { readonly rate: number; readonly wallMs: number },
): Promise<ClockAnchor> {
  const fresh = { anchor_region_ms: asked.wallMs, anchor_wall_ms: asked.wallMs, rate: asked.rate }
  return database.transaction().execute(async transaction => {
    await transaction
      .insertInto('log.clock')
      .values(fresh)
      .onConflict(conflict => conflict.doNothing())
      .execute()
    // Locked until we have decided: of two processes with different rates, the second sees what the first chose.
    const stored = await transaction
      .selectFrom('log.clock')
      .select(['anchor_region_ms', 'anchor_wall_ms', 'rate'])
      .forUpdate()
      .executeTakeFirstOrThrow()
    if (stored.rate === asked.rate) return anchorOf(stored)

    const record = await transaction.selectFrom('log.records').select('position').limit(1).executeTakeFirst()
    if (record !== undefined) {
      throw rateDiffers(stored.rate, asked.rate)
    }
    await transaction.updateTable('log.clock').set(fresh).execute()
    return anchorOf(fresh)
  })
}

/** Looks only. Errors: as `loadOrCreateClock`; those of pg, also where the tables are not there yet. */
export async function checkClockRate(database: Database, rate: number): Promise<void> {
  const stored = await database.selectFrom('log.clock').select('rate').executeTakeFirst()
  if (stored === undefined || stored.rate === rate) return
  const record = await database.selectFrom('log.records').select('position').limit(1).executeTakeFirst()
  if (record !== undefined) throw rateDiffers(stored.rate, rate)
}

const rateDiffers = (stored: number, asked: number): DatabaseSetupError =>
  new DatabaseSetupError(
    'clock-rate-differs',
    `This database was recorded at GOLDENHOUR_CLOCK_RATE=${stored}, and ${asked} was asked for; use that rate, or another database.`,
  )

const anchorOf = (row: { anchor_region_ms: number; anchor_wall_ms: number; rate: number }): ClockAnchor => ({
  anchorRegionMs: row.anchor_region_ms,
  anchorWallMs: row.anchor_wall_ms,
  rate: row.rate,
})
