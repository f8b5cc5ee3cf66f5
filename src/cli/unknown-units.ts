/** Says which units a credential names that no region of it has: they may come later, or be misspelt. */
import type { Database } from '../store/postgres/database.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'

const NAMED_MAX = 5

/** As HTTP, it takes them: whoever sets a service up makes its users and its units in any order. */
export async function warnOfUnknownUnits(
  database: Database,
  regions: readonly string[],
  units: readonly string[],
): Promise<void> {
  if (units.length === 0) return
  const reference = new ReferenceStore(database)
  const existing = (await Promise.all(regions.map(region => reference.listUnits(region)))).flat()
  const known = new Set(existing.map(({ unitId }) => unitId))
  const unknown = units.filter(unit => !known.has(unit))
  if (unknown.length === 0) return
  const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : ''
  process.stderr.write(
    `warning: ${regions.join(', ')} has no unit ${unknown.slice(0, NAMED_MAX).join(', ')}${more} yet; check the id (GET /v1/units?region=${regions[0]} lists units), or add it with goldenhour import units.\n`,
  )
}
