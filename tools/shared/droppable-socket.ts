/** A WebSocket that can be cut from outside, as a tunnel cuts a vehicle's connection. */
import { WebSocket } from 'ws'
import type { ClientSocketClass } from '../../src/client/index.ts'

export interface DroppableSocket {
  readonly socketClass: ClientSocketClass
  /** Cuts the connection that is open now, without a word to the other side. */
  drop(): void
}

export function droppableSocket(): DroppableSocket {
  let current: WebSocket | null = null
  class Droppable extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols)
      current = this
    }
  }
  return {
    socketClass: Droppable as unknown as ClientSocketClass,
    drop: () => current?.terminate(),
  }
}
