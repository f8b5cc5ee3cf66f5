/** Who may do what: one table for every message and every route that asks for something. */
import type { Command } from './commands.ts'

export const ROLES = ['driver', 'dispatcher', 'supervisor', 'admin', 'feed'] as const
export type Role = (typeof ROLES)[number]

/** Messages that change no trip or call and have no record of their own. */
type QueryType =
  | 'nearest'
  | 'watch-board'
  | 'unwatch-board'
  | 'watch-tiles'
  | 'watch-unit'
  | 'unwatch-unit'
  | 'attach'
  | 'detach'
  | 'feed-fixes'
  | 'fix'
  | 'hint'
  | 'mark'

/** What only HTTP offers. */
type RouteAction =
  | 'read-trip'
  | 'read-call'
  | 'read-unit'
  | 'read-track'
  | 'read-held'
  | 'read-reference'
  | 'write-reference'
  | 'manage-regions'
  | 'manage-users'
  | 'manage-devices'
  | 'manage-keys'
  | 'own-account'

export type Action = Command['type'] | QueryType | RouteAction

/**
 * How far a right goes. `unit`: the one unit that the credential names. `region`: the regions that it names.
 * `self`: the caller's own account. `deployment`: everything.
 */
type Scope = 'unit' | 'region' | 'self' | 'deployment'

export interface Right {
  readonly roles: readonly Role[]
  readonly scope: Scope
}

const right = (scope: Scope, ...roles: Role[]): Right => ({ roles, scope })
const crew = right('unit', 'driver')
const desk = right('region', 'dispatcher', 'supervisor')
const crewOrDesk = right('region', 'driver', 'dispatcher', 'supervisor')
const feed = right('region', 'feed')
const admin = right('deployment', 'admin')

export const RIGHTS: Readonly<Record<Action, Right>> = {
  fix: crew,
  hint: crew,
  mark: right('region', 'driver', 'feed'),
  'sign-on': crew,
  'sign-off': crew,
  'set-status': crew,
  'accept-offer': crew,
  'decline-offer': crew,
  // A crew reports for its own unit; the desk for one that calls in by radio.
  'report-phase': crewOrDesk,
  'close-trip': crewOrDesk,
  'enter-call': desk,
  'amend-call': desk,
  'cancel-call': desk,
  'cancel-trip': desk,
  'assign-unit': desk,
  'withdraw-unit': desk,
  'set-unit-status': desk,
  nearest: desk,
  'watch-board': desk,
  'unwatch-board': desk,
  'watch-tiles': desk,
  'watch-unit': desk,
  'unwatch-unit': desk,
  attach: feed,
  detach: feed,
  'feed-fixes': feed,
  'read-trip': desk,
  'read-call': desk,
  'read-unit': desk,
  'read-track': right('region', 'supervisor', 'admin'),
  // A person has to judge what became of it; no desk does so in passing.
  'release-held': right('region', 'supervisor', 'admin'),
  'read-held': right('region', 'dispatcher', 'supervisor', 'admin'),
  'read-reference': right('region', 'dispatcher', 'supervisor', 'admin'),
  'write-reference': right('region', 'supervisor', 'admin'),
  'manage-regions': admin,
  'manage-users': admin,
  'manage-devices': admin,
  'manage-keys': admin,
  'own-account': right('self', 'driver', 'dispatcher', 'supervisor', 'admin'),
}

export const may = (role: Role, action: Action): boolean => RIGHTS[action].roles.includes(role)

/** As people say it: a driver, an admin. */
export const withArticle = (role: Role): string => `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`
