/**
 * A bad network between clients and an engine: a TCP proxy that delays, holds, narrows, silences, halves and cuts, by a seed.
 *
 * It knows nothing of what it carries, and never changes or leaves out a byte in the middle of a connection, as TCP does not:
 * a direction that has lost something says nothing any more. Each connection goes well for a moment, then meets the
 * next trouble of a shuffled deck, and so on until one of them ends it. What waits here for one direction is at most
 * `HELD_BYTES_MAX` and what one read brings; beyond that its sender is not read.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { seeded } from '../../tools/shared/random.ts'

/**
 * `cut`: both ends are reset. `half`: one piece is passed on by half, and both ends are reset. `no-way-up`, `no-way-down`: nothing
 * of the client's arrives, or nothing of the engine's, and nobody is told. `left-alone`: the client is reset, the engine is not told, and
 * gets what was under way when the client may have come back already. `held`: nothing passes for a while. `narrow`: some bytes at a time.
 */
export const TROUBLES = ['cut', 'half', 'no-way-up', 'no-way-down', 'left-alone', 'held', 'narrow'] as const
export type Trouble = (typeof TROUBLES)[number]

const HELD_BYTES_MAX = 256 * 1_024
/** Every piece takes from the first to the second on its way, as on a busy cell. */
const DELAY_MS = [2, 60] as const
const WELL_MS = [200, 2_500] as const
const HELD_MS = [200, 3_000] as const
const NARROW_MS = [500, 3_000] as const
/** Longer than a client with a heartbeat of a second waits, and shorter: either may end it. */
const SILENT_MS = [1_000, 6_000] as const
const GHOST_AFTER_MS = [100, 1_500] as const
const NARROW_BYTES_MAX = 40
const NARROW_EVERY_MS = 10

type State = 'flows' | 'held' | 'narrow' | 'half' | 'silent'
type Between = (range: readonly [number, number]) => number

export class BadNetwork {
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #random: () => number
  readonly #counts = Object.fromEntries(TROUBLES.map(trouble => [trouble, 0])) as Record<Trouble, number>
  #deck: Trouble[] = []
  #connections = 0
  #isBad = true

  /** Input: the engine's port, where now and then nobody listens. */
  static async before(port: number, seed: number): Promise<BadNetwork> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new BadNetwork(server, port, seeded(seed))
  }

  private constructor(server: Server, port: number, random: () => number) {
    this.#server = server
    this.#random = random
    server.on('connection', client => {
      this.#connections += 1
      const link = new Link(client, connect(port, '127.0.0.1'), {
        between: ([from, to]) => from + (to - from) * random(),
        nextTrouble: () => (this.#isBad ? this.#draw() : null),
        ended: () => this.#links.delete(link),
      })
      this.#links.add(link)
    })
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }
  get connections(): number {
    return this.#connections
  }
  /** How often each trouble was met. */
  get counts(): Readonly<Record<Trouble, number>> {
    return this.#counts
  }

  /** No trouble begins from now on; those under way end by themselves. */
  getWell(): void {
    this.#isBad = false
  }

  async close(): Promise<void> {
    for (const link of [...this.#links]) link.end()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #draw(): Trouble {
    if (this.#deck.length === 0) this.#deck = [...TROUBLES]
    const [trouble] = this.#deck.splice(Math.floor(this.#random() * this.#deck.length), 1)
    this.#counts[trouble!] += 1
    return trouble!
  }
}

interface LinkPorts {
  readonly between: Between
  /** Null: all is well. */
  nextTrouble(): Trouble | null
  ended(): void
}

/** One connection of a client's, and ours to the engine for it. */
class Link {
  readonly #client: Socket
  readonly #engine: Socket
  readonly #up: Way
  readonly #down: Way
  readonly #ports: LinkPorts
  readonly #timers = new Set<NodeJS.Timeout>()
  #isLeftAlone = false
  #ended = false

  constructor(client: Socket, engine: Socket, ports: LinkPorts) {
    this.#client = client
    this.#engine = engine
    this.#ports = ports
    const halved = () => this.end()
    this.#up = new Way(client, engine, ports.between, halved)
    this.#down = new Way(engine, client, ports.between, halved)
    for (const socket of [client, engine]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    client.on('close', () => {
      if (!this.#isLeftAlone) this.end()
    })
    engine.on('close', () => this.end())
    this.#meetNext()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const way of [this.#up, this.#down]) way.stop()
    this.#client.resetAndDestroy()
    this.#engine.resetAndDestroy()
    this.#ports.ended()
  }

  #meetNext(): void {
    this.#later(WELL_MS, () => {
      const trouble = this.#ports.nextTrouble()
      if (trouble === null) this.#meetNext()
      else this.#meet(trouble)
    })
  }

  #meet(trouble: Trouble): void {
    const both = [this.#up, this.#down]
    switch (trouble) {
      case 'cut':
        return this.end()
      case 'half':
        // Whichever has something to say first.
        for (const way of both) way.halve()
        return
      case 'no-way-up':
        this.#up.silence()
        return this.#later(SILENT_MS, () => this.end())
      case 'no-way-down':
        this.#down.silence()
        return this.#later(SILENT_MS, () => this.end())
      case 'left-alone':
        return this.#leaveAlone()
      case 'held':
        for (const way of both) way.hold()
        return this.#later(HELD_MS, () => this.#goOn())
      case 'narrow':
        for (const way of both) way.narrow()
        return this.#later(NARROW_MS, () => this.#goOn())
    }
  }

  #goOn(): void {
    for (const way of [this.#up, this.#down]) way.flow()
    this.#meetNext()
  }

  #leaveAlone(): void {
    this.#isLeftAlone = true
    this.#up.hold()
    this.#down.silence()
    this.#client.resetAndDestroy()
    this.#later(GHOST_AFTER_MS, () => this.#up.flow())
    this.#later([GHOST_AFTER_MS[1], SILENT_MS[1]], () => this.end())
  }

  #later(range: readonly [number, number], run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#ended) run()
    }, this.#ports.between(range))
    this.#timers.add(timer)
  }
}

/** One direction: what comes waits its time, in its order, and goes on as the state of the way allows. */
class Way {
  readonly #from: Socket
  readonly #to: Socket
  readonly #between: Between
  readonly #halved: () => void
  #waiting: { bytes: Buffer; readonly dueMs: number }[] = []
  #held = 0
  #state: State = 'flows'
  #timer: NodeJS.Timeout | null = null

  constructor(from: Socket, to: Socket, between: Between, halved: () => void) {
    this.#from = from
    this.#to = to
    this.#between = between
    this.#halved = halved
    from.on('data', bytes => this.#take(bytes))
  }

  flow(): void {
    this.#become('flows')
  }
  hold(): void {
    this.#become('held')
  }
  narrow(): void {
    this.#become('narrow')
  }
  halve(): void {
    this.#become('half')
  }
  silence(): void {
    this.#become('silent')
  }
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#state = 'held'
    this.#waiting = []
  }

  #become(state: State): void {
    this.#state = state
    this.#pump()
  }

  #take(bytes: Buffer): void {
    const last = this.#waiting.at(-1)?.dueMs ?? 0
    const dueMs = Math.max(last, performance.now() + this.#between(DELAY_MS))
    this.#waiting.push({ bytes, dueMs })
    this.#held += bytes.length
    if (this.#held > HELD_BYTES_MAX) this.#from.pause()
    this.#pump()
  }

  #pump(): void {
    if (this.#timer !== null) return
    while (this.#waiting.length > 0 && this.#state !== 'held') {
      const first = this.#waiting[0]!
      const waitMs = first.dueMs - performance.now()
      if (waitMs > 0) return this.#again(waitMs)
      if (this.#state === 'half') return this.#passHalf(first.bytes)
      const length =
        this.#state === 'narrow' ? 1 + Math.floor(this.#between([0, NARROW_BYTES_MAX])) : first.bytes.length
      const piece = first.bytes.subarray(0, length)
      if (piece.length === first.bytes.length) this.#waiting.shift()
      else first.bytes = first.bytes.subarray(length)
      this.#gone(piece.length)
      if (this.#state === 'silent') continue
      this.#to.write(piece)
      if (this.#state === 'narrow') return this.#again(NARROW_EVERY_MS)
    }
  }

  /** What was handed to the kernel must arrive before the reset, which would overtake it. */
  #passHalf(bytes: Buffer): void {
    this.#state = 'held'
    this.#to.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => setTimeout(this.#halved, ARRIVES_MS))
  }

  #gone(bytes: number): void {
    this.#held -= bytes
    if (this.#held <= HELD_BYTES_MAX && this.#from.isPaused()) this.#from.resume()
  }

  #again(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#pump()
    }, waitMs)
  }
}

/** Loopback needs far less. */
const ARRIVES_MS = 20
