/** The server of `raw-echo.ts`. */
import { loadUws } from '../src/gateway/transport/uws.ts'
import { SUBPROTOCOL_BINARY } from '../src/protocol/wire/message-types.ts'
import { serveParent, tellParent } from './load-child.ts'

export type ToEcho = { readonly type: 'listen' } | { readonly type: 'measure' } | { readonly type: 'tell' }
export type FromEcho =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'measuring' }
  | { readonly type: 'told'; readonly cpuUs: number; readonly frames: number }

let frames = 0
let cpu = process.cpuUsage()

const tell = tellParent<FromEcho>

function listen(): void {
  const uws = loadUws()
  uws
    .App()
    .ws('/*', {
      upgrade: (response, request, context) =>
        response.upgrade(
          {},
          request.getHeader('sec-websocket-key'),
          SUBPROTOCOL_BINARY,
          request.getHeader('sec-websocket-extensions'),
          context,
        ),
      message: (socket, message) => {
        frames += 1
        socket.send(message, true)
      },
    })
    .listen('127.0.0.1', 0, socket => tell({ type: 'listening', port: uws.us_socket_local_port(socket as never) }))
}

serveParent<ToEcho>(({ type }) => {
  if (type === 'listen') return listen()
  if (type === 'measure') {
    frames = 0
    cpu = process.cpuUsage()
    return tell({ type: 'measuring' })
  }
  const { user, system } = process.cpuUsage(cpu)
  tell({ type: 'told', cpuUs: user + system, frames })
})
