/** Answers what a browser asks before it lets a page of another origin call us: an OPTIONS request, without a token. */
import type { RequestLabels } from '../telemetry/request-times.ts'
import { preflightHeaders, WRONG_ORIGIN } from './cors.ts'
import { readHead } from './head.ts'
import { empty, endWith, type HttpPorts, problem, writeReply } from './http.ts'
import type { DoorApp } from './transport/transport.ts'

type PreflightPorts = Pick<HttpPorts, 'connections' | 'entrance' | 'metrics'>

const COUNTED_AS: RequestLabels = { route: 'preflight', method: 'OPTIONS' }

/** One answer for all routes: it tells what pages may send here at all, and no route's existence. */
export function mountPreflight(app: DoorApp, ports: PreflightPorts): void {
  app.options('/*', (res, req) => {
    const head = readHead(res, req)
    if (ports.connections.refuses(res, head)) return
    const visitor = ports.entrance.visitor(req, head)
    const isPreflight = visitor.origin !== '' && req.getHeader('access-control-request-method') !== ''
    // Any other OPTIONS is a method that no route has.
    if (!isPreflight) {
      req.setYield(true)
      return
    }
    const answered = ports.metrics.request(COUNTED_AS)
    if (!visitor.mayCome) {
      ports.metrics.refusal(WRONG_ORIGIN.code)
      const refused = problem(WRONG_ORIGIN)
      endWith(res, head, { ...refused, headers: { ...visitor.headers, ...refused.headers } }, ports)
      answered(refused.status)
      return
    }
    const reply = empty(204, { ...visitor.headers, ...preflightHeaders(visitor.origin) })
    ports.connections.begin(res, req, head.peer, () => {}).answer(out => writeReply(out, reply), false)
    answered(reply.status)
  })
}
