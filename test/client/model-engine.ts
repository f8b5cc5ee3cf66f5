/**
 * A model of the engine behind sockets that lose everything under way when they break: it keeps marks and an idempotency
 * table as PROTOCOL.md says, reads frames by the engine's own parser, and can stall, refuse, crash and go silent.
 */
import type { ClientSocket, ClientSocketClass } from '../../src/client/index.ts'
import { encodeServer, type WireFormat } from '../../src/protocol/codec.ts'
import type { ClientRequest } from '../../src/protocol/messages.ts'
import { parseFrame } from '../../src/protocol/parse.ts'
import type { WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { DriverView } from '../../src/protocol/wire/situation-views.ts'
import type { ClockView } from '../../src/protocol/wire/welcome-view.ts'
import type { VirtualTime } from './virtual-time.ts'

interface StoredFix {
  readonly seq: number
  readonly fixedAtMs: number
  readonly lonE7: number
}
interface Stream {
  received: StoredFix[]
  durableSeq: number
  toldSeq: number
  askedSeq: number
}

export class ModelSocket implements ClientSocket {
  readyState = 0
  binaryType = ''
  onopen: ClientSocket['onopen'] = null
  onmessage: ClientSocket['onmessage'] = null
  onclose: ClientSocket['onclose'] = null
  onerror: ClientSocket['onerror'] = null
  readonly format: WireFormat
  readonly #engine: ModelEngine
  /** Neither side hears the other any more, and nobody is told. */
  dead = false
  #link = 0
  hello: { clientNowMs: number; streamIds: string[] } | null = null

  constructor(engine: ModelEngine, protocol: string) {
    this.#engine = engine
    this.format = protocol === 'goldenhour.v1.json' ? 'json' : 'binary'
    engine.sockets.push(this)
    this.#later(() => {
      if (engine.down) return this.break(1006)
      this.readyState = 1
      this.onopen?.(undefined as never)
    })
  }

  send(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : Uint8Array.from(data)
    this.#later(() => this.#engine.frame(this, bytes))
  }

  /** The client lets go: what it had sent still arrives, what comes back does not. */
  close(): void {
    this.readyState = 3
  }

  deliver(data: unknown): void {
    this.#later(() => {
      if (this.readyState === 1) this.onmessage?.({ data })
    })
  }

  closeFromServer(code: number): void {
    this.#later(() => this.break(code))
  }

  /** The connection is gone now, with everything that was under way on it. */
  break(code: number): void {
    this.#link += 1
    if (this.readyState === 3) return
    this.readyState = 3
    this.onclose?.({ code, reason: '' })
  }

  /** One way of 1 to 40 ms; frames of a socket never overtake each other. */
  #later(run: () => void): void {
    const link = this.#link
    const { time, random } = this.#engine
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, time.now() + 1 + Math.floor(random() * 40))
    time.setTimeout(() => {
      if (link === this.#link && !this.dead) run()
    }, this.#arrivesAtMs - time.now())
  }
  #arrivesAtMs = 0
}

export class ModelEngine {
  readonly time: VirtualTime
  readonly random: () => number
  readonly sockets: ModelSocket[] = []
  readonly streams = new Map<string, Stream>()
  /** Every effect that a command had, in order. */
  readonly executed: string[] = []
  readonly requests: ClientRequest[] = []
  readonly problems: string[] = []
  #outcomes = new Map<string, { body: string; position: number }>()
  position = 0
  down = false
  /** Nothing becomes durable while the store is away. */
  stalled = false
  /** Chance that a command is refused for now, or a frame of fixes is not taken. */
  refusalChance = 0
  rate = 1
  /** How far region time has fallen behind what wall time says. */
  behindMs = 0
  driver: DriverView | null = null
  /** Takes what this model does not know. Output: whether it did. */
  onRequest: (socket: ModelSocket, request: ClientRequest) => boolean = () => false
  /** Every ticket that was given, and whether it was spent since. */
  readonly #tickets = new Map<string, 'good' | 'spent'>()
  readonly #anchorWallMs: number

  constructor(time: VirtualTime, random: () => number) {
    this.time = time
    this.random = random
    this.#anchorWallMs = time.now()
  }

  socketClass(): ClientSocketClass {
    const engine = this
    return class extends ModelSocket {
      constructor(_url: string, protocol: string) {
        super(engine, protocol)
      }
    }
  }

  /** The socket that the client uses now. */
  get socket(): ModelSocket | undefined {
    return this.sockets.at(-1)
  }

  send(message: ServerMessage, socket = this.socket!): void {
    const data = encodeServer(message, socket.format)
    socket.deliver(typeof data === 'string' ? data : Uint8Array.from(data).buffer)
  }

  /** kill -9 and start: what was not durable is gone, and so are all connections. */
  crash(): void {
    for (const stream of this.streams.values()) {
      stream.received = stream.received.filter(fix => fix.seq <= stream.durableSeq)
      stream.toldSeq = stream.durableSeq
    }
    for (const socket of this.sockets) socket.break(1006)
  }

  /** Region time as it tells it. */
  clock(): ClockView {
    const anchorMs = this.#anchorWallMs
    const nowMs = Math.floor(this.regionMs(this.time.now())) - this.behindMs
    return { nowMs, anchorRegionMs: anchorMs, anchorWallMs: anchorMs, rate: this.rate }
  }

  regionMs(wallMs: number): number {
    return this.#anchorWallMs + (wallMs - this.#anchorWallMs) * this.rate
  }

  frame(socket: ModelSocket, bytes: Uint8Array): void {
    const parsed = parseFrame(bytes, socket.format, 64 * 1024)
    if (!parsed.ok) {
      this.problems.push(parsed.refusal.message)
      return
    }
    const { request } = parsed
    this.requests.push(request)
    if (request.type === 'hello') return this.#hello(socket, request)
    if (socket.hello === null) {
      this.problems.push(`${request.type} before hello`)
      return
    }
    if (this.onRequest(socket, request)) return
    switch (request.type) {
      case 'fix':
        return this.#fixes(socket, request)
      case 'mark': {
        const stream = this.#stream(socket)
        stream.askedSeq = lastSeq(stream)
        return this.#tellMark(socket, stream)
      }
      case 'command':
        return this.#command(socket, request.id, JSON.stringify(request.command))
      case 'nearest':
        return this.send(['reply', request.id, this.position, { basis: 'straight-line', units: [] }], socket)
    }
  }

  #hello(socket: ModelSocket, hello: ClientRequest & { type: 'hello' }): void {
    if (this.random() < this.refusalChance) {
      this.send(['error', hello.id, 'unavailable', 'starting', { retryAfterMs: 100 }], socket)
      return
    }
    if (hello.token.startsWith('ticket-')) {
      if (!this.#tickets.has(hello.token)) this.problems.push(`nobody gave the ticket ${hello.token}`)
      if (this.random() < this.refusalChance) this.#tickets.set(hello.token, 'spent')
      // For ever: who did not hear of the refusal shows it again, and hears the same.
      if (this.#tickets.get(hello.token) === 'spent') {
        this.send(['error', hello.id, 'token-expired', 'too old', null], socket)
        return socket.closeFromServer(4401)
      }
    }
    const ticket = `ticket-${this.#tickets.size + 1}-${this.sockets.length}`
    this.#tickets.set(ticket, 'good')
    socket.hello = { clientNowMs: hello.clientNowMs, streamIds: hello.streams.map(([streamId]) => streamId) }
    for (const [streamId, , lowestSeq] of hello.streams) {
      let stream = this.streams.get(streamId)
      if (stream === undefined) {
        stream = { received: [], durableSeq: 0, toldSeq: 0, askedSeq: 0 }
        this.streams.set(streamId, stream)
      }
      if (lowestSeq > lastSeq(stream) + 1) this.problems.push(`hole before ${lowestSeq}`)
      stream.toldSeq = stream.durableSeq
      stream.askedSeq = 0
    }
    const { clientNowMs: _, streamIds } = socket.hello
    this.send(
      [
        'welcome',
        hello.id,
        {
          sessionId: 's',
          region: hello.region,
          role: hello.role,
          clock: this.clock(),
          position: this.position,
          streams: streamIds.map(streamId => [streamId, this.streams.get(streamId)!.durableSeq] as const),
          driver: this.driver,
          limits: { frameBytes: 16_384, fixesPerFrame: 256 },
          ticket,
        },
      ],
      socket,
    )
  }

  #fixes(socket: ModelSocket, frame: ClientRequest & { type: 'fix' }): void {
    const stream = this.#stream(socket)
    if (this.random() < this.refusalChance) {
      const details = { expectedSeq: lastSeq(stream) + 1, retryAfterMs: 50 }
      return this.send(['error', null, 'overloaded', 'full', details], socket)
    }
    const sentAtMs = this.regionMs(socket.hello!.clientNowMs + frame.sentAtMs)
    for (const [seq, ageMs, lonE7] of frame.fixes as WireFix[]) {
      if (seq <= lastSeq(stream)) continue
      if (seq > lastSeq(stream) + 1) {
        const details = { streamIndex: 0, expectedSeq: lastSeq(stream) + 1 }
        this.send(['error', null, 'fix-gap', 'gap', details], socket)
        break
      }
      stream.received.push({ seq, fixedAtMs: Math.round(sentAtMs - ageMs), lonE7 })
    }
    const received = lastSeq(stream)
    const lagMs = 1 + Math.floor(this.random() * 300)
    this.time.setTimeout(() => this.#commit(socket, stream, received), lagMs)
  }

  #commit(socket: ModelSocket, stream: Stream, seq: number): void {
    if (this.stalled) {
      this.time.setTimeout(() => this.#commit(socket, stream, seq), 500)
      return
    }
    // A crash may have taken what this commit was for.
    stream.durableSeq = Math.max(stream.durableSeq, Math.min(seq, lastSeq(stream)))
    this.#tellMark(socket, stream)
  }

  #tellMark(socket: ModelSocket, stream: Stream): void {
    const asked = stream.askedSeq > 0 && stream.durableSeq >= stream.askedSeq
    if (!asked && stream.durableSeq - stream.toldSeq < 8) return
    stream.askedSeq = 0
    stream.toldSeq = stream.durableSeq
    this.send(['marks', 0, stream.durableSeq], socket)
  }

  #command(socket: ModelSocket, id: string, body: string): void {
    let outcome = this.#outcomes.get(id)
    if (outcome === undefined) {
      const luck = this.random()
      if (luck < this.refusalChance / 2) return // a mistake of the engine: it never answers
      if (luck < this.refusalChance) return this.send(['error', id, 'overloaded', 'busy', { retryAfterMs: 20 }], socket)
      this.position += 1
      outcome = { body, position: this.position }
      this.#outcomes.set(id, outcome)
      this.executed.push(id)
    }
    if (outcome.body !== body) {
      this.problems.push(`command ${id} came with another body`)
      return this.send(['error', id, 'conflict', 'other body', null], socket)
    }
    this.send(['reply', id, outcome.position, {}], socket)
  }

  #stream(socket: ModelSocket): Stream {
    return this.streams.get(socket.hello!.streamIds[0]!)!
  }
}

const lastSeq = (stream: Stream): number => stream.received.at(-1)?.seq ?? 0
