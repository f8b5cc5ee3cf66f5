/** The gateway's own refusals, before a region has heard of anything. */

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

export const HANDLER_FAILED: Refusal = {
  code: 'internal',
  message: 'The engine made a mistake; nothing changed. The mistake was logged.',
}

export const STORE_AWAY: Refusal = {
  code: 'unavailable',
  message: 'The database cannot be reached; try again shortly, a change under the same Idempotency-Key.',
  details: { retryAfterMs: 1_000 },
}

export const bodyTooLarge = (maxBytes: number): Refusal => ({
  code: 'frame-too-large',
  message: `The body is larger than ${maxBytes} bytes; send a smaller one.`,
  details: { maxBytes },
})

/** Input: the path of a thing that is not there; the things of its kind are listed one level above. */
export function notFound(path: string): Refusal {
  const list = path.split('/').slice(0, 3).join('/')
  return { code: 'not-found', message: `${path} does not exist; GET ${list} lists what does.` }
}

export const BODY_TOO_SLOW: Refusal = {
  code: 'request-too-slow',
  message: 'The body took too long to arrive; send it again over a better line.',
}

export function wrongFrameKind(format: WireFormat): Refusal {
  const kind = format === 'binary' ? 'binary' : 'text'
  return { code: 'malformed-frame', message: `This subprotocol takes ${kind} frames only.` }
}

export function wrongRegion(region: RegionId): Refusal {
  return {
    code: 'wrong-region',
    message: `The token does not name region ${region}; list the regions that the token names with GET /v1/auth/me.`,
  }
}

/** Input: `does`, the action that the role may not do. */
export const wrongRole = (role: Role, does: string): Refusal => ({
  code: 'wrong-role',
  message: `${capital(withArticle(role))} may not ${does}.`,
})

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export function unknownRegion(region: RegionId): Refusal {
  return {
    code: 'unknown-region',
    message: `Region ${region} does not exist on this engine; list its regions with GET /v1/regions.`,
  }
}

export const NO_CALL_ID: Refusal = {
  code: 'unknown-call',
  message: 'A call id is <region>.<21 characters>; check the id that enter-call or POST /v1/calls answered.',
}

export const NO_INCIDENT_NO: Refusal = {
  code: 'unknown-call',
  message:
    'The number of a call is <year>-<six digits or more>, as in 2026-000123; it stands in every view of the call.',
}

export const NO_TRIP_ID: Refusal = {
  code: 'unknown-trip',
  message: 'A trip id is <region>.<21 characters>; list the open trips with watch-board.',
}
export const NO_UNIT_ID: Refusal = {
  code: 'unknown-unit',
  message:
    'A unit id is 1 to 32 characters of A-Z a-z 0-9 . _ -; list units with GET /v1/units.; list units with GET /v1/units.',
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
  message: `The query is larger than ${LIMITS.queryBytes} bytes; send a smaller one.`,
  details: { path: 'query' },
}
