/**
 * Makes the views of a region anew from its whole log while engines run: a run beside the one that is read, which takes its
 * place in one step when it has come as far. Until then, and after a stop on the way, everybody reads what was there before.
 */
import { sql } from 'kysely'
import type { Scheduler } from '../../base/time.ts'
import type { RegionId } from '../../domain/ids.ts'
import { logEnd } from '../log/log-pages.ts'
import type { Database } from '../postgres/database.ts'
import { breather, foldPage, readViewPage } from './fold-page.ts'
import { deleteOtherRuns } from './view-tables.ts'

export interface RebuildProgress {
  readonly position: number
  /** Of the log, when the rebuild began. */
  readonly end: number
}

interface Rebuilt {
  readonly position: number
  readonly passedOver: number
}

/** Somebody else does it already. */
export class RebuildUnderWay extends Error {
  override readonly name = 'RebuildUnderWay'
}

interface RebuildPorts {
  readonly database: Database
  readonly scheduler: Scheduler
  onProgress(progress: RebuildProgress): void
}

/** Errors: RebuildUnderWay, those of pg. */
export function rebuildViews({ database, scheduler, onProgress }: RebuildPorts, region: RegionId): Promise<Rebuilt> {
  const breathe = breather(scheduler)
  // The lock is of the connection, so it ends with the process, however that ends.
  return database.connection().execute(async connection => {
    const { rows } = await sql<{ held: boolean }>`
      SELECT pg_try_advisory_lock(hashtext('goldenhour views'), hashtext(${region})) AS held`.execute(connection)
    if (!rows[0]!.held)
      throw new RebuildUnderWay(`A rebuild of the views of region ${region} is under way; wait for it.`)
    try {
      return await rebuild(connection, region, breathe, onProgress)
    } finally {
      await sql`SELECT pg_advisory_unlock(hashtext('goldenhour views'), hashtext(${region}))`.execute(connection)
    }
  })
}

async function rebuild(
  connection: Database,
  region: RegionId,
  breathe: () => Promise<void>,
  onProgress: RebuildPorts['onProgress'],
): Promise<Rebuilt> {
  await sql`INSERT INTO views.cursors VALUES (${region}, 0) ON CONFLICT DO NOTHING`.execute(connection)
  const live = await liveRun(connection, region)
  // What a rebuild that was stopped has left, too.
  await deleteOtherRuns(connection, { region, run: live })
  const run = live + 1
  await sql`INSERT INTO views.rebuilds VALUES (${region}, ${run}, 0)
    ON CONFLICT (region) DO UPDATE SET run = ${run}, position = 0, recorded_at_ms = NULL, passed_over = 0`.execute(
    connection,
  )
  const end = await logEnd(connection, region)
  for (;;) {
    const rebuilt = await connection.transaction().execute(async transaction => {
      const from = await rebuiltTo(transaction, region)
      const page = await readViewPage(transaction, region, from, breathe)
      if (page === null) return replace(transaction, region, run)
      const { passedOver, recordedAtMs } = await foldPage(transaction, { region, run }, page, breathe)
      await sql`UPDATE views.rebuilds SET position = ${page.end}, recorded_at_ms = ${recordedAtMs},
        passed_over = passed_over + ${passedOver.length} WHERE region = ${region}`.execute(transaction)
      onProgress({ position: page.end, end: Math.max(end, page.end) })
      // While records come in all the time, there is always one more.
      return page.isLast ? replace(transaction, region, run) : null
    })
    if (rebuilt === null) continue
    await deleteOtherRuns(connection, { region, run })
    return rebuilt
  }
}

/** Waits for the page that is being added to the run that is read; null where that run has come further than this one. */
async function replace(transaction: Database, region: RegionId, run: number): Promise<Rebuilt | null> {
  const { rows } = await sql<{ position: number; passed_over: number }>`
    UPDATE views.cursors c SET run = ${run}, position = r.position, recorded_at_ms = r.recorded_at_ms,
      passed_over = r.passed_over
    FROM views.rebuilds r WHERE c.region = ${region} AND r.region = c.region AND c.position <= r.position
    RETURNING c.position, c.passed_over`.execute(transaction)
  const [made] = rows
  if (made === undefined) return null
  await sql`DELETE FROM views.rebuilds WHERE region = ${region}`.execute(transaction)
  return { position: made.position, passedOver: made.passed_over }
}

async function rebuiltTo(transaction: Database, region: RegionId): Promise<number> {
  const { rows } = await sql<{ position: number }>`SELECT position FROM views.rebuilds
    WHERE region = ${region}`.execute(transaction)
  return rows[0]!.position
}

async function liveRun(database: Database, region: RegionId): Promise<number> {
  const { rows } = await sql<{ run: number }>`SELECT run FROM views.cursors WHERE region = ${region}`.execute(database)
  return rows[0]!.run
}
