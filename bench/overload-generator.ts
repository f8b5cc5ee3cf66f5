/**
 * The load of the overload bench, in a process of its own: feeds that carry all units and send what is due at the rate they are
 * told, whatever the engine does. What it holds back they keep, and send again from where it says, as [FD-6] has it.
 *
 * A fix is made from its number when it is sent, so that one that is sent again is the same and none has to be kept.
 */
import { setPriority } from 'node:os'
import { toE7 } from '../src/protocol/fix-frame.ts'
import { LIMITS } from '../src/protocol/limits.ts'
import type { FeedFix } from '../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'
import { ACCURACY_DM } from './sent-fixes.ts'

export type ToOverload =
  | { readonly type: 'connect'; readonly port: number; readonly tokens: readonly string[]; readonly units: number }
  /** Fixes a second of all feeds together, from now on. */
  | { readonly type: 'rate'; readonly perS: number }
  | { readonly type: 'tell' }

export interface OverloadCounts {
  /** Fixes that were due by now, and those of them that a mark covers. */
  readonly due: number
  readonly durable: number
  /** Answers that named where to go on because frames were held back; because fixes were missing; and any others, by code. */
  readonly heldFrames: number
  readonly gaps: number
  readonly others: Readonly<Record<string, number>>
  readonly framesSent: number
  readonly lost: number
  readonly cpuS: number
}
export type FromOverload =
  | { readonly type: 'connected' | 'rated' }
  | { readonly type: 'counts'; readonly counts: OverloadCounts }

/** The engine and its database come first, where all share two cores. */
const NICE = 5
const TICK_MS = 5
const FIXES_PER_FRAME = 500
/** Sent in one tick at most, as the client library does it: what is more would only wait at the engine. */
const FRAMES_PER_TICK = 8
/** By how much it sends more each second after it was told how fast it gets on. */
const GROWTH_PER_S = 0.5
const ASK_EVERY_MS = 250
const STREAM = 'bench'
const HERE = { lonDeg: 13.4, latDeg: 52.5 }

/** One feed: its fix number `n` is the fix `floor(n / units) + 1` of its unit `n % units`. */
class OverloadFeed {
  readonly #first: number
  readonly #units: number
  readonly #helloWallMs = Date.now()
  readonly #socket: RawSocket
  readonly #durableSeq: Uint32Array
  /** The next to send, and the number of those that are due. */
  #next = 0
  #dueExact = 0
  #pausedUntilMs = 0
  /** Fixes a second that it was told to send, and since then a little more each second; and those that it may send now. */
  #perS = Number.POSITIVE_INFINITY
  #room = 0
  #answered: (message: ServerMessage) => void = () => {}
  #isOpen = true
  durable = 0
  heldFrames = 0
  gaps = 0
  framesSent = 0
  readonly others: Record<string, number> = {}

  constructor(port: number, token: string, first: number, units: number) {
    this.#first = first
    this.#units = units
    this.#durableSeq = new Uint32Array(units)
    this.#socket = new RawSocket(port, {
      onOpen: () => void this.#socket.send(['hello', 'h', token, REGION, 'feed', null, this.#helloWallMs, []]),
      onMessage: message => this.#hears(message),
      onEnd: () => {
        this.#isOpen = false
      },
    })
  }

  get due(): number {
    return Math.floor(this.#dueExact)
  }
  get isOpen(): boolean {
    return this.#isOpen
  }

  async ready(): Promise<void> {
    await this.#answer()
    for (let from = 0; from < this.#units; from += LIMITS.channelsPerAttach) {
      const length = Math.min(LIMITS.channelsPerAttach, this.#units - from)
      const channels = Array.from({ length }, (_, i) => {
        return [from + i, unitIdOf(this.#first + from + i), STREAM, 'gnss', 1] as const
      })
      const answer = this.#answer()
      this.#socket.send(['attach', `a-${from}`, channels])
      await answer
    }
  }

  /** So much more is due; sends what is, unless it is to wait. */
  tick(more: number, nowMs: number, ms: number): void {
    this.#dueExact += more
    if (nowMs < this.#pausedUntilMs) return
    this.#perS *= 1 + (GROWTH_PER_S * ms) / 1_000
    this.#room = Math.min(FRAMES_PER_TICK * FIXES_PER_FRAME, this.#room + (this.#perS * ms) / 1_000)
    while (this.#next < this.due && this.#room >= 1) {
      const end = Math.min(this.due, this.#next + Math.min(FIXES_PER_FRAME, Math.floor(this.#room)))
      const fixes: FeedFix[] = []
      for (; this.#next < end; this.#next++) fixes.push(this.#fixOf(this.#next))
      this.#room -= fixes.length
      this.#socket.send(['feed-fixes', Date.now() - this.#helloWallMs, ...fixes])
      this.framesSent += 1
    }
  }

  askMarks(): void {
    if (this.durable < this.due) this.#socket.send(['mark', null])
  }

  #fixOf(n: number): FeedFix {
    const unit = n % this.#units
    const seq = (n - unit) / this.#units + 1
    // Twenty metres further each time, to and fro: every fix moves its unit, and none is an impossible jump.
    const away = (seq % 400 < 200 ? seq % 200 : 200 - (seq % 200)) * 0.0002
    const spread = ((this.#first + unit) % 1_000) * 0.0004
    return [unit, seq, 0, toE7(HERE.lonDeg + spread), toE7(HERE.latDeg + away), ACCURACY_DM, 1_000, 0]
  }

  #hears(message: ServerMessage): void {
    if (message[0] === 'feed-marks') {
      for (const [channel, seq] of message[1]) {
        const before = this.#durableSeq[channel]!
        if (seq <= before) continue
        this.#durableSeq[channel] = seq
        this.durable += seq - before
      }
    } else if (message[0] === 'error' && message[1] === null) {
      this.#refused(message[2], (message[4] ?? {}) as Record<string, unknown>)
    } else if (message[0] === 'welcome' || message[0] === 'reply' || message[0] === 'error') {
      if (message[0] === 'error') throw new Error(`A feed was answered ${message[2]}: ${message[3]}`)
      this.#answered(message)
    }
  }

  #refused(code: string, details: Record<string, unknown>): void {
    if (code === 'overloaded') this.heldFrames += 1
    else if (code === 'fix-gap') this.gaps += 1
    else this.others[code] = (this.others[code] ?? 0) + 1
    const channels = [[details.channel, details.expectedSeq], ...((details.others as unknown[][]) ?? [])]
    for (const [channel, seq] of channels) {
      if (typeof channel !== 'number' || typeof seq !== 'number') continue
      this.#next = Math.min(this.#next, (seq - 1) * this.#units + channel)
    }
    const pauseMs = typeof details.retryAfterMs === 'number' ? details.retryAfterMs : 50
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, performance.now() + pauseMs)
    if (typeof details.fixesPerS === 'number') {
      this.#perS = details.fixesPerS
      this.#room = 0
    }
  }

  #answer(): Promise<ServerMessage> {
    return new Promise(resolve => {
      this.#answered = resolve
    })
  }
}

const feeds: OverloadFeed[] = []
let perS = 0
let tickedMs = 0

function tick(): void {
  const nowMs = performance.now()
  const ms = nowMs - tickedMs
  const more = (perS * ms) / 1_000 / feeds.length
  tickedMs = nowMs
  for (const feed of feeds) if (feed.isOpen) feed.tick(more, nowMs, ms)
}

const sum = (of: (feed: OverloadFeed) => number) => feeds.reduce((total, feed) => total + of(feed), 0)

function counts(): OverloadCounts {
  const others: Record<string, number> = {}
  for (const feed of feeds) {
    for (const [code, count] of Object.entries(feed.others)) others[code] = (others[code] ?? 0) + count
  }
  const { user, system } = process.cpuUsage()
  return {
    due: sum(feed => feed.due),
    durable: sum(feed => feed.durable),
    heldFrames: sum(feed => feed.heldFrames),
    gaps: sum(feed => feed.gaps),
    others,
    framesSent: sum(feed => feed.framesSent),
    lost: sum(feed => (feed.isOpen ? 0 : 1)),
    cpuS: (user + system) / 1e6,
  }
}

setPriority(NICE)
serveParent<ToOverload>(async message => {
  switch (message.type) {
    case 'connect': {
      const { port, tokens, units } = message
      const each = Math.ceil(units / tokens.length)
      for (const [index, token] of tokens.entries()) {
        feeds.push(new OverloadFeed(port, token, index * each, Math.min(each, units - index * each)))
      }
      await Promise.all(feeds.map(feed => feed.ready()))
      tickedMs = performance.now()
      setInterval(tick, TICK_MS)
      setInterval(() => {
        for (const feed of feeds) if (feed.isOpen) feed.askMarks()
      }, ASK_EVERY_MS)
      return tellParent<FromOverload>({ type: 'connected' })
    }
    case 'rate':
      perS = message.perS
      return tellParent<FromOverload>({ type: 'rated' })
    case 'tell':
      return tellParent<FromOverload>({ type: 'counts', counts: counts() })
  }
})
