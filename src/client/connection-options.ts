/** What the owner of a client may choose: of its connection, by what each part of it needs, and of each command. */
import type { WireFormat } from '../protocol/codec.ts'
import type { TokenSource } from './credentials.ts'
import type { ClientSocketClass } from './socket.ts'
import type { Timers } from './timing.ts'

/** Where to sign in, and by what. */
export interface TargetOptions {
  /** `ws://host:port` or `wss://…`; the path defaults to `/v1/ws`. */
  readonly url: string
  /**
   * Shown by the first connection; later ones show the ticket that the server gave them instead, and this again when the
   * ticket is no longer taken. `signIn` gives a function that keeps a token fresh.
   */
  readonly token: TokenSource
  readonly region: string
}

/** How frames travel. */
export interface TransportOptions {
  /** Default `binary`. */
  readonly format?: WireFormat
  /** Default: the platform's WebSocket, else the package `ws`. */
  readonly webSocket?: ClientSocketClass
}

/** How long the server is waited for. */
export interface PatienceOptions {
  /** From the start of an attempt to `welcome`, in wall milliseconds. Default 20,000. */
  readonly connectTimeoutMs?: number
  /**
   * Wall milliseconds between liveness checks, default 15,000. A connection that was silent for one interval is probed;
   * after a second silent one, or when a command has waited three for its answer, it is replaced.
   */
  readonly heartbeatMs?: number
}

/** What the client takes from the program and the device that it runs in. */
export interface DeviceOptions {
  /** 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number
  readonly timers?: Timers
  /** Makes ids of commands and streams, `[A-Za-z0-9_-]{1,32}`. Default: 21 random characters. */
  readonly newId?: () => string
  /**
   * Hears once of a first connection that fails while nobody listens by `onFault`, or of an end that nobody hears of by
   * `onClosed` or a command. Default `console.warn`.
   */
  readonly warn?: (message: string) => void
}

export type ConnectionOptions = TargetOptions & TransportOptions & PatienceOptions & DeviceOptions

export interface CommandOptions {
  /** 1 to 64 of `[A-Za-z0-9_-]`; made up when left out. */
  readonly id?: string
  /** False: a retryable refusal (`unavailable`, `overloaded`, `rate-limited`, …) rejects like any other. Default true. */
  readonly retry?: boolean
}

/** Options of a command that tells of a moment. */
export interface MomentOptions extends CommandOptions {
  /** Region time at which the crew pressed the button, or said it. Default: now. */
  readonly happenedAtMs?: number
}
