/** What a sign-in may be for: the region and the unit that a user asks for, or those that the engine can tell by itself. */
import type { Refusal } from '../base/refusal.ts'
import { invalidField } from '../base/refusal.ts'
import type { Refused, Result } from '../base/result.ts'
import type { RegionId, UnitId } from '../domain/ids.ts'
import { withArticle } from '../domain/roles.ts'
import type { Database } from '../store/postgres/database.ts'
import { getItem } from '../store/reference/items.ts'
import { UNITS } from '../store/reference/kinds.ts'
import type { SignInRecord } from './tables/refresh-token-table.ts'
import type { User } from './tables/user-table.ts'

type Reach = Pick<SignInRecord, 'region' | 'unit'>

/** What the sign-in is for: of a driver one unit in one region, of all others one region where they ask for it. */
export async function reachOf(database: Database, user: User, { region, unit }: Reach): Promise<Result<Reach>> {
  if (region !== null && user.role !== 'admin' && !user.regions.includes(region)) {
    return refuse(userOfOtherRegions(region))
  }
  if (user.role !== 'driver') {
    return unit === null
      ? reach(region, null)
      : refuse(invalidField('unit', `is for drivers; this is ${withArticle(user.role)}`))
  }
  if (unit === null) return refuse(invalidField('unit', 'must name the unit that the driver signs in for'))
  if (user.units !== null && !user.units.includes(unit)) {
    const message = `The user may not sign in for unit ${unit}; choose another unit, or ask an administrator.`
    return refuse({ code: 'wrong-unit', message, details: { unitId: unit } })
  }
  const asked = region === null ? user.regions : [region]
  const found = await Promise.all(asked.map(each => getItem(database, UNITS, each, unit)))
  const [only, ...others] = asked.filter((_, index) => found[index] !== undefined)
  if (only === undefined) {
    const message = `Unit ${unit} does not exist in ${asked.join(', ')}; check the id, or ask a dispatcher (GET /v1/units lists units).`
    return refuse({ code: 'unknown-unit', message, details: { unitId: unit } })
  }
  if (others.length > 0) return refuse(invalidField('region', `must choose one of ${[only, ...others].join(', ')}`))
  return reach(only, unit)
}

const refuse = (refusal: Refusal): Refused => ({ ok: false, refusal })
const reach = (region: RegionId | null, unit: UnitId | null): Result<Reach> => ({ ok: true, value: { region, unit } })

function userOfOtherRegions(region: RegionId): Refusal {
  const message = `The user may not act for region ${region}; choose another region, or ask an administrator.`
  return { code: 'wrong-region', message, details: { region } }
}
