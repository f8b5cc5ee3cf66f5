/**
 * The turns of commands: find the states, let the domain decide, record the events, form the reply.
 *
 * Everything here is synchronous and reads as DESIGN's example does; order and durability of replies are the region's.
 */

import type { Command } from '../../domain/commands.ts'
import { withdrawnByHand } from '../../domain/dispatch/override.ts'
import { callKey, driverKey, tripKey } from '../../domain/entity.ts'
import type { UnitId } from '../../domain/ids.ts'
import { lastChangeMs, withTrueMoment } from '../../domain/moments.ts'
import { unitOf } from '../../domain/trip/trip.ts'
import { cancelTrip, holdTrip, resumeTrip } from '../../domain/trip/trip-desk.ts'
import { answerAlarm } from './alarm-commands.ts'
import { rightCall, stopCall, takeCall, takeNeed } from './call-commands.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, stepCall, stepTrip, withTrip } from './command-steps.ts'
import { emergencyOf, runDriverCommand, setByDesk } from './crew-commands.ts'
import { sayNote, takeNotesRead } from './note-commands.ts'
import { quarantined } from './quarantine.ts'
import { releaseHeld } from './release.ts'
import { steerRoads } from './road-commands.ts'
import {
  assignUnit,
  confirmedByVoice,
  correctedTime,
  destinationNamed,
  divertUnit,
  formerUnit,
  receiverNamed,
  reportedByRadio,
} from './trip-commands.ts'
import type { Turn } from './turn.ts'

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
    case 'add-note':
      return sayNote(turn, command, context)
    case 'read-notes':
      return takeNotesRead(turn, command, context)
    case 'cancel-call':
      return stopCall(turn, command)
    case 'cancel-trip':
      return withTrip(turn, command.tripId, trip => stepTrip(turn, trip.tripId, cancelTrip(trip, command)))
    case 'assign-unit':
      return withTrip(turn, command.tripId, trip => assignUnit(turn, trip, command, context))
    case 'divert-unit':
      return withTrip(turn, command.tripId, trip => divertUnit(turn, trip, command, context))
    case 'hold-trip':
      return withTrip(turn, command.tripId, trip =>
        applied(turn, holdTrip(trip, context.principal), () => ({ tripId: trip.tripId, onHold: true })),
      )
    case 'resume-trip':
      return withTrip(turn, command.tripId, trip =>
        applied(turn, resumeTrip(trip), () => ({ tripId: trip.tripId, onHold: false })),
      )
    case 'confirm-order':
      return withTrip(turn, command.tripId, trip => confirmedByVoice(turn, trip, command))
    case 'add-need':
      return takeNeed(turn, command, context)
    case 'withdraw-unit':
      return withTrip(turn, command.tripId, trip => {
        const unitId = unitOf(trip)
        return applied(turn, withdrawnByHand(trip, formerUnit(turn, trip), command, turn.nowMs), () => ({
          tripId: trip.tripId,
          unitId,
          phase: 'pending',
        }))
      })
    case 'correct-time':
      return withTrip(turn, command.tripId, trip => correctedTime(turn, trip, command, context))
    case 'name-receiver':
      return withTrip(turn, command.tripId, trip => receiverNamed(turn, trip, command))
    case 'name-destination':
      return withTrip(turn, command.tripId, trip => destinationNamed(turn, trip, command, context))
    case 'call-emergency':
    case 'end-emergency':
      return emergencyOf(turn, command, context)
    case 'close-roads':
    case 'reopen-roads':
      return steerRoads(turn, command, context)
    case 'set-unit-status':
      return setByDesk(turn, command, context)
    case 'acknowledge-alarm':
    case 'shelve-alarm':
      return answerAlarm(turn, command, context)
    case 'release-held':
      return releaseHeld(turn, command, context.memory, stepCall)
    case 'report-phase':
    case 'close-trip':
      return context.unitId === null ? reportedByRadio(turn, command) : runDriverCommand(turn, command, context)
    default:
      return runDriverCommand(turn, command, context)
  }
}

/** The refusal of a command that names what is in quarantine; its rules would be decided over a state that is wrong. */
function heldByName(turn: Turn, command: Command, ofSession: UnitId | null): TurnOutcome | null {
  const unitId = 'unitId' in command ? command.unitId : ofSession
  const toTripId = 'toTripId' in command ? command.toTripId : null
  const named = [
    ...(unitId === null || turn.driver(unitId) === undefined ? [] : [driverKey(unitId)]),
    ...('tripId' in command && turn.trip(command.tripId) !== undefined ? [tripKey(command.tripId)] : []),
    ...(toTripId === null || turn.trip(toTripId) === undefined ? [] : [tripKey(toTripId)]),
    ...('callId' in command && turn.call(command.callId) !== undefined ? [callKey(command.callId)] : []),
  ]
  const held = named.find(entity => turn.isHeld(entity))
  return held === undefined ? null : { ok: false, refusal: quarantined(held) }
}

/** What the command's moment follows: a unit's the last change of its status; null where it follows nothing. */
function followedMs(turn: Turn, command: Command, ofSession: UnitId | null): number | null {
  if (ON_ITS_OWN.has(command.type)) return null
  const unitId = command.type === 'set-unit-status' ? command.unitId : ofSession
  const driver = unitId === null ? undefined : turn.driver(unitId)
  return driver === undefined ? null : lastChangeMs(driver)
}

/** What follows no change of a unit's status. */
const ON_ITS_OWN: ReadonlySet<Command['type']> = new Set([
  'call-emergency',
  'accept-offer',
  'confirm-order',
  'report-phase',
  'close-trip',
])
