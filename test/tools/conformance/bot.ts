/** A crew's app in a few lines over a raw socket, which makes one mistake on purpose. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { PLACE, type World } from '../../../tools/conformance/serve/world.ts'

/** By the mistake, the rule that it breaks. */
export const MISTAKES = {
  'repeats under a new id': 'CM-4',
  'does not repeat': 'HS-9',
  'asks again at once': 'CM-7',
  'forgets what was sent': 'FX-2',
  'sends everything again': 'FX-6',
  'shows its key again': 'HS-9',
  'comes back after 4409': 'HS-8',
  'falls over a newer type': 'VN-2',
} as const
export type Mistake = keyof typeof MISTAKES

const PHASES = ['en-route', 'on-scene', 'transporting', 'at-destination']
const FIX_EVERY_MS = 400
const PRESS_EVERY_MS = 900

interface Pending {
  id: string
  readonly fields: readonly unknown[]
  readonly done: () => void
}

export class Bot {
  readonly #world: World
  readonly #url: string
  readonly #mistake: Mistake
  #socket: WebSocket | null = null
  #ticket: string | null = null
  /** As the last hello said it; what was made since is not forgotten. */
  #lowestSeq = 1
  #helloMs = 0
  #welcomed = false
  #commands = 0
  #pending: Pending | null = null
  /** When each fix was measured, from seq 1; the first `#stored` are stored. */
  readonly #fixes: number[] = []
  #stored = 0
  #offer: { readonly offerId: string; readonly tripId: string } | null = null
  #moving: NodeJS.Timeout | undefined
  #stopped = false

  constructor(world: World, port: number, mistake: Mistake) {
    this.#world = world
    this.#url = `ws://127.0.0.1:${port}/v1/ws`
    this.#mistake = mistake
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#moving)
    this.#socket?.terminate()
  }

  async work(): Promise<void> {
    this.#connect()
    this.#moving = setInterval(() => this.#move(), FIX_EVERY_MS)
    try {
      await this.#ask('sign-on', Date.now())
      while (this.#offer === null && !this.#stopped) await sleep(50)
      if (this.#stopped) return
      const { offerId, tripId } = this.#offer!
      await this.#ask('accept-offer', offerId, Date.now())
      for (const phase of PHASES) {
        await this.#ask('report-phase', tripId, phase, Date.now())
        for (let i = 0; i < 3; i++) await sleep(PRESS_EVERY_MS)
      }
      await this.#ask('close-trip', tripId, 'transported', Date.now())
      await this.#ask('sign-off', Date.now())
    } finally {
      clearInterval(this.#moving)
    }
  }

  #connect(): void {
    if (this.#stopped) return
    const socket = new WebSocket(this.#url, ['goldenhour.v1.json'])
    this.#socket = socket
    this.#welcomed = false
    socket.on('error', () => undefined)
    socket.on('open', () => {
      const lowestSeq = (this.#mistake === 'forgets what was sent' ? this.#fixes.length : this.#stored) + 1
      this.#lowestSeq = lowestSeq
      const token = this.#mistake === 'shows its key again' ? null : this.#ticket
      this.#helloMs = Date.now()
      const streams = [[`bot-${this.#world.region}`, 'gnss', lowestSeq]]
      const { region, unitId, deviceKey } = this.#world
      this.#send('hello', `h-${++this.#commands}`, token ?? deviceKey, region, 'driver', unitId, this.#helloMs, streams)
    })
    socket.on('message', data => this.#hear(JSON.parse(data.toString())))
    socket.on('close', code => {
      if (code === 4409 && this.#mistake !== 'comes back after 4409') return
      if (this.#socket === socket) setTimeout(() => this.#connect(), 300)
    })
  }

  #hear([type, ...fields]: readonly [string, ...unknown[]]): void {
    if (type === 'welcome') this.#resume(fields[1] as Resumed)
    else if (type === 'unit-state') this.#see(fields[1] as Situation)
    else if (type === 'marks') this.#stored = Math.max(this.#stored, fields[1] as number)
    else if (type === 'reply' && fields[0] === this.#pending?.id) this.#pending?.done()
    else if (type === 'error' && fields[0] === this.#pending?.id) {
      const wait = (fields[3] as { readonly retryAfterMs?: number } | null)?.retryAfterMs
      if (wait === undefined) return this.#pending?.done()
      setTimeout(() => this.#press(), this.#mistake === 'asks again at once' ? 0 : wait + 100)
    } else if (type === 'a-newer-message' && this.#mistake === 'falls over a newer type') this.#socket!.terminate()
  }

  #resume({ ticket, streams, driver }: Resumed): void {
    this.#ticket = ticket
    this.#welcomed = true
    this.#see(driver)
    const durableSeq = streams[0]![1]
    this.#stored = Math.max(this.#stored, durableSeq)
    const isAgain = this.#fixes.length > 0
    const from =
      this.#mistake === 'sends everything again'
        ? 0
        : this.#mistake === 'forgets what was sent' && isAgain
          ? this.#lowestSeq - 1
          : durableSeq
    this.#sendFixes(from)
    if (this.#pending === null || !isAgain) return this.#pending === null ? undefined : this.#press()
    if (this.#mistake === 'does not repeat') return this.#pending.done()
    if (this.#mistake === 'repeats under a new id') this.#pending.id = `c-${++this.#commands}`
    this.#press()
  }

  #see({ trip }: Situation): void {
    if (trip?.offer != null) this.#offer = trip.offer
  }

  #move(): void {
    this.#fixes.push(Date.now())
    if (this.#welcomed) this.#sendFixes(this.#fixes.length - 1)
  }

  #sendFixes(from: number): void {
    const nowMs = Date.now()
    const fixes = this.#fixes.slice(from).map((atMs, index) => {
      const seq = from + index + 1
      return [seq, nowMs - atMs, PLACE.lonE7 + seq, PLACE.latE7, 50, null, null]
    })
    if (fixes.length > 0) this.#send('fix', 0, nowMs - this.#helloMs, ...fixes)
  }

  #ask(...fields: readonly unknown[]): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#pending = null
        resolve()
      }
      this.#pending = { id: `c-${++this.#commands}`, fields, done }
      if (this.#welcomed) this.#press()
    })
  }

  #press(): void {
    if (this.#pending === null || !this.#welcomed) return
    const [type, ...rest] = this.#pending.fields
    this.#send(type, this.#pending.id, ...rest)
  }

  #send(...tuple: unknown[]): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(tuple))
  }
}

interface Situation {
  readonly trip: { readonly offer: { readonly offerId: string; readonly tripId: string } | null } | null
}
interface Resumed {
  readonly ticket: string
  readonly streams: readonly (readonly [string, number])[]
  readonly driver: Situation
}
