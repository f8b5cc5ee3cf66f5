/**
 * The commands that wait for their answer: each keeps one id for life, so it may be sent any number of times.
 *
 * A command is *waiting* (for a connection), *sent* (on this connection), or *backing off* (after a retryable refusal).
 * A new connection sends all of them again in the order they were given; an answer, a final refusal or the end of the
 * client settles the promise, once.
 */
import { type Deferred, deferred } from '../base/deferred.ts'
import { ERRORS } from '../protocol/errors.ts'
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import { type ClientClosed, CommandRefused, type ServerRefusal } from './errors.ts'
import { type FullTimers, fullJitterMs } from './timing.ts'

export interface CommandOutcome<Result = Readonly<Record<string, unknown>>> {
  readonly id: string
  /** Log position of the command's record; pass it to a read to see its effect. */
  readonly position: number
  readonly result: Result
}

/** The connection went away under a request that is not worth repeating, or a newer one took its place. */
export class RequestLost extends Error {
  override readonly name = 'RequestLost'
}

interface Entry extends Deferred<CommandOutcome> {
  readonly id: string
  readonly build: () => ClientMessage
  readonly retry: boolean
  readonly resend: boolean
  /** Built when first sent, then the same for ever: the server compares bodies. */
  message: ClientMessage | null
  refusals: number
  /** Liveness ticks since it was sent on this connection. */
  ticks: number
  backoff: unknown
}

const BACKOFF_BASE_MS = 250
const BACKOFF_CAP_MS = 10_000
/** When the server says that what it refused would do now: a crowd of clients hears that in the same moment. */
const HURRY_SPREAD_MS = 1_000
/** `internal` is the server's mistake: one that comes back this often will not go away by asking. */
const INTERNAL_TRIES = 8
/** Answered commands that can still be repeated on purpose. */
const ANSWERED_KEPT = 256
const TICKS_MAX = 3

export class CommandQueue {
  readonly #timers: FullTimers
  readonly #random: () => number
  readonly #transmit: (message: ClientMessage) => void
  readonly #pending = new Map<string, Entry>()
  readonly #answered = new Map<string, ClientMessage>()
  #open = false

  constructor(timers: FullTimers, random: () => number, transmit: (message: ClientMessage) => void) {
    this.#timers = timers
    this.#random = random
    this.#transmit = transmit
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * Input: `build` makes the message when it is first sent; with `retry` a retryable refusal is tried again; without
   * `resend` a lost connection ends the request. Errors: rejects with CommandRefused, ClientClosed,
   * RequestLost, or what `build` or the encoder throws.
   */
  add(id: string, build: () => ClientMessage, how: { retry: boolean; resend: boolean }): Promise<CommandOutcome> {
    if (this.#pending.has(id)) return Promise.reject(new Error(`Command ${id} still waits for its answer.`))
    const settled = deferred<CommandOutcome>()
    const entry: Entry = { id, build, ...how, ...settled, message: null, refusals: 0, ticks: 0, backoff: null }
    this.#pending.set(id, entry)
    if (this.#open) this.#send(entry)
    return entry.promise
  }

  /** Sends a command once more under its id with the same body; the answer must be the first one's. */
  repeat(id: string): Promise<CommandOutcome> {
    const pending = this.#pending.get(id)
    if (pending !== undefined) {
      if (this.#open) this.#send(pending)
      return pending.promise
    }
    const message = this.#answered.get(id)
    if (message === undefined) return Promise.reject(new Error(`Command ${id} was not sent by this client lately.`))
    return this.add(id, () => message, { retry: true, resend: true })
  }

  /** A connection is open: everything unanswered goes out in the order it was given. */
  opened(): void {
    this.#open = true
    for (const entry of this.#pending.values()) this.#send(entry)
  }

  dropped(): void {
    this.#open = false
    for (const entry of this.#pending.values()) {
      if (entry.resend) this.#stopBackoff(entry)
      else this.#settle(entry).reject(new RequestLost('The connection was lost before the answer came.'))
    }
  }

  answered(id: string, position: number, result: CommandOutcome['result']): void {
    const entry = this.#pending.get(id)
    // A command sent twice is answered twice.
    if (entry !== undefined) this.#settle(entry).resolve({ id, position, result })
  }

  refused(id: string, refusal: ServerRefusal): void {
    const entry = this.#pending.get(id)
    if (entry === undefined) return
    entry.refusals += 1
    const final = refusal.code === 'internal' && entry.refusals >= INTERNAL_TRIES
    if (!entry.retry || !isRetryable(refusal.code) || final) {
      this.#settle(entry).reject(new CommandRefused(id, refusal))
      return
    }
    this.#stopBackoff(entry)
    const jitterMs = fullJitterMs(entry.refusals - 1, BACKOFF_BASE_MS, BACKOFF_CAP_MS, this.#random)
    const pauseMs = retryAfterMs(refusal) * (1 + this.#random() / 2)
    entry.backoff = this.#timers.setTimeout(() => this.#send(entry), pauseMs + jitterMs)
  }

  /** It is not sent again, and its answer is nobody's any more. */
  withdraw(id: string): void {
    const entry = this.#pending.get(id)
    if (entry !== undefined) this.#settle(entry).reject(new RequestLost('A newer request took its place.'))
  }

  /** The reason for which commands were refused is gone: those that wait to be tried again need wait no longer. */
  hurry(): void {
    for (const entry of this.#pending.values()) {
      if (entry.backoff === null) continue
      this.#stopBackoff(entry)
      entry.refusals = 0
      entry.backoff = this.#timers.setTimeout(() => this.#send(entry), this.#random() * HURRY_SPREAD_MS)
    }
  }

  /** Output: true when a command has waited three ticks for its answer, which says that the connection is no good. */
  tick(): boolean {
    let overdue = false
    for (const entry of this.#pending.values()) {
      if (entry.backoff !== null) continue
      entry.ticks += 1
      if (entry.ticks >= TICKS_MAX) overdue = true
    }
    return overdue
  }

  close(error: ClientClosed): void {
    this.#open = false
    for (const entry of this.#pending.values()) {
      // Closing is no accident: a command whose outcome nobody waits for must not end the process.
      entry.promise.catch(() => {})
      this.#settle(entry).reject(error)
    }
  }

  #send(entry: Entry): void {
    this.#stopBackoff(entry)
    entry.ticks = 0
    try {
      entry.message ??= entry.build()
      this.#transmit(entry.message)
    } catch (error) {
      // It could never be sent, on this connection or the next, and must not hold up the others.
      this.#settle(entry).reject(error)
    }
  }

  #settle(entry: Entry): Entry {
    this.#stopBackoff(entry)
    this.#pending.delete(entry.id)
    if (entry.message !== null && entry.resend) this.#keepAnswered(entry.id, entry.message)
    return entry
  }

  #keepAnswered(id: string, message: ClientMessage): void {
    this.#answered.delete(id)
    this.#answered.set(id, message)
    if (this.#answered.size <= ANSWERED_KEPT) return
    const [oldest] = this.#answered.keys()
    this.#answered.delete(oldest!)
  }

  #stopBackoff(entry: Entry): void {
    if (entry.backoff !== null) this.#timers.clearTimeout(entry.backoff)
    entry.backoff = null
  }
}

/** True when the same message may succeed later: the server is busy, starting, or made a mistake. */
export function isRetryable(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as keyof typeof ERRORS].retryable
}

/** How long the server asks to be left alone; 0 when it does not say. */
export function retryAfterMs(refusal: ServerRefusal): number {
  const asked = refusal.details?.retryAfterMs
  return typeof asked === 'number' && asked > 0 ? Math.min(asked, 60_000) : 0
}
