/** The refusals that actors give for the engine's own state, in one wording each. */

import type { Refusal } from '../base/refusal.ts'
import type { CallId, TripId, UnitId } from '../domain/ids.ts'

export const UNAVAILABLE: Refusal = {
  code: 'unavailable',
  message: 'This engine does not hold the region now; try again soon.',
  details: { retryAfterMs: 1_000 },
}

export const MARKS_UNREADABLE: Refusal = {
  code: 'unavailable',
  message: "The database does not tell or take the marks of this unit's earlier streams now; try again soon.",
  details: { retryAfterMs: 1_000 },
}

/** Also of a command that was decided and may stand in the end: under its id its outcome is found. */
export const WRITES_STALLED: Refusal = {
  code: 'unavailable',
  message: 'The database takes no writes now; send the same again soon, a command under the same id.',
  details: { retryAfterMs: 1_000, writes: 'stalled' },
}

export const OVERLOADED: Refusal = {
  code: 'overloaded',
  message: 'The region has more waiting than it can take; try again soon.',
  details: { retryAfterMs: 500 },
}

export const tooManyTrips = (openTripsMax: number): Refusal => ({
  code: 'overloaded',
  message: `The region has ${openTripsMax} open trips, as many as it can hold; close or cancel some, then enter the call again.`,
  details: { openTripsMax, retryAfterMs: 5_000 },
})

export const INTERNAL: Refusal = {
  code: 'internal',
  message: 'A mistake of ours; nothing changed. Send the same command again under the same id.',
}

export const unknownUnit = (unitId: UnitId | null): Refusal => ({
  code: 'unknown-unit',
  message: `This region has no unit ${unitId}; import it first.`,
  details: { unitId },
})

export const unknownCall = (callId: CallId): Refusal => ({
  code: 'unknown-call',
  message: `This region has no call ${callId}.`,
  details: { callId },
})

export const unknownTrip = (tripId: TripId): Refusal => ({
  code: 'unknown-trip',
  message: `This region has no trip ${tripId}.`,
  details: { tripId },
})
