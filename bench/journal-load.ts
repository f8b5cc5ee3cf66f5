/**
 * Dispatchers who give commands as fast as they are answered, in a process of their own: so many are in flight at any moment,
 * and each answer is followed by the next command.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { build, type Histogram } from 'hdr-histogram-js'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { unitIdOf } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'

export type ToJournalLoad =
  | {
      readonly type: 'sign-in'
      readonly port: number
      readonly region: string
      readonly tokens: readonly string[]
      readonly units: number
    }
  | { readonly type: 'run'; readonly inFlight: number; readonly seconds: number }
  /** So many a second by a schedule, whether they are answered or not. */
  | { readonly type: 'pace'; readonly perS: number; readonly seconds: number }

/** Of the measured time. */
export interface JournalReport {
  readonly commands: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refusals: Readonly<Record<string, number>>
  readonly refusedCount: number
  readonly refusedP50Ms: number
  readonly refusedP99Ms: number
  /** Refusals that did not say when to come again. */
  readonly withoutRetry: number
}
export type FromJournalLoad = { readonly type: 'ready' } | { readonly type: 'ran'; readonly report: JournalReport }

let sockets: RawSocket[] = []
let units = 0
let given = 0
let left = 0
let isOver = true
let delays: Histogram = build({ numberOfSignificantValueDigits: 3 })
let refusedDelays: Histogram = build({ numberOfSignificantValueDigits: 3 })
let withoutRetry = 0
let refusals: Record<string, number> = {}
const sentAtMs = new Map<string, number>()

async function signIn(port: number, region: string, tokens: readonly string[]): Promise<void> {
  sockets = await Promise.all(
    tokens.map(
      token =>
        new Promise<RawSocket>((resolve, reject) => {
          const socket: RawSocket = new RawSocket(port, {
            onOpen: () => socket.send(['hello', 'hello', token, region, 'dispatcher', null, Date.now(), []]),
            onMessage: message => (message[0] === 'welcome' ? resolve(socket) : hears(socket, message)),
            onEnd: why => reject(new Error(`A dispatcher was cut off: ${why}`)),
          })
        }),
    ),
  )
}

/** A unit goes out of service or comes back: one event, one outcome, and the desk looks whether anything waits for it. */
function command(socket: RawSocket): void {
  const n = given++
  const id = `c-${n.toString(36)}`
  const isBack = Math.floor(n / units) % 2 === 0
  const message: ClientMessage = [
    'set-unit-status',
    id,
    unitIdOf(n % units),
    isBack ? 'available' : 'unavailable',
    isBack ? null : 'refuel',
    Date.now(),
  ]
  sentAtMs.set(id, performance.now())
  socket.send(message)
}

function hears(socket: RawSocket, message: ServerMessage): void {
  if (message[0] !== 'reply' && message[0] !== 'error') return
  const [type, id] = message
  const since = id === null ? undefined : sentAtMs.get(id)
  if (since === undefined) return
  sentAtMs.delete(id!)
  const tookUs = Math.max(1, Math.round((performance.now() - since) * 1_000))
  if (type === 'reply') delays.recordValue(tookUs)
  else {
    refusedDelays.recordValue(tookUs)
    refusals[message[2]] = (refusals[message[2]] ?? 0) + 1
    if (typeof message[4]?.retryAfterMs !== 'number') withoutRetry += 1
  }
  if (isOver) left -= 1
  else command(socket)
}

function measureAnew(): void {
  delays = build({ numberOfSignificantValueDigits: 3 })
  refusedDelays = build({ numberOfSignificantValueDigits: 3 })
  refusals = {}
  withoutRetry = 0
}

const measured = (): JournalReport => ({
  commands: delays.totalCount,
  p50Ms: delays.getValueAtPercentile(50) / 1_000,
  p99Ms: delays.getValueAtPercentile(99) / 1_000,
  refusals,
  refusedCount: refusedDelays.totalCount,
  refusedP50Ms: refusedDelays.getValueAtPercentile(50) / 1_000,
  refusedP99Ms: refusedDelays.getValueAtPercentile(99) / 1_000,
  withoutRetry,
})

async function run(inFlight: number, seconds: number): Promise<JournalReport> {
  isOver = false
  for (let i = 0; i < inFlight; i++) command(sockets[i % sockets.length]!)
  // What it takes to get going is not measured.
  await sleep(Math.min(2_000, seconds * 250))
  measureAnew()
  tellParent<FromJournalLoad>({ type: 'ready' })
  await sleep(seconds * 1_000)
  const report = measured()
  left = sentAtMs.size
  isOver = true
  while (left > 0) await sleep(5)
  return report
}

async function pace(perS: number, seconds: number): Promise<JournalReport> {
  isOver = true
  measureAnew()
  const startedMs = performance.now()
  for (let sent = 0; sent < perS * seconds; await sleep(5)) {
    const due = Math.min(perS * seconds, Math.floor(((performance.now() - startedMs) / 1_000) * perS))
    for (; sent < due; sent++) command(sockets[sent % sockets.length]!)
  }
  while (sentAtMs.size > 0) await sleep(5)
  return measured()
}

serveParent<ToJournalLoad>(async message => {
  if (message.type === 'sign-in') {
    units = message.units
    await signIn(message.port, message.region, message.tokens)
    tellParent<FromJournalLoad>({ type: 'ready' })
  } else {
    const report =
      message.type === 'run' ? await run(message.inFlight, message.seconds) : await pace(message.perS, message.seconds)
    tellParent<FromJournalLoad>({ type: 'ran', report })
  }
})
