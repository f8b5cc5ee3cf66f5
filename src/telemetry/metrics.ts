/**
 * What the engine counts about itself, for Prometheus.
 *
 * Fixes, frames and lags come tens of thousands a second, so those counts are plain numbers here and become metrics only
 * when someone scrapes. Labels take values of closed sets alone: no unit, trip or principal ever becomes a label.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import {
  ARRIVAL_ERROR_BUCKETS_S,
  BATCH_BUCKETS,
  COMMIT_BUCKETS_S,
  DURABLE_LAG_BUCKETS_MS,
  NEAREST_BUCKETS_S,
} from './buckets.ts'
import { CountedHistogram } from './counted-histogram.ts'
import { type FixClass, noFixes } from './fix-classes.ts'
import type { LimitName } from './limit-name.ts'
import { measureLoopLag } from './loop-lag.ts'
import { type RequestLabels, RequestTimes } from './request-times.ts'
import { RoutingCounts } from './routing-counts.ts'
import { type MetricsSource, SourceGauges } from './source-gauges.ts'
import type { SparedWork } from './spared-work.ts'
import { WebhookFigures } from './webhook-figures.ts'

export type CommitLane = 'records' | 'segments' | 'snapshots' | 'marks'
export type FrameDirection = 'in' | 'out'

interface FrameCount {
  frames: number
  bytes: number
}

export class Metrics {
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #frames: Record<FrameDirection, Map<string, FrameCount>> = { in: new Map(), out: new Map() }
  readonly #fixes: Record<FixClass, number> = { ...noFixes(), gap: 0, refused: 0 }
  readonly #durableLag = new CountedHistogram(
    'goldenhour_durable_lag_seconds',
    'From the arrival of a fix to the moment it was stored.',
    DURABLE_LAG_BUCKETS_MS,
  )
  readonly #sessions = this.#gauge('goldenhour_sessions', 'Clients signed in now.', ['role'])
  readonly #httpConnections = this.#gauge('goldenhour_http_connections', 'Connections open now that are no WebSocket.')
  readonly #commitSeconds = this.#histogram('goldenhour_commit_seconds', 'Time of one commit.', COMMIT_BUCKETS_S, [
    'lane',
  ])
  readonly #commitBatchSize = this.#histogram(
    'goldenhour_commit_batch_size',
    'Records, segments or snapshots in one commit.',
    BATCH_BUCKETS,
    ['lane'],
  )
  readonly #offers = this.#counter('goldenhour_offers_total', 'Offers by what became of them.', ['outcome'])
  readonly #arrivals = this.#histogram(
    'goldenhour_arrival_error_seconds',
    'How much later than predicted units that were chosen by road were at the scene.',
    ARRIVAL_ERROR_BUCKETS_S,
  )
  readonly #alarms = this.#counter('goldenhour_alarms_total', 'Alarms by what became of them, and by kind.', [
    'event',
    'kind',
  ])
  readonly #nearest = this.#histogram(
    'goldenhour_nearest_seconds',
    'Own time of one search for the nearest units.',
    NEAREST_BUCKETS_S,
  )
  readonly #refusals = this.#counter('goldenhour_refusals_total', 'Error frames and problem documents sent, by code.', [
    'code',
  ])
  readonly #turnFailures = this.#counter(
    'goldenhour_turn_failures_total',
    'Turns that threw; each was answered with internal and changed nothing.',
  )
  readonly #quarantined = this.#gauge(
    'goldenhour_quarantined_actors',
    'Units, trips and calls that an event did not fit, held as they are.',
    ['region'],
  )
  readonly #damaged = this.#gauge(
    'goldenhour_damaged_rows',
    'Stored rows that were missing or not what was written when the region was recovered.',
    ['region', 'table'],
  )
  readonly #slowClients = this.#counter(
    'goldenhour_slow_clients_total',
    'Connections cut because their backlog passed its limit.',
  )
  readonly #thinned = this.#counter(
    'goldenhour_frames_thinned_total',
    'Frames left out for sessions that read too slowly, by type.',
    ['type'],
  )
  readonly #resyncs = this.#counter(
    'goldenhour_resyncs_total',
    'Snapshots and kept records sent to sessions that had been thinned, by type.',
    ['type'],
  )
  readonly #spared = this.#counter(
    'goldenhour_spared_work_total',
    'What overloaded regions left out, put off or refused, by what it was.',
    ['work'],
  )
  readonly #limitRefusals = this.#counter(
    'goldenhour_limit_refusals_total',
    'Connections, sessions, messages and requests refused or cut by a limit, by the name of the limit.',
    ['limit'],
  )
  readonly #badForwarded = this.#counter(
    'goldenhour_bad_forwarded_headers_total',
    'Forwarded headers of trusted proxies that were not believed: malformed, or two that contradict each other.',
  )
  readonly #certificateLoads = this.#counter(
    'goldenhour_certificate_loads_total',
    'TLS certificates that were taken, and changed files that could not be used.',
    ['outcome'],
  )
  readonly #requests = new RequestTimes(this.#registry)
  readonly routing = new RoutingCounts(this.#registry)
  readonly webhooks = new WebhookFigures(this.#registry)
  readonly #sourceGauges: SourceGauges
  readonly #damagedTables = new Map<string, readonly string[]>()
  #fanOutMs = 0

  constructor() {
    this.contentType = this.#registry.contentType
    this.#durableLag.register(this.#registry)
    this.#collectCounts()
    this.#sourceGauges = new SourceGauges(this.#registry)
    measureLoopLag(this.#registry)
    collectDefaultMetrics({ register: this.#registry })
  }

  sessionOpened(role: string): void {
    this.#sessions.inc({ role })
  }

  sessionClosed(role: string): void {
    this.#sessions.dec({ role })
  }

  httpConnections(count: number): void {
    this.#httpConnections.set(count)
  }

  /** An HTTP request has come. Output: call it once, with the status of the answer. */
  request(labels: RequestLabels): (status: number) => void {
    return this.#requests.begin(labels)
  }

  /** Input: `type` is a name of the protocol's tables, or `bad` for bytes that are no message. */
  frame(direction: FrameDirection, type: string, bytes: number): void {
    const counts = this.#frames[direction]
    const count = counts.get(type)
    if (count === undefined) {
      counts.set(type, { frames: 1, bytes })
    } else {
      count.frames += 1
      count.bytes += bytes
    }
  }

  fix(kind: FixClass, count = 1): void {
    this.#fixes[kind] += count
  }

  durableLag(seconds: number, count = 1): void {
    this.#durableLag.add(seconds * 1000, count)
  }

  /** All fixes of a segment that became durable at `nowMs`; both on the wall clock. */
  observeDurableLags(arrivalWallMs: ArrayLike<number>, nowMs: number): void {
    for (let i = 0; i < arrivalWallMs.length; i++) this.#durableLag.add(nowMs - (arrivalWallMs[i] as number), 1)
  }

  commit(lane: CommitLane, seconds: number, batchSize: number): void {
    this.#commitSeconds.observe({ lane }, seconds)
    this.#commitBatchSize.observe({ lane }, batchSize)
  }

  /** Below 0: sooner than was said. */
  arrival(lateS: number): void {
    this.#arrivals.observe(lateS)
  }

  alarm(event: string, kind: string): void {
    this.#alarms.inc({ event, kind })
  }

  offer(outcome: string): void {
    this.#offers.inc({ outcome })
  }

  nearest(seconds: number): void {
    this.#nearest.observe(seconds)
  }

  /** Counted where refusals leave the process, so each is counted once. */
  refusal(code: string): void {
    this.#refusals.inc({ code })
  }

  turnFailed(): void {
    this.#turnFailures.inc()
  }

  /** Input: null once the region has left this process. */
  quarantined(region: string, count: number | null): void {
    if (count === null) this.#quarantined.remove({ region })
    else this.#quarantined.set({ region }, count)
  }

  /** Input: the rows of each table that has damaged ones; null once the region has left this process. */
  damaged(region: string, found: readonly { readonly table: string; readonly rows: number }[] | null): void {
    for (const table of this.#damagedTables.get(region) ?? []) this.#damaged.remove({ region, table })
    this.#damagedTables.set(region, found?.map(({ table }) => table) ?? [])
    for (const { table, rows } of found ?? []) this.#damaged.set({ region, table }, rows)
  }

  slowClientCut(): void {
    this.#slowClients.inc()
  }

  /** A frame was left out for a session that reads too slowly. */
  thinned(type: 'tile-moves' | 'unit' | 'board-events'): void {
    this.#thinned.inc({ type })
  }

  /** An overloaded region left it out, put it off or refused it. */
  spared(work: SparedWork): void {
    this.#spared.inc({ work })
  }

  /** A session that was thinned has the picture again. */
  resynced(type: 'tile' | 'unit' | 'board' | 'board-events'): void {
    this.#resyncs.inc({ type })
  }

  /** Own time spent on making and sending what consoles watch. */
  fanOut(durationMs: number): void {
    this.#fanOutMs += durationMs
  }

  /** Input: `limit` is a key of the limits in force, with dots into nested ones. */
  limitRefused(limit: LimitName): void {
    this.#limitRefusals.inc({ limit })
  }

  badForwarded(): void {
    this.#badForwarded.inc()
  }

  certificateLoad(outcome: 'taken' | 'refused'): void {
    this.#certificateLoads.inc({ outcome })
  }

  /** Registers the one source of the gauges; a later one takes its place. */
  observe(source: MetricsSource): void {
    this.#sourceGauges.observe(source)
  }

  /** The exposition of all metrics, in the form that `contentType` names. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] })
  }

  #collectCounts(): void {
    const registers = [this.#registry]
    const frames = this.#frames
    const fixes = this.#fixes
    new Counter({
      name: 'goldenhour_frames_total',
      help: 'WebSocket messages by direction and type.',
      labelNames: ['direction', 'type'],
      registers,
      collect() {
        this.reset()
        for (const direction of ['in', 'out'] as const) {
          for (const [type, count] of frames[direction]) this.inc({ direction, type }, count.frames)
        }
      },
    })
    new Counter({
      name: 'goldenhour_frame_bytes_total',
      help: 'Payload bytes of WebSocket messages by direction and type.',
      labelNames: ['direction', 'type'],
      registers,
      collect() {
        this.reset()
        for (const direction of ['in', 'out'] as const) {
          for (const [type, count] of frames[direction]) this.inc({ direction, type }, count.bytes)
        }
      },
    })
    const fanOutMs = () => this.#fanOutMs
    new Counter({
      name: 'goldenhour_fan_out_seconds_total',
      help: 'Own time spent on making and sending what consoles watch.',
      registers,
      collect() {
        this.reset()
        this.inc(fanOutMs() / 1_000)
      },
    })
    new Counter({
      name: 'goldenhour_fixes_total',
      help: 'Fixes by what was done with them.',
      labelNames: ['class'],
      registers,
      collect() {
        this.reset()
        for (const [kind, count] of Object.entries(fixes)) this.inc({ class: kind }, count)
      },
    })
  }
}
