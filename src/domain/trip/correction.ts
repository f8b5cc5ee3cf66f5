/** What a dispatcher puts right of the moments of a unit's work: an event beside the original, which stays in the log. */

import { refused } from '../../base/result.ts'
import type { CorrectTime } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import type { TripTimeCorrected } from '../events/trip-events.ts'
import { REPORTABLE_PHASES, type ResponseTime, type TripPhase } from '../vocabulary.ts'
import { TIME_OF_PHASE } from './e-times.ts'
import { responseOf } from './response.ts'
import { phaseOrder, type TripState } from './trip.ts'

/**
 * Also of a trip that has ended, and of a unit that it was taken from. Nothing where it stands so already.
 * Input: `latestMs`, the latest that a clock that is right may say now.
 */
export function correctTime(trip: TripState, command: CorrectTime, latestMs: number): Decision {
  const { tripId, unitId, time, newAtMs, reason } = command
  const response = responseOf(trip, unitId)
  if (response === undefined) {
    const message = `Unit ${unitId} was not sent on this trip; responses of the trip names those that were.`
    return refused('not-your-trip', message, { tripId, unitId })
  }
  if (trip.offer?.offerId === response.offerId) {
    const message = `Unit ${unitId} has not answered its offer; there is nothing of its work to correct.`
    return refused('wrong-phase', message, { tripId, phase: trip.phase })
  }
  if (newAtMs !== null && newAtMs > latestMs) {
    const message = 'Field newAtMs must not lie in the future: a correction says what has happened.'
    return refused('invalid-field', message, { path: 'newAtMs' })
  }
  const known = response.times[time]
  const formerAtMs = known?.atMs ?? null
  const standsSo = formerAtMs === newAtMs && (newAtMs !== null || known === undefined || known.corrected !== undefined)
  if (standsSo) return accepted()
  const corrected = { tripId, unitId, time, formerAtMs, newAtMs, reason }
  return accepted({ type: 'TripTimeCorrected', v: 1, entity: tripKey(tripId), ...corrected })
}

/** What a correction makes of the trip itself, whose times are those of its present or last unit. */
export function correctedChange(trip: TripState, event: TripTimeCorrected): Partial<TripState> {
  const { times, missed, responses, unitId } = trip
  const phase = phaseOf(event.time)
  const isItsOwn = unitId === event.unitId && responses.at(-1)?.unitId === unitId
  if (phase === null || !isItsOwn || !concerns(trip, phase)) return {}
  const { [phase]: _, ...others } = times
  if (event.newAtMs === null) return { times: others }
  return { times: { ...times, [phase]: event.newAtMs }, missed: missed.filter(each => each !== phase) }
}

function phaseOf(time: ResponseTime): TripPhase | null {
  if (time === 'acknowledged') return 'assigned'
  if (time === 'back-in-service') return 'closed'
  return REPORTABLE_PHASES.find(phase => TIME_OF_PHASE[phase] === time) ?? null
}

/** Whether the trip is, or was, in this phase or beyond it. Who leaves the scene does not transport for that. */
function concerns({ phase: present, times, missed, disposition }: TripState, phase: TripPhase): boolean {
  if (times[phase] !== undefined || missed.includes(phase)) return true
  if (present === 'closed') return phase !== 'transporting' || disposition === 'transported'
  return phaseOrder(phase) >= 0 && phaseOrder(phase) <= phaseOrder(present)
}
