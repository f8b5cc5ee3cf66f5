/**
 * A whole engine in a process of its own, with a database, fed over real sockets: frames over WebSockets, requests over
 * HTTP, and bytes that are neither. A client that does nothing wrong is connected all along.
 */
import { isUtf8 } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireFormat } from '../../src/protocol/codec.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { type EngineProcess, Site, until } from '../support/engine.ts'
import { HANGS_MS } from '../support/within.ts'
import { Bystander } from './bystander.ts'
import { peopleOf } from './credentials.ts'
import { Dice, partSeed } from './dice.ts'
import type { Tally } from './findings.ts'
import { fuzzedHead, wrongWith } from './heads.ts'
import { type Answered, HttpLane } from './http-lane.ts'
import { type Asker, type HttpRequest, INJECTED, requestTo } from './http-requests.ts'
import { Known } from './known.ts'
import { LiveClient } from './live-client.ts'
import { encodable, messageOf, typeFor } from './messages.ts'
import { CLASSES, frameOf } from './mutations.ts'
import { type Credential, damagedCredential } from './tokens.ts'

const REGION = 'akl'
const UNITS = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']
const FEED_UNITS = ['F1', 'F2', 'F3']
/** Of what is damaged nobody can say where it ends: it gets this long before it is given up. */
const DAMAGED_MS = 30
const HTTP_LANES = 6
/** Of pino: lines from here on tell of mistakes. */
const ERROR_LEVEL = 50
/** Credentials of a kind and role that are kept beside those that the run began with. */
const MET_MAX = 8
/** Mostly a good credential is shown, so that many refusals in a row cannot be chance. */
const SIGN_INS_MAX = 40
/** Whoever is told that the store is too slow comes again after this. */
const STALLED_MS = 1_000
/** Connections that the run itself may still have when it looks at the engine. */
const HELD_MAX = 2
/** Frames to one client before it is asked whether it is still served. */
const BURST = 64

/** As an operator could set them, so that frames are looked at and not only counted. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  // In a small heap what grows is what is kept, and what grows without end ends the process.
  NODE_OPTIONS: '--max-old-space-size=192',
  // What comes from this machine is a proxy's, with what it says of its clients.
  GOLDENHOUR_TRUSTED_PROXIES: '127.0.0.1/32',
  GOLDENHOUR_LIMITS_BAD_FRAMES: '200',
  GOLDENHOUR_LIMITS_STRANGERS_PER_ADDRESS: '100000',
  GOLDENHOUR_LIMITS_SESSIONS_PER_USER: '1000',
  GOLDENHOUR_LIMITS_OPEN_REQUESTS_PER_ADDRESS_PER_S: '1000000',
  GOLDENHOUR_LIMITS_CONNECTS_PER_ADDRESS_PER_S: '1000000',
  ...Object.fromEntries(
    ['FIX', 'FEED_FIX', 'COMMAND', 'QUERY', 'CONTROL'].flatMap(name => [
      [`GOLDENHOUR_LIMITS_RATES_${name}_CONNECTION_PER_S`, '10000000'],
      [`GOLDENHOUR_LIMITS_RATES_${name}_USER_PER_S`, '10000000'],
    ]),
  ),
}

export interface LivePlan {
  readonly seed: number
  readonly frames: number
  readonly requests: number
  /** Heads of requests, with headers of proxies. */
  readonly heads: number
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

export interface LiveFigures {
  readonly rssGrowthBytes: number
  readonly bystanderAnswers: number
  readonly bystanderP99Ms: number
  readonly bystanderMaxMs: number
}

export async function runLive(plan: LivePlan, tally: Tally): Promise<LiveFigures> {
  const endings: (() => Promise<void>)[] = []
  try {
    const units = [...UNITS, ...FEED_UNITS]
    const site = await Site.make({ after: end => endings.push(end) }, { [REGION]: { mode: 'offered', units } })
    const engine = await site.spawn(ENVIRONMENT)
    return await new Live(site, engine, await credentialsOf(site), plan, tally).run()
  } finally {
    for (const end of endings) await end()
  }
}

async function credentialsOf(site: Site): Promise<Credential[]> {
  const all: Credential[] = []
  for (const { sub, role, regions, unit } of peopleOf(REGION, UNITS)) {
    const text = await site.token({ sub, role, regions, unit, ttlS: 86_400 })
    all.push({ kind: 'jwt', text, role, unitId: unit })
  }
  all.push({ kind: 'device-key', text: `ghd_${'a'.repeat(12)}_${'b'.repeat(43)}`, role: 'feed', unitId: null })
  return all
}

type Attack = Pick<LivePlan, 'frames' | 'requests' | 'heads'>

class Live {
  readonly #site: Site
  readonly #engine: EngineProcess
  readonly #credentials: Credential[]
  readonly #plan: LivePlan
  readonly #tally: Tally
  readonly #known = new Known(REGION, UNITS, FEED_UNITS, 'w')
  readonly #etags: string[] = []
  #isAlive = true

  constructor(site: Site, engine: EngineProcess, credentials: Credential[], plan: LivePlan, tally: Tally) {
    this.#site = site
    this.#engine = engine
    this.#credentials = credentials
    this.#plan = plan
    this.#tally = tally
  }

  get #goesOn(): boolean {
    return this.#isAlive && !this.#plan.signal.aborted
  }

  async run(): Promise<LiveFigures> {
    const { frames, requests, heads } = this.#plan
    let isOver = false
    void this.#engine.exited.then(({ code, signal }) => {
      this.#isAlive = false
      if (!isOver) this.#found('crash', `the engine ended with ${code ?? signal}: ${this.#engine.stderr.slice(-2_000)}`)
    })
    const bystander = new Bystander({
      port: this.#site.port,
      region: REGION,
      token: await this.#site.token({ sub: 'bystander' }),
      onUnserved: what => this.#found('unserved', what),
    })
    await bystander.start()
    // What a process takes at its first requests it keeps; growth is counted from there.
    const part = (count: number, share: number) => Math.ceil(count * share)
    await this.#attack({ frames: part(frames, 0.2), requests: part(requests, 0.2), heads: part(heads, 0.2) }, 0)
    const rssBefore = await this.#rss()
    await this.#attack({ frames: part(frames, 0.8), requests: part(requests, 0.8), heads: part(heads, 0.8) }, 1)
    await sleep(300)
    const rssAfter = await this.#rss()
    if (this.#isAlive) await bystander.leave()
    await this.#lookAtEngine()
    isOver = true
    const latencies = bystander.latenciesMs.sort((a, b) => a - b)
    return {
      rssGrowthBytes: rssAfter - rssBefore,
      bystanderAnswers: latencies.length,
      bystanderP99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
      bystanderMaxMs: latencies.at(-1) ?? 0,
    }
  }

  async #attack({ frames, requests, heads }: Attack, part: number): Promise<void> {
    const lanes = Array.from({ length: HTTP_LANES }, (_, i) =>
      this.#askOverHttp(Math.ceil(requests / HTTP_LANES), this.#dice(part * 100 + i), `${part}-${i}`),
    )
    const speakers = this.#credentials
      .filter(({ kind }) => kind === 'jwt')
      .map((credential, i, all) =>
        this.#speak(credential, i, Math.ceil(frames / all.length), this.#dice(part * 100 + 20 + i)),
      )
    await Promise.all([
      ...lanes,
      ...speakers,
      ...Array.from({ length: HTTP_LANES }, (_, i) =>
        this.#sendHeads(Math.ceil(heads / HTTP_LANES), this.#dice(part * 100 + 60 + i)),
      ),
      this.#sendLooseBytes(Math.ceil(requests / 50), this.#dice(part * 100 + 99)),
    ])
  }

  #dice(part: number): Dice {
    return new Dice(partSeed(this.#plan.seed, 1_000_000 + part))
  }

  #found(kind: 'crash' | 'hang' | 'unserved', what: string, bytes: Uint8Array | null = null): void {
    this.#tally.found(kind, `over sockets, --seed ${this.#plan.seed}: ${what}`, bytes)
  }

  async #askOverHttp(count: number, dice: Dice, name: string): Promise<void> {
    const lane = new HttpLane(this.#site.port)
    const asker: Asker = {
      known: this.#known,
      credentials: this.#credentials,
      etags: this.#etags,
      lastBody: new Uint8Array(),
      run: `r${this.#plan.seed}-${name}`,
    }
    for (let i = 0; i < count && this.#goesOn; i += 1) {
      const request = requestTo(asker, dice)
      this.#tally.httpRequests += 1
      this.#tally.sent(`http-${request.kind}`)
      const answered = await lane.ask(request, request.isWhole ? HANGS_MS : DAMAGED_MS)
      this.#judge(request, answered)
      if (i % 500 === 0) this.#plan.onProgress(`${this.#tally.httpRequests} requests over sockets`)
    }
    lane.close()
  }

  #judge(request: HttpRequest, answered: Answered): void {
    if (answered === 'silent') {
      if (request.isWhole) this.#found('hang', 'a request was not answered', request.bytes)
      return this.#tally.outcome('http-silent')
    }
    if (answered === 'ended') return this.#tally.outcome('http-ended')
    const { status, headers, body } = answered
    this.#tally.outcome(`http-${status}`)
    if (headers.has(INJECTED)) this.#found('crash', 'a header was injected into the answer', request.bytes)
    const type = headers.get('content-type') ?? ''
    const document = type.includes('json') && body !== '' ? this.#json(body, request) : null
    if (type.includes('problem+json') && document !== null) {
      const code = String(document.code)
      const isKnown = Object.hasOwn(ERRORS, code) && ERRORS[code as keyof typeof ERRORS].status === status
      if (code === 'internal' || !isKnown) this.#found('crash', `answered ${status} ${code}`, request.bytes)
      return
    }
    if (status >= 500 && status !== 505) this.#found('crash', `answered ${status} without saying why`, request.bytes)
    this.#learn(document ?? {}, headers.get('etag'))
  }

  #json(body: string, request: HttpRequest): Record<string, unknown> | null {
    try {
      return JSON.parse(body) as Record<string, unknown>
    } catch {
      this.#found('crash', `answered with what is no JSON: ${body.slice(0, 200)}`, request.bytes)
      return null
    }
  }

  #learn(document: Record<string, unknown>, etag: string | undefined): void {
    const { key, role } = document
    if (typeof key === 'string' && key.startsWith('ghd_') && role === 'feed') {
      this.#meet({ kind: 'device-key', text: key, role, unitId: null })
    }
    if (typeof document.callId === 'string') this.#known.hear(['reply', '', 0, document])
    if (etag === undefined || this.#etags.includes(etag)) return
    this.#etags.push(etag)
    if (this.#etags.length > 16) this.#etags.shift()
  }

  /** Keeps a credential that the engine has made; the first few of each kind will do. */
  #meet(credential: Credential): void {
    const { kind, role } = credential
    const known = this.#credentials.filter(other => other.kind === kind && other.role === role)
    if (known.length < MET_MAX) this.#credentials.push(credential)
  }

  /** Signs in again and again, sends damaged frames, and asks now and then for what must be answered. */
  async #speak(credential: Credential, index: number, count: number, dice: Dice): Promise<void> {
    const format: WireFormat = index % 2 === 0 ? 'binary' : 'json'
    let client: LiveClient | null = null
    let sent = 0
    let failures = 0
    let servedAtMs = performance.now()
    while (sent < count && this.#goesOn) {
      if (client === null || !client.isOpen) {
        const signedIn = await this.#signIn(credential, format, dice)
        if (signedIn === 'stalled' && performance.now() - servedAtMs < HANGS_MS) {
          await sleep(STALLED_MS)
          continue
        }
        client = typeof signedIn === 'string' ? null : signedIn
      }
      if (client === null) {
        failures += 1
        if (failures < SIGN_INS_MAX) continue
        return this.#found('unserved', `a ${credential.role} could not sign in ${failures} times in a row`)
      }
      failures = 0
      servedAtMs = performance.now()
      this.#known.wallMs = Date.now()
      for (let i = Math.min(BURST, count - sent); i > 0; i -= 1, sent += 1) this.#sendFrame(client, dice)
      // Whatever was sent before, the connection is served or was ended with a code.
      if ((await client.served()) === 'silent') this.#found('hang', `a ${client.role} was not answered`, client.last)
    }
    client?.leave()
  }

  #sendFrame(client: LiveClient, dice: Dice): void {
    const kind = dice.weighed(CLASSES)
    const message = messageOf(typeFor(client.role, dice), client, this.#known, dice)
    const frame = frameOf(kind, encodable(message, client.format), client.last, client.format, dice)
    const isBinary = (client.format === 'binary') !== (kind === 'wrong-kind')
    // Text that is no UTF-8 ends the connection before any of our code sees it, and the rest of the burst with it.
    if (!isBinary && !isUtf8(frame) && !dice.oneIn(20)) return this.#sendFrame(client, dice)
    this.#tally.frame(kind, frame)
    if (frame.length > 0) client.last = frame
    client.send(frame, isBinary)
  }

  async #signIn(credential: Credential, format: WireFormat, dice: Dice): Promise<LiveClient | 'refused' | 'stalled'> {
    const client = new LiveClient(this.#site.port, credential, REGION, format, {
      known: this.#known,
      onTicket: text => this.#meet({ kind: 'ticket', text, role: credential.role, unitId: credential.unitId }),
      onOutcome: code => {
        this.#tally.outcome(code)
        if (code === 'internal') this.#found('crash', 'answered with `internal`', client.last)
        if (code === 'closed-1011') this.#found('crash', 'closed with 1011', client.last)
      },
    })
    if (!(await client.open())) return 'refused'
    const own = this.#credentials.filter(({ role, unitId }) => role === client.role && unitId === client.unitId)
    const shown = dice.pick(own)
    client.hello(dice.oneIn(6) ? damagedCredential(shown, this.#credentials, dice) : shown.text)
    if ((await client.answered()) === 'silent') this.#found('hang', 'a hello was not answered', client.last)
    if (client.isWelcome) return client
    client.leave()
    return client.isToRetry ? 'stalled' : 'refused'
  }

  async #sendHeads(count: number, dice: Dice): Promise<void> {
    const lane = new HttpLane(this.#site.port)
    for (let i = 0; i < count && this.#goesOn; i += 1) {
      const head = fuzzedHead(dice)
      this.#tally.heads += 1
      this.#tally.sent(`head-${head.kind}`)
      const answered = await lane.ask(head, head.isWhole ? HANGS_MS : DAMAGED_MS)
      const { text } = lane
      // What an ambiguous head hides would be answered right behind it.
      if (head.isAmbiguous || i % 100 === 0) lane.close()
      const wrong = wrongWith(head, text)
      if (wrong !== null) this.#found('crash', wrong, head.bytes)
      if (answered === 'silent' && head.isWhole) this.#found('hang', 'a head was not answered', head.bytes)
      this.#tally.outcome(typeof answered === 'string' ? `head-${answered}` : `head-${answered.status}`)
      if (i % 500 === 0) this.#plan.onProgress(`${this.#tally.heads} heads over sockets`)
    }
    lane.close()
  }

  /** Connections that speak neither HTTP nor WebSocket, or stop to. */
  async #sendLooseBytes(count: number, dice: Dice): Promise<void> {
    for (let i = 0; i < count && this.#goesOn; i += 1) {
      const lane = new HttpLane(this.#site.port)
      const key = Buffer.from(dice.bytes(16)).toString('base64')
      const upgrade = `GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: goldenhour.v1\r\n\r\n`
      const loose = dice.oneIn(3) ? dice.bytes(dice.below(4_000)) : webSocketBytes(dice)
      const bytes = Buffer.concat([Buffer.from(dice.oneIn(5) ? '' : upgrade), loose])
      this.#tally.sent('loose-bytes')
      await lane.ask({ kind: 'loose-bytes', bytes, isWhole: false, isHead: false }, DAMAGED_MS)
      lane.close()
    }
  }

  async #rss(): Promise<number> {
    return this.#isAlive ? this.#site.metric('process_resident_memory_bytes') : 0
  }

  async #lookAtEngine(): Promise<void> {
    if (!this.#isAlive) return
    // While the database is slow to answer it may say that it is away.
    const isReady = async () => (await this.#site.http('/readyz')).status === 200
    await until('/readyz is 200', isReady).catch(error => this.#found('crash', String(error)))
    // All others have gone, however they went; this one asks. A busy engine may see that a little later.
    let held = Number.POSITIVE_INFINITY
    for (let i = 0; i < 400 && held > HELD_MAX; i += 1) {
      await sleep(250)
      held = await this.#site.metric('goldenhour_http_connections')
    }
    if (held > HELD_MAX) this.#found('crash', `${held} HTTP connections are counted and not there`)
    const failures = await this.#site.metric('goldenhour_turn_failures_total')
    if (failures > 0) this.#found('crash', `${failures} turns failed`)
    for (const line of this.#engine.logs.filter(({ level }) => level >= ERROR_LEVEL))
      this.#found('crash', `the engine logged ${JSON.stringify(line).slice(0, 2_000)}`)
  }
}

/** Frames of RFC 6455 with reserved bits, unknown opcodes, no mask, or lengths that lie. */
function webSocketBytes(dice: Dice): Buffer {
  const frames = Array.from({ length: 1 + dice.below(4) }, () => {
    const head = [dice.pick([0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x83, 0x88, 0x89, 0x8a, 0x8f, 0xc2, 0xf2]), 0]
    const payload = dice.bytes(dice.below(140))
    const length = dice.pick([payload.length & 0x7f, 126, 127, 0, 125])
    head[1] = (dice.oneIn(6) ? 0 : 0x80) | length
    const extended = length === 126 ? 2 : length === 127 ? 8 : 0
    return Buffer.concat([Buffer.from(head), dice.bytes(dice.oneIn(8) ? 1 : extended), dice.bytes(4), payload])
  })
  return Buffer.concat(frames)
}
