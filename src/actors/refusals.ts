/** The refusals that actors give for the engine's own state, in one wording each. */

import type { Refusal } from '../base/refusal.ts'
import type { CallId, TripId, UnitId } from '../domain/ids.ts'
import type { TripState } from '../domain/trip/trip.ts'

export const UNAVAILABLE: Refusal = {
  code: 'unavailable',
  message: 'This engine does not hold the region now; try again soon.',
  details: { retryAfterMs: 1_000 },
}

export const ROADS_BUSY: Refusal = {
  code: 'overloaded',
  message: 'More is asked of the roads than they can answer in time; ask again soon.',
  details: { retryAfterMs: 1_000, of: 'roads' },
}

export const NO_ROADS: Refusal = {
  code: 'no-roads',
  message: 'The region has no roads; import a network with goldenhour roads import.',
}

export const OFF_ROAD: Refusal = {
  code: 'off-road',
  message: 'No road is within 200 m of the place; choose one that is on the road.',
}

export const withoutPosition = (unitId: UnitId): Refusal => ({
  code: 'off-road',
  message: `Nobody knows where unit ${unitId} is; ask again once it has sent a fix.`,
  details: { unitId },
})

export const notOnWay = ({ tripId, phase }: Pick<TripState, 'tripId' | 'phase'>): Refusal => ({
  code: 'wrong-phase',
  message: `Trip ${tripId} is ${phase}: its unit is on no way whose end is known.`,
  details: { tripId, phase },
})

export const notYourTrip = (tripId: TripId, unitId: UnitId): Refusal => ({
  code: 'not-your-trip',
  message: `Trip ${tripId} is not that of unit ${unitId}; ask of the trip in your unit-state.`,
  details: { tripId, unitId },
})

export const MARKS_UNREADABLE: Refusal = {
  code: 'unavailable',
  message: "The database does not answer for the marks of this unit's earlier streams; try again soon.",
  details: { retryAfterMs: 1_000 },
}

/** Of what is not in memory any more. */
export const STORE_SILENT: Refusal = {
  code: 'unavailable',
  message:
    'The database does not answer for what happened long ago; send the request again soon, a command under the same id.',
  details: { retryAfterMs: 1_000 },
}

export const STORED_CALL_DAMAGED: Refusal = {
  code: 'stored-data-damaged',
  message: 'What is stored of this call, which is over, is not what was written; let the operator look into the log.',
}

/** Also of a command that was decided and may stand in the end: under its id its outcome is found. */
export const WRITES_STALLED: Refusal = {
  code: 'unavailable',
  message: 'The database takes no writes now; send the request again soon, a command under the same id.',
  details: { retryAfterMs: 1_000, writes: 'stalled' },
}

export const OVERLOADED: Refusal = {
  code: 'overloaded',
  message: 'The region has too many messages waiting; try again soon.',
  details: { retryAfterMs: 500 },
}

export const tooManyTrips = (openTripsMax: number): Refusal => ({
  code: 'overloaded',
  message: `The region holds its largest number of open trips, ${openTripsMax}; close or cancel some, then enter the call again.`,
  details: { openTripsMax, retryAfterMs: 5_000 },
})

export const INTERNAL: Refusal = {
  code: 'internal',
  message: 'The engine made a mistake; nothing changed. Send the same command again under the same id.',
}

export const unknownUnit = (unitId: UnitId | null): Refusal => ({
  code: 'unknown-unit',
  message: `Unit ${unitId} does not exist in this region; list its units with GET /v1/units.`,
  details: { unitId },
})

export const retiredUnit = (unitId: UnitId): Refusal => ({
  code: 'unit-retired',
  message: `Unit ${unitId} was taken out of service for good; list the units that there are with GET /v1/units.`,
  details: { unitId },
})

export const unknownCall = (callId: CallId): Refusal => ({
  code: 'unknown-call',
  message: `Call ${callId} does not exist; check the id that enter-call or POST /v1/calls answered.`,
  details: { callId },
})

export const unknownIncident = (incidentNo: string): Refusal => ({
  code: 'unknown-call',
  message: `No call of this region has number ${incidentNo}; check the year and every digit.`,
  details: { incidentNo },
})

export const tripEnded = ({ tripId, phase }: Pick<TripState, 'tripId' | 'phase'>): Refusal => ({
  code: 'wrong-phase',
  message: `Trip ${tripId} is ${phase}, so no unit is looked for; what was decided stands at GET /v1/trips/${tripId}/decisions.`,
  details: { tripId, phase },
})

export const unknownTrip = (tripId: TripId): Refusal => ({
  code: 'unknown-trip',
  message: `Trip ${tripId} does not exist; list the open trips with watch-board.`,
  details: { tripId },
})
