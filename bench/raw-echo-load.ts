/** The clients of `raw-echo.ts`: sockets that send in turn, evenly over the time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FrameSocket } from './frame-socket.ts'
import { serveParent, tellParent } from './load-child.ts'

export type ToEchoLoad =
  | { readonly type: 'connect'; readonly port: number; readonly sockets: number }
  | { readonly type: 'run'; readonly framesPerS: number; readonly bytes: number; readonly seconds: number }
export type FromEchoLoad = { readonly type: 'connected' } | { readonly type: 'ran' }

const CONNECTING_AT_ONCE = 64
const sockets: FrameSocket[] = []

function open(port: number): Promise<FrameSocket> {
  return new Promise((resolve, reject) => {
    const socket: FrameSocket = new FrameSocket(port, {
      onOpen: () => resolve(socket),
      onFrame: () => {},
      onEnd: why => reject(new Error(`A socket of the echo was cut off: ${why}`)),
    })
  })
}

async function connect(port: number, count: number): Promise<void> {
  while (sockets.length < count) {
    const more = Math.min(CONNECTING_AT_ONCE, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: more }, () => open(port)))))
  }
}

async function run(framesPerS: number, bytes: number, seconds: number): Promise<void> {
  const payload = new Uint8Array(bytes)
  const startedMs = performance.now()
  for (let sent = 0; sent < framesPerS * seconds; await sleep(1)) {
    const due = Math.min(framesPerS * seconds, Math.floor(((performance.now() - startedMs) / 1_000) * framesPerS))
    for (; sent < due; sent++) sockets[sent % sockets.length]!.send(payload)
  }
}

serveParent<ToEchoLoad>(async message => {
  if (message.type === 'connect') {
    await connect(message.port, message.sockets)
    tellParent<FromEchoLoad>({ type: 'connected' })
  } else {
    await run(message.framesPerS, message.bytes, message.seconds)
    tellParent<FromEchoLoad>({ type: 'ran' })
  }
})
