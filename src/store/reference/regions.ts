/** Reading and writing the regions themselves. */
import type { RegionId } from '../../domain/ids.ts'
import { DEFAULT_POLICY } from '../../domain/policy.ts'
import type { RegionReference } from '../../protocol/reference.ts'
import type { Database } from '../postgres/database.ts'
import type { Stored } from './items.ts'
import { type PolicyWrite, putPolicy } from './policies.ts'

const COLUMNS = ['region', 'name', 'time_zone as timeZone', 'dispatch_mode as dispatchMode', 'version'] as const

/** Regions by id, those named only; null: all of them. */
export function listRegions(
  database: Database,
  {
    limit,
    after,
    only,
  }: { readonly limit: number; readonly after: string | null; readonly only: readonly RegionId[] | null },
): Promise<Stored<RegionReference>[]> {
  let query = database.selectFrom('reference.regions').select(COLUMNS).orderBy('region').limit(limit)
  if (after !== null) query = query.where('region', '>', after)
  if (only !== null) query = query.where('region', '=', ({ fn, val }) => fn.any(val([...only])))
  return query.execute()
}

export function getRegion(database: Database, region: RegionId): Promise<Stored<RegionReference> | undefined> {
  return database.selectFrom('reference.regions').select(COLUMNS).where('region', '=', region).executeTakeFirst()
}

/** Adds a region, and the first version of its policy. False when the region exists already. */
export async function insertRegion(
  transaction: Database,
  region: RegionReference,
  { version, ...by }: { readonly version: number } & Pick<PolicyWrite, 'changedBy' | 'changedAtMs'>,
): Promise<boolean> {
  const added = await transaction
    .insertInto('reference.regions')
    .values({
      region: region.region,
      name: region.name,
      time_zone: region.timeZone,
      dispatch_mode: region.dispatchMode,
      version,
    })
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirst()
  if (added.numInsertedOrUpdatedRows === 0n) return false
  const policy = { ...DEFAULT_POLICY, mode: region.dispatchMode }
  await putPolicy(transaction, region.region, { policy, note: null, ...by }, version)
  return true
}

/** Changes all but the mode, which is of the region's policy. */
export async function updateRegion(transaction: Database, region: RegionReference, version: number): Promise<void> {
  await transaction
    .updateTable('reference.regions')
    .set({ name: region.name, time_zone: region.timeZone, version })
    .where('region', '=', region.region)
    .execute()
}
