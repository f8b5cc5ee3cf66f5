/**
 * The load of the ingest bench, in a process of its own so that its work is not taken for the engine's: one WebSocket a
 * driver, each signed on, each sending one fix a frame when the schedule says so, whatever the engine does meanwhile.
 *
 * Modes: connecting, until every driver has its welcome and its crew is on duty; running, from the parent's `run` to the
 * last fix due; settling, until the engine has called every fix durable or the time for that is up; then idle, with
 * its sockets open, until the parent ends it.
 */
import { build } from 'hdr-histogram-js'
import { WebSocket } from 'ws'
import { decodeServer, encodeClient } from '../src/protocol/codec.ts'
import { toE7 } from '../src/protocol/fix-frame.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import { SUBPROTOCOL_BINARY } from '../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, drive, newVehicle, type Vehicle } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { OpenLoopSchedule } from './schedule.ts'
import { ACCURACY_DM, emptySentFixes, NO_HEADING, type SentFixes } from './sent-fixes.ts'

export interface GeneratorSetup {
  readonly port: number
  readonly region: string
  /** One a driver. */
  readonly tokens: readonly string[]
  readonly seed: number
  readonly cadenceMs: number
  readonly warmupMs: number
  readonly measuredMs: number
  /** Every so many drivers, one asks for its mark after every fix. */
  readonly askEvery: number
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
}
export type FromGenerator =
  | { readonly type: 'connected' | 'window-opened' | 'window-closed' }
  | { readonly type: 'settled'; readonly report: GeneratorReport }

const CITY: City = { radiusM: 25_000 }
const CONNECTING_AT_ONCE = 64
const START_AFTER_MS = 200
const SETTLE_WITHIN_MS = 10_000
const STREAM = 'bench'
/** Below it a timer would fire late more often than early. */
const SHORTEST_WAIT_MS = 1

interface Driver {
  readonly socket: WebSocket
  readonly vehicle: Vehicle
  /** The `clientNowMs` of its hello. */
  readonly helloWallMs: number
  readonly asks: boolean
  open: boolean
}

class Generator {
  readonly #setup: GeneratorSetup
  readonly #schedule: OpenLoopSchedule
  readonly #random: () => number
  readonly #drivers: Driver[] = []
  /** The first fix that is measured, and the end of all. */
  readonly #measuredFrom: number
  readonly #end: number
  readonly #fixes: SentFixes
  readonly #scheduleLagUs = build({ numberOfSignificantValueDigits: 3 })
  readonly #markUs = build({ numberOfSignificantValueDigits: 3 })
  readonly #refusals: Record<string, number> = {}
  #startedMs = 0
  #next = 0
  #windowCpu: NodeJS.CpuUsage | null = null
  #windowMs = 0
  #cpuShare = 0
  #frames = 0
  #bytes = 0
  #missed = 0

  constructor(setup: GeneratorSetup) {
    const { tokens, cadenceMs, seed, warmupMs, measuredMs } = setup
    this.#setup = setup
    this.#random = seeded(seed + 1)
    this.#schedule = new OpenLoopSchedule(tokens.length, cadenceMs, seed)
    this.#measuredFrom = this.#schedule.dueBefore(warmupMs)
    this.#end = this.#schedule.dueBefore(warmupMs + measuredMs)
    this.#fixes = emptySentFixes(tokens.length, this.#end)
  }

  async connect(): Promise<void> {
    let next = 0
    const worker = async () => {
      for (let index = next++; index < this.#setup.tokens.length; index = next++) {
        this.#drivers[index] = await this.#signOn(index)
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, worker))
  }

  run(): void {
    this.#startedMs = performance.now() + START_AFTER_MS
    this.#tick()
  }

  async #signOn(index: number): Promise<Driver> {
    const { port, region, tokens, askEvery } = this.#setup
    const vehicle = newVehicle(index, CITY, 1, this.#random)
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, [SUBPROTOCOL_BINARY], { perMessageDeflate: false })
    const helloWallMs = Date.now()
    const driver: Driver = { socket, vehicle, helloWallMs, asks: index % askEvery === 0, open: true }
    await new Promise<void>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`Driver ${vehicle.unitId} could not sign on: ${why}`))
      socket.once('open', () => {
        const streams = [[STREAM, 'gnss', 1]] as const
        send(driver, ['hello', 'hello', tokens[index]!, region, 'driver', vehicle.unitId, helloWallMs, streams])
      })
      socket.on('message', (data: Buffer) => {
        const message = decodeServer(data)
        if (message[0] === 'welcome') send(driver, ['sign-on', `on-${vehicle.unitId}`, helloWallMs])
        else if (message[0] === 'reply') resolve()
        else if (message[0] === 'error') failed(`${message[2]}, ${message[3]}`)
        this.#onMessage(index, message)
      })
      socket.on('close', code => {
        driver.open = false
        failed(`closed with ${code}`)
      })
      socket.on('error', error => failed(error.message))
    })
    return driver
  }

  /** Sends all that is due, then sleeps until the next is: late when this process is slow, never because the engine is. */
  #tick(): void {
    for (;;) {
      if (this.#next === this.#measuredFrom && this.#windowCpu === null) this.#openWindow()
      if (this.#next === this.#end) return this.#closeWindow()
      const waitMs = this.#startedMs + this.#schedule.dueMs(this.#next) - performance.now()
      if (waitMs > 0) {
        setTimeout(() => this.#tick(), Math.max(SHORTEST_WAIT_MS, waitMs))
        return
      }
      this.#send(this.#next++)
    }
  }

  #send(n: number): void {
    const { cadenceMs, tokens } = this.#setup
    const index = n % tokens.length
    const driver = this.#drivers[index]!
    if (!driver.open) {
      this.#missed++
      return
    }
    const { vehicle, helloWallMs } = driver
    drive(vehicle, cadenceMs / 1_000, CITY, this.#random)
    const lateMs = performance.now() - this.#startedMs - this.#schedule.dueMs(n)
    const sentAtMs = Date.now() - helloWallMs
    // Measured when it was due: a late frame carries an older fix, as it would from a vehicle.
    const ageMs = Math.round(lateMs)
    const seq = (n - index) / tokens.length + 1
    const lonE7 = toE7(vehicle.lonDeg)
    const latE7 = toE7(vehicle.latDeg)
    const speedCmps = Math.round(vehicle.speedMps * 100)
    const headingDd = vehicle.headingDeg === null ? null : vehicle.headingDeg * 10
    const bytes = send(driver, ['fix', 0, sentAtMs, [seq, ageMs, lonE7, latE7, ACCURACY_DM, speedCmps, headingDd]])
    if (driver.asks) send(driver, ['mark', 0])

    const fixes = this.#fixes
    fixes.fixedAtMs[n] = helloWallMs + sentAtMs - ageMs
    fixes.lonE7[n] = lonE7
    fixes.latE7[n] = latE7
    fixes.speedCmps[n] = speedCmps
    fixes.headingDd[n] = headingDd ?? NO_HEADING
    fixes.sentSeq[index] = seq
    if (n < this.#measuredFrom) return
    this.#scheduleLagUs.recordValue(Math.max(0, Math.round(lateMs * 1_000)))
    this.#frames++
    this.#bytes += bytes
  }

  #onMessage(index: number, message: ServerMessage): void {
    if (message[0] === 'marks') this.#onMark(index, message[2])
    else if (message[0] === 'error') this.#refusals[message[2]] = (this.#refusals[message[2]] ?? 0) + 1
  }

  #onMark(index: number, durableSeq: number): void {
    const { toldSeq, drivers } = this.#fixes
    const told = toldSeq[index]!
    if (durableSeq <= told) return
    toldSeq[index] = durableSeq
    if (!this.#drivers[index]!.asks) return
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
    // The marks still out are asked for once; those that the engine owes already come by themselves.
    this.#drivers.forEach((driver, index) => {
      if (driver.open && this.#unconfirmed(index)) send(driver, ['mark', 0])
    })
    this.#settle(performance.now() + SETTLE_WITHIN_MS)
  }

  #settle(giveUpAtMs: number): void {
    const waiting = this.#drivers.some((driver, index) => driver.open && this.#unconfirmed(index))
    if (waiting && performance.now() < giveUpAtMs) {
      setTimeout(() => this.#settle(giveUpAtMs), 20)
      return
    }
    const ms = (us: number) => us / 1_000
    tell({
      type: 'settled',
      report: {
        fixes: this.#fixes,
        measuredFixes: this.#frames,
        measuredFrames: this.#frames,
        measuredBytes: this.#bytes,
        cpuShare: this.#cpuShare,
        scheduleLagP99Ms: ms(this.#scheduleLagUs.getValueAtPercentile(99)),
        scheduleLagMaxMs: ms(this.#scheduleLagUs.maxValue),
        missed: this.#missed,
        markP50Ms: ms(this.#markUs.getValueAtPercentile(50)),
        markP99Ms: ms(this.#markUs.getValueAtPercentile(99)),
        marks: this.#markUs.totalCount,
        socketsLost: this.#drivers.filter(driver => !driver.open).length,
        refusals: this.#refusals,
      },
    })
  }

  #unconfirmed(index: number): boolean {
    return this.#fixes.toldSeq[index]! < this.#fixes.sentSeq[index]!
  }
}

/** Output: the bytes of the frame's payload. */
function send(driver: Driver, message: ClientMessage): number {
  const bytes = encodeClient(message, 'binary')
  driver.socket.send(bytes)
  return bytes.length
}

const tell = tellParent<FromGenerator>

let generator: Generator | null = null
serveParent<ToGenerator>(async message => {
  if (message.type === 'run') return generator!.run()
  generator = new Generator(message.setup)
  await generator.connect()
  tell({ type: 'connected' })
})
