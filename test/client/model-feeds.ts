/** A model of how the engine takes feeds: streams by unit, marks that are told sparsely, and all that it may refuse. */
import type { ClientRequest } from '../../src/protocol/messages.ts'
import type { FeedFix } from '../../src/protocol/wire/fix-tuples.ts'
import type { ModelEngine, ModelSocket } from './model-engine.ts'

interface StoredFix {
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonE7: number
}
interface Stream {
  received: StoredFix[]
  durableSeq: number
}
interface Channel {
  readonly unitId: string
  readonly stream: Stream
  toldSeq: number
  toldAtMs: number
  askedSeq: number
}

const ROUND_MS = 250
const MARK_EVERY_FIXES = 8
const MARK_EVERY_MS = 30_000

export class ModelFeeds {
  /** By unit, then by stream. */
  readonly streams = new Map<string, Map<string, Stream>>()
  readonly #engine: ModelEngine
  readonly #channels = new Map<ModelSocket, Map<number, Channel>>()
  #timer: unknown = null

  constructor(engine: ModelEngine) {
    this.#engine = engine
    engine.onRequest = (socket, request) => this.#take(socket, request)
  }

  start(): void {
    this.#timer = this.#engine.time.setTimeout(() => {
      this.#tellMarks()
      this.start()
    }, ROUND_MS)
  }
  stop(): void {
    this.#engine.time.clearTimeout(this.#timer)
  }

  /** What was not durable is gone, and so are all connections. */
  crash(): void {
    for (const stream of this.#all()) stream.received = stream.received.filter(({ seq }) => seq <= stream.durableSeq)
    this.#channels.clear()
    this.#engine.crash()
  }

  /** Another feed takes the unit. */
  steal(unitId: string): void {
    for (const [socket, channels] of this.#channels) {
      for (const [number, channel] of channels) {
        if (channel.unitId !== unitId || !channels.delete(number)) continue
        this.#engine.send(['detached', number, 'superseded'], socket)
      }
    }
  }

  *#all(): Iterable<Stream> {
    for (const streams of this.streams.values()) yield* streams.values()
  }

  #take(socket: ModelSocket, request: ClientRequest): boolean {
    switch (request.type) {
      case 'attach':
        this.#attach(socket, request)
        return true
      case 'detach':
        for (const number of request.channels) this.#of(socket).delete(number)
        this.#engine.send(['reply', request.id, 1, {}], socket)
        return true
      case 'feed-fixes':
        this.#fixes(socket, request)
        return true
      case 'mark': {
        const { streamIndex } = request
        const asked = streamIndex === null ? [...this.#of(socket).values()] : [this.#of(socket).get(streamIndex)]
        for (const channel of asked) if (channel !== undefined) channel.askedSeq = lastSeq(channel.stream)
        return true
      }
      default:
        return false
    }
  }

  #of(socket: ModelSocket): Map<number, Channel> {
    let channels = this.#channels.get(socket)
    if (channels === undefined) {
      channels = new Map()
      this.#channels.set(socket, channels)
    }
    return channels
  }

  #attach(socket: ModelSocket, { id, channels }: ClientRequest & { type: 'attach' }): void {
    const engine = this.#engine
    if (engine.random() < engine.refusalChance) {
      return engine.send(['error', id, 'overloaded', 'full', { retryAfterMs: 100 }], socket)
    }
    const marks: [number, number][] = []
    for (const [number, unitId, streamId, , lowestSeq] of channels) {
      const streams = this.streams.get(unitId) ?? new Map<string, Stream>()
      const stream = streams.get(streamId) ?? { received: [], durableSeq: 0 }
      this.streams.set(unitId, streams.set(streamId, stream))
      if (lowestSeq > lastSeq(stream) + 1) engine.problems.push(`hole before ${lowestSeq} of ${unitId}`)
      const { durableSeq } = stream
      this.#of(socket).set(number, { unitId, stream, toldSeq: durableSeq, toldAtMs: engine.time.now(), askedSeq: 0 })
      marks.push([number, durableSeq])
    }
    engine.send(['reply', id, 1, { channels: marks, refused: [] }], socket)
  }

  #fixes(socket: ModelSocket, { sentAtMs, fixes: sent }: ClientRequest & { type: 'feed-fixes' }): void {
    const fixes = sent as readonly FeedFix[]
    const engine = this.#engine
    const luck = engine.random()
    if (luck < engine.refusalChance / 2) {
      return engine.send(['error', null, 'rate-limited', 'too many', { retryAfterMs: 400 }], socket)
    }
    // Some are left out by a queue that is full, without a word: the next frame then shows a gap.
    if (luck < engine.refusalChance * 0.75) return
    const channels = this.#of(socket)
    const sentAtRegionMs = engine.regionMs(socket.hello!.clientNowMs + sentAtMs)
    const bad = new Set<number>()
    const errors = new Map<string, { channel: number; others: (number | null)[][] }>()
    const refuse = (number: number, code: string, details: { expectedSeq?: number; retryAfterMs?: number }) => {
      bad.add(number)
      const told = errors.get(code)
      if (told === undefined) errors.set(code, { channel: number, ...details, others: [] })
      else told.others.push([number, details.expectedSeq ?? null])
    }
    // Some frames meet a store that is full for one of their units.
    const full = luck < engine.refusalChance ? fixes[0]![0] : null
    for (const [number, seq, ageMs, lonE7] of fixes) {
      if (bad.has(number)) continue
      const stream = channels.get(number)?.stream
      if (stream === undefined) refuse(number, 'unknown-stream', {})
      else if (number === full) refuse(number, 'overloaded', { expectedSeq: lastSeq(stream) + 1, retryAfterMs: 200 })
      else if (seq > lastSeq(stream) + 1) refuse(number, 'fix-gap', { expectedSeq: lastSeq(stream) + 1 })
      else if (seq === lastSeq(stream) + 1) {
        stream.received.push({ seq, fixedAtMs: Math.round(sentAtRegionMs - ageMs), lonE7 })
      }
    }
    for (const [code, details] of errors) engine.send(['error', null, code, code, details], socket)
    const received = [...this.#all()].map(stream => [stream, lastSeq(stream)] as const)
    this.#commit(received)
  }

  #commit(received: readonly (readonly [Stream, number])[]): void {
    this.#engine.time.setTimeout(
      () => {
        if (this.#engine.stalled) return this.#commit(received)
        for (const [stream, seq] of received) {
          // A crash may have taken what this commit was for.
          stream.durableSeq = Math.max(stream.durableSeq, Math.min(seq, lastSeq(stream)))
        }
      },
      1 + Math.floor(this.#engine.random() * 300),
    )
  }

  #tellMarks(): void {
    const nowMs = this.#engine.time.now()
    for (const [socket, channels] of this.#channels) {
      if (socket.readyState !== 1) {
        this.#channels.delete(socket)
        continue
      }
      const marks: [number, number][] = []
      for (const [number, channel] of channels) {
        const { durableSeq } = channel.stream
        const isAnswer = channel.askedSeq > 0 && durableSeq >= channel.askedSeq
        const rise = durableSeq - channel.toldSeq
        if (!isAnswer && rise < MARK_EVERY_FIXES && (rise === 0 || nowMs - channel.toldAtMs < MARK_EVERY_MS)) continue
        if (isAnswer) channel.askedSeq = 0
        channel.toldSeq = durableSeq
        channel.toldAtMs = nowMs
        marks.push([number, durableSeq])
      }
      if (marks.length > 0) this.#engine.send(['feed-marks', marks], socket)
    }
  }
}

const lastSeq = (stream: Stream): number => stream.received.at(-1)?.seq ?? 0
