/**
 * One HTTP route as data: method and path, who may call it, what it takes and answers, and its handler.
 *
 * The engine reads each request by the schemas of its row; `docs/protocol/openapi.json` is made of all rows, and the tests hold
 * every answer of an engine against that.
 */

import { z } from 'zod'
import type { TokenClaims } from '../access/claims.ts'
import type { ErrorCode } from '../base/refusal.ts'
import { invalidField } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import { parseQuery } from '../protocol/query.ts'
import type { Action } from '../protocol/rights.ts'
import { type RequestLabels, requestLabels } from '../telemetry/request-times.ts'
import { type HttpCall, type HttpReply, jsonBody, type Method } from './http.ts'

/** What answers with a status: a JSON of this form, a text of this media type, or nothing. */
export type Reply = z.ZodType | string | null

/**
 * The header by which a route keeps a change from being made twice, a change of others from being lost, or an answer
 * from being sent again to who has it.
 */
export type ConditionHeader = 'Idempotency-Key' | 'If-Match' | 'If-None-Match'

const NOTHING = z.object({})
export type Nothing = typeof NOTHING

interface RouteBase {
  readonly method: Method
  /** In uWebSockets.js' form: `/v1/units/:id`. */
  readonly pattern: string
  /** One line for who looks for a route. */
  readonly summary: string
  /** Of the path, each a text. */
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  /** Null: whatever is sent is not looked at. */
  readonly body: z.ZodType | null
  /** By status, refusals left out. */
  readonly reply: Readonly<Record<number, Reply>>
  readonly header: ConditionHeader | null
  /** The codes that this route may answer beside those of every route of its kind. */
  readonly refusals: readonly ErrorCode[]
  /** What its answers are counted and timed under, in `goldenhour_http_request_seconds`. */
  readonly metric: RequestLabels
}

/** Where a route takes a credential besides a bearer token. */
export interface CredentialForm {
  /** Undefined where none is shown so. */
  readonly of: (call: HttpCall) => string | undefined
  /** What to do without one. */
  readonly says: string
  /** Of `WWW-Authenticate`. */
  readonly challenge: string
}

/** The caller has shown a token whose role has the right; the handler checks region and unit. */
export interface GuardedRoute<Ports> extends RouteBase {
  readonly action: Action
  /** Of the principal: each request takes one, and one that makes much work takes more. */
  readonly rate: 'query' | 'command'
  /** Absent for nearly all. */
  readonly credential?: CredentialForm
  readonly handle: (ports: Ports, call: HttpCall, caller: TokenClaims) => HttpReply | Promise<HttpReply>
}

/** No token is asked for: probes, sign-in, public keys. */
export interface OpenRoute<Ports> extends RouteBase {
  readonly action: null
  /**
   * `address`: a rate of the address for this route. `own`: the handler takes from that itself, since it is not the same for
   * all who ask. `none`: a probe of this process, which is always answered, since a refusal costs as much.
   */
  readonly rate: 'address' | 'own' | 'none'
  readonly handle: (ports: Ports, call: HttpCall) => HttpReply | Promise<HttpReply>
}

export type Route<Ports> = GuardedRoute<Ports> | OpenRoute<Ports>

/** A call as its handler sees it: each part is read when the handler asks for it, by the schema of the row. */
export interface Asked<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodNever,
> extends HttpCall {
  readParams(): Result<z.output<P>>
  /** Refusal: `invalid-field`. */
  readQuery(): Result<z.output<Q>>
  /** Refusals: `frame-too-large`, `malformed-frame`, `invalid-field`. */
  readBody(): Promise<Result<z.output<B>>>
}

/** What a row may leave out: a route without parameters, query or body, of the usual rate, that refuses nothing of its own. */
interface Row<P, Q, B> extends Omit<RouteBase, 'params' | 'query' | 'body' | 'header' | 'refusals' | 'metric'> {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly header?: ConditionHeader
  readonly refusals?: readonly ErrorCode[]
}

interface GuardedRow<Ports, P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> extends Row<P, Q, B> {
  readonly action: Action
  readonly credential?: CredentialForm
  readonly handle: (
    ports: Ports,
    asked: Asked<NoInfer<P>, NoInfer<Q>, NoInfer<B>>,
    caller: TokenClaims,
  ) => HttpReply | Promise<HttpReply>
}

interface OpenRow<Ports, P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> extends Row<P, Q, B> {
  readonly rate: OpenRoute<Ports>['rate']
  readonly handle: (ports: Ports, asked: Asked<NoInfer<P>, NoInfer<Q>, NoInfer<B>>) => HttpReply | Promise<HttpReply>
}

export function guarded<
  Ports,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodNever,
>(row: GuardedRow<Ports, P, Q, B>): GuardedRoute<Ports> {
  const forms = formsOf(row)
  return {
    ...row,
    ...forms,
    rate: row.method === 'get' ? 'query' : 'command',
    handle: (ports, call, caller) => row.handle(ports, readBy(forms, call), caller),
  }
}

export function open<
  Ports,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodNever,
>(row: OpenRow<Ports, P, Q, B>): OpenRoute<Ports> {
  const forms = formsOf(row)
  return { ...row, ...forms, action: null, handle: (ports, call) => row.handle(ports, readBy(forms, call)) }
}

function formsOf<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(row: Row<P, Q, B>) {
  const { params = NOTHING as unknown as P, query = NOTHING as unknown as Q, body = null } = row
  return { params, query, body, header: row.header ?? null, refusals: row.refusals ?? [], metric: requestLabels(row) }
}

interface Forms<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B | null
}

function readBy<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  { params, query, body }: Forms<P, Q, B>,
  call: HttpCall,
): Asked<P, Q, B> {
  return {
    ...call,
    readParams: () => parseParams(call.parameters, params),
    readQuery: () => parseQuery(call.query, query),
    readBody: () => {
      if (body === null) throw new Error(`${call.method} ${call.path} takes no body`)
      return jsonBody(call, body)
    },
  }
}

function parseParams<P extends z.ZodObject>(given: HttpCall['parameters'], schema: P): Result<z.output<P>> {
  const result = schema.safeParse(given)
  if (result.success) return { ok: true, value: result.data }
  const { path, message } = result.error.issues[0]!
  return { ok: false, refusal: invalidField(path.join('.'), message) }
}

/** As PROTOCOL.md lists it: `GET /v1/units/:id`. */
export const routeName = ({ method, pattern }: Pick<RouteBase, 'method' | 'pattern'>): string =>
  `${method.toUpperCase()} ${pattern}`
