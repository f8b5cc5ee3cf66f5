/**
 * Tells who watches when the units of trips will be there: each arrival anew when it has moved, as `domain/trip/way.ts` has it.
 *
 * Rounds begin a second after the end of the one before, on wall time, and only while somebody watches and units are on their
 * way. A round reckons so many trips, those first that have waited longest; the roads are asked for a few at a time, by a thread,
 * so the loop has some microseconds of work for each. A desk hears of all trips, a crew of its own. A desk that reads too slowly
 * gets all of it once it has read.
 */
import type { MachineClock } from '../../../base/time.ts'
import type { UnitId } from '../../../domain/ids.ts'
import { isEtaNews, type TripEta, type TripWay } from '../../../domain/trip/way.ts'
import type { Told } from '../../../protocol/told.ts'
import type { UnitActor } from '../../driver/unit-actor.ts'
import type { Session, SharedFrame } from '../../region-handle.ts'
import type { MoveFollower, PresenceFollower, TurnFollower } from '../followers.ts'
import type { RegionMemory } from '../memory.ts'
import type { Outbox } from '../outbox.ts'
import { refuseStalled } from '../send-refusal.ts'
import type { Turn } from '../turn.ts'
import type { Reckoning } from './reckoning.ts'
import { TripWays } from './trip-ways.ts'

/** Wall time from the end of a round to the next. */
const ROUND_MS = 1_000
/** What was asked for or has begun just now is told at once. */
const SOON_MS = 20
const WAYS_A_ROUND = 500
/** Asked of the roads at a time: searches for all of them fit well into the time that one question has. */
const WAYS_AT_ONCE = 20
/** News of a long round is told so often. */
const TOLD_EVERY_MS = 250

interface EtaWatchPorts {
  readonly memory: Pick<RegionMemory, 'driverActor' | 'openTripStates'>
  readonly reckoning: Pick<Reckoning, 'etasOf'>
  readonly machine: MachineClock
  readonly outbox: Outbox
  readonly log: { readonly head: number; readonly durable: number }
  readonly onError: (error: unknown) => void
}

export class EtaWatch implements TurnFollower, MoveFollower, PresenceFollower {
  readonly #ports: EtaWatchPorts
  readonly #ways = new TripWays()
  readonly #desks = new Set<Session>()
  readonly #crews = new Map<UnitId, Session>()
  /** Sessions that have ended; a request of theirs may wait still. */
  readonly #over = new WeakSet<Session>()
  /** Who gets all that is known with the next news. */
  readonly #owed = new Set<Session>()
  #news: TripEta[] = []
  #ended: TripWay[] = []
  #isInRound = false
  #cancelRound: (() => void) | null = null
  #isStopped = false

  constructor(ports: EtaWatchPorts) {
    this.#ports = ports
  }

  /** All trips are here as a start has found them. */
  begin(): void {
    for (const trip of this.#ports.memory.openTripStates()) this.#ways.take(trip)
  }

  stored(turn: Turn): void {
    for (const trip of turn.trips.values()) {
      const ended = this.#ways.take(trip)
      if (ended !== null) this.#ended.push(ended)
    }
    if (turn.trips.size > 0 && this.#isWatched) this.#askRound(SOON_MS)
  }

  /** Called for every fix. */
  moved({ unitId }: UnitActor): void {
    if (this.#isWatched && this.#ways.moved(unitId)) this.#askRound(ROUND_MS)
  }

  disconnected({ unitId }: UnitActor): void {
    const session = this.#crews.get(unitId)
    if (session !== undefined) this.#forget(session)
  }

  watch(session: Session, requestId: string): void {
    this.#behindWelcome(session, requestId, () => {
      if (session.unitId === null) this.#desks.add(session)
      else this.#crews.set(session.unitId, session)
      this.#owed.add(session)
      this.#askRound(SOON_MS)
    })
  }

  unwatch(session: Session, requestId: string): void {
    this.#behindWelcome(session, requestId, () => this.#forget(session))
  }

  closed(session: Session): void {
    this.#over.add(session)
    this.#forget(session)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelRound?.()
  }

  get #isWatched(): boolean {
    return this.#desks.size > 0 || this.#crews.size > 0
  }

  #forget(session: Session): void {
    this.#desks.delete(session)
    this.#owed.delete(session)
    if (session.unitId !== null && this.#crews.get(session.unitId) === session) this.#crews.delete(session.unitId)
  }

  /** A session hears its welcome before anything else. */
  #behindWelcome(session: Session, requestId: string, run: () => void): void {
    const { outbox, log } = this.#ports
    const { unitId } = session
    const isHere = () => !this.#over.has(session) && (unitId === null || this.#speaksFor(session, unitId))
    const answer = () => {
      if (!isHere()) return
      session.tell({ type: 'reply', id: requestId, position: log.durable, result: {} })
      run()
    }
    outbox.hold(log.head, answer, { refuse: () => isHere() && refuseStalled(session, requestId) })
  }

  /** Another session may have taken its place. */
  #speaksFor(session: Session, unitId: UnitId): boolean {
    return this.#ports.memory.driverActor(unitId)?.session === session
  }

  // Rounds.

  #askRound(delayMs: number): void {
    if (this.#isInRound || this.#isStopped) return
    if (this.#cancelRound !== null && delayMs >= ROUND_MS) return
    this.#cancelRound?.()
    this.#cancelRound = this.#ports.machine.after(delayMs, () => {
      this.#cancelRound = null
      this.#isInRound = true
      this.#round()
        .catch(this.#ports.onError)
        .finally(() => {
          this.#isInRound = false
          // From its end: a round that took long must not be followed at once by the next.
          if (this.#isWatched && (this.#ways.size > 0 || this.#owed.size > 0)) this.#askRound(ROUND_MS)
        })
    })
  }

  async #round(): Promise<void> {
    const { machine, reckoning } = this.#ports
    const isWatched = (unitId: UnitId) => this.#desks.size > 0 || this.#crews.has(unitId)
    const due = this.#ways.takeDue(machine.monotonicMs(), WAYS_A_ROUND, isWatched)
    let toldMs = machine.monotonicMs()
    for (let at = 0; at < due.length && !this.#isStopped; at += WAYS_AT_ONCE) {
      const some = due.slice(at, at + WAYS_AT_ONCE)
      const etas = await reckoning.etasOf(some.map(({ way }) => way))
      some.forEach((way, index) => {
        const eta = etas[index]!
        if (!this.#ways.isOn(way) || !isEtaNews(way.told, eta)) return
        way.told = eta
        this.#news.push(eta)
      })
      if (machine.monotonicMs() - toldMs < TOLD_EVERY_MS) continue
      this.#tell()
      toldMs = machine.monotonicMs()
    }
    this.#tell()
  }

  #tell(): void {
    if (this.#isStopped) return
    const [etas, ended] = [this.#news, this.#ended]
    this.#news = []
    this.#ended = []
    if (etas.length + ended.length > 0) {
      this.#tellDesks(etas, ended)
      this.#tellCrews(etas, ended)
    }
    for (const session of this.#owed) if (!session.isBehind) this.#giveAll(session)
  }

  #tellDesks(etas: readonly TripEta[], ended: readonly TripWay[]): void {
    const frame: SharedFrame = { told: toldOf(etas, ended), encoded: {} }
    for (const session of this.#desks) {
      if (session.isBehind) this.#owed.add(session)
      else if (!this.#owed.has(session)) session.tellShared(frame)
    }
  }

  /** A unit is on one way at a time, so a crew hears of one arrival, and maybe of an end before it. */
  #tellCrews(etas: readonly TripEta[], ended: readonly TripWay[]): void {
    const concerned = new Set([...etas, ...ended].map(({ unitId }) => unitId))
    for (const unitId of concerned) {
      const session = this.#crews.get(unitId)
      if (session === undefined || this.#owed.has(session)) continue
      const isOwn = (of: { readonly unitId: UnitId }) => of.unitId === unitId
      if (this.#speaksFor(session, unitId)) session.tell(toldOf(etas.filter(isOwn), ended.filter(isOwn)))
      else this.#forget(session)
    }
  }

  #giveAll(session: Session): void {
    this.#owed.delete(session)
    session.tell({ type: 'etas', isWhole: true, etas: this.#ways.told(session.unitId), gone: [] })
  }
}

const toldOf = (etas: readonly TripEta[], ended: readonly TripWay[]): Told => ({
  ...{ type: 'etas', isWhole: false, etas },
  gone: ended.map(({ tripId }) => tripId),
})
