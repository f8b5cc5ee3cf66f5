/** A client that does its worst: the scenes of `costs.ts`, and the process that plays one. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../src/domain/roles.ts'
import type { ClientMessage, ServerMessage } from '../src/protocol/wire.ts'
import { unitIdOf } from './fleet.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

/** A little more than the rate: what is refused is sent again as the next one. */
const SENDS_PER_S = 45
export const CONNECTIONS = 2
export const PLACE = [1_747_600_000, -368_500_000] as const

export interface WorstPlan {
  readonly port: number
  readonly token: string
  readonly units: number
  readonly scene: string
  readonly seconds: number
}

/** How many messages got an answer other than a refusal, and the bytes of one as JSON. */
export interface Sent {
  readonly taken: number
  readonly bytes: number
}

interface Scene {
  readonly name: string
  readonly role: Role
  /** One message; `n` counts them. */
  readonly message: (n: number) => ClientMessage
  /** As how many messages of its class it counts. */
  readonly charge: number
  readonly unit?: string
}

const needs = Array.from({ length: 8 }, (_, need) => ({
  levelOfCare: 'als' as const,
  capabilities: Array.from({ length: 8 }, (_, i) => `nobody-has-${need}-${i}`),
}))
const details = { callerName: 'x'.repeat(120), phone: null, address: null, notes: 'x'.repeat(2_000) }

export const scenesOf = (units: number): readonly Scene[] => [
  {
    name: 'watchBoard',
    role: 'dispatcher',
    message: n => ['watch-board', `q${n}`, null],
    charge: 1 + Math.floor(units / 1_000),
  },
  {
    name: 'nearest100',
    role: 'dispatcher',
    message: n => ['nearest', `q${n}`, PLACE[0], PLACE[1], 100, null],
    charge: 1,
  },
  {
    name: 'watchTiles256',
    role: 'dispatcher',
    message: n => [
      'watch-tiles',
      `q${n}`,
      Array.from({ length: 256 }, (_, i) => [`12/${(n * 256 + i) % 4_096}/${n % 4_096}`, null, null] as const),
    ],
    charge: 16,
  },
  {
    name: 'watchUnit',
    role: 'dispatcher',
    message: n => ['watch-unit', `q${n}`, unitIdOf(n % Math.min(32, units))],
    charge: 1,
  },
  {
    name: 'enterCall8Needs',
    role: 'supervisor',
    message: n => ['enter-call', `w${n}`, { lonE7: PLACE[0], latE7: PLACE[1], priority: 3, needs, details }],
    charge: 12,
  },
  {
    name: 'setStatus',
    role: 'driver',
    unit: unitIdOf(0),
    message: n =>
      n === 0
        ? ['sign-on', 'on', Date.now()]
        : ['set-status', `s${n}`, n % 2 === 1 ? 'unavailable' : 'available', n % 2 === 1 ? 'refuel' : null, Date.now()],
    charge: 1,
  },
  {
    name: 'attach1000WithHoles',
    role: 'feed',
    message: n => [
      'attach',
      `q${n}`,
      Array.from(
        { length: Math.min(1_000, units) },
        (_, i) => [i, unitIdOf(i), 'bench', 'gnss', 10 * (n + 1)] as const,
      ),
    ],
    charge: 10,
  },
  {
    name: 'detach1000',
    role: 'feed',
    message: n => ['detach', `q${n}`, Array.from({ length: 1_000 }, (_, i) => i)],
    charge: 10,
  },
]

/** Sends the scene's message for so long. */
async function worst({ port, token, units, scene: name, seconds }: WorstPlan): Promise<Sent> {
  const scene = scenesOf(units).find(each => each.name === name)!
  let taken = 0
  let n = 0
  const untilMs = performance.now() + seconds * 1_000
  const connections = scene.unit === undefined ? CONNECTIONS : 1
  const opened = Array.from({ length: connections }, async () => {
    const socket = await signedIn(port, token, scene.role, scene.unit ?? null, message => {
      if (message[0] === 'reply') taken++
    })
    for (let atMs = performance.now(); atMs < untilMs; atMs += 1_000 / SENDS_PER_S) {
      await sleep(Math.max(0, atMs - performance.now()))
      socket.send(scene.message(n++))
    }
    socket.cut()
  })
  await Promise.all(opened)
  return { taken, bytes: JSON.stringify(scene.message(1)).length }
}

export function signedIn(
  port: number,
  token: string,
  role: Role,
  unitId: string | null,
  hears: (message: ServerMessage) => void,
): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const socket: RawSocket = new RawSocket(port, {
      onOpen: () => socket.send(['hello', 'hello', token, REGION, role, unitId, Date.now(), []]),
      onMessage: message => {
        if (message[0] === 'welcome') resolve(socket)
        else hears(message)
      },
      onEnd: why => reject(new Error(`The ${role} was cut off: ${why}`)),
    })
  })
}

if (process.send !== undefined) process.once('message', async plan => process.send!(await worst(plan as WorstPlan)))
