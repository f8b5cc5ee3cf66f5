/** Answers what a browser asks before it lets a page of another origin call us: an OPTIONS request, without a token. */
import type { TemplatedApp } from 'uWebSockets.js'
import type { GatewayContext } from './context.ts'
import { preflightHeaders, WRONG_ORIGIN } from './cors.ts'
import { empty, problem, writeReply } from './http.ts'

/** One answer for all routes: it tells what pages may send here at all, and no route's existence. */
export function mountPreflight(app: TemplatedApp, context: GatewayContext): void {
  app.options('/*', (res, req) => {
    const visitor = context.entrance.visitor(res, req)
    const isPreflight = visitor.origin !== '' && req.getHeader('access-control-request-method') !== ''
    // Any other OPTIONS is a request to a route that does not exist.
    if (!isPreflight) {
      req.setYield(true)
      return
    }
    // uWebSockets.js ends the process where this is missing and the answer has no body.
    res.onAborted(() => {})
    if (!visitor.mayCome) context.metrics.refusal(WRONG_ORIGIN.code)
    const reply = visitor.mayCome ? empty(204, preflightHeaders(visitor.origin)) : problem(WRONG_ORIGIN)
    writeReply(res, { ...reply, headers: { ...visitor.headers, ...reply.headers } }, { isHead: false })
  })
}
