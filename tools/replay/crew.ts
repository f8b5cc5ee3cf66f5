/**
 * One simulated crew: signs on, answers offers, works its trip by the record, and reports where it is.
 *
 * Where it drives on roads, it is at the scene and at the hospital when its way says so and not when the record does.
 *
 * A trip of the crew is over when its last command was answered, when a command was refused because the desk had taken
 * the trip back, or when the crew hears that it has ended; whatever it still meant to do then is left.
 */
import { ClientClosed, connect, type DriverClient, type ReportedFix } from '../../src/client/index.ts'
import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { toE7 } from '../../src/protocol/fix-frame.ts'
import type { OfferView, TripView } from '../../src/protocol/wire/situation-views.ts'
import { type DroppableSocket, droppableSocket } from '../shared/droppable-socket.ts'
import type { CallBook } from './call-book.ts'
import type { ReplayCall } from './calls.ts'
import type { Answer, ClientLog, CommandSubject } from './client-log.ts'
import { answerTo, dropsConnection, type Habits, repeatOf } from './habits.ts'
import type { RegionTimers } from './region-timers.ts'
import type { Streets } from './streets.ts'
import { Wheels } from './wheels.ts'

/** What crews did of their own will, counted over all of them. */
export interface CrewCounts {
  silent: number
  dropped: number
  repeated: number
}

/** What all crews of a run share. */
export interface CrewWorld {
  readonly url: string
  readonly region: string
  readonly mode: DispatchMode
  readonly habits: Habits
  readonly log: ClientLog
  readonly book: CallBook
  readonly timers: () => RegionTimers
  /** Where crews drive while they have a trip; null: their recorded traces are all they do. */
  readonly streets: Streets | null
  readonly counts: CrewCounts
  /** A client has ended by itself, which none should. */
  readonly onFailure: (error: Error) => void
}

interface Work {
  readonly tripId: string
  over: boolean
  wakeUp: () => void
}

const BREAK_MS = 60_000
/** A unit that drives reports this often, one that stands so often, in region time. */
const DRIVING_EVERY_MS = 5_000
const STANDING_EVERY_MS = 60_000

export class Crew {
  readonly unitId: string
  readonly client: DriverClient
  readonly #world: CrewWorld
  readonly #principal: string
  readonly #socket: DroppableSocket
  readonly #wheels: Wheels | null
  #work: Work | null = null
  #isClearing = false
  #isResting = false
  #place: { readonly lonDeg: number; readonly latDeg: number } | null = null
  #fixedAtMs = Number.NEGATIVE_INFINITY

  constructor(world: CrewWorld, unitId: string, principal: string, token: string) {
    const { url, region, log } = world
    this.unitId = unitId
    this.#world = world
    this.#principal = principal
    this.#wheels = world.streets === null ? null : new Wheels(world.streets)
    this.#socket = droppableSocket()
    // Asked for again after a refusal: the engine may not have read the units yet when the first crews come.
    const tokenAgain = () => Promise.resolve(token)
    const { socketClass } = this.#socket
    // What the run as a whole comes to is told at its end.
    const warn = () => undefined
    this.client = connect({ url, region, role: 'driver', unitId, token: tokenAgain, webSocket: socketClass, warn })
    this.client.onOffer((offer, trip) => this.#onOffer(offer, trip))
    this.client.onTripEnded(trip => this.#leave(trip.tripId))
    this.client.onState(({ unit, trip }) => {
      if (unit.status === 'standing-down') this.#clear()
      if (trip === null) return
      const { tripId, version, phase } = trip
      log.tell({ toUnitId: unitId, tripId, version, phase, unitId: trip.unitId })
    })
    this.client.onClosed(end => {
      if (end.reason !== 'closed') world.onFailure(new Error(`Unit ${unitId}: ${end.message}`, { cause: end }))
    })
  }

  /** Resolves when the crew is on duty. */
  async signOn(): Promise<void> {
    await this.client.opened()
    const answer = await this.#command({ kind: 'sign-on', unitId: this.unitId }, id => this.client.signOn({ id }))
    if (answer !== null && !answer.ok) throw new Error(`Unit ${this.unitId} may not sign on: ${answer.code}.`)
  }

  /** Its recorded trace has it there. */
  follow(lonDeg: number, latDeg: number, fixedAtMs: number): void {
    if (this.#wheels === null || this.#wheels.recorded({ lonDeg, latDeg })) this.#report({ lonDeg, latDeg, fixedAtMs })
  }

  /** Drives until now, and reports where it is when it is time. */
  drive(nowMs: number): void {
    const wheels = this.#wheels
    if (wheels?.isOffTrace !== true) return
    if (nowMs - this.#fixedAtMs < (wheels.isMoving ? DRIVING_EVERY_MS : STANDING_EVERY_MS)) return
    const placed = wheels.at(nowMs)
    if (placed !== null) this.#report({ ...placed, fixedAtMs: Math.round(nowMs) })
  }

  /** Its trace is over: it reports the last position once more when it is older than what a standing unit waits. */
  hold(nowMs: number): void {
    if (this.#place === null || this.#wheels?.isOffTrace === true || nowMs - this.#fixedAtMs < STANDING_EVERY_MS) return
    this.#report({ ...this.#place, fixedAtMs: Math.round(nowMs) })
  }

  get isFree(): boolean {
    return this.#work === null && this.client.driver?.unit.status === 'available'
  }

  /** The desk has taken the trip from it at the scene: it leaves, and says so. */
  #clear(): void {
    if (this.#isClearing) return
    this.#isClearing = true
    const { unitId } = this
    void this.#command({ kind: 'clear', unitId }, id => this.client.becomeAvailable({ id })).finally(() => {
      this.#isClearing = false
    })
  }

  /** Goes off for fuel and comes back. */
  async takeBreak(): Promise<void> {
    const { unitId, client } = this
    const gone = await this.#command({ kind: 'unavailable', unitId }, id => client.becomeUnavailable('refuel', { id }))
    if (gone?.ok !== true) return
    const timers = this.#world.timers()
    timers.at(timers.nowMs() + BREAK_MS, () => {
      void this.#command({ kind: 'available', unitId }, id => client.becomeAvailable({ id }))
    })
  }

  /** Begins nothing more: what it would still send could be without its answer when the clients are closed. */
  rest(): void {
    this.#isResting = true
  }

  close(): void {
    this.client.close()
  }

  #report(fix: ReportedFix & { readonly fixedAtMs: number }): void {
    const { lonDeg, latDeg, fixedAtMs } = fix
    this.#place = { lonDeg, latDeg }
    this.#fixedAtMs = fixedAtMs
    const seq = this.client.report(fix)
    const { unitId } = this
    const { streamId } = this.client
    this.#world.log.fixes.push({ unitId, streamId, seq, fixedAtMs, lonE7: toE7(lonDeg), latE7: toE7(latDeg) })
  }

  #onOffer(offer: OfferView, trip: TripView): void {
    const { offerId, tripId } = offer
    this.#world.log.offers.push({ offerId, tripId, unitId: this.unitId, heardAtMs: performance.now() })
    const work: Work = { tripId: trip.tripId, over: false, wakeUp: () => {} }
    this.#answer(work, offer).catch((error: Error) => this.#world.onFailure(error))
  }

  async #answer(work: Work, offer: OfferView): Promise<void> {
    const { book, habits, mode, counts } = this.#world
    const call = await book.callOf(offer.tripId)
    const answer = answerTo(habits, mode, call.key, book.nextAttempt(call))
    const { offerId } = offer
    if (answer === 'silent') {
      counts.silent += 1
      return
    }
    this.#leave(this.#work?.tripId ?? '')
    this.#work = work
    const acceptAtMs = offer.offeredAtMs + call.plan.acceptAfterMs
    if (!(await this.#until(work, acceptAtMs))) return
    const subject = { unitId: this.unitId, offerId } as const
    if (answer === 'decline') {
      await this.#press(call, { kind: 'decline-offer', ...subject }, id =>
        this.client.declineOffer(offerId, 'too-far', { id }),
      )
      return this.#leave(work.tripId)
    }
    const accepted = await this.#press(call, { kind: 'accept-offer', ...subject }, id =>
      this.client.acceptOffer(offerId, { id, happenedAtMs: this.#momentMs(acceptAtMs) }),
    )
    if (accepted?.ok === true) await this.#workOn(work, call, acceptAtMs)
    this.#leave(work.tripId)
  }

  async #workOn(work: Work, call: ReplayCall, acceptedAtMs: number): Promise<void> {
    const { unitId, client } = this
    const { tripId } = work
    // A crew that accepted late, because the engine was away, is as late with all that follows.
    let atMs = Math.max(acceptedAtMs, this.#world.timers().nowMs())
    this.#wheels?.stand(atMs)
    let drops = dropsConnection(this.#world.habits, call.key)
    // Where a step that begins a drive was not recorded, the drive begins with the step before.
    let arrivesAtMs: number | null = null
    for (const { phase, afterMs } of call.plan.steps) {
      if (phase === 'on-scene' || phase === 'at-destination') {
        atMs = Math.max(atMs, arrivesAtMs ?? this.#driveFor(phase, call, atMs) ?? atMs + afterMs)
        arrivesAtMs = null
      } else atMs += afterMs
      if (!(await this.#until(work, atMs))) return
      if (phase === 'en-route') arrivesAtMs = this.#driveFor('on-scene', call, atMs)
      if (phase === 'transporting') arrivesAtMs = this.#driveFor('at-destination', call, atMs)
      const pressed = this.#press(call, { kind: 'report-phase', unitId, tripId, phase }, id =>
        client.reportPhase(tripId, phase, { id, happenedAtMs: this.#momentMs(atMs) }),
      )
      if (drops) this.#drop()
      drops = false
      if ((await pressed)?.ok !== true) return
    }
    const { disposition, closeAfterMs } = call.plan
    if (disposition === null) return this.#untilOver(work)
    atMs += closeAfterMs
    if (!(await this.#until(work, atMs))) return
    const closed = this.#press(call, { kind: 'close-trip', unitId, tripId }, id =>
      client.closeTrip(tripId, disposition, { id, happenedAtMs: this.#momentMs(atMs) }),
    )
    if (drops) this.#drop()
    await closed
  }

  /** Drives off to where it says so. Output: when it is there; null where it goes by the record. */
  #driveFor(phase: 'on-scene' | 'at-destination', call: ReplayCall, atMs: number): number | null {
    if (phase === 'on-scene') return this.#wheels?.driveTo(call, call.priority, atMs) ?? null
    return this.#wheels?.driveToHospital(atMs) ?? null
  }

  /** Cut while a button's command is under way: whether it got through is not known, and it must count once. */
  #drop(): void {
    this.#world.counts.dropped += 1
    this.#socket.drop()
  }

  /** A moment that the crew reports: planned ones are whole milliseconds and never in the future. */
  #momentMs(plannedMs: number): number {
    return Math.round(Math.min(plannedMs, this.client.regionNowMs()))
  }

  /** A command of a trip, perhaps repeated. */
  #press(call: ReplayCall, subject: CommandSubject, send: Parameters<ClientLog['command']>[2]): Promise<Answer | null> {
    const name = 'phase' in subject ? subject.phase : subject.kind
    const when = repeatOf(this.#world.habits, call.key, name)
    if (when === 'none') return this.#command(subject, send)
    this.#world.counts.repeated += 1
    return this.#command(subject, send, { when, again: id => this.client.repeat(id) })
  }

  /** Output: null when the crew rests, or the client was closed first, as it is at the end of a run that was stopped. */
  async #command(
    subject: CommandSubject,
    send: Parameters<ClientLog['command']>[2],
    repeat: Parameters<ClientLog['command']>[3] = null,
  ): Promise<Answer | null> {
    if (this.#isResting) return null
    try {
      return await this.#world.log.command(this.#principal, subject, send, repeat)
    } catch (error) {
      if (error instanceof ClientClosed) return null
      throw error
    }
  }

  /** Output: false when the trip was over before. */
  #until(work: Work, atMs: number): Promise<boolean> {
    if (work.over) return Promise.resolve(false)
    return new Promise(resolve => {
      const cancel = this.#world.timers().at(atMs, () => resolve(true))
      work.wakeUp = () => {
        cancel()
        resolve(false)
      }
    })
  }

  #untilOver(work: Work): Promise<void> {
    if (work.over) return Promise.resolve()
    return new Promise(resolve => {
      work.wakeUp = resolve
    })
  }

  #leave(tripId: string): void {
    const work = this.#work
    if (work === null || work.tripId !== tripId) return
    this.#work = null
    work.over = true
    work.wakeUp()
    this.#wheels?.goBack(this.#world.timers().nowMs())
  }
}
