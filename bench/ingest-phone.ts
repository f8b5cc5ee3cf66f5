/**
 * A driver's phone on a network that is not good: measures on whatever happens, keeps each fix until it is told durable, comes back,
 * and sends from the mark on what it has.
 *
 * Modes: *away* (no connection, or one that has not been welcomed yet) and *open*. `getWell` ends all trouble: nothing more happens, and
 * who is away comes back soon. What waits here is what the run's columns of fixes hold anyway, and the frames on their way.
 */
import { decodeServer, encodeClient } from '../src/protocol/codec.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import type { FeedFix, WireFix } from '../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { FrameSocket } from './frame-socket.ts'
import type { FixLink, LinkPorts } from './ingest-links.ts'
import { awayMs, delayMs, type Happening, type Network, nextHappening } from './ingest-network.ts'
import { ACCURACY_DM, NO_HEADING, type SentFixes } from './sent-fixes.ts'

/** Of all phones together, from the start of the run. */
export interface PhoneCounts {
  reconnects: number
  /** Fixes that were measured while their phone was away, and sent when it was back. */
  backlogFixes: number
  /** Fixes that were sent again, since nobody had said that they were durable. */
  resentFixes: number
  /** Frames on a connection that was cut before they had left. */
  framesCut: number
  happened: Record<Happening, number>
}

export const noPhoneCounts = (): PhoneCounts => ({
  ...{ reconnects: 0, backlogFixes: 0, resentFixes: 0, framesCut: 0 },
  happened: { cut: 0, dark: 0, closed: 0, 'signed-off': 0, 'new-phone': 0 },
})

export interface PhonePorts extends LinkPorts {
  readonly network: Network
  /** Of the drivers, a minute. */
  readonly churn: number
  readonly random: () => number
  readonly fixes: SentFixes
  readonly counts: PhoneCounts
}

/** As the client library waits at most before it tries again. */
const AGAIN_MS = 2_000
const WELL_WITHIN_MS = 2_000
const FIRST_TRIES_MAX = 20
/** A crew does not wait longer for the answer to its sign-off. */
const SIGNED_OFF_WITHIN_MS = 5_000
/** A refusal that names no time. */
const PAUSE_MS = 1_000

/** What one connection has under way, in its order: nothing overtakes what was written before it. */
interface UnderWay {
  readonly payload: Uint8Array
  readonly dueMs: number
}

export class Phone implements FixLink {
  /** All its fixes are measured against it, over all its connections. */
  readonly helloWallMs = Date.now()
  /** It takes every fix, at any time. */
  readonly isOpen = true
  readonly #ports: PhonePorts
  readonly #driver: number
  readonly #token: string
  #socket: FrameSocket | null = null
  /** A connection that the engine was not told to be dead. */
  #leftBehind: FrameSocket | null = null
  #underWay: UnderWay[] = []
  #sendTimer: NodeJS.Timeout | null = null
  #nextTimer: NodeJS.Timeout | null = null
  #connectedWallMs = 0
  #isWelcome = false
  #isWell = false
  #stream: string
  /** The first fix of the stream. */
  #firstSeq = 1
  #lastSeq = 0
  /** The next to send on this connection, and the highest that ever was. */
  #cursor = 1
  #sentSeq = 0
  #perFrame = 1
  #isPausing = false
  #connections = 0
  #commands = 0
  readonly #answers = new Map<string, (message: ServerMessage) => void>()
  #ready: () => void = () => undefined
  #failed: (error: Error) => void = () => undefined

  constructor(ports: PhonePorts, driver: number, token: string) {
    this.#ports = ports
    this.#driver = driver
    this.#token = token
    this.#stream = ports.stream
  }

  /** Resolves when it has signed on, after which it may be in trouble. */
  async ready(): Promise<void> {
    const welcomed = new Promise<void>((resolve, reject) => {
      const tryOn = (left: number) => {
        this.#ready = resolve
        // A hello that was too long on its way is turned away, and tried again; what never works is a mistake.
        this.#failed = error => (left === 0 ? reject(error) : this.#later(AGAIN_MS, () => tryOn(left - 1)))
        this.#connect()
      }
      tryOn(FIRST_TRIES_MAX)
    })
    await welcomed
    await this.#signOn()
    this.#awaitNext()
  }

  /** Takes the fix that was just put into the columns. Output: what left with it, which is what was behind it as well. */
  send(_sentAtMs: number, [fix]: readonly FeedFix[]): { frames: number; bytes: number } {
    this.#lastSeq = fix![1]
    return this.#pump()
  }

  askMark(): void {
    if (this.#isWelcome) this.#write(['mark', 0])
  }

  getWell(): void {
    this.#isWell = true
    if (this.#isWelcome) return this.askMark()
    this.#later(this.#ports.random() * WELL_WITHIN_MS, () => this.#comeBack())
  }

  #awaitNext(): void {
    if (this.#isWell) return
    const { network, churn, random } = this.#ports
    const next = nextHappening(network, churn, random)
    if (next !== null) this.#later(next.afterMs, () => void this.#happen(next.what))
  }

  async #happen(what: Happening): Promise<void> {
    const { network, random, counts } = this.#ports
    counts.happened[what] += 1
    if (what === 'signed-off') await this.#signOff()
    if (this.#isWell) return
    this.#leave(what === 'closed' || what === 'signed-off' || random() < 0.5)
    this.#later(awayMs(network, what, random), () => {
      if (what === 'new-phone') this.#startAnew()
      this.#comeBack(what === 'signed-off')
    })
  }

  /** Input: whether the engine is told. */
  #leave(isTold: boolean): void {
    const socket = this.#socket
    this.#socket = null
    this.#isWelcome = false
    this.#ports.counts.framesCut += this.#underWay.length
    this.#underWay = []
    if (this.#sendTimer !== null) clearTimeout(this.#sendTimer)
    this.#sendTimer = null
    this.#answers.clear()
    if (socket === null) return
    if (isTold) return socket.cut()
    this.#leftBehind?.cut()
    this.#leftBehind = socket
    socket.stopReading()
  }

  /** What the old phone had and nobody knows to be durable is gone with it. */
  #startAnew(): void {
    const { fixes, stream } = this.#ports
    this.#firstSeq = this.#lastSeq + 1
    for (let seq = fixes.toldSeq[this.#driver]! + 1; seq < this.#firstSeq; seq++) fixes.abandoned[this.#n(seq)] = 1
    this.#stream = `${stream}-${this.#connections}`
    this.#sentSeq = this.#lastSeq
  }

  #comeBack(signsOn = false): void {
    if (this.#isWelcome) return
    this.#ports.counts.reconnects += 1
    this.#ready = () => {
      if (signsOn) void this.#signOn().catch((error: Error) => this.#ports.onRefused(error.message))
      this.#awaitNext()
    }
    this.#failed = () => this.#later(this.#ports.random() * AGAIN_MS, () => this.#comeBack(signsOn))
    this.#connect()
  }

  #connect(): void {
    this.#connections += 1
    this.#leave(true)
    const socket: FrameSocket = new FrameSocket(this.#ports.port, {
      onOpen: () => {
        if (socket === this.#socket) this.#hello()
      },
      onFrame: payload => {
        if (socket === this.#socket) this.#heard(decodeServer(payload))
      },
      onEnd: (why, code) => {
        if (socket === this.#socket) this.#cutOff(why, code)
      },
    })
    this.#socket = socket
  }

  /** Nothing of the network's: the engine, or the machine, has ended the connection. */
  #cutOff(why: string, code: number | null): void {
    const wasWelcome = this.#isWelcome
    this.#socket = null
    this.#leave(true)
    if (!wasWelcome) return this.#failed(new Error(`It was cut off: ${why}.`))
    this.#ports.onRefused(`closed-${code ?? 'silently'}`)
    this.#later(this.#ports.random() * AGAIN_MS, () => this.#comeBack())
  }

  #hello(): void {
    this.#connectedWallMs = Date.now()
    const told = this.#ports.fixes.toldSeq[this.#driver]!
    const lowestSeq = Math.max(this.#firstSeq, told + 1)
    const streams = [[this.#stream, 'gnss', lowestSeq]] as const
    const { region } = this.#ports
    this.#write([
      'hello',
      'hello',
      this.#token,
      region,
      'driver',
      unitIdOf(this.#driver),
      this.#connectedWallMs,
      streams,
    ])
  }

  #heard(message: ServerMessage): void {
    const { onMark, onRefused } = this.#ports
    if (message[0] === 'marks') return onMark(this.#driver, message[2])
    if (message[0] === 'welcome') return this.#welcomed(message[2])
    if (message[0] !== 'reply' && message[0] !== 'error') return
    const id = message[1]
    if (message[0] === 'error' && id === 'hello') {
      onRefused(message[2])
      return this.#cutOff(`${message[2]}: ${message[3]}`, null)
    }
    if (message[0] === 'error' && id === null) return this.#refused(message[2], message[4])
    const answer = this.#answers.get(id!)
    this.#answers.delete(id!)
    answer?.(message)
  }

  #welcomed({ streams, limits }: Extract<ServerMessage, readonly ['welcome', ...unknown[]]>[2]): void {
    this.#leftBehind?.cut()
    this.#leftBehind = null
    this.#isWelcome = true
    this.#isPausing = false
    this.#perFrame = limits.fixesPerFrame
    const mark = streams[0]![1]
    this.#ports.onMark(this.#driver, mark)
    this.#cursor = Math.max(mark + 1, this.#firstSeq)
    if (this.#connections > 1)
      this.#ports.counts.backlogFixes += Math.max(0, this.#lastSeq - Math.max(mark, this.#sentSeq))
    if (this.#lastSeq > this.#cursor) this.#hint()
    this.#pump()
    if (this.#isWell) this.askMark()
    this.#ready()
    this.#ready = () => undefined
  }

  /** A frame of fixes was not taken: it goes again, after the pause that the engine asks for. */
  #refused(code: string, details: unknown): void {
    const { onRefused, fixes } = this.#ports
    onRefused(code)
    if (this.#isPausing) return
    this.#isPausing = true
    const { retryAfterMs } = (details ?? {}) as { readonly retryAfterMs?: number }
    const connection = this.#connections
    setTimeout(() => {
      if (connection !== this.#connections || !this.#isWelcome) return
      this.#isPausing = false
      this.#cursor = Math.max(fixes.toldSeq[this.#driver]! + 1, this.#firstSeq)
      this.#pump()
      this.askMark()
    }, retryAfterMs ?? PAUSE_MS)
  }

  /** Sends what was not sent on this connection. */
  #pump(): { frames: number; bytes: number } {
    let [frames, bytes] = [0, 0]
    while (this.#isWelcome && !this.#isPausing && this.#cursor <= this.#lastSeq) {
      const end = Math.min(this.#lastSeq + 1, this.#cursor + this.#perFrame)
      const sentAtMs = Date.now() - this.#connectedWallMs
      const fixes: WireFix[] = []
      for (let seq = this.#cursor; seq < end; seq++) fixes.push(this.#wireFix(seq, this.#connectedWallMs + sentAtMs))
      this.#ports.counts.resentFixes += Math.max(0, Math.min(end - 1, this.#sentSeq) - this.#cursor + 1)
      this.#cursor = end
      this.#sentSeq = Math.max(this.#sentSeq, end - 1)
      bytes += this.#write(['fix', 0, sentAtMs, ...fixes])
      frames += 1
    }
    return { frames, bytes }
  }

  /** Where it is now, ahead of the backlog, which is late then; as the client library does it. */
  #hint(): void {
    const sentAtMs = Date.now() - this.#connectedWallMs
    this.#write(['hint', 0, sentAtMs, this.#wireFix(this.#lastSeq, this.#connectedWallMs + sentAtMs)])
  }

  #wireFix(seq: number, sentWallMs: number): WireFix {
    const { fixedAtMs, lonE7, latE7, speedCmps, headingDd } = this.#ports.fixes
    const n = this.#n(seq)
    const heading = headingDd[n] === NO_HEADING ? null : headingDd[n]!
    return [seq, sentWallMs - fixedAtMs[n]!, lonE7[n]!, latE7[n]!, ACCURACY_DM, speedCmps[n]!, heading]
  }

  #n(seq: number): number {
    return (seq - 1) * this.#ports.fixes.drivers + this.#driver
  }

  async #signOn(): Promise<void> {
    await this.#ask(id => ['sign-on', id, Date.now()])
  }

  async #signOff(): Promise<void> {
    const answered = this.#ask(id => ['sign-off', id, Date.now()]).catch((error: Error) =>
      this.#ports.onRefused(error.message),
    )
    await Promise.race([answered, new Promise(resolve => setTimeout(resolve, SIGNED_OFF_WITHIN_MS))])
  }

  /** Errors: Error with the code of a refusal. What a lost connection leaves unanswered stays so. */
  #ask(message: (id: string) => ClientMessage): Promise<void> {
    const id = `c-${this.#commands++}-${unitIdOf(this.#driver)}`
    return new Promise((resolve, reject) => {
      this.#answers.set(id, answer => (answer[0] === 'error' ? reject(new Error(answer[2])) : resolve()))
      this.#write(message(id))
    })
  }

  /** Output: the bytes of the frame's payload, which is on its way from now on. */
  #write(message: ClientMessage): number {
    const { network, random } = this.#ports
    const payload = encodeClient(message, 'binary') as Uint8Array
    const nowMs = performance.now()
    const dueMs = Math.max(this.#underWay.at(-1)?.dueMs ?? 0, nowMs + delayMs(network, random))
    this.#underWay.push({ payload, dueMs })
    if (this.#sendTimer === null) this.#sendDue()
    return payload.length
  }

  #sendDue(): void {
    this.#sendTimer = null
    const nowMs = performance.now()
    while (this.#underWay.length > 0 && this.#underWay[0]!.dueMs <= nowMs) {
      this.#socket?.send(this.#underWay.shift()!.payload)
    }
    const next = this.#underWay[0]
    if (next !== undefined) this.#sendTimer = setTimeout(() => this.#sendDue(), Math.max(1, next.dueMs - nowMs))
  }

  /** One thing is waited for at a time: the next that happens, or the way back. */
  #later(afterMs: number, run: () => void): void {
    if (this.#nextTimer !== null) clearTimeout(this.#nextTimer)
    this.#nextTimer = setTimeout(run, afterMs)
  }
}
