/**
 * The turns of commands: find the states, let the domain decide, record the events, form the reply.
 *
 * Everything here is synchronous and reads as DESIGN's example does; order and durability of replies are the region's.
 */

import { amendCall, type CallState, cancelCall, endedCall, enterCall } from '../../domain/call.ts'
import type {
  AmendCall,
  AssignUnit,
  CloseTrip,
  Command,
  DriverCommand,
  EnterCall,
  ReportPhase,
} from '../../domain/commands.ts'
import type { Decision } from '../../domain/decision.ts'
import { declineOffer } from '../../domain/dispatch/given-back.ts'
import { givenByHand, withdrawnByHand } from '../../domain/dispatch/override.ts'
import { swappedPlace } from '../../domain/dispatch/place.ts'
import * as drivers from '../../domain/driver.ts'
import { callKey, driverKey, tripKey } from '../../domain/entity.ts'
import { momentOf, type PutRight } from '../../domain/events.ts'
import type { Position } from '../../domain/geo.ts'
import type { CallId, Principal, TripId, UnitId } from '../../domain/ids.ts'
import { lastChangeMs, lastStepMs, withTrueMoment } from '../../domain/moments.ts'
import type { Policy } from '../../domain/policy.ts'
import * as trips from '../../domain/trip.ts'
import { unknownCall, unknownTrip, unknownUnit } from '../refusals.ts'
import { answerAlarm } from './alarm-commands.ts'
import type { CommandResult, TurnOutcome } from './command-outcome.ts'
import { quarantined } from './quarantine.ts'
import { type HeldMemory, releaseHeld } from './release.ts'
import type { Turn } from './turn.ts'

export interface CommandContext {
  readonly principal: Principal
  /** The unit of a driver's session; null for the desk, which reports for crews that call in by radio. */
  readonly unitId: UnitId | null
  /** A moment that a client reports is put right unless it lies between these, region time. */
  readonly moments: { readonly earliestMs: number; readonly latestMs: number }
  readonly newId: () => string
  readonly policy: Policy
  /** Units that are retired as soon as they are free. */
  readonly retiring: ReadonlySet<UnitId>
  readonly desk: {
    /** Records the order of a pending trip to this unit. */
    order(turn: Turn, tripId: TripId, unitId: UnitId): void
    /** How far a place is from the nearest unit that could be sent; null when there is none. */
    nearestUnitM(place: Position): number | null
  }
  /** All there is, for what concerns more than its ids say. */
  readonly memory: HeldMemory
}

/** Runs one command in a turn. Record and answer depend on states, command and clock alone. */
export function runCommand(turn: Turn, sent: Command, context: CommandContext): TurnOutcome {
  const held = heldByName(turn, sent, context.unitId)
  if (held !== null) return held
  const range = { ...context.moments, nowMs: turn.nowMs }
  const command = withTrueMoment(sent, followedMs(turn, sent, context.unitId), range)
  switch (command.type) {
    case 'enter-call':
      return takeCall(turn, command, context)
    case 'amend-call':
      return rightCall(turn, command, context)
    case 'cancel-call':
      return withCall(turn, command.callId, (call, callTrips) => {
        const decision = cancelCall(call, callTrips, command)
        return applied(turn, decision, () => {
          endCall(turn, call.callId)
          const tripIds = callTrips.filter(trip => !trips.isEnded(trip)).map(trip => trip.tripId)
          return { callId: call.callId, state: turn.call(call.callId)!.state, tripIds }
        })
      })
    case 'cancel-trip':
      return withTrip(turn, command.tripId, trip => endTrip(turn, trip.tripId, trips.cancelTrip(trip, command)))
    case 'assign-unit':
      return withTrip(turn, command.tripId, trip => assignUnit(turn, trip, command, context))
    case 'withdraw-unit':
      return withTrip(turn, command.tripId, trip => {
        const unitId = trips.unitOf(trip)
        return applied(turn, withdrawnByHand(trip, formerUnit(turn, trip), command, turn.nowMs), () => ({
          tripId: trip.tripId,
          unitId,
          phase: 'pending',
        }))
      })
    case 'set-unit-status': {
      const { unitId } = command
      const driver = turn.driver(unitId)
      if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
      return applied(turn, drivers.setUnitStatus(driver, command), () => ({
        unitId,
        status: turn.driver(unitId)!.status,
      }))
    }
    case 'acknowledge-alarm':
    case 'shelve-alarm':
      return answerAlarm(turn, command, context)
    case 'release-held':
      return releaseHeld(turn, command, context.memory, endCall)
    case 'report-phase':
    case 'close-trip':
      return context.unitId === null ? reportByRadio(turn, command) : runDriverCommand(turn, command, context)
    default:
      return runDriverCommand(turn, command, context)
  }
}

function takeCall(turn: Turn, command: EnterCall, { newId, desk }: CommandContext): TurnOutcome {
  const isSwapped = swappedPlace(command, 'call', place => desk.nearestUnitM(place))
  if (isSwapped !== null) return isSwapped
  const callId: CallId = newId()
  const tripIds: TripId[] = command.needs.map(() => newId())
  turn.record(enterCall(command, callId, tripIds, turn.nowMs))
  if (command.details !== null) turn.callDetails = { callId, details: command.details }
  return { ok: true, result: { callId, tripIds } }
}

function rightCall(turn: Turn, command: AmendCall, { desk }: CommandContext): TurnOutcome {
  return withCall(turn, command.callId, (call, callTrips) => {
    const { lonDeg, latDeg } = command
    const isSwapped =
      lonDeg === undefined || latDeg === undefined
        ? null
        : swappedPlace({ lonDeg, latDeg }, 'changes', place => desk.nearestUnitM(place))
    if (isSwapped !== null) return isSwapped
    const decision = amendCall(call, callTrips, command)
    if (decision.ok && command.details !== undefined) {
      turn.callDetails = { callId: call.callId, details: command.details }
    }
    return applied(turn, decision, () => ({ callId: call.callId }))
  })
}

/** The trip leaves its former unit, and the unit its unanswered offer; then the unit gets the order. */
function assignUnit(turn: Turn, trip: trips.TripState, command: AssignUnit, context: CommandContext): TurnOutcome {
  const { tripId, unitId, reason } = command
  const driver = turn.driver(unitId)
  if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
  const decision = givenByHand(trip, formerUnit(turn, trip), driver, reason, context.retiring.has(unitId), turn.nowMs)
  if (!decision.ok) return decision
  if (decision.events.length > 0) {
    turn.record(decision.events)
    context.desk.order(turn, tripId, unitId)
  }
  const { phase, offer } = turn.trip(tripId)!
  return { ok: true, result: { tripId, unitId, phase, offerId: offer?.offerId ?? null } }
}

/** The unit that has the trip or is asked for it; null for none, and for one that is held, of which nothing is recorded. */
function formerUnit(turn: Turn, trip: trips.TripState): drivers.DriverState | null {
  const unitId = trips.unitOf(trip)
  return unitId === null || turn.isHeld(driverKey(unitId)) ? null : (turn.driver(unitId) ?? null)
}

function reportByRadio(turn: Turn, command: (ReportPhase | CloseTrip) & PutRight): TurnOutcome {
  return withTrip(turn, command.tripId, trip => {
    const { tripId } = trip
    const decision = trips.reportByRadio(trip, command)
    if (command.type === 'close-trip') return endTrip(turn, tripId, decision)
    return applied(turn, decision, () => ({ tripId, phase: command.phase }))
  })
}

function runDriverCommand(turn: Turn, command: DriverCommand & PutRight, context: CommandContext): TurnOutcome {
  const unitId = context.unitId
  const driver = unitId === null ? undefined : turn.driver(unitId)
  if (unitId === null || driver === undefined) {
    return { ok: false, refusal: unknownUnit(unitId) }
  }
  const notCrew = command.type === 'sign-on' ? null : drivers.whyNotCrew(driver, context.principal)
  if (notCrew !== null) return { ok: false, refusal: notCrew }
  const unit = () => ({ unitId, status: turn.driver(unitId)!.status })
  switch (command.type) {
    case 'sign-on':
      return applied(turn, drivers.signOn(driver, command, context.principal, boundTripOf(turn, driver)), unit)
    case 'sign-off':
      return applied(turn, drivers.signOff(driver, command), unit)
    case 'set-status':
      return applied(turn, drivers.setStatus(driver, command), unit)
    case 'accept-offer': {
      const trip = driver.work === null ? undefined : turn.trip(driver.work.tripId)
      const decision = drivers.acceptOffer(driver, trip, command.offerId, momentOf(command))
      return applied(turn, decision, () => ({ tripId: trip!.tripId, phase: 'assigned' }))
    }
    case 'decline-offer':
      return applied(turn, declineOffer(driver, command, turn.nowMs), unit)
    case 'report-phase': {
      const { tripId, phase } = command
      return withTrip(turn, tripId, trip =>
        applied(turn, trips.reportPhase(trip, unitId, command), () => ({ tripId, phase })),
      )
    }
    case 'close-trip':
      return withTrip(turn, command.tripId, trip =>
        endTrip(turn, command.tripId, trips.closeTrip(trip, unitId, command)),
      )
  }
}

function boundTripOf(turn: Turn, driver: drivers.DriverState): trips.TripState | undefined {
  return driver.work !== null && drivers.isBound(driver) ? turn.trip(driver.work.tripId) : undefined
}

function withTrip(turn: Turn, tripId: TripId, then: (trip: trips.TripState) => TurnOutcome): TurnOutcome {
  const trip = turn.trip(tripId)
  return trip === undefined ? { ok: false, refusal: unknownTrip(tripId) } : then(trip)
}

function withCall(
  turn: Turn,
  callId: CallId,
  then: (call: CallState, callTrips: readonly trips.TripState[]) => TurnOutcome,
): TurnOutcome {
  const call = turn.call(callId)
  return call === undefined ? { ok: false, refusal: unknownCall(callId) } : then(call, tripsOf(turn, call))
}

/** The call's trips, without one that a broken log has left us no state of. */
const tripsOf = (turn: Turn, call: CallState): trips.TripState[] =>
  call.tripIds.flatMap(tripId => turn.trip(tripId) ?? [])

function applied(turn: Turn, decision: Decision, result: () => CommandResult): TurnOutcome {
  if (!decision.ok) return decision
  turn.record(decision.events)
  return { ok: true, result: result() }
}

/** A trip's end is also its call's, if it was the last one. */
function endTrip(turn: Turn, tripId: TripId, decision: Decision): TurnOutcome {
  return applied(turn, decision, () => {
    const trip = turn.trip(tripId)!
    endCall(turn, trip.callId)
    return { tripId, phase: trip.phase }
  })
}

function endCall(turn: Turn, callId: CallId): void {
  const call = turn.call(callId)
  // A call in quarantine takes no word of its own; its trips must come to their end all the same.
  if (turn.isHeld(callKey(callId))) return
  const callTrips = call === undefined ? [] : tripsOf(turn, call)
  // Of a call with a trip that we do not know nobody can say that it is over.
  if (call !== undefined && callTrips.length === call.tripIds.length) turn.record(endedCall(call, callTrips))
}

/** The refusal of a command that names what is in quarantine; its rules would be decided over a state that is wrong. */
function heldByName(turn: Turn, command: Command, ofSession: UnitId | null): TurnOutcome | null {
  const unitId = 'unitId' in command ? command.unitId : ofSession
  const named = [
    ...(unitId === null || turn.driver(unitId) === undefined ? [] : [driverKey(unitId)]),
    ...('tripId' in command && turn.trip(command.tripId) !== undefined ? [tripKey(command.tripId)] : []),
    ...('callId' in command && turn.call(command.callId) !== undefined ? [callKey(command.callId)] : []),
  ]
  const held = named.find(entity => turn.isHeld(entity))
  return held === undefined ? null : { ok: false, refusal: quarantined(held) }
}

/** What the command's moment follows, as far as it names something that is there; null when it follows nothing. */
function followedMs(turn: Turn, command: Command, ofSession: UnitId | null): number | null {
  const unitId = command.type === 'set-unit-status' ? command.unitId : ofSession
  const driver = unitId === null ? undefined : turn.driver(unitId)
  switch (command.type) {
    case 'accept-offer':
    case 'report-phase':
    case 'close-trip': {
      const tripId = 'tripId' in command ? command.tripId : (driver?.work?.tripId ?? null)
      const trip = tripId === null ? undefined : turn.trip(tripId)
      return trip === undefined ? null : lastStepMs(trip)
    }
    default:
      return driver === undefined ? null : lastChangeMs(driver)
  }
}
