/** A crew: reports where it is, takes offers, presses the buttons of its trip, goes off for a moment, loses its connection. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type DriverClient } from '../../../src/client/index.ts'
import type { OfferView, TripView } from '../../../src/protocol/wire/situation-views.ts'
import { type DroppableSocket, droppableSocket } from '../../shared/droppable-socket.ts'
import { principalOf, REGION } from '../world/fleet.ts'
import type { Answer } from './client-log.ts'
import type { FixAccount, FixLog } from './fix-log.ts'
import type { LoadWorld } from './load.ts'

const PHASES = ['en-route', 'on-scene', 'transporting', 'at-destination'] as const
const FIX_EVERY_MS = 1_000
const DECLINED = 0.05
/** Of its commands. */
const REPEATED = 0.15
/** Rare: each loss makes the library wait longer before the next try, and a round looks at how soon everybody is back. */
const DROPPED = 0.004
const BREAKS = 0.03

type Send = (id: string) => ReturnType<DriverClient['signOn']>

export class Crew {
  readonly unitId: string
  readonly client: DriverClient
  readonly #world: LoadWorld
  readonly #fixes: FixLog
  readonly #format: 'binary' | 'json'
  /** Half of the crews date their fixes by their receiver, the others leave it to the library. */
  readonly #ownTime: boolean
  readonly #socket: DroppableSocket = droppableSocket()
  readonly #timer: NodeJS.Timeout
  #trip: string | null = null
  #offersHeard = 0
  #ended = false
  #isClearing = false

  constructor(world: LoadWorld, unitId: string, token: string, index: number, fixes: FixLog) {
    this.unitId = unitId
    this.#world = world
    this.#fixes = fixes
    this.#format = index % 2 === 0 ? 'binary' : 'json'
    this.#ownTime = index % 4 < 2
    this.client = connect({
      url: world.url,
      region: REGION,
      role: 'driver',
      unitId,
      token: () => Promise.resolve(token),
      format: this.#format,
      webSocket: this.#socket.socketClass,
    })
    this.client.onOffer((offer, trip) => void this.#onOffer(offer, trip).catch(error => world.failed(error)))
    this.client.onState(({ unit, trip }) => {
      if (unit.status === 'standing-down') void this.#clear().catch(error => world.failed(error))
      this.#onState(trip)
    })
    this.client.onClosed(end => {
      if (end.reason !== 'closed') world.log.ended.push(`unit ${unitId}: ${end.message}`)
      this.#ended = true
    })
    this.#timer = setInterval(() => this.#report(), FIX_EVERY_MS)
  }

  get hasEnded(): boolean {
    return this.#ended
  }
  get offersHeard(): number {
    return this.#offersHeard
  }
  get account(): FixAccount {
    return { log: this.#fixes, durable: () => ({ streamId: this.client.streamId, seq: this.client.durableSeq }) }
  }

  async signOn(): Promise<void> {
    await this.#press('sign-on', {}, id => this.client.signOn({ id }))
  }

  /** The connection is cut as a tunnel cuts it. */
  drop(): void {
    this.#socket.drop()
  }

  close(): void {
    clearInterval(this.#timer)
    this.client.close()
  }

  #report(): void {
    if (this.#ended) return
    const { n, lonDeg, latDeg } = this.#fixes.next()
    const trueAtMs = Date.now()
    const { streamId } = this.client
    const seq = this.client.report({ lonDeg, latDeg, ...(this.#ownTime ? { fixedAtMs: trueAtMs } : {}) })
    this.#fixes.sent({ n, streamId, seq, trueAtMs, clocksRight: this.#world.clocksRight() })
  }

  /** After a restart of the engine a crew may hear of its trip again without an offer: it goes on with it. */
  #onState(trip: TripView | null): void {
    if (trip === null || trip.unitId !== this.unitId || this.#trip === trip.tripId) return
    if (trip.phase === 'closed' || trip.phase === 'cancelled' || trip.phase === 'offered') return
    this.#trip = trip.tripId
    const done = PHASES.indexOf(trip.phase as (typeof PHASES)[number])
    void this.#work(trip.tripId, done + 1).catch(error => this.#world.failed(error))
  }

  async #onOffer(offer: OfferView, trip: TripView): Promise<void> {
    const { random } = this.#world
    this.#offersHeard += 1
    await sleep(50 + random() * 150)
    const { offerId } = offer
    if (random() < DECLINED) {
      await this.#press('decline-offer', { offerId }, id => this.client.declineOffer(offerId, 'too-far', { id }))
      return
    }
    this.#trip = trip.tripId
    const answer = await this.#press('accept-offer', { offerId, tripId: trip.tripId }, id =>
      this.client.acceptOffer(offerId, { id }),
    )
    if (answer?.ok === true) await this.#work(trip.tripId, 0)
    else if (this.#trip === trip.tripId) this.#trip = null
  }

  async #work(tripId: string, from: number): Promise<void> {
    for (const phase of PHASES.slice(from)) {
      await sleep(150 + this.#world.random() * 450)
      const answer = await this.#press('report-phase', { tripId, phase }, id =>
        this.client.reportPhase(tripId, phase, { id }),
      )
      // Cancelled by the desk: there is nothing left to do.
      if (answer?.ok !== true) return this.#leave(tripId)
    }
    await this.#press('close-trip', { tripId }, id => this.client.closeTrip(tripId, 'transported', { id }))
    this.#leave(tripId)
    if (this.#world.random() < BREAKS) await this.#takeBreak()
  }

  /** The desk has taken the trip at the scene: the crew says that it is clear. */
  async #clear(): Promise<void> {
    if (this.#isClearing) return
    this.#isClearing = true
    await this.#press('set-status', { status: 'available' }, id => this.client.becomeAvailable({ id }))
    this.#isClearing = false
  }

  async #takeBreak(): Promise<void> {
    const gone = await this.#press('set-status', { status: 'unavailable' }, id =>
      this.client.becomeUnavailable('refuel', { id }),
    )
    if (gone?.ok !== true) return
    await sleep(400)
    await this.#press('set-status', { status: 'available' }, id => this.client.becomeAvailable({ id }))
  }

  #leave(tripId: string): void {
    if (this.#trip === tripId) this.#trip = null
  }

  async #press(kind: string, more: Record<string, unknown>, send: Send): Promise<Answer | null> {
    const { log, gate, random } = this.#world
    await gate.pass()
    if (this.#ended) return null
    const again = (id: string) => this.client.repeat(id)
    const what = {
      principal: principalOf.crew(this.unitId),
      kind,
      via: this.#format,
      body: { unitId: this.unitId, ...more },
    }
    let sentId = ''
    const answered = log.command(
      what,
      id => {
        sentId = id
        return send(id)
      },
      again,
    )
    const luck = random()
    if (luck < DROPPED) this.#world.dropSoon(() => this.drop())
    else if (luck < REPEATED / 2) this.client.repeat(sentId).catch(() => undefined)
    const answer = await answered
    if (answer?.ok === true && luck > 1 - REPEATED / 2) this.#world.repeatSoon(what.principal, sentId)
    return answer
  }
}
