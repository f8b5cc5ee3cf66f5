/** The consoles of the fan-out bench, in a process of their own: they read and count frames, and do nothing else. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { serveParent, tellParent } from './load-child.ts'

export type ToReaders =
  | { readonly type: 'connect'; readonly port: number; readonly consoles: number }
  | { readonly type: 'count' }
export type FromReaders = { readonly type: 'connected' } | { readonly type: 'counted'; readonly frames: number }

/** Nothing has come for so long: what was sent has arrived. */
const QUIET_MS = 300

let frames = 0

serveParent<ToReaders>(async message => {
  if (message.type === 'connect') {
    for (let i = 0; i < message.consoles; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${message.port}`, { perMessageDeflate: false })
      socket.on('message', () => {
        frames += 1
      })
      await once(socket, 'open')
    }
    return tellParent<FromReaders>({ type: 'connected' })
  }
  for (let before = -1; before !== frames; await sleep(QUIET_MS)) before = frames
  tellParent<FromReaders>({ type: 'counted', frames })
})
