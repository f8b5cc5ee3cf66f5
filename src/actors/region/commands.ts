/**
 * The turns of commands: find the states, let the domain decide, record, say what to reply.
 *
 * Everything here is synchronous and reads as DESIGN's example does; order and durability of replies are the region's.
 */
import { endedCall, enterCall } from '../../domain/call.ts'
import type { Command, DriverCommand } from '../../domain/commands.ts'
import { type Decision, refused } from '../../domain/decision.ts'
import * as drivers from '../../domain/driver.ts'
import type { CallId, Principal, TripId, UnitId } from '../../domain/ids.ts'
import * as trips from '../../domain/trip.ts'
import type { Refusal } from '../../protocol/errors.ts'
import { unknownTrip, unknownUnit } from '../refusals.ts'
import type { Turn } from './turn.ts'

export interface CommandContext {
  readonly principal: Principal
  /** The unit of a driver's session. */
  readonly unitId: UnitId | null
  /** The moments that a client may report lie between these, region time. */
  readonly earliestMs: number
  readonly latestMs: number
  readonly newId: () => string
}

export type Result = Readonly<Record<string, unknown>>
export type CommandOutcome = { ok: true; result: Result } | { ok: false; refusal: Refusal }

/** Runs one command in a turn. What it records and answers depends on states, command and clock alone. */
export function runCommand(turn: Turn, command: Command, context: CommandContext): CommandOutcome {
  const implausible = implausibleMoment(command, context)
  if (implausible !== null) return implausible
  switch (command.type) {
    case 'enter-call': {
      const callId: CallId = context.newId()
      const tripIds: TripId[] = command.needs.map(() => context.newId())
      turn.record(enterCall(command, callId, tripIds, turn.nowMs))
      if (command.details !== null) turn.callDetails = { callId, details: command.details }
      return { ok: true, result: { callId, tripIds } }
    }
    case 'cancel-trip': {
      const trip = turn.trip(command.tripId)
      if (trip === undefined) return noTrip(command.tripId)
      return endTrip(turn, command.tripId, trips.cancelTrip(trip, command))
    }
    default:
      return runDriverCommand(turn, command, context)
  }
}

function runDriverCommand(turn: Turn, command: DriverCommand, context: CommandContext): CommandOutcome {
  const unitId = context.unitId
  const driver = unitId === null ? undefined : turn.driver(unitId)
  if (unitId === null || driver === undefined) {
    return { ok: false, refusal: unknownUnit(unitId) }
  }
  if (command.type !== 'sign-on' && driver.crew !== null && driver.crew !== context.principal) {
    const message = `Another crew is signed on to unit ${driver.callSign}; sign on first, which relieves it.`
    return refusal('not-signed-on', message, { unitId })
  }
  const unit = () => ({ unitId, status: turn.driver(unitId)!.status })
  switch (command.type) {
    case 'sign-on':
      return applied(turn, drivers.signOn(driver, command, context.principal), unit)
    case 'sign-off':
      return applied(turn, drivers.signOff(driver, command), unit)
    case 'set-status':
      return applied(turn, drivers.setStatus(driver, command), unit)
    case 'accept-offer': {
      const trip = driver.work === null ? undefined : turn.trip(driver.work.tripId)
      const decision = drivers.acceptOffer(driver, trip, command.offerId, command.happenedAtMs)
      return applied(turn, decision, () => ({ tripId: trip!.tripId, phase: 'assigned' }))
    }
    case 'decline-offer':
      return applied(turn, drivers.declineOffer(driver, command), unit)
    case 'report-phase': {
      const trip = turn.trip(command.tripId)
      if (trip === undefined) return noTrip(command.tripId)
      const decision = trips.reportPhase(trip, unitId, command)
      return applied(turn, decision, () => ({ tripId: command.tripId, phase: command.phase }))
    }
    case 'close-trip': {
      const trip = turn.trip(command.tripId)
      if (trip === undefined) return noTrip(command.tripId)
      return endTrip(turn, command.tripId, trips.closeTrip(trip, unitId, command))
    }
  }
}

function applied(turn: Turn, decision: Decision, result: () => Result): CommandOutcome {
  if (!decision.ok) return decision
  turn.record(decision.events)
  return { ok: true, result: result() }
}

/** A trip's end is also its call's, if it was the last one. */
function endTrip(turn: Turn, tripId: TripId, decision: Decision): CommandOutcome {
  return applied(turn, decision, () => {
    const trip = turn.trip(tripId)!
    const call = turn.call(trip.callId)
    if (call !== undefined)
      turn.record(
        endedCall(
          call,
          call.tripIds.map(id => turn.trip(id)!),
        ),
      )
    return { tripId, phase: trip.phase }
  })
}

function implausibleMoment(command: Command, { earliestMs, latestMs }: CommandContext): CommandOutcome | null {
  const [path, reportedMs] =
    'happenedAtMs' in command
      ? ['happenedAtMs', command.happenedAtMs]
      : 'receivedAtMs' in command
        ? ['receivedAtMs', command.receivedAtMs]
        : ['', null]
  if (reportedMs === null || (reportedMs >= earliestMs && reportedMs <= latestMs)) return null
  const where = reportedMs > latestMs ? "ahead of the region's clock" : "too far behind the region's clock"
  const message = `${path} lies ${where}; send the moment in epoch milliseconds of region time.`
  return refusal('invalid-field', message, { path, earliestMs, latestMs })
}

const noTrip = (tripId: TripId): CommandOutcome => ({ ok: false, refusal: unknownTrip(tripId) })

const refusal = (...args: Parameters<typeof refused>): CommandOutcome => refused(...args) as CommandOutcome
