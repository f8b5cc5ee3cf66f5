/** How far the views of each region have come. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import { logEnd } from '../log/log-pages.ts'
import type { Database } from '../postgres/database.ts'

interface RegionProgress {
  readonly region: RegionId
  readonly position: number
  /** Of the log. */
  readonly end: number
  /** Records and events that could not be folded. */
  readonly passedOver: number
}

/** Errors: those of pg. */
export async function viewsProgress(database: Database): Promise<RegionProgress[]> {
  const { rows } = await sql<Omit<RegionProgress, 'end'>>`
    SELECT region, position, passed_over AS "passedOver" FROM views.cursors ORDER BY region`.execute(database)
  return Promise.all(rows.map(async row => ({ ...row, end: await logEnd(database, row.region) })))
}
