/** HTTP on uWebSockets.js: reads a request, answers once, and says what is wrong in problem documents (RFC 9457). */

import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import type { Refusal } from '../base/refusal.ts'
import type { Refused, Result } from '../base/result.ts'
import { ERRORS } from '../protocol/errors.ts'
import { parseJson, TRACEPARENT } from '../protocol/parse.ts'
import { isStoreAway } from '../store/postgres/postgres-faults.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { OutageLog } from '../telemetry/outage-log.ts'
import { NO_ROUTE_TAKES, type RequestLabels } from '../telemetry/request-times.ts'
import { WRONG_ORIGIN } from './cors.ts'
import type { DoorPolicy } from './door-policy.ts'
import type { Entrance, Visitor } from './entrance.ts'
import { type Head, readHead } from './head.ts'
import type { HttpConnections } from './http-connections.ts'
import type { Limiter } from './limits/limiter.ts'
import { BODY_TOO_SLOW, bodyTooLarge, HANDLER_FAILED, QUERY_TOO_LONG, STORE_AWAY } from './refusals.ts'
import type { StoreWaits } from './store-waits.ts'
import type { DoorApp, DoorRequest, DoorResponse } from './transport/transport.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export interface HttpCall {
  /** Of the route: a GET for HEAD too. Empty where the path has no route for what was sent. */
  readonly method: Method | ''
  /** As sent, without the query. */
  readonly path: string
  /** By their names in the route's pattern, percent-decoded and without NUL; empty where they cannot be. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The client's address, or `malformed`. */
  readonly address: string
  readonly authorization: string
  readonly idempotencyKey: string
  readonly ifMatch: string
  readonly ifNoneMatch: string
  /** How an answer may be compressed, as the client says it. */
  readonly acceptEncoding: string
  /** Empty for programs. */
  readonly origin: string
  /** What the client calls us. */
  readonly host: string
  /** W3C traceparent, null when absent or malformed. */
  readonly traceparent: string | null
  /** Empty for GET and HEAD. */
  readonly body: Promise<Body>
}
/** A body that is too large or too slow is not kept; `unread` when part of it was not even read. */
type Body = { readonly ok: true; readonly bytes: Uint8Array } | (Refused & { readonly unread: boolean })

export interface HttpReply {
  readonly status: number
  /** Empty when there is no body. */
  readonly contentType: string
  readonly body: string
  /** What is no text goes in place of `body`. */
  readonly bytes?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** The connection ends: part of the request was left unread, or the client has shown no good credential. */
  readonly closes?: boolean
  /** The refusal in the reply; the code that mounts the route counts and audits it. */
  readonly refusal?: Refusal
  /** What a repetition under the same Idempotency-Key gets as its body, where `body` shows a secret once. */
  readonly repeatedBody?: string
}

/** What any request is taken and answered with, whatever it asks for. */
export interface HttpPorts {
  readonly door: Pick<DoorPolicy, 'limits'>
  readonly entrance: Pick<Entrance, 'visitor'>
  /** Connections that are no WebSocket. */
  readonly connections: HttpConnections
  /** Requests that wait for the database. */
  readonly storeWaits: Pick<StoreWaits, 'orAway'>
  readonly limiter: Pick<Limiter, 'beginBody' | 'endBody'>
  readonly metrics: Pick<Metrics, 'request' | 'refusal' | 'limitRefused'>
  readonly log: Logger
  readonly outages: Pick<OutageLog, 'failed'>
}

/** Bodies up to this many times the limit are read and thrown away: a client that still writes would not see an answer sent before. */
const DISCARD_FACTOR = 16
const NO_BODY: Promise<Body> = Promise.resolve({ ok: true, bytes: new Uint8Array() })

/**
 * Mounts a handler; one of GET answers HEAD too. One that throws is answered with `unavailable` when the store could not
 * be reached, else with `internal`. Every answer is counted under the labels of the route, and every refusal by its code.
 */
export function mount(app: DoorApp, { method, pattern, metric }: Mounted, ports: HttpPorts, handler: Handler): void {
  const take = takes({ method, pattern, metric }, ports, handler)
  app[method === 'delete' ? 'del' : method](pattern, take)
  if (method === 'get') app.head(pattern, take)
}

/** Mounts what answers the methods for which no route of this path is mounted. */
export function mountOthers(app: DoorApp, pattern: string, ports: HttpPorts, handler: Handler): void {
  app.any(pattern, takes({ method: '', pattern, metric: { route: pattern, method: 'other' } }, ports, handler))
}

interface Mounted<M = Method> {
  readonly method: M
  readonly pattern: string
  readonly metric: RequestLabels
}

function takes({ method, pattern, metric }: Mounted<HttpCall['method']>, ports: HttpPorts, handler: Handler) {
  const names = [...pattern.matchAll(/:(\w+)/g)].map(([, name]) => name!)
  return (res: DoorResponse, req: DoorRequest): void => {
    // A route that fits better has it, and it is on its way to its second handle.
    if (ports.connections.hasBegun) {
      req.setYield(true)
      return
    }
    const head = readHead(res, req)
    if (ports.connections.refuses(res, head)) return
    const answered = ports.metrics.request(metric)
    let isAborted = false
    const exchange = ports.connections.begin(res, req, head.peer, () => {
      isAborted = true
    })
    const isHead = isHeadOf(req)
    // The request lives on the stack of this callback, so all that anyone may need of it is read now.
    const visitor = ports.entrance.visitor(req, head)
    const call = readCall(res, req, { method, names, head, visitor }, ports)
    answerOf(call, pattern, ports, admitted(visitor, head, handler)).then(reply => {
      answered(reply.status)
      const whole = { ...reply, headers: { ...visitor.headers, ...reply.headers } }
      if (!isAborted) exchange.answer(out => writeReply(out, whole, isHead), reply.closes === true)
    })
  }
}

/** Mounts what takes every request that no route has: each such answer ends its connection. */
export function mountRest(app: DoorApp, ports: HttpPorts, answer: (visitor: Visitor) => HttpReply): void {
  app.any('/*', (res, req) => {
    if (ports.connections.second(res)) return
    const head = readHead(res, req)
    if (ports.connections.refuses(res, head)) return
    const answered = ports.metrics.request(NO_ROUTE_TAKES)
    const isHead = isHeadOf(req)
    const visitor = ports.entrance.visitor(req, head)
    const reply = visitor.mayCome ? answer(visitor) : problem(WRONG_ORIGIN)
    if (reply.refusal !== undefined) ports.metrics.refusal(reply.refusal.code)
    const whole = { ...reply, headers: { ...visitor.headers, ...reply.headers } }
    endWith(res, head, whole, ports, isHead)
    answered(reply.status)
  })
}

/** Compared letter by letter: a client that asks with `head` waits for a body. */
export const isHeadOf = (req: DoorRequest): boolean => req.getCaseSensitiveMethod() === 'HEAD'

/** Answers at once and ends the connection: of a stranger who asks for nothing that there is. */
export function endWith(
  res: DoorResponse,
  { peer }: Head,
  reply: HttpReply,
  { connections }: Pick<HttpPorts, 'connections'>,
  isHead = false,
): void {
  connections.leaves(peer)
  writeReply(res, { ...reply, closes: true }, isHead)
}

type Handler = (call: HttpCall) => HttpReply | Promise<HttpReply>

/** What answers the call: the handler, unless the door itself does. */
function admitted({ mayCome }: Visitor, { isQueryTooLong }: Head, handler: Handler): Handler {
  if (!mayCome) return () => ({ ...problem(WRONG_ORIGIN), closes: true })
  if (isQueryTooLong) return () => ({ ...problem(QUERY_TOO_LONG), closes: true })
  return handler
}

async function answerOf(call: HttpCall, pattern: string, ports: HttpPorts, handler: Handler): Promise<HttpReply> {
  let reply: HttpReply
  try {
    reply = await ports.storeWaits.orAway((async () => handler(call))(), problem(STORE_AWAY))
  } catch (error) {
    reply = faultReply(error, pattern, ports)
  }
  if (reply.refusal !== undefined) ports.metrics.refusal(reply.refusal.code)
  // A body that was cut off leaves its rest in the connection, so whatever the answer is, it ends the connection.
  const body = await call.body
  return body.ok ? reply : { ...reply, closes: reply.closes === true || body.unread }
}

function faultReply(error: unknown, pattern: string, ports: HttpPorts): HttpReply {
  if (isStoreAway(error)) {
    ports.outages.failed('requests', error, pattern)
    return problem(STORE_AWAY)
  }
  ports.log.error({ err: error, route: pattern }, 'an HTTP handler threw')
  return problem(HANDLER_FAILED)
}

/** Ends with a newline, for people who ask from a terminal. */
const jsonText = (value: unknown): string => `${JSON.stringify(value)}\n`

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, contentType: 'application/json', body: jsonText(body), headers }
}

/** Shows secrets to the first answer only: what is kept for repetitions, which get null, lies in the database. */
export function shownOnce(
  status: number,
  body: object,
  secrets: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): HttpReply {
  const hidden = Object.fromEntries(Object.keys(secrets).map(name => [name, null]))
  return { ...json(status, { ...body, ...secrets }, headers), repeatedBody: jsonText({ ...body, ...hidden }) }
}

/** A reply without a body, such as 204. */
export function empty(status: number, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, contentType: '', body: '', headers }
}

/** The refusal as a problem document; the status comes from the table of errors. */
export function problem(refusal: Refusal): HttpReply {
  const { status, meaning } = ERRORS[refusal.code]
  const { code, message, details } = refusal
  const document = { type: `urn:goldenhour:error:${code}`, title: meaning, status, detail: message, code, details }
  const headers: Record<string, string> = {}
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="goldenhour"'
  if (code === 'upgrade-required') Object.assign(headers, { Upgrade: 'websocket', Connection: 'Upgrade' })
  if (Array.isArray(details?.allow)) headers.Allow = details.allow.join(', ')
  const retryAfterMs = details?.retryAfterMs
  if (typeof retryAfterMs === 'number') headers['Retry-After'] = String(Math.ceil(retryAfterMs / 1000))
  return { status, contentType: 'application/problem+json', body: jsonText(document), headers, refusal }
}

/**
 * Reads the body of a call by a schema; make it of `z.strictObject`, so that unknown keys are refused by name.
 * Refusals: `frame-too-large`, `malformed-frame`, `invalid-field` with `details.path`.
 */
export async function jsonBody<S extends z.ZodType>(call: HttpCall, schema: S): Promise<Result<z.output<S>>> {
  const body = await call.body
  if (!body.ok) return { ok: false, refusal: body.refusal }
  return parseJson(body.bytes, schema)
}

/** Input: `isHead` where the body is told of and left out. */
export function writeReply(res: DoorResponse, reply: HttpReply, isHead = false): void {
  const headers = reply.headers ?? {}
  res.cork(() => {
    res.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? ''}`)
    if (reply.contentType !== '') res.writeHeader('Content-Type', reply.contentType)
    // Positions and trips change by the second, and may be personal.
    if (headers['Cache-Control'] === undefined) res.writeHeader('Cache-Control', 'no-store')
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
    if (isHead) endHead(res, reply)
    else if (reply.contentType === '') endEmpty(res, reply.closes === true)
    else res.end(reply.bytes ?? reply.body, reply.closes)
  })
}

/**
 * uWebSockets.js waits for as many bytes as it was told to announce, so the length goes past it. An answer that ends the
 * connection announces none: it ends when all that was announced is out.
 */
function endHead(res: DoorResponse, { contentType, body, bytes, closes = false }: HttpReply): void {
  if (!closes && contentType !== '') res.writeHeader('Content-Length', String(Buffer.byteLength(bytes ?? body)))
  endEmpty(res, closes)
}

/** uWebSockets.js takes an `undefined` length for 2^63. */
function endEmpty(res: DoorResponse, closes: boolean): void {
  if (closes) res.endWithoutBody(0, true)
  else res.endWithoutBody()
}

interface Asked {
  readonly method: HttpCall['method']
  /** Of the parameters in the route's pattern. */
  readonly names: readonly string[]
  readonly head: Head
  readonly visitor: Visitor
}

function readCall(
  res: DoorResponse,
  req: DoorRequest,
  { method, names, head, visitor }: Asked,
  ports: HttpPorts,
): HttpCall {
  const traceparent = req.getHeader('traceparent')
  return {
    method,
    path: req.getUrl(),
    parameters: Object.fromEntries(names.map((name, index) => [name, decoded(req.getParameter(index) ?? '')])),
    query: new URLSearchParams(head.isQueryTooLong ? '' : (req.getQuery() ?? '')),
    address: visitor.address,
    authorization: req.getHeader('authorization'),
    idempotencyKey: req.getHeader('idempotency-key'),
    ifMatch: req.getHeader('if-match'),
    ifNoneMatch: req.getHeader('if-none-match'),
    acceptEncoding: req.getHeader('accept-encoding'),
    origin: visitor.origin,
    host: visitor.host,
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : null,
    body: method === 'get' ? NO_BODY : readBody(res, ports),
  }
}

/** Empty, which names nothing, for what cannot be decoded or holds a NUL, which no database would take. */
function decoded(text: string): string {
  try {
    const plain = decodeURIComponent(text)
    return plain.includes('\0') ? '' : plain
  } catch {
    return ''
  }
}

function readBody(res: DoorResponse, { door, limiter, metrics }: HttpPorts): Promise<Body> {
  const maxBytes = door.limits.httpBodyBytes
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    let isSettled = false
    const settle = (body: Body) => {
      isSettled = true
      limiter.endBody(tooSlow)
      resolve(body)
    }
    const tooSlow = () => resolve({ ok: false, refusal: BODY_TOO_SLOW, unread: true })
    limiter.beginBody(tooSlow)
    res.onData((chunk, isLast) => {
      if (isSettled) return
      size += chunk.byteLength
      if (size <= maxBytes) {
        // uWebSockets.js takes the chunk back when this returns.
        chunks.push(Buffer.from(chunk.slice(0)))
        if (isLast) settle({ ok: true, bytes: Buffer.concat(chunks) })
        return
      }
      chunks.length = 0
      if (isLast || size > DISCARD_FACTOR * maxBytes) {
        metrics.limitRefused('httpBodyBytes')
        settle({ ok: false, refusal: bodyTooLarge(maxBytes), unread: !isLast })
      }
    })
  })
}
