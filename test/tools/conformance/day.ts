/** A short day of a crew's app as its log has it, to be broken in one place at a time. */
import { type Entry, readLog } from '../../../tools/conformance/judge/log.ts'

export const T0 = 1_767_225_600_000
const TRIP = `akl.${'t'.repeat(21)}`
export const OFFER = `akl.${'o'.repeat(21)}`
const CALL = `akl.${'c'.repeat(21)}`

export interface Line {
  readonly atMs: number
  readonly connection: string
  readonly dir: string
  readonly [key: string]: unknown
}

/** Writes lines one after the other; `after` lets time pass. */
export class LogBook {
  readonly lines: Line[] = []
  #atMs = T0

  get nowMs(): number {
    return this.#atMs
  }
  after(ms: number): this {
    this.#atMs += ms
    return this
  }
  open(connection: string, subprotocol = 'goldenhour.v1.json'): this {
    return this.#add(connection, 'open', { subprotocol })
  }
  closed(connection: string, code = 1006): this {
    return this.#add(connection, 'closed', { code })
  }
  sent(connection: string, ...tuple: unknown[]): this {
    return this.#add(connection, 'sent', { text: JSON.stringify(tuple) })
  }
  received(connection: string, ...tuple: unknown[]): this {
    return this.#add(connection, 'received', { text: JSON.stringify(tuple) })
  }
  raw(connection: string, frame: object): this {
    return this.#add(connection, 'sent', frame as Record<string, unknown>)
  }
  hello(connection: string, token: string, lowestSeq: number, id = `h-${connection}`): this {
    return this.sent(connection, 'hello', id, token, 'akl', 'driver', 'A-7', this.#atMs, [['s1', 'gnss', lowestSeq]])
  }
  welcome(connection: string, durableSeq: number, driver: object = view('available'), id = `h-${connection}`): this {
    const clock = { nowMs: this.#atMs, anchorRegionMs: T0, anchorWallMs: T0, rate: 1 }
    const limits = { frameBytes: 16_384, fixesPerFrame: 256, comeBackSpreadMs: 1_000 }
    const streams = [['s1', durableSeq]]
    return this.received(connection, 'welcome', id, {
      ...{
        sessionId: 'x',
        region: 'akl',
        role: 'driver',
        clock,
        position: 1,
        streams,
        driver,
        limits,
        ticket: 'ght_ticket',
      },
    })
  }
  fixes(connection: string, ...seqs: number[]): this {
    // Each fix was measured a second after the one before; it is the same whenever it is sent.
    const helloMs = [...this.lines]
      .reverse()
      .find(line => line.connection === connection && String(line.text).startsWith('["hello"'))!.atMs
    const fixes = seqs.map(seq => [
      seq,
      this.#atMs - (T0 + seq * 1_000),
      1_747_600_000 + seq,
      -368_500_000,
      50,
      null,
      null,
    ])
    return this.sent(connection, 'fix', 0, this.#atMs - helloMs, ...fixes)
  }
  text(): string {
    return `${this.lines.map(line => JSON.stringify(line)).join('\n')}\n`
  }
  entries(): Entry[] {
    return readLog(this.text())
  }

  #add(connection: string, dir: string, rest: Record<string, unknown>): this {
    this.lines.push({ atMs: this.#atMs, connection, dir, ...rest })
    this.#atMs += 10
    return this
  }
}

/** Of all other statuses a unit may be reassigned. */
const DISPATCHABILITY: ReadonlyMap<string, string> = new Map([
  ['available', 'available'],
  ['on-scene', 'not-available'],
])

/** What a driver is told of itself; with `phase` it has the trip. */
export function view(status: string, phase: string | null = null, mode = 'ordered'): object {
  const isOffered = phase === 'offered'
  const offer = {
    offerId: OFFER,
    tripId: TRIP,
    unitId: 'A-7',
    mode,
    round: 1,
    offeredAtMs: T0,
    deadlineAtMs: T0 + 45_000,
  }
  const place = { lonE7: 1_747_600_000, latE7: -368_500_000 }
  const unit = {
    ...{
      unitId: 'A-7',
      callSign: 'A-7',
      levelOfCare: 'als',
      transports: true,
      capabilities: [],
      status,
      statusSinceMs: T0,
      retired: false,
    },
    ...{
      dispatchability: DISPATCHABILITY.get(status) ?? 'conditionally-available',
      unavailableReason: null,
      crew: 'crew-7',
    },
    ...{
      connected: true,
      awaySinceMs: null,
      reach: 'app',
      noContact: false,
      emergencySinceMs: null,
      takenTripId: null,
      fix: null,
      offerId: isOffered ? OFFER : null,
      tripId: phase === null ? null : TRIP,
      version: 1,
    },
  }
  const trip = {
    ...{
      tripId: TRIP,
      callId: CALL,
      phase,
      priority: 1,
      problem: null,
      need: { levelOfCare: 'als', transport: true, capabilities: [], preferred: [] },
    },
    ...{
      ...place,
      receivedAtMs: T0,
      unitId: isOffered && mode === 'offered' ? null : 'A-7',
      offer: isOffered ? offer : null,
    },
    ...{ round: 1, onHold: null, times: { pending: T0 }, missed: [], responses: [], alarms: [] },
    ...{
      destination: null,
      helps: null,
      helpedBy: null,
      loss: null,
      disposition: null,
      cancelReason: null,
      version: 2,
    },
    details: null,
  }
  return { unit, trip: phase === null ? null : trip, cadenceMs: 15_000 }
}

const said = (id: string, result: object) => ['reply', id, 3, result] as const
export const on = (id: string) => said(id, { unitId: 'A-7', status: 'available' })
export const at = (id: string, phase: string) => said(id, { tripId: TRIP, phase })
export { TRIP }

/** Signed on, with the order of a trip, in the middle of its connection `1`. */
export function ordered(mode = 'ordered'): LogBook {
  const book = new LogBook().open('1').hello('1', 'token', 1).welcome('1', 0)
  book.sent('1', 'sign-on', 'c-1', book.nowMs).received('1', ...on('c-1'))
  book
    .after(2_000)
    .fixes('1', 1, 2)
    .received('1', 'unit-state', 2, view('offered', 'offered', mode))
  return book.after(3_000)
}

/** The whole day, which breaks nothing: a trip, a loss with a button under way, and the end. */
export function goodDay(): LogBook {
  const book = ordered()
  book.sent('1', 'accept-offer', 'c-2', OFFER, book.nowMs).received('1', ...at('c-2', 'assigned'))
  book.received('1', 'unit-state', 3, view('assigned', 'assigned')).after(3_000)
  book.received('1', 'marks', 0, 1).fixes('1', 3, 4)
  book
    .sent('1', 'report-phase', 'c-3', TRIP, 'en-route', T0 + 9_000)
    .closed('1')
    .after(700)
  book.open('2').hello('2', 'ght_ticket', 2).welcome('2', 3, view('assigned', 'assigned'))
  book
    .sent('2', 'report-phase', 'c-3', TRIP, 'en-route', T0 + 9_000)
    .fixes('2', 4, 5)
    .received('2', ...at('c-3', 'en-route'))
  book.received('2', 'unit-state', 4, view('en-route', 'en-route')).after(3_000)
  book.sent('2', 'close-trip', 'c-4', TRIP, 'transported', book.nowMs)
  book.received('2', 'error', 'c-4', 'unavailable', 'later', { retryAfterMs: 500 }).after(600)
  const closedAtMs = book.nowMs - 620
  book.lines.splice(-2, 1, {
    ...book.lines.at(-2)!,
    text: JSON.stringify(['close-trip', 'c-4', TRIP, 'transported', closedAtMs]),
  })
  book.sent('2', 'close-trip', 'c-4', TRIP, 'transported', closedAtMs).received('2', ...at('c-4', 'closed'))
  book
    .received('2', 'unit-state', 5, view('available'))
    .received('2', 'come-back', 1_000)
    .received('2', 'a-newer-type', 1)
  book.sent('2', 'mark', null).received('2', 'marks', 0, 5).after(5_000)
  return book.closed('2', 1000)
}
