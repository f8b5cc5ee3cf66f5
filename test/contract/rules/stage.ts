/** Where the rules are shown: a whole engine with a Postgres of its own for each file, and raw sockets in both formats. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Config } from '../../../src/config/index.ts'
import type { Engine } from '../../../src/engine.ts'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import type { StreamDeclaration } from '../../../src/protocol/wire/fix-tuples.ts'
import type { ServerTypeName } from '../../../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import type { WelcomeView } from '../../../src/protocol/wire/welcome-view.ts'
import { Client } from '../../gateway/harness.ts'
import { frame } from '../../protocol/frames.ts'
import { type HttpAnswer, type RegionPlan, SCENE, Site } from '../../support/engine.ts'
import { assertResultTold, assertTold } from '../../support/server-frames.ts'

/**
 * In which format a client speaks that a test says nothing of. `json.test.ts` runs the rules a second time with the
 * other one; what a test does for each of `FORMATS` is then done for that one alone.
 */
const USUAL: WireFormat = process.env.GOLDENHOUR_TEST_FORMAT === 'json' ? 'json' : 'binary'
export const FORMATS: readonly WireFormat[] = USUAL === 'json' ? ['json'] : ['binary', 'json']
export const PLACE = { lonE7: SCENE.lonDeg * 1e7, latE7: SCENE.latDeg * 1e7 }
/** A square kilometre around it, closed. */
export const ZONE = {
  kind: 'area',
  points: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([east, north]) => [PLACE.lonE7 + east! * 50_000, PLACE.latE7 + north! * 50_000]),
  untilAtMs: null,
  reason: 'other',
} as const
export const CALL = { ...PLACE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] }
/** An id of the right form that nothing has. */
export const nobody = (region: string): string => `${region}.${'n'.repeat(21)}`

/** Fails a rule whose message does not come, instead of waiting for it for ever. */
const PATIENCE_MS = 120_000

type Message<T extends ServerTypeName> = Extract<ServerMessage, [T, ...unknown[]]>
type Answer = { readonly position: number; readonly result: Readonly<Record<string, unknown>> }
/** `code`, or `code path` when it names a field. */
type RefusedAs = string

interface Identity {
  readonly region: string
  readonly format?: WireFormat
  readonly sub?: string
  readonly clientNowMs?: number
}
export interface DriverIdentity extends Identity {
  readonly streams?: readonly StreamDeclaration[]
}

/** An engine with these regions for the tests of one file; each test has a region, so that none meets another's units. */
interface Asked {
  readonly token?: string
  readonly body?: unknown
  readonly ifMatch?: string
  readonly key?: string
}

export class Stage {
  site!: Site
  engine!: Engine
  #commands = 0
  readonly #endings: (() => Promise<void>)[] = []

  constructor(regions: Readonly<Record<string, RegionPlan>>, changes: Partial<Config> = {}) {
    // Units are where a test says, however far that is from where they were.
    const plans = Object.entries(regions).map(([region, plan]) => [region, { fixSpeedMaxMps: 100_000, ...plan }])
    before(async () => {
      this.site = await Site.make({ after: run => this.#endings.push(run) }, Object.fromEntries(plans))
      this.engine = await this.site.start(changes)
    })
    after(async () => {
      for (const end of this.#endings) await end()
    })
  }

  /** A command id that no test has used. */
  id(): string {
    this.#commands += 1
    return `c-${this.#commands}`
  }

  /**
   * Asks over HTTP, with an Idempotency-Key of its own where it posts. As clients do, it asks again while the answer is
   * `unavailable`: on a machine that is busy enough the database does not answer in its time.
   */
  async ask(
    method: string,
    path: string,
    { token = 'none', body, ifMatch, key = this.id() }: Asked = {},
  ): Promise<HttpAnswer> {
    const headers = new Headers(body === undefined ? {} : { 'content-type': 'application/json' })
    if (ifMatch !== undefined) headers.set('if-match', ifMatch)
    if (method === 'POST') headers.set('idempotency-key', key)
    const init = { method, headers, token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(250)) {
      const answer = await this.site.http(path, init)
      if (answer.body?.code !== 'unavailable' || performance.now() > untilMs) return answer
    }
  }

  /** A socket that has not said hello. */
  async open(format: WireFormat = USUAL, path = '/v1/ws'): Promise<Speaker> {
    const name = format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json'
    const socket = new WebSocket(`ws://127.0.0.1:${this.site.port}${path}`, [name])
    this.#endings.unshift(async () => socket.terminate())
    const speaker = new Speaker(socket, format, () => this.id())
    await once(socket, 'open')
    return speaker
  }

  async desk({ region, format, sub = 'dispatch', clientNowMs = Date.now() }: Identity): Promise<Speaker> {
    const token = await this.site.token({ sub, regions: [region] })
    return this.#welcomed(format, [token, region, 'dispatcher', null, clientNowMs, []])
  }

  async driver(unit: string, identity: DriverIdentity): Promise<Speaker> {
    const { region, format, sub = `crew-${unit}`, streams = [['s1', 'gnss', 1]], clientNowMs = Date.now() } = identity
    const token = await this.site.token({ sub, role: 'driver', regions: [region], unit })
    return this.#welcomed(format, [token, region, 'driver', unit, clientNowMs, streams])
  }

  /** A feed, of these units or of all. */
  async feed({
    region,
    format,
    sub = 'modems',
    units = null,
    clientNowMs = Date.now(),
  }: Identity & { readonly units?: readonly string[] | null }) {
    const token = await this.site.token({ sub, role: 'feed', regions: [region], units })
    return this.#welcomed(format, [token, region, 'feed', null, clientNowMs, []])
  }

  /** A socket that has been welcomed. Whom the store kept waiting for too long is closed, and comes again as a client does. */
  async #welcomed(format: WireFormat | undefined, fields: readonly unknown[]): Promise<Speaker> {
    for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(250)) {
      const speaker = await this.open(format)
      const refusal = await speaker.tryHello(fields)
      if (refusal === null) return speaker
      const mayRetry = isStalled(refusal) && performance.now() < untilMs
      assert.ok(mayRetry, `hello was refused: ${JSON.stringify(refusal)}`)
    }
  }

  /** A crew that is signed on and can be sent, this far east of the scene. */
  async crew(unit: string, identity: DriverIdentity, distanceKm = 1): Promise<Speaker> {
    const driver = await this.driver(unit, identity)
    await driver.ask('sign-on', Date.now())
    driver.send('fix', 0, 0, fixAt(1, distanceKm))
    driver.send('mark', 0)
    await driver.hear('marks')
    return driver
  }
}

/** A fix of now, this far east of the scene. */
export function fixAt(seq: number, distanceKm = 1, ageMs = 0): readonly (number | null)[] {
  return [seq, ageMs, PLACE.lonE7 + Math.round(distanceKm * 112_000), PLACE.latE7, 50, null, null]
}

/** One client of the stage. What it hears is kept until somebody asks for it, in order. */
export class Speaker {
  readonly socket: WebSocket
  readonly format: WireFormat
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #client: Client
  readonly #newId: () => string
  readonly #kept: ServerMessage[] = []
  /** What was sent under which id. */
  readonly #sent = new Map<unknown, readonly unknown[]>()
  welcome!: WelcomeView
  pings = 0
  /** Hears each message as it comes. */
  onMessage: (message: ServerMessage) => void = () => {}

  constructor(socket: WebSocket, format: WireFormat, newId: () => string) {
    this.socket = socket
    this.format = format
    this.#client = new Client(socket, format, message => this.#look(message))
    socket.on('ping', () => {
      this.pings += 1
    })
    this.#newId = newId
    this.closed = this.#client.closed
  }

  /** Everything that an engine says on this stage is what `docs/protocol` tells. */
  #look(message: ServerMessage): void {
    assertTold(message)
    this.onMessage(message)
    const asked = message[0] === 'reply' ? this.#sent.get(message[1])?.[0] : undefined
    if (message[0] === 'reply' && typeof asked === 'string') assertResultTold(asked, message[3])
  }

  /** Sends any tuple as this client's format has it, however wrong it is. */
  send(...tuple: unknown[]): void {
    this.#sent.set(tuple[1], tuple)
    const bytes = frame(tuple, this.format)
    this.socket.send(this.format === 'json' ? Buffer.from(bytes).toString() : bytes)
  }

  async hello(fields: readonly unknown[]): Promise<void> {
    const refusal = await this.tryHello(fields)
    assert.equal(refusal, null, `hello was refused: ${JSON.stringify(refusal)}`)
  }

  /** Says hello. Output: null when it was welcomed, else with what it was refused. */
  async tryHello(fields: readonly unknown[]): Promise<Message<'error'> | null> {
    this.send('hello', 'hello', ...fields)
    const answers = (message: ServerMessage) =>
      (message[0] === 'welcome' || message[0] === 'error') && message[1] === 'hello'
    const answer = await this.#find('the answer to hello', answers)
    if (answer[0] === 'error') return answer
    assert.ok(answer[0] === 'welcome')
    this.welcome = answer[2]
    return null
  }

  /** Sends a command or query under a fresh id; its reply, which must come. */
  async ask(type: string, ...fields: unknown[]): Promise<Answer> {
    const id = this.#newId()
    this.send(type, id, ...fields)
    return this.reply(id)
  }

  /** The reply to what was sent under an id. */
  async reply(id: string): Promise<Answer> {
    const answer = await this.#decided(id)
    assert.ok(answer[0] === 'reply', `${id} was refused: ${JSON.stringify(answer)}`)
    return { position: answer[2], result: answer[3] }
  }

  /** As `ask`, for a message that must be refused. */
  async refused(type: string | number, ...fields: unknown[]): Promise<RefusedAs> {
    const id = this.#newId()
    this.send(type, id, ...fields)
    return this.refusal(id)
  }

  /** As `refused`, for a message that must be refused because writes are held. */
  async stalled(type: string, ...fields: unknown[]): Promise<void> {
    const id = this.#newId()
    this.send(type, id, ...fields)
    return this.stall(id)
  }

  /** The refusal of what was sent under an id, which must be that it is to be sent again. */
  async stall(id: string): Promise<void> {
    const answer = await this.#answer(id)
    assert.ok(isStalled(answer), `${id} was answered: ${JSON.stringify(answer)}`)
  }

  /** The refusal of what was sent under an id; of what has none, with null. */
  async refusal(id: string | null): Promise<RefusedAs> {
    const answer = id === null ? await this.#answer(id) : await this.#decided(id)
    assert.ok(answer[0] === 'error', `${id} was answered: ${JSON.stringify(answer)}`)
    const path = answer[4]?.path
    return path === undefined ? answer[2] : `${answer[2]} ${path}`
  }

  /** The next message of a type that fits; others are kept. */
  async hear<T extends ServerTypeName>(type: T, fits: (message: Message<T>) => boolean = () => true) {
    const found = await this.#find(type, message => message[0] === type && fits(message as Message<T>))
    return found as Message<T>
  }

  /** Until the board is told as of a position: by its records up to there, or by a snapshot. */
  async hearBoardAsOf(position: number): Promise<void> {
    const tells = (message: ServerMessage) =>
      (message[0] === 'board' || message[0] === 'board-events') && message[1] >= position
    await this.#find(`the board as of ${position}`, tells)
  }

  /**
   * Everything that has left the engine for this client and nobody has asked for; but not that the store keeps something
   * waiting, which on a slow machine it may.
   */
  async heardSoFar(): Promise<readonly ServerMessage[]> {
    // The gateway refuses this by itself and at once, behind everything that it was given to send before.
    const code = this.welcome.role === 'driver' ? this.refused('unwatch-board') : this.refused('sign-on', Date.now())
    assert.equal(await code, 'wrong-role')
    const heard = this.#kept.splice(0)
    this.#kept.push(...heard.filter(isStalled))
    return heard.filter(message => message[0] !== 'writes' && !isStalled(message))
  }

  /** The answer to what was sent under an id; what the store kept waiting for too long is sent again, as a client does. */
  async #decided(id: string): Promise<Message<'reply'> | Message<'error'>> {
    for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(50)) {
      const answer = await this.#answer(id)
      const sent = this.#sent.get(id)
      if (!isStalled(answer) || sent === undefined || performance.now() > untilMs) return answer
      this.send(...sent)
    }
  }

  #answer(id: string | null) {
    return this.#find(`the answer to ${id}`, m => (m[0] === 'reply' || m[0] === 'error') && m[1] === id) as Promise<
      Message<'reply'> | Message<'error'>
    >
  }

  async #find(what: string, fits: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    const at = this.#kept.findIndex(fits)
    if (at >= 0) return this.#kept.splice(at, 1)[0]!
    for (;;) {
      const message = await this.#patiently(what)
      if (fits(message)) return message
      this.#kept.push(message)
    }
  }

  async #patiently(what: string): Promise<ServerMessage> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const kept = () => JSON.stringify(this.#kept)
      timer = setTimeout(() => reject(new Error(`${what} did not come; there came ${kept()}`)), PATIENCE_MS)
    })
    try {
      return await Promise.race([this.#client.next(), late])
    } finally {
      clearTimeout(timer)
    }
  }
}

const isStalled = (message: ServerMessage): boolean => message[0] === 'error' && message[4]?.writes === 'stalled'

/** Holds every write of a region until `release`, as a stalled Postgres does: what is decided meanwhile is not durable. */
export async function holdWrites(site: Site, region: string): Promise<{ release(): Promise<unknown> }> {
  const holder = await site.session()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM log.region_owner WHERE region = $1 FOR UPDATE', [region])
  return { release: () => holder.query('ROLLBACK') }
}
