/**
 * Figures that others hold, as gauges: each is read when someone scrapes, and never kept.
 *
 * There is one source, which the engine registers once it has the parts that answer; before that the gauges show nothing.
 */
import { Counter, Gauge, type Registry } from 'prom-client'

/** Who holds the figures. */
export interface MetricsSource {
  mailboxDepth(): Iterable<readonly [region: string, depth: number]>
  /** How far each goes to get by with less work, and the bytes of fixes that wait for their turn. */
  overloads(): Iterable<readonly [region: string, step: number, waitingBytes: number]>
  pendingTrips(): Iterable<readonly [region: string, priority: number, count: number]>
  openAlarms(): Iterable<readonly [region: string, severity: number, standing: string, count: number]>
  /** Units on duty by how old their position is; `none` have none. */
  positions(): Iterable<readonly [region: string, position: string, count: number]>
  /** Crews' apps that are connected and whose clock is off. */
  deviceClocksOff(): Iterable<readonly [region: string, count: number]>
  logPositions(): Iterable<readonly [region: string, head: number, durable: number]>
  fixesNotDurable(): Iterable<readonly [region: string, count: number]>
  /** Of the roads that each region goes by; 0 for the straight line. */
  roadsVersions(): Iterable<readonly [region: string, version: number]>
  /** Of the speeds that each region has learned and goes by; 0 for the usual ones. */
  speedsVersions(): Iterable<readonly [region: string, version: number]>
  /** Choices that went by the straight line although there are roads, and times that were estimates, by why. */
  roadFallbacks(): Iterable<readonly [region: string, reason: string, count: number]>
  /** How many records the views of each region are behind its log. */
  viewsBehind(): Iterable<readonly [region: string, records: number]>
  storeUp(): boolean
  logLinesDropped(): number
  logWaitingBytes(): number
  troubles(): Iterable<readonly [trouble: string, isThere: boolean]>
  clockOffsets(): Iterable<readonly [of: string, offsetMs: number]>
  /** Lanes of the store, and whether what they took waits for a second or more. */
  writesStalled(): Iterable<readonly [region: string, lane: 'records' | 'segments', isStalled: boolean]>
}

type Sample = [labels: Record<string, string | number>, value: number]

export class SourceGauges {
  readonly #registry: Registry
  #source: MetricsSource | null = null

  constructor(registry: Registry) {
    this.#registry = registry
    this.#ofRegions()
    this.#ofOverload()
    this.#ofRoads()
    this.#ofProcess()
  }

  /** Registers the source; a later one takes its place. */
  observe(source: MetricsSource): void {
    this.#source = source
  }

  #ofRegions(): void {
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
    this.#gauge(
      'goldenhour_open_alarms',
      'Alarms that have not ended.',
      ['region', 'severity', 'standing'],
      function* (source): Iterable<Sample> {
        for (const [region, severity, standing, count] of source.openAlarms())
          yield [{ region, severity, standing }, count]
      },
    )
    this.#gauge(
      'goldenhour_units_on_duty',
      'Units on duty by how old their position is.',
      ['region', 'position'],
      function* (source): Iterable<Sample> {
        for (const [region, position, count] of source.positions()) yield [{ region, position }, count]
      },
    )
    this.#gauge(
      'goldenhour_device_clocks_off',
      "Crews' apps that are connected and whose clock is off by more than 5 s.",
      ['region'],
      function* (source) {
        for (const [region, count] of source.deviceClocksOff()) yield [{ region }, count]
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
    this.#gauge(
      'goldenhour_views_behind_records',
      'Stored records that the views do not have yet, as of the last look.',
      ['region'],
      function* (source) {
        for (const [region, records] of source.viewsBehind()) yield [{ region }, records]
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

  #ofOverload(): void {
    this.#gauge(
      'goldenhour_overload_step',
      '0 all is well; 1 places are told once a second; 2 maps are drawn once a second, too.',
      ['region'],
      function* (source) {
        for (const [region, step] of source.overloads()) yield [{ region }, step]
      },
    )
    this.#gauge(
      'goldenhour_fixes_waiting_bytes',
      'Memory of fixes that wait for room in the mailbox.',
      ['region'],
      function* (source) {
        for (const [region, , bytes] of source.overloads()) yield [{ region }, bytes]
      },
    )
  }

  #ofRoads(): void {
    this.#gauge(
      'goldenhour_roads_version',
      'Version of the roads that the region goes by; 0 for the straight line.',
      ['region'],
      function* (source) {
        for (const [region, version] of source.roadsVersions()) yield [{ region }, version]
      },
    )
    this.#gauge(
      'goldenhour_road_speeds_version',
      'Version of the learned speeds that the region goes by; 0 for the usual ones.',
      ['region'],
      function* (source) {
        for (const [region, version] of source.speedsVersions()) yield [{ region }, version]
      },
    )
    this.#gauge(
      'goldenhour_road_fallbacks',
      'Choices not by road and times of units that were estimates, by why, since the region came here.',
      ['region', 'reason'],
      function* (source): Iterable<Sample> {
        for (const [region, reason, count] of source.roadFallbacks()) yield [{ region, reason }, count]
      },
    )
  }

  #ofProcess(): void {
    const log = () => this.#source
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
    new Counter({
      name: 'goldenhour_log_lines_dropped_total',
      help: 'Lines of the log that found no room while it could not be written.',
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(log()?.logLinesDropped() ?? 0)
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
}
