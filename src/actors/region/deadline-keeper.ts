/**
 * Sets a region's deadlines from its states, and runs the turns of those that have come.
 *
 * Nothing here is stored. A deadline that fires looks at the states again; one whose turn throws comes again, and one
 * that an actor in quarantine forbids does nothing. The moments of an offer count from when its crew could hear of it: from when it was durable, or
 * for one that was open before this start, from when the crew has had time to come back.
 */

import { type Deadline, deadlineCame, deadlineId, deadlinesOf } from '../../domain/dispatch/deadlines.ts'
import type { Silence } from '../../domain/dispatch/mass-silence.ts'
import { escalationsOf, unitDeadlinesOf } from '../../domain/dispatch/unit-deadlines.ts'
import { zoneEnds } from '../../domain/drawn-zones.ts'
import { driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { OfferId, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { RegionState } from '../../domain/region-state.ts'
import { isEnded, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { RegionClock } from '../clock.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { RegionTimers } from '../timers.ts'
import { bySystem } from './cause.ts'
import type { Comeback } from './comeback.ts'
import type { MoveFollower, PresenceFollower, TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { Outbox } from './outbox.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'
import type { TurnRunner } from './turn-runner.ts'

/** Pause before a turn that threw is run again. */
const THREW_PAUSE_MS = 5_000
/** How long ahead the end of a zone is waited for at most; then somebody looks again. */
const ZONE_LOOK_MS = 3_600_000
/** Trips or units whose deadlines are set anew in one go. */
const LOOKED_AT_ONCE = 512

const LONG = [
  ...(['waiting-long', 'alarm-unanswered', 'unit-alarm-unanswered', 'region-alarm-unanswered'] as const),
  ...(['stand-down-unheard', 'road-zone-over'] as const),
] as const
type LongDeadline = Extract<Deadline, { kind: (typeof LONG)[number] }>
const isLong = (deadline: Deadline): deadline is LongDeadline =>
  (LONG as readonly Deadline['kind'][]).includes(deadline.kind)

const isByTheClock = (deadline: LongDeadline) => deadline.kind === 'waiting-long' || deadline.kind === 'road-zone-over'

interface DeadlineKeeperPorts {
  readonly memory: RegionMemory
  readonly clock: RegionClock
  readonly policy: RegionPolicy
  readonly timers: RegionTimers
  readonly outbox: Outbox
  /** What began before this start is due at its end at the earliest. */
  readonly comeback: Pick<Comeback, 'untilMs'>
  readonly turns: TurnRunner
  /** Puts the deadline into the region's mailbox. */
  readonly deliver: (deadline: Deadline) => void
}

export class DeadlineKeeper implements TurnFollower, MoveFollower, PresenceFollower {
  readonly #ports: DeadlineKeeperPorts
  /** The open offers, and by how much each one's moments are put off; null until it was told. */
  readonly #offers = new Map<TripId, { readonly offerId: OfferId; putOffMs: number | null }>()
  /** The trips that are still in the phase in which this start found them, by when that began. */
  readonly #recovered = new Map<TripId, number>()
  /** What is set for long, by its id: the same timer is not set again. */
  readonly #long = new Map<string, { readonly deadline: LongDeadline; readonly dueMs: number; isKept: boolean }>()

  constructor(ports: DeadlineKeeperPorts) {
    this.#ports = ports
  }

  committed(turn: Turn): void {
    for (const trip of turn.trips.values()) this.watchTrip(trip)
    for (const driver of turn.drivers.values()) this.watchUnit(driver)
    for (const region of turn.regions.values()) this.watchRegion(region)
  }

  /** A unit with a trip is heard of again. */
  moved({ state: { work } }: UnitActor): void {
    if (work === null || this.#ports.memory.trip(work.tripId)?.alarms.includes('position-lost') !== true) return
    this.#ports.deliver({ kind: 'position-back', tripId: work.tripId })
  }

  disconnected({ unitId }: UnitActor): void {
    this.watchDisconnect(unitId, this.#ports.clock.nowMs())
  }

  /** As `watchTrip`, for a trip that this start found: what it waits for may have passed while nobody could act. */
  watchRecovered(trip: TripState): void {
    const { tripId, offer } = trip
    // Of one that is over an alarm may stand, which goes up to a supervisor all the same.
    if (isEnded(trip) && trip.alarms.length === 0) return
    this.#recovered.set(tripId, trip.phaseRecordedAtMs)
    if (offer !== null) {
      // One span for warning and timeout, so that their distance stays as it is.
      const { clock } = this.#ports
      const graceUntilMs = this.#ports.comeback.untilMs
      const warned = offer.warnAtMs === null || trip.alarms.includes('unacknowledged')
      const firstMs = warned ? offer.deadlineAtMs : offer.warnAtMs!
      // One that was made further ahead than it lasts is of a clock that was wrong: it gets its span anew.
      const isFromAhead = offer.offeredAtMs - clock.nowMs() > offer.deadlineAtMs - offer.offeredAtMs
      const putOffMs = isFromAhead ? graceUntilMs - offer.offeredAtMs : Math.max(0, graceUntilMs - firstMs)
      this.#offers.set(tripId, { offerId: offer.offerId, putOffMs })
    }
    this.watchTrip(trip)
  }

  /** Sets what may happen to the trip as it now stands. */
  watchTrip(trip: TripState): void {
    const { offer, tripId } = trip
    const isOver = isEnded(trip) && trip.alarms.length === 0
    if (isOver || this.#recovered.get(tripId) !== trip.phaseRecordedAtMs) this.#recovered.delete(tripId)
    if (offer === null) {
      this.#offers.delete(tripId)
      return this.#setAll(trip, 0)
    }
    const known = this.#offers.get(tripId)
    if (known?.offerId !== offer.offerId) {
      this.#offers.set(tripId, { offerId: offer.offerId, putOffMs: null })
      // The record that made the offer is the trip's last, and the crew hears of it once that is durable.
      this.#ports.outbox.hold(trip.version, () => this.#offerTold(tripId, offer.offerId))
    } else if (known.putOffMs !== null) this.#setAll(trip, known.putOffMs)
  }

  /** Sets what may happen to the unit as it now stands. Input: not before this, as after a start. */
  watchUnit(driver: DriverState, earliestMs = 0): void {
    const { openAlarms, takenTrip, withdrawnAtMs } = driver
    if (openAlarms === undefined && takenTrip === undefined && withdrawnAtMs === undefined) return
    const { clock, policy } = this.#ports
    for (const { dueMs, deadline } of unitDeadlinesOf(driver, policy.standing, clock.nowMs())) {
      this.#at(Math.max(dueMs, earliestMs), deadline)
    }
  }

  /** Sets what may happen to alarms and zones of the region. Input: not before this, as after a start; a zone ends at its time. */
  watchRegion(region: RegionState, earliestMs = 0): void {
    const { regionId, openAlarms } = region
    const { clock, policy } = this.#ports
    for (const { dueMs, alarmId } of escalationsOf(openAlarms, policy.standing, clock.nowMs())) {
      this.#at(Math.max(dueMs, earliestMs), { kind: 'region-alarm-unanswered', regionId, alarmId })
    }
    for (const { zoneId, dueMs } of zoneEnds(region)) {
      const deadline = { kind: 'road-zone-over', regionId, zoneId } as const
      // Once, and for no longer than that: roads that are opened before their time leave no timer for months.
      if (!this.#long.has(deadlineId(deadline))) this.#at(Math.min(dueMs, clock.nowMs() + ZONE_LOOK_MS), deadline)
    }
  }

  /** The unit is disconnected from `sinceMs` on; when its grace is over somebody must look. */
  watchDisconnect(unitId: UnitId, sinceMs: number): void {
    this.#at(sinceMs + this.#ports.policy.disconnectGraceMs, { kind: 'disconnect-grace', unitId })
  }

  run(deadline: Deadline): void {
    const { memory, clock, turns, policy } = this.#ports
    const { standing, disconnectGraceMs } = policy
    if (isLong(deadline)) this.#long.delete(deadlineId(deadline))
    // Its rules would be decided over a state that is wrong.
    if (memory.quarantine.has(entityOf(deadline))) return
    const refusal = turns.run(bySystem(deadlineId(deadline)), turn => {
      const states = {
        driver: (unitId: UnitId) => turn.driver(unitId),
        isHeld: (unitId: UnitId) => turn.isHeld(driverKey(unitId)),
        trip: (tripId: TripId) => turn.trip(tripId),
        region: (regionId: RegionId) => turn.region(regionId),
        presence: (unitId: UnitId) => memory.presence(unitId),
        wheels: (unitId: UnitId) => memory.wheels.get(unitId) ?? null,
        silence: (silence: Silence) => this.#silence(turn, silence),
      }
      const outcome = deadlineCame(deadline, states, standing, disconnectGraceMs, turn.nowMs)
      if (outcome === 'match') turn.deskAsked = true
      else turn.record(outcome)
      return undefined
    })
    if (refusal?.code === 'internal') return this.#at(clock.nowMs() + THREW_PAUSE_MS, deadline)
    if (refusal !== null) return
    if ('unitId' in deadline) {
      const driver = memory.driver(deadline.unitId)
      // A clock that was set has put this moment off.
      if (driver !== undefined) this.watchUnit(driver)
      return
    }
    if ('regionId' in deadline) return this.watchRegion(memory.regionState)
    // A fix that came meanwhile has put this moment off, or a clock that was set.
    const trip = memory.trip(deadline.tripId)
    if (trip === undefined || ('offerId' in deadline && trip.offer?.offerId !== deadline.offerId)) return
    const nowMs = clock.nowMs()
    const putOffMs = this.#offers.get(trip.tripId)?.putOffMs ?? 0
    for (const due of deadlinesOf(trip, standing, unitId => memory.presence(unitId), nowMs, putOffMs)) {
      if (due.deadline.kind === deadline.kind && due.dueMs > nowMs) this.#at(due.dueMs, due.deadline)
    }
  }

  /** Region time has stepped, and with it what is left of every span that runs. */
  stepped(byMs: number): void {
    for (const offer of this.#offers.values()) if (offer.putOffMs !== null) offer.putOffMs += byMs
    // How long a caller has waited, and when a zone ends, goes by the right time; whoever has not answered an alarm has the span that runs.
    for (const long of this.#long.values()) long.isKept = !isByTheClock(long.deadline)
    for (const [id, { deadline }] of [...this.#long]) {
      if (!isByTheClock(deadline)) continue
      this.#long.delete(id)
      if (deadline.kind === 'road-zone-over') continue
      const trip = this.#ports.memory.trip(deadline.tripId)
      if (trip?.phase === 'pending') this.#setAll(trip, 0)
    }
    this.watchRegion(this.#ports.memory.regionState)
  }

  /**
   * Another policy stands: what runs is measured by it from now on, but an offer keeps the moments that it was made with. It
   * yields where others are to have their turn.
   */
  *policyChanged(): Generator<undefined, void> {
    const { memory, clock, policy } = this.#ports
    this.watchRegion(memory.regionState)
    let looked = 0
    for (const trip of memory.watchedTripStates()) {
      const putOffMs = trip.offer === null ? 0 : (this.#offers.get(trip.tripId)?.putOffMs ?? null)
      // That of an offer which its crew has not been told yet is set once it has.
      if (putOffMs !== null) this.#setAll(trip, putOffMs)
      looked += 1
      if (looked % LOOKED_AT_ONCE === 0) yield
    }
    for (const { unitId, state, disconnectedSinceMs } of memory.driverActors()) {
      looked += 1
      if (looked % LOOKED_AT_ONCE === 0) yield
      this.watchUnit(state)
      if (disconnectedSinceMs === null) continue
      const isOver = disconnectedSinceMs + policy.disconnectGraceMs <= clock.nowMs()
      if (!isOver || state.work !== null) this.watchDisconnect(unitId, disconnectedSinceMs)
    }
  }

  #silence(turn: Turn, silence: Silence) {
    const { memory, comeback } = this.#ports
    const region = turn.region(memory.regionState.regionId)!
    return { region, silence, isStarting: turn.nowMs < comeback.untilMs, heard: memory.heard[silence] }
  }

  #offerTold(tripId: TripId, offerId: OfferId): void {
    const trip = this.#ports.memory.trip(tripId)
    const known = this.#offers.get(tripId)
    if (trip?.offer?.offerId !== offerId || known?.offerId !== offerId) return
    known.putOffMs = this.#ports.clock.nowMs() - trip.offer.offeredAtMs
    this.#setAll(trip, known.putOffMs)
  }

  #setAll(trip: TripState, offerPutOffMs: number): void {
    const { memory, clock, comeback, policy } = this.#ports
    const earliestMs = this.#recovered.has(trip.tripId) ? comeback.untilMs : 0
    const nowMs = clock.nowMs()
    const dues = deadlinesOf(trip, policy.standing, unitId => memory.presence(unitId), nowMs, offerPutOffMs)
    for (const { dueMs, deadline } of dues) this.#at(Math.max(dueMs, earliestMs), deadline)
  }

  #at(dueMs: number, deadline: Deadline): void {
    const { timers, deliver } = this.#ports
    if (isLong(deadline)) {
      const id = deadlineId(deadline)
      const known = this.#long.get(id)
      if (known !== undefined && (known.isKept || known.dueMs === dueMs)) return
      this.#long.set(id, { deadline, dueMs, isKept: false })
    }
    timers.at(dueMs, () => deliver(deadline))
  }
}

function entityOf(deadline: Deadline): EntityKey {
  if ('unitId' in deadline) return driverKey(deadline.unitId)
  return 'regionId' in deadline ? regionKey(deadline.regionId) : tripKey(deadline.tripId)
}
