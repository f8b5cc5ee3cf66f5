/**
 * What must come of everything that anybody may try, told by the table of rights and a few plain rules.
 *
 * Nothing here asks the gateway or a region: were one of them wrong, both sides of the comparison would not be.
 */

import type { ErrorCode } from '../../../src/base/refusal.ts'
import { ROLES, type Role } from '../../../src/domain/roles.ts'
import { type Action, RIGHTS } from '../../../src/protocol/rights.ts'

/** `nobody` shows no credential; `stranger` shows one that another key has signed. */
export type Caller = Role | 'nobody' | 'stranger'
export const CALLERS: readonly Caller[] = [...ROLES, 'nobody', 'stranger']

/** Whose the thing is that is named, as seen by the caller. */
export const REACHES = ['own', 'other-unit', 'other-region'] as const
export type Reach = (typeof REACHES)[number]
export type Named = 'trip' | 'call' | 'offer' | 'unit' | 'alarm'

/** `done`, or the code of the refusal. */
export type Outcome = 'done' | ErrorCode

const isStrange = (caller: Caller): caller is 'nobody' | 'stranger' => caller === 'nobody' || caller === 'stranger'

/** A session is of one region, so whatever lies in another one is unknown in it. */
export function wireOutcome(action: Action, named: Named | null, reach: Reach, caller: Caller): Outcome {
  if (isStrange(caller)) return 'hello-first'
  if (!RIGHTS[action].roles.includes(caller)) return 'wrong-role'
  // Ending a watch that nobody has begun ends nothing, whatever the name.
  if (reach === 'own' || named === null || action === 'unwatch-unit') return 'done'
  if (reach === 'other-region') return `unknown-${named}`
  // A crew that says something of a unit says it of its own.
  if (caller === 'driver' && named === 'unit') return 'wrong-unit'
  if (caller === 'driver') return named === 'trip' ? 'not-your-trip' : 'unknown-offer'
  return caller === 'feed' ? 'wrong-unit' : 'done'
}

export interface HelloTried {
  /** Whose credential is shown. */
  readonly caller: Caller
  readonly role: Role
  readonly reach: 'own' | 'other-region'
  readonly unit: 'own' | 'other-unit' | 'none'
}

export function helloOutcome({ caller, role, reach, unit }: HelloTried): Outcome {
  if ((role === 'driver') === (unit === 'none')) return 'invalid-field'
  if (isStrange(caller)) return 'token-invalid'
  if (role !== caller) return 'wrong-role'
  if (reach === 'other-region') return 'wrong-region'
  return unit === 'other-unit' ? 'wrong-unit' : 'done'
}

/**
 * Which region a request is for, and whose is what it names: `crossed` asks in the caller's region for what only the
 * other one has.
 */
export type HttpReach = 'own' | 'other-region' | 'crossed'

/** Input: `missing`, what comes of asking a region for what it does not have. */
export function httpOutcome(action: Action | null, reach: HttpReach, missing: Outcome, caller: Caller): Outcome {
  if (action === null) return 'done'
  if (caller === 'nobody') return 'token-missing'
  if (caller === 'stranger') return 'token-invalid'
  const { roles, scope } = RIGHTS[action]
  if (!roles.includes(caller)) return 'wrong-role'
  if (reach === 'crossed') return missing
  return reach === 'other-region' && scope === 'region' && caller !== 'admin' ? 'wrong-region' : 'done'
}
