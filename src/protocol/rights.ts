/** Who may do what: one table for every message and every route that asks for something. */
import { ADMIN, DESK, type Right, type Role, right } from '../domain/roles.ts'
import { CLIENT_MESSAGES } from './messages.ts'
import type { ClientTypeName } from './wire/message-types.ts'

/** What only HTTP offers. */
const ROUTE_RIGHTS = {
  'read-trip': DESK,
  'read-call': DESK,
  'read-unit': DESK,
  'read-track': right('region', 'supervisor', 'admin'),
  // How busy whom was is no matter of the desk.
  'read-statistics': right('region', 'supervisor', 'admin'),
  // A person has to judge what became of it; no desk does so in passing.
  'release-held': right('region', 'supervisor', 'admin'),
  'read-held': right('region', 'dispatcher', 'supervisor', 'admin'),
  'read-zones': DESK,
  'read-reference': right('region', 'dispatcher', 'supervisor', 'admin'),
  'write-reference': right('region', 'supervisor', 'admin'),
  // A hospital calls the desk to say so, at any hour.
  'set-hospital-status': right('region', 'dispatcher', 'supervisor', 'admin'),
  // What was done in a region is for whoever answers for it; what was done to users and by strangers for admins.
  'read-audit': right('region', 'supervisor', 'admin'),
  'prove-audit': ADMIN,
  'manage-regions': ADMIN,
  'manage-users': ADMIN,
  'manage-devices': ADMIN,
  'manage-keys': ADMIN,
  // A phone with an app of others, or whoever passes on what such phones say.
  'report-position': right('region', 'driver', 'feed'),
  'own-account': right('self', 'driver', 'dispatcher', 'supervisor', 'admin'),
} as const

/** A message that needs a session. */
type MessageAction = Exclude<ClientTypeName, 'hello'>
export type Action = MessageAction | keyof typeof ROUTE_RIGHTS

const { hello: _, ...messages } = CLIENT_MESSAGES
const messageRights = Object.fromEntries(Object.entries(messages).map(([type, row]) => [type, row.right]))

export const RIGHTS: Readonly<Record<Action, Right>> = {
  ...(messageRights as Record<MessageAction, Right>),
  ...ROUTE_RIGHTS,
}

export const may = (role: Role, action: Action): boolean => RIGHTS[action].roles.includes(role)
