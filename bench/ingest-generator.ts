/**
 * The load of the ingest bench, in a process of its own so that its work is not taken for the engine's. Drivers with a socket of
 * their own send one fix a frame; those of the others that are due together travel in frames of feeds. All are on duty, and each
 * sends when the schedule says so, whatever the engine does meanwhile.
 *
 * Modes: connecting, until every link is ready and every crew on duty; running, from the parent's `run` to the
 * last fix due; settling, until the engine has called every fix durable or the time for that is up; then idle, with
 * its sockets open, until the parent ends it.
 */
import { build } from 'hdr-histogram-js'
import { toE7 } from '../src/protocol/fix-frame.ts'
import type { FeedFix } from '../src/protocol/wire/fix-tuples.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, drive, newVehicle, type Vehicle } from './fleet.ts'
import { driverLink, type FixLink, feedLink, type LinkPorts } from './ingest-links.ts'
import type { Network } from './ingest-network.ts'
import { noPhoneCounts, Phone, type PhoneCounts } from './ingest-phone.ts'
import { serveParent, tellParent } from './load-child.ts'
import { OpenLoopSchedule } from './schedule.ts'
import { ACCURACY_DM, emptySentFixes, NO_HEADING, type SentFixes } from './sent-fixes.ts'

export interface GeneratorSetup {
  readonly port: number
  readonly region: string
  readonly drivers: number
  /** One for each driver with a socket of its own; they come first. */
  readonly tokens: readonly string[]
  /** Of the feeds that carry all others, who are on duty already. */
  readonly feedTokens: readonly string[]
  readonly seed: number
  readonly cadenceMs: number
  readonly warmupMs: number
  readonly measuredMs: number
  /** Every so many drivers, one asks for its mark after every fix. */
  readonly askEvery: number
  /** What happens to drivers with a socket of their own; null: nothing. */
  readonly trouble: { readonly network: Network; readonly churn: number } | null
}
export type ToGenerator = { readonly type: 'connect'; readonly setup: GeneratorSetup } | { readonly type: 'run' }

export interface GeneratorReport {
  readonly fixes: SentFixes
  readonly measuredFixes: number
  readonly measuredFrames: number
  readonly measuredBytes: number
  /** Of the measured time, of one core. */
  readonly cpuShare: number
  readonly scheduleLagP99Ms: number
  readonly scheduleLagMaxMs: number
  /** Fixes that were due and could not be sent. */
  readonly missed: number
  /** From the moment a fix was due to the mark that covers it, at the drivers who ask. */
  readonly markP50Ms: number
  readonly markP99Ms: number
  readonly marks: number
  readonly socketsLost: number
  /** Error frames, by code. */
  readonly refusals: Readonly<Record<string, number>>
  /** Null without trouble. */
  readonly phones: PhoneCounts | null
}
export type FromGenerator =
  | { readonly type: 'connected' | 'window-opened' | 'window-closed' }
  | { readonly type: 'settled'; readonly report: GeneratorReport }

const CITY: City = { radiusM: 25_000 }
const CONNECTING_AT_ONCE = 64
const START_AFTER_MS = 200
const SETTLE_WITHIN_MS = 10_000
/** A phone that is away comes back within 2 s, and brings all that it has. */
const PHONES_SETTLE_WITHIN_MS = 60_000
const STREAM = 'bench'
/** Below it a timer would fire late more often than early. */
const SHORTEST_WAIT_MS = 1

class Generator {
  readonly #setup: GeneratorSetup
  readonly #schedule: OpenLoopSchedule
  readonly #random: () => number
  readonly #vehicles: readonly Vehicle[]
  /** One for each driver that has one of its own. */
  readonly #sockets: FixLink[] = []
  readonly #feeds: FixLink[] = []
  readonly #driversPerFeed: number
  /** Of each feed, the fixes that are due and leave with the next frame. */
  readonly #due: number[][] = []
  /** The first fix that is measured, and the end of all. */
  readonly #measuredFrom: number
  readonly #end: number
  readonly #fixes: SentFixes
  readonly #scheduleLagUs = build({ numberOfSignificantValueDigits: 3 })
  readonly #markUs = build({ numberOfSignificantValueDigits: 3 })
  readonly #refusals: Record<string, number> = {}
  readonly #phones: Phone[] = []
  readonly #phoneCounts = noPhoneCounts()
  #startedMs = 0
  #next = 0
  #windowCpu: NodeJS.CpuUsage | null = null
  #windowMs = 0
  #cpuShare = 0
  #frames = 0
  #bytes = 0
  #missed = 0

  constructor(setup: GeneratorSetup) {
    const { drivers, tokens, feedTokens, cadenceMs, seed, warmupMs, measuredMs } = setup
    this.#setup = setup
    this.#random = seeded(seed + 1)
    this.#schedule = new OpenLoopSchedule(drivers, cadenceMs, seed)
    this.#measuredFrom = this.#schedule.dueBefore(warmupMs)
    this.#end = this.#schedule.dueBefore(warmupMs + measuredMs)
    this.#fixes = emptySentFixes(drivers, this.#end)
    this.#vehicles = Array.from({ length: drivers }, (_, index) => newVehicle(index, CITY, 1, this.#random))
    this.#driversPerFeed = Math.ceil((drivers - tokens.length) / Math.max(1, feedTokens.length))
  }

  async connect(): Promise<void> {
    const { port, region, drivers, tokens, feedTokens } = this.#setup
    const ports: LinkPorts = {
      ...{ port, region, stream: STREAM },
      onMark: (driver, durableSeq) => this.#onMark(driver, durableSeq),
      onRefused: code => {
        this.#refusals[code] = (this.#refusals[code] ?? 0) + 1
      },
    }
    let next = 0
    const worker = async () => {
      for (let index = next++; index < tokens.length; index = next++) {
        const link = this.#driverLink(ports, index, tokens[index]!)
        this.#sockets[index] = link
        await link.ready()
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, worker))
    for (const [n, token] of feedTokens.entries()) {
      const first = tokens.length + n * this.#driversPerFeed
      this.#due.push([])
      this.#feeds.push(feedLink(ports, first, Math.min(this.#driversPerFeed, drivers - first), token))
    }
    await Promise.all(this.#feeds.map(feed => feed.ready()))
  }

  #driverLink(ports: LinkPorts, index: number, token: string): FixLink {
    const { trouble, seed } = this.#setup
    if (trouble === null) return driverLink(ports, index, token)
    const [random, fixes, counts] = [seeded(seed + 1_000 + index), this.#fixes, this.#phoneCounts]
    const phone = new Phone({ ...ports, ...trouble, random, fixes, counts }, index, token)
    this.#phones.push(phone)
    return phone
  }

  run(): void {
    this.#startedMs = performance.now() + START_AFTER_MS
    this.#tick()
  }

  /** Sends all that is due, then sleeps until the next is: late when this process is slow, never because the engine is. */
  #tick(): void {
    for (;;) {
      if (this.#next === this.#measuredFrom && this.#windowCpu === null) this.#openWindow()
      if (this.#next === this.#end) {
        this.#sendDue()
        return this.#closeWindow()
      }
      const waitMs = this.#startedMs + this.#schedule.dueMs(this.#next) - performance.now()
      if (waitMs > 0) {
        this.#sendDue()
        setTimeout(() => this.#tick(), Math.max(SHORTEST_WAIT_MS, waitMs))
        return
      }
      this.#send(this.#next++)
    }
  }

  #send(n: number): void {
    const index = n % this.#setup.drivers
    const { length } = this.#setup.tokens
    if (index < length) this.#sendBy(this.#sockets[index]!, [n])
    else this.#due[this.#feedOf(index)]!.push(n)
  }

  #sendDue(): void {
    for (const [feed, due] of this.#due.entries()) if (due.length > 0) this.#sendBy(this.#feeds[feed]!, due.splice(0))
  }

  #sendBy(link: FixLink, due: readonly number[]): void {
    if (!link.isOpen) {
      this.#missed += due.length
      return
    }
    const sentAtMs = Date.now() - link.helloWallMs
    const nowMs = performance.now() - this.#startedMs
    const { frames, bytes } = link.send(
      sentAtMs,
      due.map(n => this.#fixOf(n, nowMs, link.helloWallMs + sentAtMs)),
    )
    const { drivers, askEvery } = this.#setup
    for (const n of due) if ((n % drivers) % askEvery === 0) link.askMark(n % drivers)
    if (due[0]! < this.#measuredFrom) return
    this.#frames += frames
    this.#bytes += bytes
  }

  /** Drives on to a fix that is due, and notes it as sent. */
  #fixOf(n: number, nowMs: number, sentWallMs: number): FeedFix {
    const { cadenceMs, drivers } = this.#setup
    const index = n % drivers
    const vehicle = this.#vehicles[index]!
    drive(vehicle, cadenceMs / 1_000, CITY, this.#random)
    const lateMs = nowMs - this.#schedule.dueMs(n)
    // Measured when it was due: a late frame carries an older fix, as it would from a vehicle.
    const ageMs = Math.round(lateMs)
    const seq = (n - index) / drivers + 1
    const lonE7 = toE7(vehicle.lonDeg)
    const latE7 = toE7(vehicle.latDeg)
    const speedCmps = Math.round(vehicle.speedMps * 100)
    const headingDd = vehicle.headingDeg === null ? null : vehicle.headingDeg * 10
    const fixes = this.#fixes
    fixes.fixedAtMs[n] = sentWallMs - ageMs
    fixes.lonE7[n] = lonE7
    fixes.latE7[n] = latE7
    fixes.speedCmps[n] = speedCmps
    fixes.headingDd[n] = headingDd ?? NO_HEADING
    fixes.sentSeq[index] = seq
    if (n >= this.#measuredFrom) this.#scheduleLagUs.recordValue(Math.max(0, Math.round(lateMs * 1_000)))
    return [index, seq, ageMs, lonE7, latE7, ACCURACY_DM, speedCmps, headingDd]
  }

  #onMark(index: number, durableSeq: number): void {
    const { toldSeq, drivers } = this.#fixes
    const told = toldSeq[index]!
    if (durableSeq <= told) return
    toldSeq[index] = durableSeq
    if (index % this.#setup.askEvery !== 0) return
    const nowMs = performance.now() - this.#startedMs
    for (let seq = told + 1; seq <= durableSeq; seq++) {
      const n = (seq - 1) * drivers + index
      if (n >= this.#measuredFrom) this.#markUs.recordValue(Math.round((nowMs - this.#schedule.dueMs(n)) * 1_000))
    }
  }

  #openWindow(): void {
    this.#windowCpu = process.cpuUsage()
    this.#windowMs = performance.now()
    tell({ type: 'window-opened' })
  }

  #closeWindow(): void {
    const { user, system } = process.cpuUsage(this.#windowCpu!)
    this.#cpuShare = (user + system) / 1_000 / (performance.now() - this.#windowMs)
    tell({ type: 'window-closed' })
    for (const phone of this.#phones) phone.getWell()
    // The marks still out are asked for once; those that the engine owes already come by themselves.
    this.#sockets.forEach((link, index) => {
      if (link.isOpen && this.#unconfirmed(index)) link.askMark(index)
    })
    for (const feed of this.#feeds) if (feed.isOpen) feed.askMark(null)
    this.#settle(performance.now() + (this.#phones.length > 0 ? PHONES_SETTLE_WITHIN_MS : SETTLE_WITHIN_MS))
  }

  #settle(giveUpAtMs: number): void {
    const waiting = this.#vehicles.some((_, index) => this.#linkOf(index).isOpen && this.#unconfirmed(index))
    if (waiting && performance.now() < giveUpAtMs) {
      setTimeout(() => this.#settle(giveUpAtMs), 20)
      return
    }
    const ms = (us: number) => us / 1_000
    tell({
      type: 'settled',
      report: {
        fixes: this.#fixes,
        measuredFixes: this.#end - this.#measuredFrom - this.#missed,
        measuredFrames: this.#frames,
        measuredBytes: this.#bytes,
        cpuShare: this.#cpuShare,
        scheduleLagP99Ms: ms(this.#scheduleLagUs.getValueAtPercentile(99)),
        scheduleLagMaxMs: ms(this.#scheduleLagUs.maxValue),
        missed: this.#missed,
        markP50Ms: ms(this.#markUs.getValueAtPercentile(50)),
        markP99Ms: ms(this.#markUs.getValueAtPercentile(99)),
        marks: this.#markUs.totalCount,
        socketsLost: [...this.#sockets, ...this.#feeds].filter(link => !link.isOpen).length,
        refusals: this.#refusals,
        phones: this.#setup.trouble === null ? null : this.#phoneCounts,
      },
    })
  }

  #linkOf(index: number): FixLink {
    const { length } = this.#setup.tokens
    return index < length ? this.#sockets[index]! : this.#feeds[this.#feedOf(index)]!
  }

  #feedOf(index: number): number {
    return Math.floor((index - this.#setup.tokens.length) / this.#driversPerFeed)
  }

  #unconfirmed(index: number): boolean {
    return this.#fixes.toldSeq[index]! < this.#fixes.sentSeq[index]!
  }
}

const tell = tellParent<FromGenerator>

let generator: Generator | null = null
serveParent<ToGenerator>(async message => {
  if (message.type === 'run') return generator!.run()
  generator = new Generator(message.setup)
  await generator.connect()
  tell({ type: 'connected' })
})
