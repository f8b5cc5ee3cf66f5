/**
 * Runs turns, and lets out what they say once it is durable.
 *
 * On commit the states are replaced, the record goes to the log writer, desk, finder and deadlines follow the new
 * states, and replies and pushes, captured as they are now, wait in the outbox for the record.
 */

import type { Refusal } from '../../base/refusal.ts'
import type { Sync } from '../../base/sync.ts'
import { NO_DETAILS } from '../../domain/commands.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { UnitId } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import { type TripState, unitOf } from '../../domain/trip.ts'
import type { DriverView } from '../../protocol/wire.ts'
import type { LogAppend } from '../../store/log/log-writer.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { RegionClock } from '../clock.ts'
import type { DriverActor } from '../driver/driver-actor.ts'
import { INTERNAL, tooManyTrips, WRITES_STALLED } from '../refusals.ts'
import type { CommandRequest, Outcome, Session } from '../region-handle.ts'
import type { Board } from './board.ts'
import { bySystem, type Cause } from './cause.ts'
import type { CommandOutcome, CommandResult } from './command-outcome.ts'
import { type CommandContext, runCommand } from './commands.ts'
import type { Desk } from './desk.ts'
import type { KnownOutcome, Outcomes } from './idempotency.ts'
import type { LiveView } from './live/live-view.ts'
import type { RegionMemory } from './memory.ts'
import type { Outbox } from './outbox.ts'
import { EventRejected, quarantined, quarantineNotice } from './quarantine.ts'
import type { RegionReads } from './reads.ts'
import { retireIdle } from './reference.ts'
import type { StoreWatch } from './store-watch.ts'
import { Turn } from './turn.ts'

/** The log as the runner needs it: the writer of the region. */
interface Log {
  readonly head: number
  readonly durable: number
  append(write: LogAppend): number
}

/** What a turn does; it answers the result to keep under the command's id, if any. */
export type TurnBody = (turn: Turn) => Sync<CommandResult | undefined>

export interface TurnRunnerParts {
  readonly memory: RegionMemory
  readonly clock: RegionClock
  readonly policy: Policy
  readonly log: Log
  readonly outbox: Outbox
  /** Whether the store keeps up. */
  readonly store: Pick<StoreWatch, 'refusesCommands' | 'recordTaken'>
  readonly outcomes: Outcomes
  readonly desk: Desk
  readonly board: Board
  readonly reads: Pick<RegionReads, 'decided'>
  readonly live: LiveView
  readonly metrics: Metrics
  readonly logger: Logger
  readonly newId: () => string
  /** No call is taken that would make more of them. */
  readonly openTripsMax: number
  readonly lastRecordedAtMs: number
  /** The moments that a client may report now. */
  readonly momentRange: () => { readonly earliestMs: number; readonly latestMs: number }
  /** Makes the actor of a state that was not there before. */
  readonly addDriver: (state: DriverState) => DriverActor
  readonly addTrip: (state: TripState) => void
  /** The trip's deadlines may have changed. */
  readonly setDeadlines: (trip: TripState) => void
  /** So many actors are in quarantine now. */
  readonly held: (count: number) => void
  readonly onTurn: ((events: readonly DomainEvent[]) => void) | undefined
}

export class TurnRunner {
  readonly #parts: TurnRunnerParts
  #lastRecordedAtMs: number

  constructor(parts: TurnRunnerParts) {
    this.#parts = parts
    this.#lastRecordedAtMs = parts.lastRecordedAtMs
  }

  get lastRecordedAtMs(): number {
    return this.#lastRecordedAtMs
  }

  /** One client command: a repeated id gets the first outcome, everything else is decided now, or refused while the store stalls. */
  command(request: CommandRequest): void {
    const { outcomes, log, desk, memory, newId, momentRange, store, openTripsMax } = this.#parts
    const { principal, commandId, bodyHash, unitId, traceparent } = request
    const known = outcomes.find(principal, commandId)
    if (known !== undefined) {
      const outcome = repeatedOutcome(known, bodyHash, commandId)
      // What is durable need not wait for what others have decided since: a store that is slow would keep it back again and again.
      return known.position <= log.durable ? request.answer(outcome) : this.#answer(request, outcome)
    }
    if (store.refusesCommands) return request.answer({ ok: false, refusal: WRITES_STALLED })
    const { command } = request
    const trips = command.type === 'enter-call' ? command.needs.length : 0
    if (trips > 0 && memory.openTrips + trips > openTripsMax) {
      return this.#answer(request, { ok: false, refusal: tooManyTrips(openTripsMax) })
    }

    let decided: CommandOutcome = { ok: false, refusal: INTERNAL }
    const refusal = this.run({ principal, commandId, trace: traceparent, bodyHash }, turn => {
      const order: CommandContext['order'] = (...args) => desk.order(...args)
      decided = runCommand(turn, request.command, {
        principal,
        unitId,
        ...momentRange(),
        newId,
        order,
        memory,
        retiring: memory.retiring,
      })
      return decided.ok ? decided.result : undefined
    })
    this.#answer(request, refusal === null ? outcomeAt(decided, log.head) : { ok: false, refusal })
  }

  /**
   * Runs one turn to its end; then the desk matches, in the same turn. One that records nothing and keeps no outcome writes nothing.
   * Input: the body answers the result to keep under the command's id, if any.
   * Output: null when it ran; else why it has changed nothing: `internal` when it threw, or `quarantined`.
   */
  run(cause: Cause, body: TurnBody): Refusal | null {
    // An actor that brought the turn down is left aside the next time, so there are no more rounds than actors.
    for (;;) {
      const ended = this.#runOnce(cause, body)
      if (ended !== 'again') return ended
    }
  }

  #runOnce(cause: Cause, body: TurnBody): Refusal | null | 'again' {
    const { memory, clock, log, desk, metrics, logger } = this.#parts
    // Never behind the last record, whatever the clock does: `recordedAt` does not run backwards.
    const { nowMs, recordedAtMs } = clock.moment()
    const turn = new Turn(memory, memory.quarantine, nowMs, log.head + 1, recordedAtMs)
    let result: CommandResult | undefined
    let isOurOwn = cause.bodyHash === null
    try {
      result = body(turn)
      // What follows the command is the engine's own work: it must not fail for one of those whom it could serve.
      isOurOwn = true
      // Before the desk looks: it must not give the next trip to a unit that was waiting to be retired.
      retireIdle(turn, memory.retiring)
      if (turn.heldBy === null && turn.wantsMatching) desk.match(turn)
    } catch (error) {
      metrics.turnFailed()
      logger.error({ err: error, cause }, 'a turn threw; it changed nothing')
      return error instanceof EventRejected && this.#hold(error) && isOurOwn ? 'again' : INTERNAL
    }
    if (turn.heldBy !== null) return quarantined(turn.heldBy)
    // A command that changed nothing still has an outcome to keep: its id must not be decided anew.
    if (turn.events.length > 0 || (cause.bodyHash !== null && result !== undefined)) this.#commit(turn, cause, result)
    desk.matched(turn)
    // The desk had it held while this turn matched.
    if (turn.releases !== null) {
      return this.run(bySystem(), next => {
        next.deskAsked = true
        return undefined
      })
    }
    return null
  }

  /** Puts the actor that an event did not fit into quarantine. False when nothing was committed of it: then it is gone. */
  #hold(rejected: EventRejected): boolean {
    const { memory, desk, board, outbox, log, logger } = this.#parts
    const { entity, event } = rejected
    if (!memory.has(entity)) return false
    memory.quarantine.hold(rejected)
    desk.hold(entity)
    logger.error({ err: rejected, entity, event: event.type }, 'an actor is in quarantine: an event does not fit it')
    this.#parts.held(memory.quarantine.size)
    outbox.hold(log.head, () => board.tell(quarantineNotice([entity])))
    return true
  }

  #release(entity: EntityKey): void {
    const { memory, logger, held } = this.#parts
    memory.quarantine.release(entity)
    memory.heldReferences.delete(entity)
    logger.warn({ entity }, 'an actor was released from quarantine')
    held(memory.quarantine.size)
  }

  #commit(turn: Turn, cause: Cause, result: CommandResult | undefined): void {
    const { memory, log, outcomes, live, reads, store } = this.#parts
    const { events, position, recordedAtMs, callDetails } = turn
    const { principal, commandId, bodyHash, trace } = cause
    const kept = bodyHash === null || commandId === null || result === undefined ? null : { bodyHash, result }
    this.#lastRecordedAtMs = recordedAtMs
    log.append({
      record: { recordedAtMs, principal, commandId, trace, events },
      command: kept,
      ...turn.bindings(),
      callDetails: callDetails && { ...callDetails, details: callDetails.details ?? NO_DETAILS },
    })
    store.recordTaken(position)
    if (kept !== null && commandId !== null) {
      outcomes.remember(principal, commandId, {
        bodyHash: kept.bodyHash,
        position,
        recordedAtMs,
        result: kept.result,
      })
    }
    // Before desk and finder look at its new state.
    if (turn.releases !== null) this.#release(turn.releases)
    live.decided(turn)
    reads.decided(turn)
    if (callDetails !== null) memory.setDetails(callDetails.callId, callDetails.details)
    for (const call of turn.calls.values()) memory.setCall(call)
    // A crew is told nothing of a hole in its track, which changes nothing that it is shown.
    const changed = new Set<UnitId>()
    for (const driver of turn.drivers.values()) if (this.#setDriver(driver)) changed.add(driver.unitId)
    for (const trip of turn.trips.values()) this.#setTrip(trip)
    this.#publish(turn, changed)
    this.#parts.onTurn?.(events)
  }

  /** Output: whether the unit is another now (`isOther`). */
  #setDriver(state: DriverState): boolean {
    const { memory, desk, addDriver } = this.#parts
    const before = memory.driver(state.unitId)
    const actor = memory.driverActor(state.unitId) ?? addDriver(state)
    actor.state = state
    const isChanged = isOther(before, state)
    if (isChanged) desk.onDriver(before, state, actor.location.current)
    if (state.retired === true) {
      memory.retiring.delete(state.unitId)
      actor.feed?.end('unit-retired')
    }
    return isChanged
  }

  #setTrip(state: TripState): void {
    const { memory, desk, addTrip, setDeadlines } = this.#parts
    const actor = memory.tripActor(state.tripId)
    if (actor === undefined) addTrip(state)
    else memory.setTrip(actor, state)
    desk.onTrip(state)
    setDeadlines(state)
  }

  /** Captures now what the turn has to tell, and lets it leave when the record is durable. */
  #publish(turn: Turn, changed: ReadonlySet<UnitId>): void {
    const { memory, board, live, outbox, metrics } = this.#parts
    const frame = board.keep(turn.position, turn.recordedAtMs, turn.events)
    const concerned = new Set(changed)
    for (const trip of turn.trips.values()) {
      const unitId = unitOf(trip)
      if (unitId !== null) concerned.add(unitId)
    }
    const pushes: [DriverActor, Session, DriverView][] = []
    for (const unitId of concerned) {
      const actor = memory.driverActor(unitId)
      if (actor === undefined || actor.session === null) continue
      pushes.push([actor, actor.session, memory.driverView(actor, turn.nowMs)])
    }
    outbox.hold(turn.position, () => {
      for (const event of turn.events) countOffer(event, metrics)
      board.publish(turn.position, frame)
      live.stored(turn)
      for (const [actor, session, view] of pushes) {
        // A session hears its welcome first, which tells this and more.
        if (actor.welcomedSession === session) session.send(['unit-state', turn.position, view])
      }
    })
  }

  #answer(request: CommandRequest, outcome: Outcome): void {
    const { outbox, log } = this.#parts
    // A refusal, too, tells of states that must be durable before anybody hears of them.
    outbox.hold(log.head, () => request.answer(outcome), {
      drop: () => request.answer({ ok: false, refusal: INTERNAL }),
      // It may become durable later: whoever repeats it under its id then gets this outcome.
      refuse: () => request.answer({ ok: false, refusal: WRITES_STALLED }),
    })
  }
}

/** Whether a unit is another in anything but the record that it was last named in. */
function isOther(before: DriverState | undefined, after: DriverState): boolean {
  if (before === undefined) return true
  const { version: _, ...rest } = after
  const keys = Object.keys(rest) as (keyof typeof rest)[]
  return keys.length + 1 !== Object.keys(before).length || keys.some(key => before[key] !== after[key])
}

const outcomeAt = (decided: CommandOutcome, position: number): Outcome =>
  decided.ok ? { ...decided, position } : decided

function repeatedOutcome(known: KnownOutcome, bodyHash: string, commandId: string): Outcome {
  if (known.isDamaged) {
    const message =
      `Command ${commandId} was carried out before, but what was stored of its outcome is damaged. Look at what it was ` +
      'about, and send it under a fresh id only if it is not done.'
    return { ok: false, refusal: { code: 'stored-data-damaged', message, details: { commandId } } }
  }
  if (known.bodyHash === bodyHash) return { ok: true, position: known.position, result: known.result }
  const message = `Command id ${commandId} was used before with another body; use a fresh id for a new command.`
  return { ok: false, refusal: { code: 'conflict', message, details: { commandId } } }
}

const OFFER_OUTCOMES = {
  OfferMade: 'made',
  OfferAccepted: 'accepted',
  OfferDeclined: 'declined',
  OfferTimedOut: 'timed-out',
  OfferRevoked: 'revoked',
} as const

function countOffer(event: DomainEvent, metrics: Metrics): void {
  const outcome = OFFER_OUTCOMES[event.type as keyof typeof OFFER_OUTCOMES]
  if (outcome !== undefined) metrics.offer(outcome)
  else if ('inPhase' in event && event.inPhase === 'offered') {
    metrics.offer(event.type === 'TripCancelled' ? 'cancelled' : 'revoked')
  }
}
