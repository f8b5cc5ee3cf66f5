/**
 * A crew's day with a client under test: sign-on, fixes, an offer, buttons to the end. In between the kit is a bad network
 * and a busy engine: a message of a newer version, a refusal that is to be repeated, a reply that is lost, fixes that are
 * lost, a late answer, and at last another tablet that speaks for the unit.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { DriverView } from '../judge/connection.ts'
import { encode } from '../judge/msgpack.ts'
import type { Verdicts } from '../judge/verdicts.ts'
import type { Link, Passing, Recorder } from './recorder.ts'
import { type Http, PLACE, type World } from './world.ts'

/** What a client is given to send again what was not answered. */
const RESENT_WITHIN_MS = 6_000
const RETRY_AFTER_MS = 1_500
const LATE_BY_MS = 3_000
const BACK_AFTER_4409_MS = 4_000
const PHASES = [
  'pending',
  'offered',
  'assigned',
  'en-route',
  'on-scene',
  'at-patient',
  'transporting',
  'at-destination',
]
/** An offer that is missed comes again after a while; a priority with time to think. */
const PRIORITY = 3

/** A step was not done in time; the message names it. */
export class StepMissed extends Error {
  override readonly name = 'StepMissed'
}

interface Ports {
  readonly recorder: Recorder
  readonly http: Http
  readonly world: World
  readonly enginePort: number
  readonly verdicts: Verdicts
  readonly tell: (line: string) => void
  readonly patienceMs: number
  readonly storedWithinMs: number
}

export class Day {
  readonly #ports: Ports
  #view: DriverView | null = null
  /** Type of each command, by its id, and what is answered. */
  readonly #asked = new Map<string, { readonly type: string; readonly fields: readonly unknown[]; times: number }>()
  readonly #answered = new Map<string, 'reply' | 'error'>()
  readonly #seqs = new Map<string, Set<number>>()
  readonly #watchers = new Set<() => void>()
  #fixFrames = 0
  /** Of the newest hello, by their index. */
  #streams: readonly string[] = []
  readonly #welcomed = new Set<Link>()

  constructor(ports: Ports) {
    this.#ports = ports
    ports.recorder.onPassed = passing => this.#note(passing)
  }

  /** Errors: StepMissed. */
  async run(): Promise<void> {
    const { recorder } = this.#ports
    await this.#step('connect, say hello and sign on', () => this.#isDone('sign-on'))
    await this.#step('send three fixes, one after the other', () => this.#fixCount() >= 3)
    const link = this.#newest()
    link.toClient(frame(link, ['a-newer-message', { from: 'the future' }], 127))
    this.#refuseOnce('accept-offer')
    await this.#call()
    await this.#step('take the offer; the first answer is `unavailable`, to be asked again', () =>
      this.#hasReached('assigned'),
    )
    if (link.isClosed)
      this.#ports.verdicts.client(
        'VN-2',
        recorder.entries.length,
        'the connection ended after a message of a newer type',
      )
    else this.#ports.verdicts.kept('VN-2')
    await this.#loseReply('en-route')
    await this.#loseFixes()
    this.#answerLate('on-scene')
    await this.#step('report on-scene; the answer is late', () => this.#hasReached('on-scene'))
    await this.#step('report transporting', () => this.#hasReached('transporting'))
    await this.#step('report at-destination', () => this.#hasReached('at-destination'))
    await this.#step('close the trip as transported', () => this.#view?.trip == null && this.#isDone('close-trip'))
    await this.#step('sign off, and stay connected if you can', () => this.#isDone('sign-off'))
    await this.#lookIntoTrack()
    await this.#supersede()
  }

  // What is done to the client.

  #refuseOnce(type: string): void {
    const { recorder } = this.#ports
    recorder.meddler = ({ side, type: passing, fields, link }) => {
      if (side !== 'client' || passing !== type) return 'pass'
      recorder.meddler = () => 'pass'
      const id = String(fields[0])
      this.#asked.set(id, { type, fields, times: 1 })
      const details = { retryAfterMs: RETRY_AFTER_MS }
      link.toClient(frame(link, ['error', id, 'unavailable', 'The kit refuses this once: send it again.', details], 66))
      return 'taken'
    }
  }

  /** The engine hears the button, and the client does not hear of it: the connection is lost instead. */
  async #loseReply(phase: string): Promise<void> {
    const { recorder } = this.#ports
    let id: string | null = null
    let lost: Link | null = null
    recorder.meddler = ({ side, type, fields, link }) => {
      if (side === 'client' && type === 'report-phase' && id === null) {
        id = String(fields[0])
        lost = link
      } else if (side === 'server' && link === lost) {
        if (type === 'reply' && fields[0] === id) {
          recorder.meddler = () => 'pass'
          link.cut()
        }
        return 'taken'
      }
      return 'pass'
    }
    await this.#step(
      `report ${phase}; the connection is lost, so come back and go on`,
      () => lost?.isClosed === true && this.#isBackAfter(lost),
    )
    const until = performance.now() + RESENT_WITHIN_MS
    while (performance.now() < until && !this.#answered.has(id!)) await sleep(100)
  }

  /** A frame of fixes does not arrive, and then the connection is lost. */
  async #loseFixes(): Promise<void> {
    const { recorder } = this.#ports
    let lost: Link | null = null
    let seq = 0
    recorder.meddler = ({ side, type, fields, link }) => {
      if (side !== 'client' || type !== 'fix' || (lost !== null && link !== lost)) return 'pass'
      lost = link
      const [first] = fields.filter(Array.isArray) as number[][]
      seq = first![0]!
      this.#noteFixes(fields)
      recorder.meddler = () => 'pass'
      link.cut()
      return 'taken'
    }
    await this.#step('send the next fix; it is lost with the connection, so come back and send it again', () => seq > 0)
    const before = this.#fixFrames
    await this.#step('send your fixes', () => this.#isBackAfter(lost!) && this.#fixFrames > before)
  }

  #answerLate(phase: string): void {
    const { recorder } = this.#ports
    const held: Passing[] = []
    recorder.meddler = passing => {
      const { side, type, fields } = passing
      if (side === 'client' && type === 'report-phase' && fields[2] === phase && held.length === 0) {
        recorder.meddler = later => {
          if (later.side === 'client') return 'pass'
          held.push(later)
          return 'taken'
        }
        setTimeout(() => {
          recorder.meddler = () => 'pass'
          for (const { link, data, ...rest } of held) {
            link.toClient(data)
            this.#note({ link, data, ...rest })
          }
        }, LATE_BY_MS)
      }
      return 'pass'
    }
  }

  /** Another tablet speaks for the unit; the client is closed with 4409 and stays away. */
  async #supersede(): Promise<void> {
    const { world, enginePort, tell } = this.#ports
    const link = this.#newest()
    await sleep(500)
    if (link.isClosed) return
    tell('Another tablet signs in for the unit now: your connection is closed with 4409; do not come back.')
    const other = new WebSocket(`ws://127.0.0.1:${enginePort}/v1/ws`, ['goldenhour.v1.json'])
    await new Promise<void>((resolve, reject) => {
      other.once('open', resolve)
      other.once('error', reject)
    })
    other.send(
      JSON.stringify(['hello', 'h-other', world.deviceKey, world.region, 'driver', world.unitId, Date.now(), []]),
    )
    await this.#until(() => link.isClosed)
    await sleep(BACK_AFTER_4409_MS)
    other.terminate()
  }

  // What the desk does, and what is stored.

  async #call(): Promise<void> {
    const { http, world, tell } = this.#ports
    const { callId } = await http.ask('POST', '/v1/calls', world.deskToken, {
      ...{ lonDeg: PLACE.lonE7 / 1e7, latDeg: PLACE.latE7 / 1e7, priority: PRIORITY },
      needs: [{ levelOfCare: 'als' }],
    })
    tell(`A call was entered (${callId}); the unit gets its offer.`)
  }

  /** Every fix that was sent is stored in the end. */
  async #lookIntoTrack(): Promise<void> {
    const { http, world, verdicts, recorder, tell, storedWithinMs } = this.#ports
    tell('Whether every fix is stored is looked at; this may take half a minute.')
    const until = performance.now() + storedWithinMs
    let missing: string[] = []
    do {
      const nowMs = Date.now()
      const range = `fromMs=${nowMs - 43_200_000}&toMs=${nowMs + 3_600_000}&limit=500`
      const { items } = await http.ask(
        'GET',
        `/v1/units/${world.unitId}/track?region=${world.region}&${range}`,
        world.adminToken,
      )
      const stored = new Set(
        (items as readonly { streamId: string; seq: number }[]).map(({ streamId, seq }) => `${streamId} ${seq}`),
      )
      missing = [...this.#seqs]
        .flatMap(([streamId, seqs]) => [...seqs].map(seq => `${streamId} ${seq}`))
        .filter(each => !stored.has(each))
      if (missing.length === 0) return verdicts.kept('FX-2')
      await sleep(500)
    } while (performance.now() < until)
    verdicts.client('FX-2', recorder.entries.length, `never stored: fix ${missing.slice(0, 5).join(', fix ')}`)
  }

  // What is seen.

  #note({ side, type, fields, link }: Passing): void {
    if (side === 'client') {
      if (type === 'fix') this.#noteFixes(fields)
      else if (type === 'hello')
        this.#streams = (fields[6] as readonly (readonly [string])[]).map(([streamId]) => streamId)
      else if (typeof fields[0] === 'string' && type !== null) {
        const times = (this.#asked.get(fields[0])?.times ?? 0) + 1
        this.#asked.set(fields[0], { type, fields, times })
      }
    } else if (type === 'reply' || type === 'error') {
      if (typeof fields[0] === 'string') this.#answered.set(fields[0], type)
    } else if (type === 'welcome') {
      this.#welcomed.add(link)
      this.#view = (fields[1] as { readonly driver: DriverView | null }).driver
    } else if (type === 'unit-state') this.#view = fields[1] as DriverView
    for (const look of this.#watchers) look()
  }

  #noteFixes(fields: readonly unknown[]): void {
    this.#fixFrames += 1
    const streamId = this.#streams[fields[0] as number] ?? '?'
    const seqs = this.#seqs.get(streamId) ?? new Set<number>()
    this.#seqs.set(streamId, seqs)
    for (const fix of fields.filter(Array.isArray)) seqs.add(fix[0])
  }
  #fixCount(): number {
    return [...this.#seqs.values()].reduce((sum, seqs) => sum + seqs.size, 0)
  }
  /** The trip is in this phase or behind it, or is over. */
  #hasReached(phase: string): boolean {
    const { trip } = this.#view ?? { trip: null }
    return trip === null ? this.#isDone('close-trip') : PHASES.indexOf(trip.phase) >= PHASES.indexOf(phase)
  }
  #newest(): Link {
    return this.#ports.recorder.links.at(-1)!
  }
  #isBackAfter(lost: Link): boolean {
    const { links } = this.#ports.recorder
    return links.slice(links.indexOf(lost) + 1).some(link => this.#welcomed.has(link))
  }
  #isDone(type: string): boolean {
    return [...this.#asked].some(([id, asked]) => asked.type === type && this.#answered.get(id) === 'reply')
  }

  async #step(what: string, isDone: () => boolean): Promise<void> {
    this.#ports.tell(`Now: ${what}.`)
    if (!(await this.#until(isDone))) {
      throw new StepMissed(`Not done within ${this.#ports.patienceMs / 1_000} s: ${what}.`)
    }
  }

  #until(isDone: () => boolean): Promise<boolean> {
    return new Promise(resolve => {
      const end = (is: boolean) => {
        clearTimeout(limit)
        clearInterval(poll)
        this.#watchers.delete(look)
        resolve(is)
      }
      const look = () => isDone() && end(true)
      const limit = setTimeout(() => end(false), this.#ports.patienceMs)
      const poll = setInterval(look, 100)
      this.#watchers.add(look)
      look()
    })
  }
}

/** A message of the kit's own; `code` is the type's in MessagePack. */
function frame(link: Link, message: readonly unknown[], code: number): string | Uint8Array {
  return link.isBinary ? encode([code, ...message.slice(1)]) : JSON.stringify(message)
}
