/**
 * How HTTP changes things: once under an Idempotency-Key, and at the version that the caller read; and how lists come in
 * pages.
 */

import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { TokenClaims } from '../access/claims.ts'
import type { Result } from '../base/result.ts'
import { COMMAND_ID } from '../domain/ids.ts'
import type { Audit, AuditChange } from '../store/audit/audit.ts'
import { earlierOutcome, keepOutcome } from '../store/http/http-outcomes.ts'
import type { Database } from '../store/postgres/database.ts'
import { empty, type HttpCall, type HttpReply, json, problem } from './http.ts'
import type { Limiter } from './limits/limiter.ts'
import { NO_IDEMPOTENCY_KEY, notFound } from './refusals.ts'

export interface ChangePorts {
  readonly database: Database
  readonly wallClock: () => number
}

/** Anything that HTTP changes by its version. */
export interface Versioned {
  readonly version: number
}

export const etag = (version: number): string => `"${version}"`

/**
 * A change that a repetition must not make twice: for POST, with an Idempotency-Key.
 *
 * The change and its answer are one transaction; a repetition by the same principal gets that answer for seven days, and
 * one that comes while the first is at work waits for it. A refusal undoes the change and is not kept. Read the body with
 * `jsonBody` before. Input: `knownBy`, what a repetition is known by in place of its body where that holds a secret, since a
 * hash of it stays in the database. Refusals: `invalid-field` (no key), `conflict`, and what `work` answers.
 */
export async function changeOnce(
  ports: ChangePorts,
  call: HttpCall,
  caller: TokenClaims,
  knownBy: string | null,
  work: (transaction: Database) => Promise<HttpReply>,
): Promise<HttpReply> {
  if (!COMMAND_ID.test(call.idempotencyKey)) return problem(NO_IDEMPOTENCY_KEY)
  const body = await call.body
  if (!body.ok) return problem(body.refusal)
  const request = {
    principal: caller.sub,
    idempotencyKey: call.idempotencyKey,
    method: call.method,
    path: `${call.path}?${call.query}`,
    body: knownBy === null ? body.bytes : Buffer.from(knownBy),
  }
  return inTransaction(ports, async transaction => {
    const earlier = await earlierOutcome(transaction, request, ports.wallClock())
    if (earlier.kind === 'other') {
      const message = 'This Idempotency-Key was used for another request; send a new key with a new change.'
      return problem({ code: 'conflict', message })
    }
    if (earlier.kind === 'same') {
      const { status, body, headers } = earlier
      return { status, contentType: body === '' ? '' : 'application/json', body, headers }
    }
    const reply = await work(transaction)
    if (reply.refusal === undefined) {
      const { status, headers = {} } = reply
      const kept = { status, headers, body: reply.repeatedBody ?? reply.body }
      await keepOutcome(transaction, request, kept, ports.wallClock())
    }
    return reply
  })
}

/**
 * A change of something as it was read: for PUT, PATCH and DELETE, with its ETag in If-Match.
 *
 * `read` answers what stands now, and must hold it against other changes until the transaction ends; undefined: there is
 * nothing. A refusal undoes the change. Refusals: `not-found`, `version-missing`, `version-differs`, and what `work`
 * answers.
 */
export function changeAt<T extends Versioned>(
  ports: Pick<ChangePorts, 'database'>,
  call: HttpCall,
  read: (transaction: Database) => Promise<T | undefined>,
  work: (transaction: Database, current: T) => Promise<HttpReply>,
): Promise<HttpReply> {
  return inTransaction(ports, async transaction => {
    const current = await read(transaction)
    if (current === undefined) return problem(notFound(call.path))
    if (call.ifMatch === '') {
      const message = 'Send If-Match with the ETag of the last GET, so that no change by somebody else is lost.'
      return problem({ code: 'version-missing', message })
    }
    if (!namesTag(call.ifMatch, etag(current.version))) {
      const message = 'The stored version is not the one of If-Match; read it again with GET, then decide anew.'
      return problem({ code: 'version-differs', message, details: { version: current.version } })
    }
    return work(transaction, current)
  })
}

/** The audit's view of a change that a caller makes. */
export function auditedFor(
  { audit }: { readonly audit: Pick<Audit, 'append'> },
  { address }: HttpCall,
  { sub }: TokenClaims,
): AuditChange {
  return (transaction, entry) => audit.append(transaction, [{ actor: sub, outcome: 'done', address, ...entry }])
}

/** One thing with its ETag; 304 for a caller that has it. */
export function tagged(call: HttpCall, item: Versioned): HttpReply {
  return withTag(call, json(200, item), etag(item.version))
}

const PAGE_MAX = 500
const PAGE_DEFAULT = 100
/** A page counts as one query for so many items begun. */
const ITEMS_PER_QUERY = 100
const CURSOR_CHARS = 128

const limit = (() => {
  const error = `must be a whole number from 1 to ${PAGE_MAX}`
  return z.int({ error }).min(1, { error }).max(PAGE_MAX, { error })
})()
const cursor = (() => {
  const error = 'must be `next` of the page before, as it was given'
  return z
    .string({ error })
    .min(1, { error })
    .max(CURSOR_CHARS, { error })
    .refine(text => !text.includes('\0'), { error })
})()

/** In the query of each list. */
export const PAGE_QUERY = z.object({
  limit: limit.default(PAGE_DEFAULT),
  after: cursor.optional().describe('`next` of the page before; from the start where it is absent.'),
})

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('Goes into `after`; null at the end.') })

export interface Page {
  readonly limit: number
  /** The cursor: items after this one, in the list's order; null from the start. */
  readonly after: string | null
}

interface PagePorts {
  readonly limiter: Pick<Limiter, 'takeMore'>
}

/** Reads `?limit=` (1 to 500, default 100) and `?after=`. Refusals: `invalid-field`, `rate-limited`. */
export function page(
  ports: PagePorts,
  asked: { readQuery(): Result<z.output<typeof PAGE_QUERY>> },
  caller: Pick<TokenClaims, 'sub'>,
): Result<Page> {
  const query = asked.readQuery()
  if (!query.ok) return query
  const { limit, after = null } = query.value
  const tooFast = ports.limiter.takeMore(caller.sub, 'query', Math.ceil(limit / ITEMS_PER_QUERY) - 1)
  if (tooFast !== null) return { ok: false, refusal: tooFast }
  return { ok: true, value: { limit, after } }
}

/** The page of a list that is asked for. Input: `read` answers up to `limit` items after `after`; `cursor` of an item. */
export async function listed<T>(
  ports: PagePorts,
  asked: HttpCall & Parameters<typeof page>[1],
  caller: Pick<TokenClaims, 'sub'>,
  read: (page: Page) => Promise<readonly T[]>,
  cursor: (item: T) => string,
): Promise<HttpReply> {
  const wanted = page(ports, asked, caller)
  if (!wanted.ok) return problem(wanted.refusal)
  const { limit, after } = wanted.value
  // One more than the page tells whether another follows.
  return listReply(asked, wanted.value, await read({ limit: limit + 1, after }), cursor)
}

/**
 * One page of a list: `{items, next}` with an ETag, and a Link to the next page where there is one.
 * Input: up to one item more than the page's limit, which tells that a page follows; `cursor` of an item.
 */
export function listReply<T>(
  call: HttpCall,
  { limit }: Page,
  found: readonly T[],
  cursor: (item: T) => string,
): HttpReply {
  const items = found.slice(0, limit)
  const next = found.length > limit ? cursor(items.at(-1)!) : null
  const reply = json(200, { items, next })
  const tag = `"${createHash('sha256').update(reply.body).digest('base64url').slice(0, 22)}"`
  if (next === null) return withTag(call, reply, tag)
  return withTag(call, { ...reply, headers: nextPage(call, call.query, next) }, tag)
}

/** The header that links to the next page. Input: the path and query of this one, and the cursor of its last item. */
export function nextPage(
  { path }: HttpCall,
  query: ConstructorParameters<typeof URLSearchParams>[0],
  cursor: string,
): { readonly Link: string } {
  const next = new URLSearchParams(query)
  next.set('after', cursor)
  return { Link: `<${path}?${next}>; rel="next"` }
}

function withTag(call: HttpCall, reply: HttpReply, tag: string): HttpReply {
  // May be kept by the caller, and must be asked for again each time.
  const headers = { ...reply.headers, ETag: tag, 'Cache-Control': 'private, no-cache' }
  return namesTag(call.ifNoneMatch, tag) ? empty(304, headers) : { ...reply, headers }
}

/** Whether a list of tags in If-Match or If-None-Match names this one; `*` names any. Weak tags count as strong ones. */
export function namesTag(header: string, tag: string): boolean {
  return header.split(',').some(each => each.trim() === '*' || each.trim().replace(/^W\//, '') === tag)
}

/** Carries a refusal out of a transaction, which undoes what was changed in it. */
class Undone extends Error {
  readonly reply: HttpReply

  constructor(reply: HttpReply) {
    super('refused')
    this.reply = reply
  }
}

async function inTransaction(
  ports: Pick<ChangePorts, 'database'>,
  work: (transaction: Database) => Promise<HttpReply>,
): Promise<HttpReply> {
  try {
    return await ports.database.transaction().execute(async transaction => {
      const reply = await work(transaction)
      if (reply.refusal !== undefined) throw new Undone(reply)
      return reply
    })
  } catch (error) {
    if (error instanceof Undone) return error.reply
    throw error
  }
}
