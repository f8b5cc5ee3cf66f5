/** The roles, and how far a right of theirs goes. Who may do what stands in `protocol/rights.ts`. */

export const ROLES = ['driver', 'dispatcher', 'supervisor', 'admin', 'feed'] as const
export type Role = (typeof ROLES)[number]

/**
 * How far a right goes. `unit`: the one unit that the credential names. `region`: the regions that it names.
 * `self`: the caller's own account. `deployment`: everything.
 */
type Scope = 'unit' | 'region' | 'self' | 'deployment'

export interface Right {
  readonly roles: readonly Role[]
  readonly scope: Scope
}

export const right = (scope: Scope, ...roles: Role[]): Right => ({ roles, scope })
export const CREW = right('unit', 'driver')
export const DESK = right('region', 'dispatcher', 'supervisor')
export const CREW_OR_DESK = right('region', 'driver', 'dispatcher', 'supervisor')
export const FEED = right('region', 'feed')
export const ADMIN = right('deployment', 'admin')

/** As people say it: a driver, an admin. */
export const withArticle = (role: Role): string => `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`
