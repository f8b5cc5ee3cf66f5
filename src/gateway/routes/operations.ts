/** What the operator's tools ask for: is it up, is it ready, what does it count. */
import type { ClockOff } from '../../actors/clock-watch.ts'
import type { Readiness } from '../../actors/region-handle.ts'
import type { Refusal } from '../../base/refusal.ts'
import type { GatewayContext, StoreView } from '../context.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import { NOT_READY } from '../refusals.ts'
import type { Route } from '../route.ts'

export const OPERATION_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/healthz', action: null, isProbe: true, handle: getHealth },
  {
    method: 'get',
    pattern: '/readyz',
    action: null,
    isProbe: true,
    handle: ({ readiness, directory, store }) =>
      databaseAwayReply(store()) ?? getReadiness(readiness(), directory.damagedRows(), directory.clockOff?.() ?? null),
  },
  {
    method: 'get',
    pattern: '/metrics',
    action: null,
    handle: getMetrics,
  },
]

/** Whether the process is well: a supervisor that restarted it because the database is away would mend nothing. */
function getHealth({ store }: GatewayContext): HttpReply {
  const database = databaseAway(store())
  return json(200, { status: 'up', ...(database && { database }) })
}

/** Goes before what the regions say: they notice later, or know only that they wait. */
function databaseAwayReply(state: StoreView): HttpReply | null {
  const database = databaseAway(state)
  return database && json(503, database)
}

/** Null while the database answers. */
function databaseAway(state: StoreView): { status: 'database-away'; awayMs: number; restarting: boolean } | null {
  if (state.status === 'up') return null
  return { status: 'database-away', awayMs: state.awayMs, restarting: state.isRestarting }
}

async function getMetrics({ entrance, metrics }: GatewayContext, call: HttpCall): Promise<HttpReply> {
  if (!entrance.mayReadMetrics(call)) return problem(METRICS_ELSEWHERE)
  return { status: 200, contentType: metrics.contentType, body: await metrics.text() }
}

const METRICS_ELSEWHERE: Refusal = {
  code: 'not-found',
  message: 'Nothing is shown here to this address; the operator can add it to the setting metricsFrom.',
}

/** Names of regions in one answer; what is more is counted. */
const NAMED_MAX = 50

/** An answer to a probe, and no refusal of anybody: it is not counted as one, and says how far a start is. */
function getReadiness(
  { status, behind, recovered, recovering, away }: Readiness,
  damagedRows: number,
  clock: ClockOff | null,
): HttpReply {
  const isReady = status === 'ready'
  const named = <T, R>(map: ReadonlyMap<string, T>, of: (value: T) => R) =>
    Object.fromEntries([...map].slice(0, NAMED_MAX).map(([region, value]) => [region, of(value)]))
  const report = {
    status,
    ...(behind === null ? {} : { behind }),
    // A clock that is off keeps nobody from being served, but somebody should know.
    ...(clock === null ? {} : { clock }),
    ...(isReady && away.size === 0 ? {} : { regionsRecovered: recovered }),
    ...(recovering.size === 0 ? {} : { recovering: named(recovering, progress => progress) }),
    // Why stands in the log: a probe may come from anywhere.
    ...(away.size === 0 ? {} : { regionsAway: [...away.keys()].slice(0, NAMED_MAX), regionsAwayCount: away.size }),
  }
  // Damage takes nothing from being ready: what is whole is served. Where it is, metrics and log tell whoever may ask.
  if (isReady) return json(200, damagedRows === 0 ? report : { ...report, damagedRows })
  const { refusal: _, ...reply } = problem({ ...NOT_READY, details: report })
  return reply
}
