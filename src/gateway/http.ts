/** HTTP on uWebSockets.js: reads a request, answers once, and says what is wrong in problem documents (RFC 9457). */

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'
import { ERRORS, type Refusal } from '../protocol/errors.ts'
import { LIMITS } from '../protocol/limits.ts'
import { TRACEPARENT } from '../protocol/parse.ts'
import type { GatewayContext } from './context.ts'
import { INTERNAL } from './refusals.ts'

export interface HttpCall {
  /** The `:id` of the route's pattern; empty where it has none. */
  readonly parameter: string
  readonly query: URLSearchParams
  readonly authorization: string
  readonly idempotencyKey: string
  /** W3C traceparent, null when absent or malformed. */
  readonly traceparent: string | null
  /** Of a POST; it never settles when the client leaves. */
  readonly body: Promise<Body>
}
/** A body over `LIMITS.httpBodyBytes` is not kept; `unread` when part of it was not even read. */
type Body = { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly unread: boolean }

export interface HttpReply {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** The connection cannot be used again, because part of the request was left unread. */
  readonly closes?: boolean
}
type Handler = (call: HttpCall) => HttpReply | Promise<HttpReply>

/** Bodies up to this are read and thrown away: a client that still writes would not see an answer sent before. */
const DISCARD_BYTES = 16 * LIMITS.httpBodyBytes
const NO_BODY: Promise<Body> = Promise.resolve({ ok: true, bytes: new Uint8Array() })

/** Mounts a handler. One that throws is answered with `internal`, counted and logged. */
export function mountRoute(
  app: TemplatedApp,
  method: 'get' | 'post' | 'any',
  pattern: string,
  context: GatewayContext,
  handler: Handler,
): void {
  app[method](pattern, (res, req) => {
    let aborted = false
    res.onAborted(() => {
      aborted = true
    })
    const isHead = req.getMethod() === 'head'
    const answer = (reply: HttpReply) => {
      if (!aborted) writeReply(res, reply, { isHead })
    }
    // The request lives on the stack of this callback, so all that anyone may need of it is read now.
    const call = readCall(res, req, pattern, method === 'post')
    const handled = (async () => handler(call))()
    handled.then(answer, error => {
      context.log.error({ err: error, route: pattern }, 'an HTTP handler threw')
      context.metrics.refusal('internal')
      answer(problem(INTERNAL))
    })
  })
}

export function json(status: number, body: unknown): HttpReply {
  return { status, contentType: 'application/json', body: JSON.stringify(body) }
}

/** The refusal as a problem document; the status comes from the table of errors. */
export function problem(refusal: Refusal): HttpReply {
  const { status, meaning } = ERRORS[refusal.code]
  const { code, message, details } = refusal
  const document = { type: `urn:goldenhour:error:${code}`, title: meaning, status, detail: message, code, details }
  const headers: Record<string, string> = {}
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="goldenhour"'
  const retryAfterMs = details?.retryAfterMs
  if (typeof retryAfterMs === 'number') headers['Retry-After'] = String(Math.ceil(retryAfterMs / 1000))
  return { status, contentType: 'application/problem+json', body: JSON.stringify(document), headers }
}

export function writeReply(res: HttpResponse, reply: HttpReply, { isHead }: { isHead: boolean }): void {
  res.cork(() => {
    res.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? ''}`)
    res.writeHeader('Content-Type', reply.contentType)
    // Positions and trips change by the second, and may be personal.
    res.writeHeader('Cache-Control', 'no-store')
    for (const [name, value] of Object.entries(reply.headers ?? {})) res.writeHeader(name, value)
    if (isHead) res.endWithoutBody(Buffer.byteLength(reply.body), reply.closes)
    else res.end(reply.body, reply.closes)
  })
}

function readCall(res: HttpResponse, req: HttpRequest, pattern: string, hasBody: boolean): HttpCall {
  const traceparent = req.getHeader('traceparent')
  return {
    parameter: pattern.includes(':') ? req.getParameter(0) : '',
    query: new URLSearchParams(req.getQuery()),
    authorization: req.getHeader('authorization'),
    idempotencyKey: req.getHeader('idempotency-key'),
    traceparent: TRACEPARENT.test(traceparent) ? traceparent : null,
    body: hasBody ? readBody(res) : NO_BODY,
  }
}

function readBody(res: HttpResponse): Promise<Body> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let size = 0
    res.onData((chunk, isLast) => {
      size += chunk.byteLength
      if (size <= LIMITS.httpBodyBytes) {
        // uWebSockets.js takes the chunk back when this returns.
        chunks.push(Buffer.from(chunk.slice(0)))
        if (isLast) resolve({ ok: true, bytes: Buffer.concat(chunks) })
        return
      }
      chunks.length = 0
      if (isLast || size > DISCARD_BYTES) resolve({ ok: false, unread: !isLast })
    })
  })
}
