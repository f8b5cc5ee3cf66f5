/**
 * Those who look at an engine at size, in a process of their own: one feed that carries all its units, and consoles that connect at
 * the same moment and ask for the whole board.
 *
 * Frames are kept while they come and taken apart when all are there, so that reading does not become the load.
 */
import { decodeServer, encodeClient } from '../src/protocol/codec.ts'
import { toE7 } from '../src/protocol/fix-frame.ts'
import { LIMITS } from '../src/protocol/limits.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import { SERVER_TYPES } from '../src/protocol/wire/message-types.ts'
import { seeded } from '../tools/shared/random.ts'
import { drive, newVehicle, unitIdOf, type Vehicle } from './fleet.ts'
import { FrameSocket } from './frame-socket.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'
import { ACCURACY_DM } from './sent-fixes.ts'

export type ToDesks =
  /** Attaches all units, and sends a fix of each that is stored; then one of each in so many seconds. */
  | {
      readonly type: 'feed'
      readonly port: number
      readonly token: string
      readonly units: number
      readonly cadenceS: number
    }
  | { readonly type: 'stop-feed' }
  | { readonly type: 'boards'; readonly port: number; readonly tokens: readonly string[] }

export interface BoardSeen {
  /** From the first packet to the last part. */
  readonly tookMs: number
  readonly bytes: number
  readonly units: number
  readonly trips: number
}
export type FromDesks =
  | { readonly type: 'fed' | 'feed-stopped' }
  | { readonly type: 'boards'; readonly seen: readonly BoardSeen[] }

const CITY = { radiusM: 40_000 }
const TICK_MS = 10
/** What is due in a tick is less, unless the process was held up. */
const FIXES_PER_FRAME = 200

class Feed {
  readonly #units: number
  readonly #socket: RawSocket
  readonly #helloWallMs: number
  readonly #random = seeded(7)
  readonly #vehicles: readonly Vehicle[]
  #cadenceS = 1
  readonly #durable: Uint32Array
  #notDurable: number
  #timer: NodeJS.Timeout | undefined
  #sent = 0

  static open(port: number, token: string, units: number): Promise<Feed> {
    return new Promise((resolve, reject) => {
      const helloWallMs = Date.now()
      let attached = 0
      const socket: RawSocket = new RawSocket(port, {
        onOpen: () => socket.send(['hello', 'hello', token, REGION, 'feed', null, helloWallMs, []]),
        onMessage: message => {
          if (message[0] === 'error') reject(new Error(`The feed was answered ${message[2]}: ${message[3]}`))
          else if (message[0] === 'feed-marks') feed.#heard(message[1])
          else if (message[0] === 'welcome' || message[0] === 'reply') {
            if (attached === units) return resolve(feed)
            const from = attached
            attached = Math.min(units, from + LIMITS.channelsPerAttach)
            const channels = Array.from({ length: attached - from }, (_, i) => {
              return [from + i, unitIdOf(from + i), 'bench', 'gnss', 1] as const
            })
            socket.send(['attach', `attach-${from}`, channels])
          }
        },
        onEnd: why => reject(new Error(`The feed was cut off: ${why}`)),
      })
      const feed = new Feed(units, socket, helloWallMs)
    })
  }

  private constructor(units: number, socket: RawSocket, helloWallMs: number) {
    this.#units = units
    this.#socket = socket
    this.#helloWallMs = helloWallMs
    this.#durable = new Uint32Array(units)
    this.#vehicles = Array.from({ length: units }, (_, index) => newVehicle(index, CITY, 1, this.#random))
    this.#notDurable = units
  }

  /** Resolves when a fix of each unit is stored. */
  async first(): Promise<void> {
    while (this.#sent < this.#units) {
      this.#send(Math.min(this.#units, this.#sent + FIXES_PER_FRAME))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    while (this.#notDurable > 0) await new Promise(resolve => setTimeout(resolve, 20))
  }

  drive(cadenceS: number): void {
    this.#cadenceS = cadenceS
    const startedMs = performance.now()
    const before = this.#sent
    this.#timer = setInterval(() => {
      const due = before + ((performance.now() - startedMs) / 1_000 / cadenceS) * this.#units
      while (this.#sent + 1 <= due) this.#send(Math.min(Math.floor(due), this.#sent + FIXES_PER_FRAME))
    }, TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #send(upTo: number): void {
    const fixes = Array.from({ length: upTo - this.#sent }, (_, i) => {
      const n = this.#sent + i
      const vehicle = this.#vehicles[n % this.#units]!
      drive(vehicle, this.#cadenceS, CITY, this.#random)
      const { lonDeg, latDeg, speedMps, headingDeg } = vehicle
      const place = [toE7(lonDeg), toE7(latDeg)] as const
      const motion = [Math.round(speedMps * 100), headingDeg === null ? null : headingDeg * 10] as const
      return [n % this.#units, Math.floor(n / this.#units) + 1, 0, ...place, ACCURACY_DM, ...motion] as const
    })
    this.#sent = upTo
    this.#socket.send(['feed-fixes', Date.now() - this.#helloWallMs, ...fixes])
  }

  #heard(marks: readonly (readonly [channel: number, durableSeq: number])[]): void {
    for (const [channel, durableSeq] of marks) {
      if (this.#durable[channel] === 0 && durableSeq > 0) this.#notDurable -= 1
      this.#durable[channel] = durableSeq
    }
  }
}

interface Kept {
  readonly tookMs: number
  readonly frames: readonly Buffer[]
}

function board(port: number, token: string): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const frames: Buffer[] = []
    let parts = Number.POSITIVE_INFINITY
    let isIn = false
    const send = (message: ClientMessage) => socket.send(encodeClient(message, 'binary') as Uint8Array)
    const socket: FrameSocket = new FrameSocket(port, {
      onOpen: () => send(['hello', 'hello', token, REGION, 'dispatcher', null, Date.now(), []]),
      onFrame: payload => {
        if (!isIn) send(['watch-board', 'board', null])
        isIn = true
        // A tuple of fewer than sixteen has a head of one byte; then comes its type.
        if (payload[1] === SERVER_TYPES.error) reject(new Error(`A console was told ${decodeServer(payload)}`))
        if (payload[1] !== SERVER_TYPES.board) return
        frames.push(Buffer.from(payload))
        if (frames.length === 1) parts = partsOf(payload)
        if (frames.length < parts) return
        socket.cut()
        resolve({ tookMs: performance.now() - startedMs, frames })
      },
      onEnd: why => reject(new Error(`A console was cut off: ${why}`)),
    })
  })
}

function partsOf(payload: Buffer): number {
  const message = decodeServer(payload)
  if (message[0] !== 'board') throw new Error(`This is a ${message[0]}, and no part of a board.`)
  return message[3]
}

function seenIn({ tookMs, frames }: Kept): BoardSeen {
  const units = new Set<string>()
  const trips = new Set<string>()
  for (const frame of frames) {
    const message = decodeServer(frame)
    if (message[0] !== 'board') continue
    for (const { tripId } of message[4]) trips.add(tripId)
    for (const { unitId } of message[5]) units.add(unitId)
  }
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0)
  return { tookMs, bytes, units: units.size, trips: trips.size }
}

let feed: Feed | null = null
serveParent<ToDesks>(async message => {
  if (message.type === 'feed') {
    feed = await Feed.open(message.port, message.token, message.units)
    await feed.first()
    feed.drive(message.cadenceS)
    tellParent<FromDesks>({ type: 'fed' })
  } else if (message.type === 'stop-feed') {
    feed?.stop()
    tellParent<FromDesks>({ type: 'feed-stopped' })
  } else {
    const kept = await Promise.all(message.tokens.map(token => board(message.port, token)))
    tellParent<FromDesks>({ type: 'boards', seen: kept.map(seenIn) })
  }
})
