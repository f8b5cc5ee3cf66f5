/**
 * Sets a region's deadlines from its states, and runs the turns of those that have come.
 *
 * Nothing here is stored. A deadline that fires looks at the states again; one that cannot be delivered, or whose turn
 * throws, comes again; one of an offer that could not be told yet waits until it was.
 */
import type { UnitId } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { TripState } from '../../domain/trip.ts'
import type { RegionClock } from '../clock.ts'
import type { Timers } from '../timers.ts'
import { type Deadline, deadlineId, deadlinesOf, runDeadline } from './deadlines.ts'
import type { RegionMemory } from './memory.ts'
import type { Outbox } from './outbox.ts'
import { bySystem, type TurnRunner } from './turn-runner.ts'

/** Pause before a deadline is delivered again that found the mailbox full, and before a turn that threw is run again. */
const FULL_PAUSE_MS = 100
const THREW_PAUSE_MS = 5_000

interface DeadlineKeeperParts {
  readonly memory: RegionMemory
  readonly clock: RegionClock
  readonly timers: Timers
  readonly outbox: Outbox
  readonly policy: Policy
  readonly disconnectGraceMs: number
  /** Position up to which the log is stored. */
  readonly durable: () => number
  /** Puts the deadline into the region's mailbox; false when it is full. */
  readonly deliver: (deadline: Deadline) => boolean
  readonly turns: () => TurnRunner
}

export class DeadlineKeeper {
  readonly #parts: DeadlineKeeperParts

  constructor(parts: DeadlineKeeperParts) {
    this.#parts = parts
  }

  /**
   * Sets what may happen to the trip as it now stands. With `notBeforeMs` all of it is put off together when the first
   * would come earlier, so that a warning still comes before its timeout.
   */
  watchTrip(trip: TripState, notBeforeMs = 0): void {
    const dues = deadlinesOf(trip, this.#parts.policy, unitId => this.#parts.memory.presence(unitId))
    const putOffMs = Math.max(0, notBeforeMs - Math.min(...dues.map(due => due.dueMs)))
    for (const { dueMs, deadline } of dues) this.#at(dueMs + putOffMs, deadline)
  }

  /** The unit is disconnected from `sinceMs` on; when its grace is over somebody must look. */
  watchDisconnect(unitId: UnitId, sinceMs: number): void {
    this.#at(sinceMs + this.#parts.disconnectGraceMs, { kind: 'disconnect-grace', unitId })
  }

  run(deadline: Deadline): void {
    const { memory, clock, outbox, policy, disconnectGraceMs, turns } = this.#parts
    const untold = this.#untoldOffer(deadline)
    if (untold !== null) {
      // The crew cannot be late with what it could not hear: its time runs from when it was told.
      return outbox.hold(untold.position, () => this.#at(clock.nowMs() + untold.spanMs, deadline))
    }
    const ran = turns().run(bySystem(deadlineId(deadline)), turn => {
      runDeadline(turn, deadline, policy, disconnectGraceMs, unitId => memory.presence(unitId))
      return undefined
    })
    if (!ran) return this.#at(clock.nowMs() + THREW_PAUSE_MS, deadline)
    if (deadline.kind !== 'position-lost') return
    // A fix that came meanwhile has put this moment off.
    const trip = memory.trip(deadline.tripId)
    if (trip?.offer?.offerId === deadline.offerId) this.watchTrip(trip)
  }

  #untoldOffer(deadline: Deadline): { position: number; spanMs: number } | null {
    if (deadline.kind !== 'offer-timeout' && deadline.kind !== 'offer-warning') return null
    const trip = this.#parts.memory.trip(deadline.tripId)
    const offer = trip?.offer
    if (trip === undefined || offer == null || offer.offerId !== deadline.offerId) return null
    if (trip.version <= this.#parts.durable()) return null
    const untilMs = deadline.kind === 'offer-timeout' ? offer.deadlineAtMs : (offer.warnAtMs ?? offer.deadlineAtMs)
    return { position: trip.version, spanMs: untilMs - offer.offeredAtMs }
  }

  #at(dueMs: number, deadline: Deadline): void {
    const { timers, clock, deliver } = this.#parts
    timers.at(dueMs, () => {
      if (!deliver(deadline)) this.#at(clock.nowMs() + FULL_PAUSE_MS, deadline)
    })
  }
}
