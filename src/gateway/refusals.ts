/** The gateway's own refusals: what it says before a region has heard of anything. */

import type { Refusal } from '../base/refusal.ts'
import type { RegionId } from '../domain/ids.ts'
import { type Role, withArticle } from '../domain/roles.ts'
import type { WireFormat } from '../protocol/codec.ts'
import { LIMITS } from '../protocol/limits.ts'

export const HELLO_FIRST: Refusal = {
  code: 'hello-first',
  message: 'Send hello once, as the first message, and wait for welcome before anything else.',
}

export const NOT_READY: Refusal = {
  code: 'unavailable',
  message: 'The engine is starting or draining; try again shortly.',
  details: { retryAfterMs: 1_000 },
}

export const INTERNAL: Refusal = {
  code: 'internal',
  message: 'The engine made a mistake, which was logged; nothing changed.',
}

export const STORE_AWAY: Refusal = {
  code: 'unavailable',
  message: 'The database cannot be reached; try again shortly, a change under the same Idempotency-Key.',
  details: { retryAfterMs: 1_000 },
}

export const bodyTooLarge = (maxBytes: number): Refusal => ({
  code: 'frame-too-large',
  message: `Send at most ${maxBytes} bytes.`,
  details: { maxBytes },
})

export const BODY_TOO_SLOW: Refusal = {
  code: 'request-too-slow',
  message: 'The body took too long to arrive; send it again over a better line.',
}

export function wrongFrameKind(format: WireFormat): Refusal {
  const kind = format === 'binary' ? 'binary' : 'text'
  return { code: 'malformed-frame', message: `This subprotocol is spoken in ${kind} frames only.` }
}

export function wrongRegion(region: RegionId): Refusal {
  return { code: 'wrong-region', message: `The token does not name region ${region}; ask for one that does.` }
}

/** Input: `does`, what the role may not do. */
export const wrongRole = (role: Role, does: string): Refusal => ({
  code: 'wrong-role',
  message: `${capital(withArticle(role))} may not ${does}.`,
})

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export function unknownRegion(region: RegionId): Refusal {
  return { code: 'unknown-region', message: `This engine owns no region ${region}; check the name or the address.` }
}

export const NO_UNIT_ID: Refusal = {
  code: 'unknown-unit',
  message: 'A unit id is 1 to 32 characters of A-Z a-z 0-9 . _ -',
}

export const NO_IDEMPOTENCY_KEY: Refusal = {
  code: 'invalid-field',
  message: 'Send an Idempotency-Key of 1 to 64 letters, digits, _ or -; repeat it when you repeat the request.',
  details: { path: 'Idempotency-Key' },
}

export const ENDED: Refusal = {
  code: 'token-invalid',
  message: 'This sign-in was ended; sign in again.',
}

export const QUERY_TOO_LONG: Refusal = {
  code: 'invalid-field',
  message: `A query has at most ${LIMITS.queryBytes} bytes.`,
  details: { path: 'query' },
}
