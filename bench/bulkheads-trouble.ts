/** Somebody who makes trouble for an engine until the process is ended: the kinds of `bulkheads.ts`. */
import { Agent, request as httpRequest } from 'node:http'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeClient } from '../src/protocol/codec.ts'
import { LIMITS } from '../src/protocol/limits.ts'
import { tileAt } from '../src/protocol/tiles.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import { STAND } from './bystanders.ts'
import { unitIdOf } from './fleet.ts'
import { FrameSocket } from './frame-socket.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

export type Trouble =
  /** Consoles that look at the board and at all they may, read nothing and ask again every second. */
  | 'deafConsoles'
  /** One user, over four connections, as fast as the sockets take it. */
  | 'floodMessages'
  | 'floodBigFrames'
  /** One user with 64 requests at a time. */
  | 'floodHttp'
  /** A client that asks over HTTP for what is in tables, and strangers who sign in by password. */
  | 'askTables'
  /** Dispatchers who give commands in another region, and come back whenever they are sent away. */
  | 'otherRegion'

export type ToTrouble =
  | {
      readonly type: 'make'
      readonly trouble: Trouble
      readonly port: number
      readonly region: string
      readonly tokens: readonly string[]
    }
  | { readonly type: 'tell' }
export type FromTrouble =
  | { readonly type: 'begun' }
  /** What was sent, and how often a connection was begun. */
  | { readonly type: 'told'; readonly sent: number; readonly connections: number }

/** After the engine: they would be on machines of their own. */
const NICE = 10
const FLOOD_CONNECTIONS = 4
const FLOOD_UNSENT_BYTES = 1_000_000
const FLOOD_AT_ONCE = 50
const COME_BACK_MS = 200
const HTTP_AT_ONCE = 64
const PADDING = 'x'.repeat(8_000)
const PLACE = [Math.round(STAND.lonDeg * 1e7), Math.round(STAND.latDeg * 1e7)] as const

let sent = 0
let connections = 0

/** Signs in, and again and again whenever it is cut off. */
function visitor(
  { port, region, token }: { readonly port: number; readonly region: string; readonly token: string },
  welcomed: (socket: FrameSocket, isOpen: () => boolean) => void,
): void {
  const come = () => {
    let isOpen = true
    let isIn = false
    const hello: ClientMessage = ['hello', 'hello', token, region, 'dispatcher', null, Date.now(), []]
    const socket: FrameSocket = new FrameSocket(port, {
      onOpen: () => socket.send(bytesOf(hello)),
      onFrame: () => {
        if (isIn) return
        isIn = true
        connections += 1
        welcomed(socket, () => isOpen)
      },
      onEnd: () => {
        isOpen = false
        setTimeout(come, COME_BACK_MS)
      },
    })
  }
  come()
}

const bytesOf = (message: ClientMessage): Uint8Array => encodeClient(message, 'binary') as Uint8Array

async function flood(socket: FrameSocket, isOpen: () => boolean, payload: Uint8Array): Promise<void> {
  while (isOpen()) {
    for (let i = 0; i < FLOOD_AT_ONCE && socket.unsentBytes < FLOOD_UNSENT_BYTES; i++, sent++) socket.send(payload)
    await sleep(1)
  }
}

function deaf(port: number, token: string): void {
  const [zoom, x, y] = tileAt(12, STAND.lonDeg, STAND.latDeg).split('/').map(Number) as [number, number, number]
  const tiles = Array.from({ length: LIMITS.tilesPerWatch }, (_, i) => {
    return [`${zoom}/${x - 8 + (i % 16)}/${y - 8 + Math.floor(i / 16)}`, null, null] as const
  })
  let n = 0
  const ask = (socket: RawSocket) => {
    sent += 2
    socket.send(['watch-board', `board-${++n}`, null])
    socket.send(['watch-tiles', `tiles-${n}`, tiles])
  }
  const come = () => {
    let timer: NodeJS.Timeout | undefined
    const socket: RawSocket = new RawSocket(port, {
      onOpen: () => socket.send(['hello', 'hello', token, REGION, 'dispatcher', null, Date.now(), []]),
      onMessage: message => {
        if (message[0] !== 'welcome') return
        connections += 1
        ask(socket)
        socket.stopReading()
        timer = setInterval(() => ask(socket), 1_000)
      },
      onEnd: () => {
        clearInterval(timer)
        setTimeout(come, COME_BACK_MS)
      },
    })
  }
  come()
}

const agent = new Agent({ keepAlive: true, maxSockets: HTTP_AT_ONCE })

/** Resolves when it has been answered, however. */
function ask(port: number, path: string, token: string, body?: object): Promise<void> {
  sent += 1
  return new Promise(resolve => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }
    const method = body === undefined ? 'GET' : 'POST'
    const request = httpRequest({ agent, host: '127.0.0.1', port, method, path, headers }, response => {
      response.resume()
      response.on('close', resolve)
    })
    request.on('error', () => resolve())
    request.end(text)
  })
}

async function askAgain(port: number, path: string, token: string): Promise<void> {
  for (;;) {
    await ask(port, path, token)
    await sleep(1)
  }
}

/** Lists, and logins, at an even pace, whether they are answered or not. */
function askTables(port: number, token: string): void {
  const lists = ['trips', 'calls', 'units/states'].map(list => `/v1/${list}?region=${REGION}&limit=10`)
  let n = 0
  setInterval(() => {
    n += 1
    void ask(port, lists[n % lists.length]!, token)
    if (n % 4 === 0) void ask(port, '/v1/auth/login', token, { user: `nobody-${n}`, password: 'wrong-password' })
  }, 50)
}

function commands(socket: FrameSocket, isOpen: () => boolean): void {
  let n = 0
  const next = () => {
    if (!isOpen()) return
    sent += 1
    const isOut = n % 2 === 0
    const [status, reason] = isOut ? (['unavailable', 'refuel'] as const) : (['available', null] as const)
    const unitId = unitIdOf(Math.floor(n++ / 2))
    socket.send(bytesOf(['set-unit-status', `c-${sent}`, unitId, status, reason, Date.now()]))
    setTimeout(next, 50)
  }
  next()
}

function make(trouble: Trouble, port: number, region: string, tokens: readonly string[]): void {
  const token = tokens[0]!
  const floods = (payload: Uint8Array) => {
    for (let i = 0; i < FLOOD_CONNECTIONS; i++) {
      visitor({ port, region, token }, (socket, isOpen) => void flood(socket, isOpen, payload))
    }
  }
  const nearest = (...padding: string[]) =>
    bytesOf(['nearest', 'n', ...PLACE, LIMITS.nearestK, null, ...padding] as unknown as ClientMessage)
  if (trouble === 'deafConsoles') for (const each of tokens) deaf(port, each)
  else if (trouble === 'floodMessages') floods(nearest())
  else if (trouble === 'floodBigFrames') floods(nearest(...Array.from({ length: 7 }, () => PADDING)))
  else if (trouble === 'floodHttp') {
    for (let i = 0; i < HTTP_AT_ONCE; i++) void askAgain(port, `/v1/units?region=${region}&limit=500`, token)
  } else if (trouble === 'askTables') askTables(port, token)
  else for (const each of tokens) visitor({ port, region, token: each }, commands)
}

serveParent<ToTrouble>(message => {
  if (message.type === 'tell') return tellParent<FromTrouble>({ type: 'told', sent, connections })
  setPriority(NICE)
  const { trouble, port, region, tokens } = message
  make(trouble, port, region, tokens)
  tellParent<FromTrouble>({ type: 'begun' })
})
