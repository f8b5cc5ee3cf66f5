/** Routes for the operator's tools: is the engine up, is it ready, what does it count. */
import { z } from 'zod'
import type { ClockOff } from '../../actors/clock-watch.ts'
import type { Readiness, RegionDirectory } from '../../actors/region-handle.ts'
import type { Refusal } from '../../base/refusal.ts'
import { count, moment } from '../../protocol/schema-parts.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Entrance } from '../entrance.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { NOT_READY } from '../refusals.ts'
import { type Asked, open, type Route } from '../route.ts'
import type { StoreView } from '../store-view.ts'

export interface OperationPorts {
  readonly readiness: () => Readiness
  /** Whether the database answers. */
  readonly store: () => StoreView
  readonly directory: Pick<RegionDirectory, 'damagedRows' | 'clockOff'>
  readonly entrance: Pick<Entrance, 'mayReadMetrics'>
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>
}

const DATABASE_AWAY = z.object({ status: z.literal('database-away'), awayMs: z.number(), restarting: z.boolean() })
const HEALTH = z.object({ status: z.literal('up'), database: DATABASE_AWAY.optional() })
const CLOCK = z.object({ of: z.enum(['wall', 'recorded', 'database']), offsetMs: z.number(), sinceMs: moment })
const READY = z.object({
  status: z.literal('ready'),
  clock: CLOCK.optional().describe('The worst clock that is off.'),
  regionsRecovered: count.optional(),
  regionsAway: z.array(z.string()).optional(),
  regionsAwayCount: count.optional(),
  damagedRows: count.optional(),
})

export const OPERATION_ROUTES: readonly Route<OperationPorts>[] = [
  open({
    method: 'get',
    pattern: '/healthz',
    rate: 'none',
    summary: 'Tells whether the process runs',
    reply: { 200: HEALTH },
    handle: getHealth,
  }),
  open({
    method: 'get',
    pattern: '/readyz',
    rate: 'none',
    summary: 'Tells whether the engine serves, and how far a start is',
    reply: { 200: READY, 503: DATABASE_AWAY },
    handle: ({ readiness, directory, store }: OperationPorts) =>
      databaseAwayReply(store()) ?? getReadiness(readiness(), directory.damagedRows(), directory.clockOff?.() ?? null),
  }),
  open({
    method: 'get',
    pattern: '/metrics',
    rate: 'address',
    summary: 'Metrics for Prometheus, for addresses that the operator lists',
    reply: { 200: 'text/plain' },
    refusals: ['not-found'],
    handle: getMetrics,
  }),
]

/** Whether the process is well: a supervisor that restarted it because the database is away would mend nothing. */
function getHealth({ store }: OperationPorts): HttpReply {
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

async function getMetrics({ entrance, metrics }: OperationPorts, asked: Asked): Promise<HttpReply> {
  if (!entrance.mayReadMetrics(asked)) return problem(METRICS_ELSEWHERE)
  return { status: 200, contentType: metrics.contentType, body: await metrics.text() }
}

const METRICS_ELSEWHERE: Refusal = {
  code: 'not-found',
  message: 'This address is shown nothing here; the operator can add the address to the setting metricsFrom.',
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
  // A damaged region is ready: what is whole is served. Metrics and log tell where the damage is.
  if (isReady) return json(200, damagedRows === 0 ? report : { ...report, damagedRows })
  const { refusal: _, ...reply } = problem({ ...NOT_READY, details: report })
  return reply
}
