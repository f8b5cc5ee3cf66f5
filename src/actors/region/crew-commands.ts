/** The turns of a crew's own commands. */

import type { Command, DriverCommand, SetUnitStatus } from '../../domain/commands.ts'
import { declineOffer } from '../../domain/dispatch/given-back.ts'
import { momentOf, type PutRight } from '../../domain/events/event.ts'
import { carried } from '../../domain/trip/carried.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import { closeTrip, reportPhase } from '../../domain/trip/trip-work.ts'
import {
  acknowledgeStandDown,
  setStatus,
  setUnitStatus,
  signOff,
  signOn,
  whyNotCrew,
} from '../../domain/unit/crew-duty.ts'
import { type DriverState, isBound } from '../../domain/unit/driver.ts'
import { callEmergency, endEmergency } from '../../domain/unit/emergency.ts'
import { acceptOffer } from '../../domain/unit/offer-answers.ts'
import { unknownUnit } from '../refusals.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, stepTrip, withTrip } from './command-steps.ts'
import type { Turn } from './turn.ts'

export function runDriverCommand(turn: Turn, command: DriverCommand & PutRight, context: CommandContext): TurnOutcome {
  const unitId = context.unitId
  const driver = unitId === null ? undefined : turn.driver(unitId)
  if (unitId === null || driver === undefined) {
    return { ok: false, refusal: unknownUnit(unitId) }
  }
  const notCrew = command.type === 'sign-on' ? null : whyNotCrew(driver, context.principal)
  if (notCrew !== null) return { ok: false, refusal: notCrew }
  const unit = () => ({ unitId, status: turn.driver(unitId)!.status })
  switch (command.type) {
    case 'sign-on':
      return applied(turn, signOn(driver, command, context.principal, boundTripOf(turn, driver)), unit)
    case 'sign-off':
      return applied(turn, signOff(driver, command), unit)
    case 'set-status':
      return applied(turn, setStatus(driver, command), unit)
    case 'accept-offer': {
      const trip = driver.work === null ? undefined : turn.trip(driver.work.tripId)
      const decision = acceptOffer(driver, trip, command.offerId, momentOf(command))
      return applied(turn, decision, () => ({ tripId: trip!.tripId, phase: 'assigned' }))
    }
    case 'acknowledge-stand-down':
      return applied(turn, acknowledgeStandDown(driver, command), unit)
    case 'decline-offer':
      return applied(turn, declineOffer(driver, command, turn.nowMs), unit)
    case 'report-phase': {
      const { tripId } = command
      return withTrip(turn, tripId, trip => stepTrip(turn, tripId, reportPhase(trip, unitId, command)))
    }
    case 'close-trip':
      return withTrip(turn, command.tripId, trip => {
        const decision = carried(closeTrip(trip, unitId, command), driver, command)
        return stepTrip(turn, command.tripId, decision)
      })
  }
}

/** The desk says what a unit can do, for a crew that calls in by radio. */
export function setByDesk(
  turn: Turn,
  command: SetUnitStatus & PutRight,
  { retiring }: Pick<CommandContext, 'retiring'>,
): TurnOutcome {
  const { unitId } = command
  const driver = turn.driver(unitId)
  if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
  const decision = setUnitStatus(driver, command, retiring.has(unitId))
  return applied(turn, decision, () => ({ unitId, status: turn.driver(unitId)!.status }))
}

/** Heard of any session that speaks for the unit, also of a crew that was relieved. */
export function emergencyOf(
  turn: Turn,
  command: Extract<Command, { type: 'call-emergency' | 'end-emergency' }> & PutRight,
  { unitId: ofSession }: Pick<CommandContext, 'unitId'>,
): TurnOutcome {
  const { unitId } = command
  const driver = turn.driver(unitId)
  if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
  const decision = command.type === 'call-emergency' ? callEmergency(driver, command, ofSession) : endEmergency(driver)
  return applied(turn, decision, () => ({ unitId, emergencySinceMs: turn.driver(unitId)!.emergencySinceMs ?? null }))
}

function boundTripOf(turn: Turn, driver: DriverState): TripState | undefined {
  return driver.work !== null && isBound(driver) ? turn.trip(driver.work.tripId) : undefined
}
