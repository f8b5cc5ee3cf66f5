/**
 * A crew's phone: the app on it, the buttons that were pressed, and the disk with the fixes that are not durable yet.
 *
 * The app may end and start at any time; what is on the disk then goes on in the same stream and under the same ids. A
 * phone whose disk was emptied begins a new stream. While the app runs it reports where the vehicle is, as often as it
 * is advised, but no more often than every half minute while it waits somewhere.
 */

import { DriverClient } from '../../../src/client/driver-client.ts'
import type { ClientClosed, ReportedFix } from '../../../src/client/index.ts'
import type { DriverView, OfferView, TripView } from '../../../src/protocol/wire/situation-views.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Device } from '../core/device.ts'
import { type Answer, Buttons, type Send } from './buttons.ts'
import { ANSWERED_WITHIN_MS, MINUTE_MS, SECOND_MS } from './chance.ts'
import { FixLog } from './fix-log.ts'
import type { ClientStanding } from './parts.ts'
import type { Town } from './town.ts'
import type { Vehicle } from './vehicle.ts'

/** Who holds the phone, as it hears from the engine. */
export interface PhoneUser {
  /** The unit's situation, on each connection and after each change. */
  seen(phone: Phone, driver: DriverView): void
  offered(phone: Phone, offer: OfferView, trip: TripView): void
  /** The app has ended without anybody having closed it. */
  ended(phone: Phone, why: ClientClosed['reason']): void
}

interface PhoneParts {
  readonly town: Town
  readonly dice: Dice
  readonly name: string
  readonly principal: string
  readonly unitId: string
  /** No other phone of the unit has it. */
  readonly streamPrefix: string
  /** Null: a feed reports for the unit, and the phone has only its buttons. */
  readonly vehicle: Vehicle | null
  readonly user: PhoneUser
}

/** Gives a command to the app. Its moment is left out while the app does not know region time. */
export type Press = (
  client: DriverClient,
  how: { readonly id: string; readonly happenedAtMs?: number },
) => ReturnType<Send<DriverClient, unknown>>

interface Pressing {
  readonly answer: Promise<Answer<unknown>>
  /** Presses it again under the same id, whether it was answered or not, while the same app runs. */
  readonly repeat: () => void
}

const WAITING_CADENCE_MS = 30 * SECOND_MS
/** With so many crews the dead connections are looked for less often, which is most of a quiet client's cost. */
const MANY_DRIVERS = 100

export class Phone {
  readonly name: string
  readonly principal: string
  readonly device: Device
  readonly #parts: PhoneParts
  readonly #buttons: Buttons<DriverClient>
  #log: FixLog
  /** Streams that an app which crashed again and again has begun. */
  #spareLogs = 0
  /** Its receiver gives every fix a time of its own, which does not depend on the phone's clock. */
  readonly #receiverHasTime: boolean
  readonly #speaksJson: boolean
  /** Some keep so few fixes that a short time without a connection loses the oldest. */
  readonly #bufferedFixesMax: number
  #client: DriverClient | null = null
  #ids = 0
  /** The app is to be closed as soon as it may. */
  #isClosing = false
  #lastFix: ReportedFix | null = null
  #nextReport: { readonly atMs: number; cancel(): void } | null = null

  constructor(parts: PhoneParts) {
    const { town, name, principal, streamPrefix, dice } = parts
    this.name = name
    this.principal = principal
    this.#parts = parts
    this.device = town.device(name)
    this.#buttons = new Buttons(name, town.chronicle)
    this.#log = new FixLog(streamPrefix)
    this.#receiverHasTime = dice.oneIn(2)
    this.#speaksJson = dice.oneIn(8)
    this.#bufferedFixesMax = dice.oneIn(5) ? dice.within([2, 12]) : 100_000
  }

  /** The app that runs; null while none does. */
  get client(): DriverClient | null {
    return this.#client
  }
  get isOn(): boolean {
    return this.device.isOn
  }
  /** What the crew sees on the screen: null while the app is not connected. */
  get screen(): DriverView | null {
    return this.#client?.connectionState === 'open' ? this.#client.driver : null
  }

  standing(isAway: boolean): ClientStanding {
    const client = this.#client
    return {
      name: this.name,
      isAway,
      isOpen: client?.connectionState === 'open',
      commandsUnanswered: this.#buttons.unansweredFor(ANSWERED_WITHIN_MS),
      fixesNotDurable: client?.fixesNotDurable ?? this.#log.fixes.length,
      reportsFor: this.#nextReport === null || !this.device.hasRightTime ? null : this.#parts.unitId,
    }
  }

  /** Starts the app, with what the disk holds. */
  open(): void {
    const { town, unitId, user, vehicle, principal } = this.#parts
    this.#isClosing = false
    if (!this.device.isOn) return
    if (this.#client !== null) {
      if (vehicle !== null && this.#nextReport === null) this.#reportIn(0)
      return
    }
    const client = new DriverClient({
      ...this.device.clientOptions(town.token({ sub: principal, role: 'driver', unit: unitId })),
      newId: () => this.#newId(),
      role: 'driver',
      unitId,
      streamId: this.#log.streamId,
      firstSeq: this.#log.firstSeq,
      bufferedFixesMax: this.#bufferedFixesMax,
      format: this.#speaksJson ? 'json' : 'binary',
      heartbeatMs: (town.plan.drivers > MANY_DRIVERS ? 30 : 15) * SECOND_MS,
    })
    this.#client = client
    client.onState(driver => {
      this.#reportSooner()
      user.seen(this, driver)
    })
    client.onOffer((offer, trip) => user.offered(this, offer, trip))
    client.onClosed(({ reason }) => {
      if (this.#client !== client) return
      this.#appEnded()
      if (reason !== 'closed') user.ended(this, reason)
    })
    for (const fix of this.#log.fixes) client.report(fix)
    this.#buttons.resend(client)
    if (vehicle !== null) this.#reportIn(0)
  }

  /** The crew closes the app. */
  close(): void {
    const client = this.#client
    this.#appEnded()
    client?.close()
  }

  /**
   * The app crashes again and again, so many times, and each time it begins a stream of its own; then it is back with
   * the first one, whose disk knows little of what is durable. Input: whether it still is to run.
   */
  crashAgainAndAgain(times: number, isWanted: () => boolean): void {
    const { town, dice, streamPrefix, vehicle } = this.#parts
    if (this.#client === null || vehicle === null) return
    const first = this.#log
    const next = (left: number) => {
      this.#crash()
      const isOver = left === 0 || town.isCalm || !isWanted()
      this.#spareLogs += 1
      this.#log = isOver ? first : new FixLog(`${streamPrefix}${this.#spareLogs}_`)
      if (isWanted()) this.open()
      if (!isOver) town.loop.after(dice.within([8 * SECOND_MS, 50 * SECOND_MS]), () => next(left - 1))
    }
    next(times)
  }

  /** Closes the app once everything is stored, or when that takes too long. */
  closeWhenStored(): void {
    const client = this.#client
    if (client === null) return
    this.#isClosing = true
    this.#stopReporting()
    const close = () => {
      if (this.#client === client && this.#isClosing) this.close()
    }
    client.mark().then(close, close)
    this.device.after(2 * MINUTE_MS, close)
  }

  switchOff(): void {
    if (!this.device.isOn) return
    this.device.powerOff()
    this.#appEnded()
  }
  switchOn(): void {
    this.device.powerOn()
  }
  emptyDisk(): void {
    this.#buttons.forget()
    this.#log.startOver()
  }

  /** Presses a button. Output: what the engine says, or `lost` when nobody will ever say. */
  press(what: string, send: Press): Pressing {
    const client = this.#client
    if (client === null) return { answer: Promise.resolve({ ok: false, code: 'lost' }), repeat: () => {} }
    const id = this.#newId()
    const knowsTime = client.driver !== null
    const moment = knowsTime ? { happenedAtMs: client.regionNowMs() } : {}
    const sendThis: Send<DriverClient, unknown> = (to, sameId) => send(to, { id: sameId, ...moment })
    const answer = this.#buttons.press(client, id, `presses ${what}`, sendThis, knowsTime)
    const repeat = () => {
      if (this.#client === client) this.#buttons.repeat(client, id)
    }
    return { answer, repeat }
  }

  #newId(): string {
    this.#ids += 1
    // The number first: a stream that the client begins by itself is named by the first few characters.
    return `${this.#ids.toString(36)}-${this.name}`
  }

  #appEnded(): void {
    if (this.#client !== null) this.#log.follow(progressOf(this.#client))
    this.#client = null
    this.#stopReporting()
  }

  /** Its disk hears nothing of what was durable. */
  #crash(): void {
    const client = this.#client
    if (client === null) return
    if (client.streamId !== this.#log.streamId) this.#log.follow(progressOf(client))
    this.#client = null
    this.#stopReporting()
    client.close()
  }

  #stopReporting(): void {
    this.#nextReport?.cancel()
    this.#nextReport = null
  }

  #report(): void {
    const { town, vehicle, dice } = this.#parts
    const client = this.#client
    if (client === null || vehicle === null) return
    const { nowMs } = town.loop
    this.#reportIn(this.#cadenceMs(vehicle, nowMs))
    // Until the first welcome the time of a fix is a guess, which the disk must not keep as a fact.
    if (!this.#receiverHasTime && client.driver === null) return
    const fixedAtMs = this.#receiverHasTime ? Math.floor(nowMs) : client.regionNowMs()
    const fix: ReportedFix = { ...vehicle.measuredAt(nowMs), fixedAtMs }
    const before = this.#lastFix
    this.#lastFix = fix
    this.#reportFix(client, fix)
    // A receiver that saw no sky for a moment gives once more what it had before.
    const { clumsiness } = town.plan.troubles
    if (before !== null && clumsiness > 0 && dice.oneIn(Math.ceil(10 / clumsiness))) this.#reportFix(client, before)
  }

  #reportFix(client: DriverClient, fix: ReportedFix): void {
    client.report(fix)
    this.#log.add(fix, progressOf(client))
  }

  #cadenceMs(vehicle: Vehicle, nowMs: number): number {
    const view = this.#client?.driver
    const advisedMs = view?.cadenceMs ?? WAITING_CADENCE_MS
    return view?.unit.status === 'available' && !vehicle.isMoving(nowMs) ? WAITING_CADENCE_MS : advisedMs
  }

  #reportIn(delayMs: number): void {
    this.#stopReporting()
    const atMs = this.#parts.town.loop.nowMs + delayMs
    this.#nextReport = { atMs, cancel: this.device.after(delayMs, () => this.#report()) }
  }

  /** The engine may want fixes more often from now on. */
  #reportSooner(): void {
    const { town, vehicle } = this.#parts
    if (this.#nextReport === null || vehicle === null) return
    const delayMs = this.#cadenceMs(vehicle, town.loop.nowMs)
    if (this.#nextReport.atMs > town.loop.nowMs + delayMs) this.#reportIn(delayMs)
  }
}

const progressOf = ({ streamId, lastSeq, fixesNotDurable }: DriverClient) => ({
  streamId,
  lastSeq,
  notDurable: fixesNotDurable,
})
