/** Which web pages may use this engine: their origins, and what a browser is told of it (CORS). */
import type { Refusal } from '../base/refusal.ts'
import { canonicalOrigin } from '../protocol/origin.ts'

/** How the client reached us: the origin that its browser would call ours. */
export interface OwnOrigin {
  readonly scheme: 'http' | 'https'
  readonly host: string
}

const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE'
const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent'
const EXPOSED_HEADERS = 'ETag, Link, Retry-After'
/** How long a browser may go by a preflight's answer. */
const MAX_AGE_S = 600

/**
 * Whether a page of `origin` may use this engine. Programs send no origin and are let in; so are our own pages, those of
 * a listed origin, and all where the list has `*`. `null`, the origin of files and sandboxes, is one that nobody has.
 * Input: `own` is null where the client calls us by a name that is none of ours.
 */
export function isAllowedOrigin(origin: string, own: OwnOrigin | null, allowed: readonly string[]): boolean {
  if (origin === '' || allowed.includes('*')) return true
  const asked = canonicalOrigin(origin)
  if (asked === null) return false
  const isOwn = own !== null && asked === canonicalOrigin(`${own.scheme}://${own.host}`)
  return isOwn || allowed.some(each => canonicalOrigin(each) === asked)
}

/** Headers of every answer to a page that may use us. There are no cookies, so credentials are never mentioned. */
export function corsHeaders(origin: string): Readonly<Record<string, string>> {
  if (origin === '') return { Vary: 'Origin' }
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED_HEADERS, Vary: 'Origin' }
}

/** Headers of the answer to a preflight of such a page. */
export function preflightHeaders(origin: string): Readonly<Record<string, string>> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': ALLOWED_METHODS,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': String(MAX_AGE_S),
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  }
}

export const WRONG_ORIGIN: Refusal = {
  code: 'wrong-origin',
  message: 'Pages of this origin may not connect here; the operator can add it to the allowed origins.',
}
