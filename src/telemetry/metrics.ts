/**
 * What the engine counts about itself, for Prometheus.
 *
 * Fixes, frames and lags come tens of thousands a second, so those counts are plain numbers here and become metrics only
 * when someone scrapes. Labels take values of closed sets alone: no unit, trip or principal ever becomes a label.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { CountedHistogram } from './counted-histogram.ts'

export type FixClass = 'current' | 'late' | 'duplicate' | 'future' | 'invalid' | 'gap' | 'hint' | 'refused'
export type CommitLane = 'records' | 'segments' | 'snapshots' | 'marks'
export type FrameDirection = 'in' | 'out'

/** The limits of `protocol/limits.ts` whose refusals are counted here. */
export type LimitName =
  | 'connections'
  | 'connectionsPerAddress'
  | 'strangersPerAddress'
  | 'httpConnections'
  | 'httpConnectionsPerAddress'
  | 'connectsPerAddressPerS'
  | 'sessionsPerUser'
  | 'openRequestsPerAddressPerS'
  | 'floodBursts'
  | 'helloTimeoutMs'
  | 'httpRequestMs'
  | 'httpBodyBytes'
  | 'badFrames'
  | 'backpressureBytes'
  | 'unreadBytes'
  | 'rates.fix'
  | 'rates.feedFix'
  | 'rates.crewCommand'
  | 'rates.command'
  | 'rates.query'
  | 'rates.control'

/** Figures that others hold, read at each scrape. */
export interface MetricsSource {
  mailboxDepth(): Iterable<readonly [region: string, depth: number]>
  pendingTrips(): Iterable<readonly [region: string, priority: number, count: number]>
  logPositions(): Iterable<readonly [region: string, head: number, durable: number]>
  fixesNotDurable(): Iterable<readonly [region: string, count: number]>
  storeUp(): boolean
  logLinesDropped(): number
  logWaitingBytes(): number
  troubles(): Iterable<readonly [trouble: string, isThere: boolean]>
  clockOffsets(): Iterable<readonly [of: string, offsetMs: number]>
  /** Lanes of the store, and whether what they took waits for a second or more. */
  writesStalled(): Iterable<readonly [region: string, lane: 'records' | 'segments', isStalled: boolean]>
}

interface FrameCount {
  frames: number
  bytes: number
}

/** Upper bounds in milliseconds; close together where the goal for durable fixes lies. */
const DURABLE_LAG_BUCKETS_MS = [
  1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 400, 450, 500, 750, 1_000,
  2_000, 5_000, 10_000,
]
const COMMIT_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]
const NEAREST_BUCKETS_S = [0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05]
const LOOP_SAMPLE_MS = 10

export class Metrics {
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #frames: Record<FrameDirection, Map<string, FrameCount>> = { in: new Map(), out: new Map() }
  readonly #fixes: Record<FixClass, number> = {
    current: 0,
    late: 0,
    duplicate: 0,
    future: 0,
    invalid: 0,
    gap: 0,
    hint: 0,
    refused: 0,
  }
  readonly #loopDelay: IntervalHistogram
  readonly #durableLag: CountedHistogram
  readonly #sessions: Gauge<'role'>
  readonly #httpConnections: Gauge
  readonly #commitSeconds: Histogram<'lane'>
  readonly #commitBatchSize: Histogram<'lane'>
  readonly #offers: Counter<'outcome'>
  readonly #nearest: Histogram
  readonly #refusals: Counter<'code'>
  readonly #turnFailures: Counter
  readonly #quarantined: Gauge<'region'>
  readonly #damaged: Gauge<'region' | 'table'>
  readonly #slowClients: Counter
  readonly #limitRefusals: Counter<'limit'>
  readonly #badForwarded: Counter
  readonly #certificateLoads: Counter<'outcome'>
  readonly #thinned: Counter<'type'>
  readonly #resyncs: Counter<'type'>
  readonly #damagedTables = new Map<string, readonly string[]>()
  #fanOutMs = 0
  #source: MetricsSource | null = null

  constructor() {
    const registers = [this.#registry]
    this.contentType = this.#registry.contentType
    this.#loopDelay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS })
    this.#loopDelay.enable()
    this.#durableLag = new CountedHistogram(
      'goldenhour_durable_lag_seconds',
      'From the arrival of a fix to the moment it was stored.',
      DURABLE_LAG_BUCKETS_MS,
    )
    this.#durableLag.register(this.#registry)
    this.#sessions = new Gauge({
      name: 'goldenhour_sessions',
      help: 'Clients signed in now.',
      labelNames: ['role'],
      registers,
    })
    this.#httpConnections = new Gauge({
      name: 'goldenhour_http_connections',
      help: 'Connections open now that are no WebSocket.',
      registers,
    })
    this.#commitSeconds = new Histogram({
      name: 'goldenhour_commit_seconds',
      help: 'Time of one commit.',
      labelNames: ['lane'],
      buckets: COMMIT_BUCKETS_S,
      registers,
    })
    this.#commitBatchSize = new Histogram({
      name: 'goldenhour_commit_batch_size',
      help: 'Records, segments or snapshots in one commit.',
      labelNames: ['lane'],
      buckets: BATCH_BUCKETS,
      registers,
    })
    this.#offers = new Counter({
      name: 'goldenhour_offers_total',
      help: 'Offers by what became of them.',
      labelNames: ['outcome'],
      registers,
    })
    this.#nearest = new Histogram({
      name: 'goldenhour_nearest_seconds',
      help: 'Own time of one search for the nearest units.',
      buckets: NEAREST_BUCKETS_S,
      registers,
    })
    this.#refusals = new Counter({
      name: 'goldenhour_refusals_total',
      help: 'Error frames and problem documents sent, by code.',
      labelNames: ['code'],
      registers,
    })
    this.#turnFailures = new Counter({
      name: 'goldenhour_turn_failures_total',
      help: 'Turns that threw; each was answered with internal and changed nothing.',
      registers,
    })
    this.#quarantined = new Gauge({
      name: 'goldenhour_quarantined_actors',
      help: 'Units, trips and calls that an event did not fit, held as they are.',
      labelNames: ['region'],
      registers,
    })
    this.#damaged = new Gauge({
      name: 'goldenhour_damaged_rows',
      help: 'Stored rows that were missing or not what was written when the region was recovered.',
      labelNames: ['region', 'table'],
      registers,
    })
    this.#slowClients = new Counter({
      name: 'goldenhour_slow_clients_total',
      help: 'Connections cut because their backlog passed its limit.',
      registers,
    })
    this.#thinned = new Counter({
      name: 'goldenhour_frames_thinned_total',
      help: 'Frames left out for sessions that read too slowly, by type.',
      labelNames: ['type'],
      registers,
    })
    this.#resyncs = new Counter({
      name: 'goldenhour_resyncs_total',
      help: 'Snapshots and kept records sent to sessions that had been thinned, by type.',
      labelNames: ['type'],
      registers,
    })
    this.#limitRefusals = new Counter({
      name: 'goldenhour_limit_refusals_total',
      help: 'Connections, sessions, messages and requests refused or cut by a limit, by the name of the limit.',
      labelNames: ['limit'],
      registers,
    })
    this.#badForwarded = new Counter({
      name: 'goldenhour_bad_forwarded_headers_total',
      help: 'Forwarded headers of trusted proxies that were not believed: malformed, or two that contradict each other.',
      registers,
    })
    this.#certificateLoads = new Counter({
      name: 'goldenhour_certificate_loads_total',
      help: 'TLS certificates that were taken, and changed files that could not be used.',
      labelNames: ['outcome'],
      registers,
    })
    this.#collectCounts()
    this.#collectSource()
    this.#collectLog()
    this.#collectLoopLag()
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
    this.#source = source
  }

  /** The exposition of all metrics, in the form that `contentType` names. */
  text(): Promise<string> {
    return this.#registry.metrics()
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

  #collectSource(): void {
    this.#gauge('goldenhour_mailbox_depth', 'Messages waiting for their turn.', ['region'], function* (source) {
      for (const [region, depth] of source.mailboxDepth()) yield [{ region }, depth]
    })
    this.#gauge(
      'goldenhour_pending_trips',
      'Trips without a unit.',
      ['region', 'priority'],
      function* (source): Iterable<Sample> {
        for (const [region, priority, count] of source.pendingTrips()) yield [{ region, priority }, count]
      },
    )
    this.#gauge('goldenhour_log_head_position', 'Last record decided.', ['region'], function* (source) {
      for (const [region, head] of source.logPositions()) yield [{ region }, head]
    })
    this.#gauge('goldenhour_log_durable_position', 'Last record stored.', ['region'], function* (source) {
      for (const [region, , durable] of source.logPositions()) yield [{ region }, durable]
    })
    this.#gauge('goldenhour_fixes_not_durable', 'Fixes accepted and not stored yet.', ['region'], function* (source) {
      for (const [region, count] of source.fixesNotDurable()) yield [{ region }, count]
    })
    this.#gauge('goldenhour_store_up', 'Whether the database answers: 1 or 0.', [], source => [
      [{}, source.storeUp() ? 1 : 0],
    ])
    this.#gauge(
      'goldenhour_clock_offset_seconds',
      'By how much a clock is off; 0 while it is not.',
      ['of'],
      function* (source) {
        for (const [of, offsetMs] of source.clockOffsets()) yield [{ of }, offsetMs / 1_000]
      },
    )
  }

  #collectLog(): void {
    const source = () => this.#source
    new Counter({
      name: 'goldenhour_log_lines_dropped_total',
      help: 'Lines of the log that found no room while it could not be written.',
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(source()?.logLinesDropped() ?? 0)
      },
    })
    this.#gauge('goldenhour_log_waiting_bytes', 'Bytes of the log that wait to be written.', [], source => [
      [{}, source.logWaitingBytes()],
    ])
    this.#gauge(
      'goldenhour_trouble',
      'What is tried again and again without success: 1 while it lasts.',
      ['trouble'],
      function* (source): Iterable<Sample> {
        for (const [trouble, isThere] of source.troubles()) yield [{ trouble }, isThere ? 1 : 0]
      },
    )
    this.#gauge(
      'goldenhour_writes_stalled',
      '1 while what the lane took has waited for the database for a second or more.',
      ['region', 'lane'],
      function* (source): Iterable<Sample> {
        for (const [region, lane, isStalled] of source.writesStalled()) yield [{ region, lane }, isStalled ? 1 : 0]
      },
    )
  }

  #gauge(name: string, help: string, labelNames: string[], read: (source: MetricsSource) => Iterable<Sample>): void {
    const source = () => this.#source
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        // A region that left this process must not go on showing its last figure.
        this.reset()
        const from = source()
        if (from === null) return
        for (const [labels, value] of read(from)) this.set(labels, value)
      },
    })
  }

  #collectLoopLag(): void {
    const loopDelay = this.#loopDelay
    new Gauge({
      name: 'goldenhour_event_loop_lag_seconds',
      help: 'How late the event loop ran a timer, since the scrape before.',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect() {
        // The monitor records the time between two of its ticks, so an idle loop shows the sample interval itself.
        const lagS = (delayNs: number) => Math.max(0, delayNs / 1e6 - LOOP_SAMPLE_MS) / 1e3
        const counted = loopDelay.count > 0
        this.set({ quantile: '0.5' }, counted ? lagS(loopDelay.percentile(50)) : 0)
        this.set({ quantile: '0.99' }, counted ? lagS(loopDelay.percentile(99)) : 0)
        this.set({ quantile: '1' }, counted ? lagS(loopDelay.max) : 0)
        loopDelay.reset()
      },
    })
  }
}

type Sample = [labels: Record<string, string | number>, value: number]
