/** Who may send what: one table for every message that asks for something. */
import type { Command } from './commands.ts'

export const ROLES = ['driver', 'dispatcher', 'supervisor', 'admin', 'feed'] as const
export type Role = (typeof ROLES)[number]

/** Requests that change nothing and are answered from the owner's state. */
export type QueryType = 'nearest' | 'watch-board' | 'unwatch-board' | 'read-trip'

const crew: readonly Role[] = ['driver']
const desk: readonly Role[] = ['dispatcher', 'supervisor']

export const MAY_SEND: Readonly<Record<Command['type'] | QueryType | 'fix', readonly Role[]>> = {
  fix: crew,
  'sign-on': crew,
  'sign-off': crew,
  'set-status': crew,
  'accept-offer': crew,
  'decline-offer': crew,
  'report-phase': crew,
  'close-trip': crew,
  'enter-call': desk,
  'cancel-trip': desk,
  nearest: desk,
  'watch-board': desk,
  'unwatch-board': desk,
  'read-trip': desk,
}
