/** The part of a WebSocket that the client uses, and where to find one: given, the platform's own, or `ws` in Node. */
import type { WireFormat } from '../protocol/codec.ts'
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../protocol/wire/message-types.ts'

export interface ClientSocket {
  readonly readyState: number
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: { readonly message?: unknown }) => void) | null
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  /** `ws` only. */
  ping?(): void
  terminate?(): void
  on?(event: 'ping' | 'pong', listener: () => void): unknown
}

export type ClientSocketClass = new (url: string, protocols: string) => ClientSocket

export const SOCKET_OPEN = 1

/** Errors: rejects when the platform has no WebSocket and `ws` is not installed. */
export async function findSocketClass(): Promise<ClientSocketClass> {
  if ('WebSocket' in globalThis) return globalThis.WebSocket as unknown as ClientSocketClass
  const { WebSocket } = await import('ws')
  return WebSocket as unknown as ClientSocketClass
}

/** Where sockets are opened. Errors: throws TypeError for what is no URL. */
export function socketUrl(url: string): string {
  const parsed = new URL(url)
  if (parsed.pathname === '/') parsed.pathname = '/v1/ws'
  return parsed.href
}

/** Errors: throws what the platform throws when no socket can be made. */
export function openSocket(socketClass: ClientSocketClass, url: string, format: WireFormat): ClientSocket {
  return new socketClass(url, format === 'json' ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY)
}

/** Lets go of a socket: nothing of it is heard any more. `abruptly` where the peer may not answer a closing handshake. */
export function abandon(socket: ClientSocket, abruptly: boolean): void {
  socket.onopen = null
  socket.onmessage = null
  socket.onclose = null
  // `ws` reports closing before it is connected as an error event, and one that nobody hears ends the process.
  socket.onerror = () => {}
  try {
    if (abruptly && socket.terminate !== undefined) socket.terminate()
    else socket.close(1000)
  } catch {
    // A socket that cannot even be closed is gone already.
  }
}
