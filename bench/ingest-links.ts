/** How the fixes of the ingest bench travel: a driver's own socket, or a feed that many share. */
import type { FeedFix } from '../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { RawSocket } from './raw-socket.ts'

/** Drivers are called by their number, which is their channel on a feed. */
export interface FixLink {
  readonly isOpen: boolean
  /** The `clientNowMs` of its hello. */
  readonly helloWallMs: number
  /** Resolves when what it carries is on duty, or attached. Errors: Error with the engine's words. */
  ready(): Promise<void>
  /** Sends fixes that are all measured against `sentAtMs`; a driver's own socket takes one. */
  send(sentAtMs: number, fixes: readonly FeedFix[]): Sent
  /** Null: for all that it carries. */
  askMark(driver: number | null): void
}

interface Sent {
  readonly frames: number
  /** Of their payloads. */
  readonly bytes: number
}

/** Where a link connects, and who hears of what comes back. */
export interface LinkPorts {
  readonly port: number
  readonly region: string
  readonly stream: string
  onMark(driver: number, durableSeq: number): void
  onRefused(code: string): void
}

/** As many units as one `attach` may name. */
const ATTACHED_AT_ONCE = 1_000
/** Far below what a frame may have, by fixes and by bytes. */
const FIXES_PER_FRAME = 500

class Line {
  readonly helloWallMs = Date.now()
  isOpen = true
  readonly socket: RawSocket
  readonly #hears: (message: ServerMessage) => void
  #answered: (message: ServerMessage) => void = () => {}
  #failed: (error: Error) => void = () => {}
  /** The answer to `hello`. */
  readonly welcomed: Promise<ServerMessage>

  constructor({ port, onRefused }: LinkPorts, hello: (line: Line) => void, hears: (message: ServerMessage) => void) {
    this.#hears = hears
    this.welcomed = this.#nextAnswer()
    this.socket = new RawSocket(port, {
      onOpen: () => hello(this),
      onMessage: message => {
        if (message[0] === 'error' && message[1] === null) onRefused(message[2])
        else if (['welcome', 'reply', 'error'].includes(message[0])) this.#answered(message)
        else this.#hears(message)
      },
      onEnd: why => {
        this.isOpen = false
        this.#failed(new Error(`It was cut off: ${why}.`))
      },
    })
  }

  async ask(send: () => void): Promise<ServerMessage> {
    const answer = this.#nextAnswer()
    send()
    return refuseErrors(await answer)
  }

  #nextAnswer(): Promise<ServerMessage> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
    })
  }
}

function refuseErrors(message: ServerMessage): ServerMessage {
  if (message[0] === 'error') throw new Error(`The engine answered ${message[2]}: ${message[3]}`)
  return message
}

export function driverLink(ports: LinkPorts, driver: number, token: string): FixLink {
  const unitId = unitIdOf(driver)
  const streams = [[ports.stream, 'gnss', 1]] as const
  const line = new Line(
    ports,
    ({ socket, helloWallMs }) =>
      void socket.send(['hello', 'hello', token, ports.region, 'driver', unitId, helloWallMs, streams]),
    message => {
      if (message[0] === 'marks') ports.onMark(driver, message[2])
    },
  )
  const { socket, helloWallMs } = line
  return {
    helloWallMs,
    get isOpen() {
      return line.isOpen
    },
    ready: async () => {
      refuseErrors(await line.welcomed)
      await line.ask(() => socket.send(['sign-on', `on-${unitId}`, helloWallMs]))
    },
    send: (sentAtMs, [fix]) => {
      const [, ...own] = fix!
      return { frames: 1, bytes: socket.send(['fix', 0, sentAtMs, own]) }
    },
    askMark: () => void socket.send(['mark', 0]),
  }
}

/** Input: the drivers from `first` on, so many. */
export function feedLink(ports: LinkPorts, first: number, count: number, token: string): FixLink {
  const line = new Line(
    ports,
    ({ socket, helloWallMs }) =>
      void socket.send(['hello', 'hello', token, ports.region, 'feed', null, helloWallMs, []]),
    message => {
      if (message[0] !== 'feed-marks') return
      for (const [driver, durableSeq] of message[1]) ports.onMark(driver, durableSeq)
    },
  )
  const { socket, helloWallMs } = line
  return {
    helloWallMs,
    get isOpen() {
      return line.isOpen
    },
    ready: async () => {
      refuseErrors(await line.welcomed)
      for (let from = first; from < first + count; from += ATTACHED_AT_ONCE) {
        const length = Math.min(ATTACHED_AT_ONCE, first + count - from)
        const channels = Array.from(
          { length },
          (_, i) => [from + i, unitIdOf(from + i), ports.stream, 'gnss', 1] as const,
        )
        const answer = await line.ask(() => socket.send(['attach', `attach-${from}`, channels]))
        const { refused } = answer[3] as { readonly refused: readonly unknown[] }
        if (refused.length > 0) throw new Error(`${refused.length} units were refused: ${JSON.stringify(refused[0])}.`)
      }
    },
    send: (sentAtMs, fixes) => {
      let [frames, bytes] = [0, 0]
      for (let from = 0; from < fixes.length; from += FIXES_PER_FRAME) {
        bytes += socket.send(['feed-fixes', sentAtMs, ...fixes.slice(from, from + FIXES_PER_FRAME)])
        frames += 1
      }
      return { frames, bytes }
    },
    askMark: driver => void socket.send(['mark', driver]),
  }
}
