/**
 * Goldenhour's client library, for browsers and Node: `connect` gives a driver's or a dispatcher's client that keeps its
 * connection up, repeats unanswered commands under their ids, and keeps fixes until they are durable.
 */
import { DispatcherClient, type DispatcherOptions } from './dispatcher-client.ts'
import { DriverClient, type DriverOptions } from './driver-client.ts'

/**
 * Starts a client; attach its handlers before the current turn ends, and `await client.opened()` if you must know.
 *
 * ```ts
 * const driver = connect({ url: 'ws://localhost:9001', token, region: 'akl', role: 'driver', unitId: 'A12' })
 * driver.onOffer(offer => driver.acceptOffer(offer.offerId))
 * await driver.signOn()
 * driver.report({ lonDeg: 174.76, latDeg: -36.85 })
 * ```
 *
 * Errors: throws TypeError when `url` is none. All later trouble is told by `onFault`, the end by `onClosed`.
 */
export function connect(options: DriverOptions): DriverClient
export function connect(options: DispatcherOptions): DispatcherClient
export function connect(options: DriverOptions | DispatcherOptions): DriverClient | DispatcherClient {
  return options.role === 'driver' ? new DriverClient(options) : new DispatcherClient(options)
}

export type { BoardEvents, BoardHandler, BoardSnapshot } from './board-feed.ts'
export type { CommandOutcome } from './command-queue.ts'
export type { CommandOptions, ConnectionOptions, ConnectionState } from './connection.ts'
export type { DispatcherClient, DispatcherOptions, EnteredCall, NewCall } from './dispatcher-client.ts'
export type { DriverClient, DriverOptions, MomentOptions } from './driver-client.ts'
export { ClientClosed, ClientFault, type CloseReason, CommandRefused, type ServerRefusal } from './errors.ts'
export type { ReportedFix } from './fix-sender.ts'
export type { ClientSocket, ClientSocketClass } from './socket.ts'
export type { Timers } from './timing.ts'
