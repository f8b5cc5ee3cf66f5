/**
 * The crowd of the reconnect bench, in a process of its own: one WebSocket a driver, signed in and idle, that is cut
 * and comes back with its ticket.
 *
 * Modes: connecting, until every driver has its welcome; idle; the storm, from the parent's word until every driver has
 * its welcome again or the time for that is up.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'hdr-histogram-js'
import { seeded } from '../tools/shared/random.ts'
import { unitIdOf } from './fleet.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

export interface CrowdSetup {
  readonly port: number
  readonly firstDriver: number
  /** One a driver. */
  readonly tokens: readonly string[]
  readonly connectsPerS: number
  readonly seed: number
}
export type ToCrowd =
  | { readonly type: 'connect'; readonly setup: CrowdSetup }
  | { readonly type: 'storm'; readonly spreadMs: number; readonly withTickets: boolean }

export interface StormReport {
  /** From an attempt's first packet to the welcome, attempts that were refused included. */
  readonly reconnectP50Ms: number
  readonly reconnectP99Ms: number
  readonly reconnectMaxMs: number
  readonly attempts: number
  /** Drivers without a welcome at the end. */
  readonly lost: number
  /** From the cut until the last of them was back. */
  readonly tookMs: number
  /** Why attempts failed, by reason. */
  readonly failures: Readonly<Record<string, number>>
}
export type FromCrowd =
  | { readonly type: 'connected'; readonly open: number }
  | { readonly type: 'stormed'; readonly report: StormReport; readonly open: number }

const GIVE_UP_AFTER_MS = 30_000
/** As the client library begins: a refused attempt is made again after up to this, doubled each time. */
const FIRST_RETRY_MS = 500

interface Member {
  readonly unitId: string
  readonly token: string
  ticket: string
  socket: RawSocket | null
  signedIn: boolean
  /** Told when the attempt under way has its welcome (null) or has failed. */
  settle: ((failure: string | null) => void) | null
}

class Crowd {
  readonly #setup: CrowdSetup
  readonly #random: () => number
  readonly #members: Member[]
  readonly #failures: Record<string, number> = {}

  constructor(setup: CrowdSetup) {
    this.#setup = setup
    this.#random = seeded(setup.seed)
    this.#members = setup.tokens.map((token, index) => ({
      unitId: unitIdOf(setup.firstDriver + index),
      token,
      ticket: '',
      socket: null,
      signedIn: false,
      settle: null,
    }))
  }

  get open(): number {
    return this.#members.filter(member => member.signedIn).length
  }

  async connect(): Promise<void> {
    const startedMs = performance.now()
    const attempts: Promise<void>[] = []
    for (const [index, member] of this.#members.entries()) {
      const waitMs = startedMs + (index * 1_000) / this.#setup.connectsPerS - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      attempts.push(
        this.#attempt(member, member.token).then(failure => {
          if (failure !== null) throw new Error(`Driver ${member.unitId} could not sign in: ${failure}`)
        }),
      )
    }
    await Promise.all(attempts)
  }

  /** Everybody is cut at once and comes back at a moment of their own within the spread. */
  async storm(spreadMs: number, withTickets: boolean): Promise<StormReport> {
    const startedMs = performance.now()
    const durations = build({ numberOfSignificantValueDigits: 3 })
    let attempts = 0
    for (const member of this.#members) {
      member.socket?.cut()
      member.signedIn = false
    }
    await Promise.all(
      this.#members.map(async member => {
        await sleep(this.#random() * spreadMs)
        const beganMs = performance.now()
        for (let retryMs = FIRST_RETRY_MS; performance.now() - startedMs < spreadMs + GIVE_UP_AFTER_MS; retryMs *= 2) {
          attempts++
          const failure = await this.#attempt(member, withTickets ? member.ticket : member.token)
          if (failure === null) {
            durations.recordValue(Math.round((performance.now() - beganMs) * 1_000))
            return
          }
          this.#failures[failure] = (this.#failures[failure] ?? 0) + 1
          await sleep(this.#random() * retryMs)
        }
      }),
    )
    return {
      reconnectP50Ms: durations.getValueAtPercentile(50) / 1_000,
      reconnectP99Ms: durations.getValueAtPercentile(99) / 1_000,
      reconnectMaxMs: durations.maxValue / 1_000,
      attempts,
      lost: this.#members.length - this.open,
      tookMs: performance.now() - startedMs,
      failures: this.#failures,
    }
  }

  /** Output: null with the welcome, else why there is none. */
  #attempt(member: Member, token: string): Promise<string | null> {
    return new Promise(resolve => {
      member.settle = failure => {
        member.settle = null
        resolve(failure)
      }
      const socket = new RawSocket(this.#setup.port, {
        onOpen: () =>
          socket.send(['hello', 'hello', token, REGION, 'driver', member.unitId, Date.now(), [['bench', 'gnss', 1]]]),
        onMessage: message => {
          if (message[0] === 'welcome') {
            // Null only for what no bench makes: a feed of very many units.
            member.ticket = message[2].ticket ?? token
            member.signedIn = true
            member.settle?.(null)
          } else if (message[0] === 'error') member.settle?.(message[2])
        },
        onEnd: why => {
          member.signedIn = false
          member.settle?.(why)
        },
      })
      member.socket = socket
    })
  }
}

let crowd: Crowd | null = null
serveParent<ToCrowd>(async message => {
  if (message.type === 'connect') {
    crowd = new Crowd(message.setup)
    await crowd.connect()
    tellParent<FromCrowd>({ type: 'connected', open: crowd.open })
  } else {
    const report = await crowd!.storm(message.spreadMs, message.withTickets)
    tellParent<FromCrowd>({ type: 'stormed', report, open: crowd!.open })
  }
})
