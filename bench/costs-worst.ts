/** A client that does its worst, in a process of its own: it plays one of the scenes of `costs-scenes.ts`. */
import { request as httpRequest } from 'node:http'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../src/domain/roles.ts'
import { RateLimiter, Usage } from '../src/gateway/limits/rate-limiter.ts'
import { DEFAULT_LIMITS } from '../src/protocol/limits.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { type HttpRequest, type Scene, scenesOf } from './costs-scenes.ts'
import { FrameSocket } from './frame-socket.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

export const CONNECTIONS = 2
/** A connection looks so often whether it may send; so a burst is spread over seconds, as by a program that is no benchmark. */
const LOOKS_PER_S = 45
/** A stranger has no rate that it could keep to: twice what its address may ask for, and as many sockets as it may open. */
const STRANGER_PER_S = 400
const SOCKETS_PER_S = 2_000
const SOCKETS_AT_ONCE = 20
const HTTP_AT_ONCE = 64
/** A bench beside other work may find the store stalled, and its hello refused for that. */
const SIGN_IN_TRIES = 20

export interface WorstPlan {
  readonly port: number
  /** For a stranger: one of somebody else. */
  readonly token: string
  readonly units: number
  readonly scene: string
  readonly seconds: number
}

/** How many messages got an answer other than a refusal, how many were refused, and the bytes of one as JSON. */
export interface Sent {
  readonly taken: number
  readonly refused: number
  readonly bytes: number
}

/** After the engine: it would be on a machine of its own. */
const NICE = 10

async function worst(plan: WorstPlan): Promise<Sent> {
  setPriority(NICE)
  const scene = scenesOf(plan.units).find(each => each.name === plan.scene)!
  if (scene.by === 'session') return bySession(plan, scene)
  if (scene.by === 'silent-socket') return bySilentSocket(plan)
  return byHttp(plan, scene)
}

async function bySession(plan: WorstPlan, scene: Scene & { by: 'session' }): Promise<Sent> {
  const { port, token, seconds } = plan
  // The engine's own: what is refused only costs its answer, and too much of that ends the connection.
  const limiter = new RateLimiter(DEFAULT_LIMITS, () => performance.now())
  const principal = new Usage()
  let taken = 0
  let refused = 0
  let n = 0
  const connections = scene.unit === undefined ? CONNECTIONS : 1
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      signedIn(port, token, scene.role!, scene.unit ?? null, message => {
        if (message[0] === 'reply') taken++
        else if (message[0] === 'error') refused++
      }),
    ),
  )
  const untilMs = performance.now() + seconds * 1_000
  const played = sockets.map(async socket => {
    const own = new Usage()
    for (let atMs = performance.now(); atMs < untilMs; atMs += 1_000 / LOOKS_PER_S) {
      await sleep(Math.max(0, atMs - performance.now()))
      if (limiter.take(own, principal, scene.rateClass!, scene.charge) === 0) socket.send(scene.message(n++))
    }
  })
  await Promise.all(played)
  for (const socket of sockets) socket.cut()
  return { taken, refused, bytes: JSON.stringify(scene.message(1)).length }
}

async function byHttp(plan: WorstPlan, scene: Scene & { by: 'http' | 'stranger' }): Promise<Sent> {
  const { port, token, seconds } = plan
  const limiter = new RateLimiter(DEFAULT_LIMITS, () => performance.now())
  const principal = new Usage()
  let taken = 0
  let refused = 0
  let n = 0
  let atOnce = 0
  const perS = scene.by === 'stranger' ? STRANGER_PER_S : CONNECTIONS * LOOKS_PER_S
  const untilMs = performance.now() + seconds * 1_000
  for (let atMs = performance.now(); atMs < untilMs; atMs += 1_000 / perS) {
    await sleep(Math.max(0, atMs - performance.now()))
    if (atOnce >= HTTP_AT_ONCE) continue
    if (scene.rateClass !== null && limiter.takeRequest(principal, scene.rateClass, scene.charge) > 0) continue
    atOnce += 1
    const credential = scene.by === 'stranger' ? forged(token, n) : token
    void ask(port, scene.request(n++), credential).then(status => {
      atOnce -= 1
      // What a stranger's request is taken for is to be looked at and refused.
      if (status < 400 || (scene.by === 'stranger' && status === 401)) taken++
      else refused++
    })
  }
  return { taken, refused, bytes: JSON.stringify(scene.request(1)).length }
}

/** Opens sockets and says nothing over them. */
async function bySilentSocket({ port, seconds }: WorstPlan): Promise<Sent> {
  let taken = 0
  let refused = 0
  const open = new Set<FrameSocket>()
  const untilMs = performance.now() + seconds * 1_000
  let toOpen = 0
  for (let atMs = performance.now(); performance.now() < untilMs; ) {
    if (toOpen === 0) {
      await sleep(1)
      const nowMs = performance.now()
      // What a busy machine has kept it from opening is not made up for.
      toOpen = Math.min(SOCKETS_AT_ONCE, Math.floor(((nowMs - atMs) * SOCKETS_PER_S) / 1_000))
      if (toOpen > 0) atMs = nowMs
      continue
    }
    toOpen -= 1
    const socket = new FrameSocket(port, {
      onOpen: () => {
        taken++
        open.add(socket)
      },
      onFrame: () => undefined,
      onEnd: () => {
        if (!open.delete(socket)) refused++
      },
    })
  }
  for (const socket of open) socket.cut()
  return { taken, refused, bytes: 0 }
}

/** The same token with another end, which is that of its signature. */
const forged = (token: string, n: number): string => `${token.slice(0, -8)}${String(n).padStart(7, '0')}A`

/** Output: the status; 0 when the connection ended without one. */
function ask(port: number, { method, path, body }: HttpRequest, token: string): Promise<number> {
  return new Promise(resolve => {
    const sent = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(sent),
      'idempotency-key': `key-${Math.random().toString(36).slice(2)}`,
    }
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers }, response => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
      response.on('error', () => resolve(0))
    })
    request.on('error', () => resolve(0))
    request.end(sent)
  })
}

export async function signedIn(
  port: number,
  token: string,
  role: Role,
  unitId: string | null,
  hears: (message: ServerMessage) => void,
): Promise<RawSocket> {
  for (let tries = 1; ; tries++) {
    try {
      return await signIn(port, token, role, unitId, hears)
    } catch (error) {
      if (tries === SIGN_IN_TRIES) throw error
      await sleep(500)
    }
  }
}

function signIn(
  port: number,
  token: string,
  role: Role,
  unitId: string | null,
  hears: (message: ServerMessage) => void,
): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    let isIn = false
    const socket: RawSocket = new RawSocket(port, {
      onOpen: () => socket.send(['hello', 'hello', token, REGION, role, unitId, Date.now(), []]),
      onMessage: message => {
        if (message[0] !== 'welcome') return hears(message)
        isIn = true
        resolve(socket)
      },
      onEnd: why => {
        if (isIn) throw new Error(`The ${role} was cut off: ${why}`)
        reject(new Error(`The ${role} was not let in: ${why}`))
      },
    })
  })
}

if (process.send !== undefined) process.once('message', async plan => process.send!(await worst(plan as WorstPlan)))
