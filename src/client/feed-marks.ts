/**
 * Who waits for which of a feed's fixes to be durable, and the asking for their marks.
 *
 * Marks come by themselves, though up to 30 s late; a few are asked for one by one, and those of many in one message.
 */
import { type Deferred, deferred } from '../base/deferred.ts'
import type { EngineConnection } from './connection.ts'
import type { ClientClosed } from './errors.ts'
import type { CarriedChannel } from './feed-channel.ts'

interface Waiter extends Deferred<void> {
  /** What is not durable yet of what is waited for. */
  readonly seqs: Map<CarriedChannel, number>
}

const ASK_EVERY_MS = 1_000
/** Beyond so many the marks of all are asked for in one message, which counts as ten. */
const ASKED_ONE_BY_ONE = 10
/** When nothing could be asked for yet because its fixes have not been sent. */
const LOOK_AGAIN_MS = 100

export class FeedMarks {
  readonly #connection: EngineConnection
  #waiters: Waiter[] = []
  #timer: unknown = null
  #open = false
  #end: ClientClosed | null = null

  constructor(connection: EngineConnection) {
    this.#connection = connection
  }

  wait(channels: Iterable<CarriedChannel>): Promise<void> {
    const seqs = new Map<CarriedChannel, number>()
    for (const channel of channels) if (channel.stream.notDurable > 0) seqs.set(channel, channel.stream.lastSeq)
    if (seqs.size === 0) return Promise.resolve()
    if (this.#end !== null) return Promise.reject(this.#end)
    const waiter = { seqs, ...deferred<void>() }
    this.#waiters.push(waiter)
    this.#ask()
    return waiter.promise
  }

  rose(channel: CarriedChannel): void {
    if (this.#waiters.length === 0) return
    for (const { seqs, resolve } of this.#waiters) {
      const seq = seqs.get(channel)
      if (seq === undefined || seq > channel.stream.durableSeq) continue
      seqs.delete(channel)
      if (seqs.size === 0) resolve()
    }
    this.#waiters = this.#waiters.filter(({ seqs }) => seqs.size > 0)
  }

  /** The fixes of the unit have new numbers, of another stream. */
  renumbered(channel: CarriedChannel): void {
    for (const { seqs } of this.#waiters) if (seqs.has(channel)) seqs.set(channel, channel.stream.lastSeq)
  }

  /** The unit's fixes will not become durable here. */
  lost(channel: CarriedChannel, error: Error): void {
    this.#reject(
      this.#waiters.filter(({ seqs }) => seqs.has(channel)),
      error,
    )
    this.#waiters = this.#waiters.filter(({ seqs }) => !seqs.has(channel))
  }

  connectionOpened(): void {
    this.#open = true
    this.#ask()
  }

  connectionLost(): void {
    this.#open = false
    this.#connection.device.timers.clearTimeout(this.#timer)
    this.#timer = null
  }

  close(end: ClientClosed): void {
    this.#end = end
    this.#reject(this.#waiters, end)
    this.#waiters = []
  }

  #reject(waiters: readonly Waiter[], error: Error): void {
    for (const { promise, reject } of waiters) {
      // The owner hears of it anyway: who does not look at a mark must not be ended by its failing.
      promise.catch(() => {})
      reject(error)
    }
  }

  #ask(): void {
    if (this.#timer !== null || this.#waiters.length === 0 || !this.#open) return
    const asked = new Set<number>()
    for (const { seqs } of this.#waiters) {
      for (const [channel, seq] of seqs) {
        if (channel.isAttached && channel.stream.cursor > seq) asked.add(channel.channel)
      }
    }
    if (asked.size > ASKED_ONE_BY_ONE) this.#connection.send(['mark', null])
    else for (const channel of asked) this.#connection.send(['mark', channel])
    const again = () => {
      this.#timer = null
      this.#ask()
    }
    this.#timer = this.#connection.device.timers.setTimeout(again, asked.size > 0 ? ASK_EVERY_MS : LOOK_AGAIN_MS)
  }
}
