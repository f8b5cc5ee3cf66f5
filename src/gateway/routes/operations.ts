/** What the operator's tools ask for: is it up, is it ready, what does it count. */
import type { Refusal } from '../../protocol/errors.ts'
import type { GatewayContext } from '../context.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import { NOT_READY } from '../refusals.ts'
import type { Route } from '../route.ts'

export const OPERATION_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/healthz', action: null, handle: () => json(200, { status: 'up' }) },
  {
    method: 'get',
    pattern: '/readyz',
    action: null,
    handle: ({ directory }) => (directory.ready() ? ready(directory.damagedRows()) : notReady()),
  },
  {
    method: 'get',
    pattern: '/metrics',
    action: null,
    handle: getMetrics,
  },
]

async function getMetrics({ entrance, metrics }: GatewayContext, { address }: HttpCall): Promise<HttpReply> {
  if (!entrance.mayReadMetrics(address)) return problem(METRICS_ELSEWHERE)
  return { status: 200, contentType: metrics.contentType, body: await metrics.text() }
}

const METRICS_ELSEWHERE: Refusal = {
  code: 'not-found',
  message: 'Nothing is shown here to this address; the operator can add it to the setting metricsFrom.',
}

/** Damage takes nothing from being ready: what is whole is served. Where it is, metrics and log tell whoever may ask. */
const ready = (damagedRows: number): HttpReply =>
  json(200, damagedRows === 0 ? { status: 'ready' } : { status: 'ready', damagedRows })

/** An answer to a probe, and no refusal of anybody: it is not counted as one. */
function notReady(): HttpReply {
  const { refusal: _, ...reply } = problem(NOT_READY)
  return reply
}
