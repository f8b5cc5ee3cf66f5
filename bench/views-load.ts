/**
 * The world around the engine in the views bench, in a process of its own: crews that sign on and leave, one feed that
 * carries all their vehicles, and consoles that look at the map, a few of which stop reading.
 *
 * Modes: signing on, until every unit is on duty; feeding, from then on, by an open-loop schedule; watched, once the
 * consoles look as well; then the parent says which time is measured.
 */
import { once } from 'node:events'
import { build } from 'hdr-histogram-js'
import { WebSocket } from 'ws'
import { decodeServer, encodeClient } from '../src/protocol/codec.ts'
import { toE7 } from '../src/protocol/fix-frame.ts'
import { LIMITS } from '../src/protocol/limits.ts'
import { tileAt } from '../src/protocol/tiles.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import type { FeedFix } from '../src/protocol/wire/fix-tuples.ts'
import { SUBPROTOCOL_BINARY } from '../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, drive, newVehicle, somewhere, unitIdOf, type Vehicle } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { OpenLoopSchedule } from './schedule.ts'
import { ACCURACY_DM } from './sent-fixes.ts'

export interface ViewsSetup {
  readonly port: number
  readonly region: string
  /** One a unit, then one for the feed, and one a console. */
  readonly crews: readonly string[]
  readonly feed: string
  readonly consoles: readonly string[]
  /** So many of the consoles stop reading once they look. */
  readonly stalled: number
  readonly seed: number
  readonly cadenceMs: number
}
export type ToViews =
  | { readonly type: 'feed'; readonly setup: ViewsSetup }
  | { readonly type: 'watch' }
  | { readonly type: 'measure' }
  | { readonly type: 'report' }

export interface ViewsReport {
  readonly measuredS: number
  readonly fixesSent: number
  readonly fixToFrameP50Ms: number
  readonly fixToFrameP99Ms: number
  readonly fixToFrameMaxMs: number
  /** Units in the frames that this was taken from. */
  readonly shown: number
  readonly frames: number
  readonly bytes: number
  /** Frames that did not follow the one before them. */
  readonly gaps: number
  /** Snapshots that a console was sent because it had been thinned. */
  readonly resynced: number
  readonly scheduleLagP99Ms: number
  readonly scheduleLagMaxMs: number
  readonly cpuShare: number
  readonly consolesLost: number
  readonly refusals: Readonly<Record<string, number>>
}
export type FromViews =
  | { readonly type: 'feeding' | 'watching' | 'measuring' }
  | { readonly type: 'report'; readonly report: ViewsReport }

const CITY: City = { radiusM: 25_000 }
const SIGNING_ON_AT_ONCE = 64
const STREAM = 'bench'
/** Fixes of one frame: what is due in a tick is far less, unless the process was held up. */
const FIXES_PER_FRAME = 200
const TICK_MS = 5
/** A console looks at so many tiles of zoom 12, east to west and north to south. */
const WINDOW = { columns: 5, rows: 4 }
const TILE_DEG = { lon: 0.0879, lat: 0.0703 }
/** One console of so many takes its frames apart; the others count bytes, so that the readers do not become the load. */
const LOOKS_EVERY = 5
/** A console that has stopped reading goes on asking for snapshots. */
const STALLED_ASKS_MS = 1_000

interface Console {
  readonly socket: WebSocket
  readonly tiles: readonly string[]
  readonly isReading: boolean
  open: boolean
}

class World {
  readonly #setup: ViewsSetup
  readonly #random: () => number
  readonly #vehicles: Vehicle[]
  readonly #schedule: OpenLoopSchedule
  readonly #consoles: Console[] = []
  readonly #fixToFrameMs = build({ numberOfSignificantValueDigits: 3 })
  readonly #scheduleLagUs = build({ numberOfSignificantValueDigits: 3 })
  readonly #refusals: Record<string, number> = {}
  #feed: WebSocket | null = null
  #helloWallMs = 0
  #startedMs = 0
  #next = 0
  #requests = 0
  #isMeasuring = false
  #measuredFromMs = 0
  #cpu = process.cpuUsage()
  #sent = 0
  #frames = 0
  #bytes = 0
  #gaps = 0
  #resynced = 0

  constructor(setup: ViewsSetup) {
    this.#setup = setup
    this.#random = seeded(setup.seed + 1)
    this.#vehicles = setup.crews.map((_, index) => newVehicle(index, CITY, 1, this.#random))
    this.#schedule = new OpenLoopSchedule(setup.crews.length, setup.cadenceMs, setup.seed)
  }

  async startFeed(): Promise<void> {
    const { crews, feed, region } = this.#setup
    let next = 0
    const worker = async () => {
      for (let index = next++; index < crews.length; index = next++) await this.#signOn(index)
    }
    await Promise.all(Array.from({ length: SIGNING_ON_AT_ONCE }, worker))

    this.#feed = await this.#open()
    this.#helloWallMs = Date.now()
    await this.#ask(this.#feed, ['hello', 'hello', feed, region, 'feed', null, this.#helloWallMs, []])
    for (let from = 0; from < crews.length; from += LIMITS.channelsPerAttach) {
      const to = Math.min(crews.length, from + LIMITS.channelsPerAttach)
      const channels = Array.from({ length: to - from }, (_, i) => {
        return [from + i, unitIdOf(from + i), STREAM, 'gnss', 1] as const
      })
      const [, , , result] = await this.#ask(this.#feed, ['attach', `attach-${from}`, channels])
      const { refused } = result as { refused: unknown[] }
      if (refused.length > 0) throw new Error(`Units were not attached: ${JSON.stringify(refused.slice(0, 3))}`)
    }
    this.#feed.on('message', (data: Buffer) => {
      const message = decodeServer(data)
      if (message[0] === 'error') this.#refusals[message[2]] = (this.#refusals[message[2]] ?? 0) + 1
    })
    this.#startedMs = performance.now()
    this.#tick()
  }

  async watch(): Promise<void> {
    const { consoles, stalled } = this.#setup
    for (const [index, token] of consoles.entries())
      this.#consoles.push(await this.#look(token, index, index < stalled))
  }

  measure(): void {
    this.#isMeasuring = true
    this.#measuredFromMs = performance.now()
    this.#cpu = process.cpuUsage()
  }

  report(): ViewsReport {
    this.#isMeasuring = false
    const measuredMs = performance.now() - this.#measuredFromMs
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      measuredS: measuredMs / 1_000,
      fixesSent: this.#sent,
      fixToFrameP50Ms: this.#fixToFrameMs.getValueAtPercentile(50),
      fixToFrameP99Ms: this.#fixToFrameMs.getValueAtPercentile(99),
      fixToFrameMaxMs: this.#fixToFrameMs.maxValue,
      shown: this.#fixToFrameMs.totalCount,
      frames: this.#frames,
      bytes: this.#bytes,
      gaps: this.#gaps,
      resynced: this.#resynced,
      scheduleLagP99Ms: this.#scheduleLagUs.getValueAtPercentile(99) / 1_000,
      scheduleLagMaxMs: this.#scheduleLagUs.maxValue / 1_000,
      cpuShare: (user + system) / 1_000 / measuredMs,
      consolesLost: this.#consoles.filter(({ open, isReading }) => isReading && !open).length,
      refusals: this.#refusals,
    }
  }

  /** The crew comes on duty and its tablet goes: the feed speaks of where the vehicle is. */
  #signOn(index: number): Promise<void> {
    const { port, region, crews } = this.#setup
    const unitId = unitIdOf(index)
    return new Promise((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`Unit ${unitId} could not sign on: ${why}`))
      const socket = new RawSocket(port, {
        onOpen: () => socket.send(['hello', 'hello', crews[index]!, region, 'driver', unitId, Date.now(), []]),
        onMessage: message => {
          if (message[0] === 'welcome') socket.send(['sign-on', `on-${unitId}`, Date.now()])
          else if (message[0] === 'error') failed(`${message[2]}, ${message[3]}`)
          else if (message[0] === 'reply') {
            socket.cut()
            resolve()
          }
        },
        onEnd: failed,
      })
    })
  }

  #tick(): void {
    const nowMs = performance.now() - this.#startedMs
    while (this.#schedule.dueMs(this.#next) <= nowMs) this.#sendDue(nowMs)
    setTimeout(() => this.#tick(), TICK_MS)
  }

  #sendDue(nowMs: number): void {
    const units = this.#vehicles.length
    const fixes: FeedFix[] = []
    const sentAtMs = Date.now() - this.#helloWallMs
    while (fixes.length < FIXES_PER_FRAME && this.#schedule.dueMs(this.#next) <= nowMs) {
      const n = this.#next++
      const channel = n % units
      const vehicle = this.#vehicles[channel]!
      drive(vehicle, this.#setup.cadenceMs / 1_000, CITY, this.#random)
      const lateMs = nowMs - this.#schedule.dueMs(n)
      // Measured when it was due: a late frame carries older fixes, as it would from a modem.
      fixes.push([
        channel,
        (n - channel) / units + 1,
        Math.round(lateMs),
        toE7(vehicle.lonDeg),
        toE7(vehicle.latDeg),
        ACCURACY_DM,
        Math.round(vehicle.speedMps * 100),
        vehicle.headingDeg === null ? null : vehicle.headingDeg * 10,
      ])
      if (this.#isMeasuring) {
        this.#scheduleLagUs.recordValue(Math.round(lateMs * 1_000))
        this.#sent += 1
      }
    }
    this.#feed!.send(encodeClient(['feed-fixes', sentAtMs, ...fixes], 'binary'))
  }

  async #look(token: string, index: number, stalls: boolean): Promise<Console> {
    const { region } = this.#setup
    const socket = await this.#open()
    const [, , welcome] = await this.#ask(socket, ['hello', 'hello', token, region, 'dispatcher', null, Date.now(), []])
    const centre = somewhere({ radiusM: CITY.radiusM / 3 }, this.#random)
    const console: Console = { socket, tiles: windowAround(centre), isReading: !stalls, open: true }
    const { anchorRegionMs, anchorWallMs } = (welcome as Extract<ServerMessage, ['welcome', ...unknown[]]>[2]).clock
    const regionAheadMs = anchorRegionMs - anchorWallMs
    const seqs = new Map<string, number>()
    socket.on('message', (data: Buffer) => {
      if (this.#isMeasuring) {
        this.#frames += 1
        this.#bytes += data.length
      }
      if (index % LOOKS_EVERY === 0) this.#take(decodeServer(data), seqs, Date.now() + regionAheadMs)
    })
    socket.on('close', () => {
      console.open = false
    })
    this.#watchTiles(console)
    if (stalls) {
      await once(socket, 'message')
      socket.pause()
      setInterval(() => console.open && this.#watchTiles(console), STALLED_ASKS_MS)
    }
    return console
  }

  #watchTiles({ socket, tiles }: Console): void {
    send(socket, ['watch-tiles', `w-${++this.#requests}`, tiles.map(tile => [tile, null, null] as const)])
  }

  #take(message: ServerMessage, seqs: Map<string, number>, nowMs: number): void {
    if (message[0] === 'tile') {
      if (seqs.has(message[1])) this.#resynced += 1
      seqs.set(message[1], message[3])
    } else if (message[0] === 'tile-moves') {
      const [, tile, seq, atMs, units] = message
      if (seq !== (seqs.get(tile) ?? Number.NaN) + 1) this.#gaps += 1
      seqs.set(tile, seq)
      if (!this.#isMeasuring) return
      for (const unit of units) this.#fixToFrameMs.recordValue(Math.max(0, Math.round(nowMs - (atMs - unit[3]))))
    }
  }

  async #open(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#setup.port}/v1/ws`, [SUBPROTOCOL_BINARY], {
      perMessageDeflate: false,
    })
    await once(socket, 'open')
    return socket
  }

  /** Sends the first message of a connection, or one whose answer is the next that comes with its id. */
  async #ask(socket: WebSocket, message: ClientMessage): Promise<ServerMessage> {
    send(socket, message)
    for (;;) {
      const [data] = (await once(socket, 'message')) as [Buffer]
      const answer = decodeServer(data)
      if (answer[0] === 'error') throw new Error(`${message[0]} was refused: ${answer[2]}, ${answer[3]}`)
      if (answer[1] === message[1]) return answer
    }
  }
}

function send(socket: WebSocket, message: ClientMessage): void {
  socket.send(encodeClient(message, 'binary'))
}

function windowAround({ lonDeg, latDeg }: { lonDeg: number; latDeg: number }): string[] {
  const tiles: string[] = []
  for (let column = 0; column < WINDOW.columns; column++) {
    for (let row = 0; row < WINDOW.rows; row++) {
      const lon = lonDeg + (column - WINDOW.columns / 2) * TILE_DEG.lon
      const lat = latDeg + (row - WINDOW.rows / 2) * TILE_DEG.lat
      tiles.push(tileAt(12, lon, lat))
    }
  }
  return [...new Set(tiles)]
}

let world: World | null = null
serveParent<ToViews>(async message => {
  if (message.type === 'feed') {
    world = new World(message.setup)
    await world.startFeed()
    tellParent<FromViews>({ type: 'feeding' })
  } else if (message.type === 'watch') {
    await world!.watch()
    tellParent<FromViews>({ type: 'watching' })
  } else if (message.type === 'measure') {
    world!.measure()
    tellParent<FromViews>({ type: 'measuring' })
  } else tellParent<FromViews>({ type: 'report', report: world!.report() })
})
