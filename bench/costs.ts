/**
 * What others notice while one client does its worst within its rates.
 *
 * A fleet is on duty and drives about. One dispatcher enters a call every 50 ms and cancels it. Scene by scene another client sends the dearest message that its
 * role may send, as fast as its rate takes it, over two connections; before each scene the dispatcher is alone for as
 * long. Of each message the engine's CPU time is told, beyond what it took alone, and what it was charged as.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build, type Histogram } from 'hdr-histogram-js'
import { loadOrCreateSigningKey } from '../src/access/tables/key-table.ts'
import { signToken } from '../src/access/tokens.ts'
import type { Role } from '../src/domain/roles.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { openDatabase } from '../src/store/postgres/database.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { defineBench, type Outcome } from './bench.ts'
import type { CrewsPlan, FromCrews } from './costs-crews.ts'
import { PLACE, type Scene, scenesOf } from './costs-scenes.ts'
import { CONNECTIONS, type Sent, signedIn, type WorstPlan } from './costs-worst.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { LoadChild } from './load-child.ts'
import type { RawSocket } from './raw-socket.ts'
import { importUnits, prepareRegion, REGION } from './region.ts'

const WORST = fileURLToPath(new URL('./costs-worst.ts', import.meta.url))
const CREWS = fileURLToPath(new URL('./costs-crews.ts', import.meta.url))
const CALL_EVERY_MS = 50
/** Ticks of the kernel's clock a second, in /proc. */
const TICKS_PER_S = 100
/** Compiled code and a settled fleet, before anything is measured. */
const WARM_UP_MS = 5_000

const options = {
  units: { kind: 'number', what: 'units of the region, all on duty', initial: 2_000, quick: 200, min: 1, max: 20_000 },
  seconds: { kind: 'number', what: 'seconds of each scene', initial: 8, quick: 2, min: 1, max: 600 },
  scenes: { kind: 'text', as: 'name,…', what: 'only these scenes' },
  profiles: { kind: 'text', as: 'dir', what: 'write a CPU profile of the engine in each scene there' },
} as const

export const costsBench = defineBench({
  name: 'costs',
  summary: 'what others notice while one client of each role does its worst within its rates',
  options,
  run,
})

async function run({ units, seconds, scenes: only, profiles }: ValuesOf<typeof options>): Promise<Outcome> {
  const scenes = scenesAsked(units, only)
  const databaseUrl = await startDatabase()
  const crewTokens = await prepareRegion(databaseUrl, units)
  const engine = await EngineChild.start(databaseUrl)
  await importUnits(databaseUrl, units)
  const crews = new LoadChild<CrewsPlan, FromCrews>(CREWS)
  crews.send({ type: 'drive', port: engine.port, tokens: crewTokens })
  await crews.heard('ready')
  const tokens = await Tokens.open(databaseUrl)
  const desk = await Desk.open(engine.port, await tokens.of('dispatcher', 'the other'))
  await desk.during(() => sleep(WARM_UP_MS))
  const figures: Record<string, number> = {}
  const complaints: string[] = []
  for (const scene of scenes) {
    console.error(`costs: ${scene.name}`)
    const aloneFrom = cpuOf(engine)
    const alone = await desk.during(() => sleep(seconds * 1_000))
    const besideFrom = cpuOf(engine)
    const { role, unit = null } = scene
    const token = await tokens.of(role ?? 'supervisor', unit ?? `worst ${role}`, unit)
    if (profiles !== null) await engine.inspector.startProfile()
    let sent: Sent = { taken: 0, refused: 0, bytes: 0 }
    const beside = await desk.during(async () => {
      sent = await worst({ port: engine.port, token, units, scene: scene.name, seconds })
    })
    const end = cpuOf(engine)
    const aloneShare = (besideFrom.cpuMs - aloneFrom.cpuMs) / (besideFrom.atMs - aloneFrom.atMs)
    const ownMs = end.cpuMs - besideFrom.cpuMs - aloneShare * (end.atMs - besideFrom.atMs)
    if (profiles !== null) {
      const profile = JSON.stringify(await engine.inspector.stopProfile())
      writeFileSync(path.join(profiles, `${scene.name}.cpuprofile`), profile)
    }
    const figure = (name: string, value: number) => {
      figures[`${scene.name}${name}`] = value
    }
    const eachMs = Math.max(0, ownMs) / Math.max(1, sent.taken)
    figure('AloneP50Ms', alone.p50)
    figure('AloneP99Ms', alone.p99)
    figure('BesideP50Ms', beside.p50)
    figure('BesideP99Ms', beside.p99)
    figure('BesideRefused', beside.refused)
    figure('TakenPerS', sent.taken / seconds)
    figure('RefusedPerS', sent.refused / seconds)
    figure('CpuMsEach', eachMs)
    figure('CpuMsACharge', eachMs / scene.charge)
    figure('CpuUsAByte', sent.bytes === 0 ? 0 : (eachMs * 1_000) / sent.bytes)
    figure('BytesEach', sent.bytes)
    if (beside.p99 > 2 * alone.p99) {
      complaints.push(
        `Beside ${scene.name} calls took ${beside.p99.toFixed(1)} ms (p99), alone ${alone.p99.toFixed(1)}.`,
      )
    }
  }
  desk.close()
  await crews.end()
  await engine.stop()
  return { valid: true, settings: { units, seconds, connections: CONNECTIONS }, figures, complaints }
}

function scenesAsked(units: number, only: string | null): readonly Scene[] {
  const scenes = scenesOf(units)
  if (only === null) return scenes
  return only.split(',').map(name => {
    const scene = scenes.find(each => each.name === name)
    if (scene === undefined) throw new UsageError(`There is no scene ${name}, but ${scenes.map(each => each.name)}.`)
    return scene
  })
}

/** In a process of its own, so that what it reads does not delay what the other dispatcher hears. */
async function worst(plan: WorstPlan): Promise<Sent> {
  const child = fork(WORST, { execArgv: ['--import', 'tsx'] })
  child.send(plan)
  const [sent] = (await once(child, 'message')) as [Sent]
  child.disconnect()
  return sent
}

interface Delays {
  readonly p50: number
  readonly p99: number
  /** Calls that were answered with an error. */
  readonly refused: number
}

/** The other dispatcher. */
class Desk {
  readonly #socket: RawSocket
  #delays: Histogram = build({ numberOfSignificantValueDigits: 3 })
  readonly #asked = new Map<string, number>()
  #refused = 0
  #n = 0

  static async open(port: number, token: string): Promise<Desk> {
    const heard: { desk: Desk | null } = { desk: null }
    const socket = await signedIn(port, token, 'dispatcher', null, message => heard.desk?.hears(message))
    const desk = new Desk(socket)
    heard.desk = desk
    return desk
  }

  private constructor(socket: RawSocket) {
    this.#socket = socket
  }

  hears(message: ServerMessage): void {
    if (message[0] === 'error' && message[1] !== null && this.#asked.delete(message[1])) this.#refused += 1
    if (message[0] !== 'reply') return
    const askedAtMs = this.#asked.get(message[1])
    if (askedAtMs === undefined) return
    this.#asked.delete(message[1])
    this.#delays.recordValue(Math.round((performance.now() - askedAtMs) * 1_000))
    this.#socket.send(['cancel-call', `x${message[1]}`, message[3].callId as string, 'other'])
  }

  /** How long calls took while something went on. One without an answer counts with what it has waited by then. */
  async during(run: () => Promise<void>): Promise<Delays> {
    this.#delays = build({ numberOfSignificantValueDigits: 3 })
    this.#refused = 0
    const timer = setInterval(() => {
      const id = `c${++this.#n}`
      this.#asked.set(id, performance.now())
      const call = { lonE7: PLACE[0], latE7: PLACE[1], priority: 1, needs: [{ levelOfCare: 'bls', capabilities: [] }] }
      this.#socket.send(['enter-call', id, call] as unknown as ClientMessage)
    }, CALL_EVERY_MS)
    await run()
    clearInterval(timer)
    for (const untilMs = performance.now() + 15_000; this.#asked.size > 0 && performance.now() < untilMs; )
      await sleep(10)
    for (const askedAtMs of this.#asked.values()) {
      this.#delays.recordValue(Math.round((performance.now() - askedAtMs) * 1_000))
    }
    this.#asked.clear()
    const ms = (percentile: number) => this.#delays.getValueAtPercentile(percentile) / 1_000
    return { p50: ms(50), p99: ms(99), refused: this.#refused }
  }

  close(): void {
    this.#socket.cut()
  }
}

class Tokens {
  readonly #key: Awaited<ReturnType<typeof loadOrCreateSigningKey>>

  static async open(databaseUrl: string): Promise<Tokens> {
    const database = openDatabase(databaseUrl)
    return new Tokens(await loadOrCreateSigningKey(database).finally(() => database.destroy()))
  }

  private constructor(key: Awaited<ReturnType<typeof loadOrCreateSigningKey>>) {
    this.#key = key
  }

  of(role: Role, sub: string, unit: string | null = null): Promise<string> {
    return signToken(this.#key, { sub, role, regions: role === 'admin' ? [] : [REGION], unit, ttlS: 3_600 })
  }
}

/** Time that the engine has had of the processors, and when that was. */
function cpuOf({ pid }: EngineChild): { readonly cpuMs: number; readonly atMs: number } {
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  const [user, system] = fields.split(' ').slice(11, 13).map(Number)
  return { cpuMs: ((user! + system!) / TICKS_PER_S) * 1_000, atMs: performance.now() }
}
