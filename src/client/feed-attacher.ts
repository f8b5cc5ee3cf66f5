/**
 * Declares a feed's units to the server, some at a time, and tells which of them it takes.
 *
 * One request is under way at a time. A unit whose stream the server sees otherwise than we do is declared anew after a
 * pause, and so is one of which it cannot say yet where its stream stands. A new connection declares all of them.
 */
import { LIMITS } from '../protocol/limits.ts'
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import type { FeedChannel } from '../protocol/wire/fix-tuples.ts'
import { isRetryable } from './command-queue.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { ClientFault } from './errors.ts'
import type { CarriedChannel } from './feed-channel.ts'
import { newStreamId } from './fix-stream.ts'
import { Listeners } from './listeners.ts'

interface AttachNews {
  /** The server takes the unit's fixes. `rose`: it has stored more of them than we knew. */
  attached: [channel: CarriedChannel, rose: boolean]
  /** The server does not give the unit to this feed. */
  refused: [channel: CarriedChannel, code: string]
  /** What is held of the unit has the numbers of a stream of its own. */
  renumbered: [channel: CarriedChannel]
}

interface Opened {
  readonly frameBytes: number
  /** A request is under way. */
  isAsking: boolean
}

interface Declared {
  readonly channel: CarriedChannel
  readonly as: FeedChannel
}

const HEAD_BYTES = 128
/** The most bytes of a channel in `attach`, besides its two names. */
const CHANNEL_BYTES_MAX = 40
/** How long a unit waits that was refused for now. */
const REFUSED_PAUSE_MS = 1_000

export class FeedAttacher {
  readonly news = new Listeners<AttachNews>()
  readonly #connection: EngineConnection
  readonly #commands: Commands
  readonly #waiting = new Set<CarriedChannel>()
  readonly #timers = new Set<unknown>()
  #opened: Opened | null = null

  constructor(connection: EngineConnection, commands: Commands) {
    this.#connection = connection
    this.#commands = commands
  }

  opened(frameBytes: number): void {
    this.#opened = { frameBytes, isAsking: false }
    this.next()
  }

  lost(): void {
    this.#opened = null
    this.#waiting.clear()
    for (const timer of this.#timers) this.#connection.device.timers.clearTimeout(timer)
    this.#timers.clear()
  }

  /** Input: a unit that is *waiting*; it is declared with the `next`. */
  add(channel: CarriedChannel): void {
    this.#waiting.add(channel)
  }

  /** The server and we do not agree on the stream: declares it anew on the same channel, after a while. */
  attachAgain(channel: CarriedChannel, pauseMs = 0): void {
    const { timers, random } = this.#connection.device
    channel.state = 'waiting'
    const timer = timers.setTimeout(() => {
      this.#timers.delete(timer)
      if (channel.state !== 'waiting') return
      this.add(channel)
      this.next()
    }, pauseMs + channel.backoffMs(random))
    this.#timers.add(timer)
  }

  /** The feed lets go of the unit, or the server of its feed. */
  forget(channel: CarriedChannel): void {
    this.#waiting.delete(channel)
  }

  /** Channels that the server need not keep for us. */
  detach(channels: readonly number[]): void {
    if (this.#opened === null) return
    for (let from = 0; from < channels.length; from += LIMITS.channelsPerAttach) {
      const some = channels.slice(from, from + LIMITS.channelsPerAttach)
      void this.#commands.ask(id => ['detach', id, some])
    }
  }

  /** Declares those that wait, some of them now and the others after the answer. */
  next(): void {
    const opened = this.#opened
    if (opened === null || opened.isAsking || this.#waiting.size === 0) return
    opened.isAsking = true
    const batch = this.#takeBatch(opened.frameBytes)
    // The message is made once and sent again as it is, so what it declared is what the answer is about.
    const declared = new Map<number, Declared>()
    const build = (id: string): ClientMessage => {
      for (const channel of batch) {
        const { channel: number, unitId, stream } = channel
        declared.set(number, { channel, as: [number, unitId, ...stream.declaration] })
      }
      return ['attach', id, [...declared.values()].map(({ as }) => as)]
    }
    void this.#commands.ask(build, {
      answered: ({ result }) => {
        if (this.#opened !== opened) return
        opened.isAsking = false
        this.#answered(result, declared)
      },
      // A refusal of the whole request is no answer about any unit; another connection may fare better.
      refused: ({ message }) => {
        this.#connection.reconnect(new ClientFault('refused', `Units could not be attached: ${message}`))
      },
    })
  }

  #takeBatch(frameBytes: number): CarriedChannel[] {
    const batch: CarriedChannel[] = []
    let bytes = HEAD_BYTES
    for (const channel of this.#waiting) {
      bytes += channel.unitId.length + channel.stream.streamId.length + CHANNEL_BYTES_MAX
      if (batch.length === LIMITS.channelsPerAttach || (bytes > frameBytes && batch.length > 0)) break
      batch.push(channel)
    }
    for (const channel of batch) this.#waiting.delete(channel)
    return batch
  }

  #answered(result: Readonly<Record<string, unknown>>, declared: ReadonlyMap<number, Declared>): void {
    const { channels, refused } = result
    if (!areAnswers(channels, 'number') || !areAnswers(refused, 'string')) {
      this.#connection.reconnect(new ClientFault('bad-server-data', 'The answer to `attach` has the wrong shape.'))
      return
    }
    for (const [number, mark] of channels) {
      const asked = declared.get(number)
      // Its owner may have let go of it meanwhile.
      if (asked?.channel.state === 'waiting') this.#taken(asked, mark as number)
    }
    for (const [number, code] of refused) {
      const channel = declared.get(number)?.channel
      if (channel?.state !== 'waiting') continue
      // The server cannot tell yet where the stream stands; the unit is still the feed's.
      if (isRetryable(code as string)) this.attachAgain(channel, REFUSED_PAUSE_MS)
      else this.news.tell('refused', [channel, code as string])
    }
    this.next()
  }

  #taken({ channel, as: [, , , , lowestSeq] }: Declared, mark: number): void {
    const rose = channel.stream.declared(mark, lowestSeq)
    if (rose === null) return this.#startOver(channel, mark)
    channel.attached()
    this.news.tell('attached', [channel, rose])
  }

  /** Another client used the stream's id and numbered on: what we hold starts a stream of its own. */
  #startOver(channel: CarriedChannel, mark: number): void {
    const { stream, unitId } = channel
    const message = `Stream ${stream.streamId} of unit ${unitId} is durable up to ${mark}, but we only numbered up to ${stream.lastSeq}.`
    stream.startOver(newStreamId(this.#connection.device.newId))
    this.news.tell('renumbered', [channel])
    this.#connection.fault(new ClientFault('bad-server-data', message))
    this.#waiting.add(channel)
  }
}

function areAnswers(
  value: unknown,
  answer: 'number' | 'string',
): value is [channel: number, answer: number | string][] {
  return (
    Array.isArray(value) &&
    value.every(item => Array.isArray(item) && typeof item[0] === 'number' && typeof item[1] === answer)
  )
}
