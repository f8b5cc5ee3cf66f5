/**
 * The modes of a connection, each with all that it has and nothing that another one has.
 *
 * *preparing*: a token is fetched. *dialling*: a socket is opened; to owners both are `connecting`. *greeting*: `hello` is
 * sent, `welcome` awaited. *open*: messages flow. *waiting*: the connection was lost; after a pause (none for region time
 * alone) preparing again. *closed*: the end, by `close()`, by a newer sign-in of the unit, or because the server does not
 * take the hello and a fresh token did not help.
 */
import type { Greeting } from './connection-news.ts'
import type { ClientClosed } from './errors.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Line } from './line.ts'
import type { FullTimers } from './timing.ts'

/** The deadline is that of the whole attempt, from here to `open`. */
export interface Preparing {
  readonly is: 'preparing'
  readonly deadline: unknown
}
interface Dialling {
  readonly is: 'dialling'
  readonly deadline: unknown
  readonly line: Line
}
export interface Greeted {
  readonly is: 'greeting'
  readonly deadline: unknown
  readonly line: Line
  readonly greeting: Greeting
}
export interface Open {
  readonly is: 'open'
  readonly line: Line
  readonly heartbeat: Heartbeat
  /** The server reads no larger frame. */
  readonly frameBytesMax: number
}
interface Waiting {
  readonly is: 'waiting'
  /** Of the next attempt; the first one needs none. */
  readonly timer: unknown
}
interface Closed {
  readonly is: 'closed'
  readonly end: ClientClosed
}
export type Mode = Preparing | Dialling | Greeted | Open | Waiting | Closed

export type ConnectionState = 'connecting' | 'greeting' | 'open' | 'waiting' | 'closed'

export const stateOf = ({ is }: Mode): ConnectionState => (is === 'preparing' || is === 'dialling' ? 'connecting' : is)

/** Lets go of all that the mode has. `abruptly` where the other side may not answer a closing handshake. */
export function leaveMode(mode: Mode, timers: FullTimers, abruptly: boolean): void {
  if (mode.is === 'waiting') timers.clearTimeout(mode.timer)
  if ('deadline' in mode) timers.clearTimeout(mode.deadline)
  if ('heartbeat' in mode) mode.heartbeat.stop()
  if ('line' in mode) mode.line.leave(abruptly)
}
