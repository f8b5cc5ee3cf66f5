/** Why something cannot be done with a trip as it stands. */

import { type Refused, refused } from '../../base/result.ts'
import type { Decision } from '../decision.ts'
import { isEnded, type TripState } from './trip.ts'

export function notToBeTaken(trip: TripState): Decision {
  const { tripId, phase } = trip
  if (isEnded(trip)) return alreadyEnded(trip)
  if (phase !== 'pending') return patientOnBoard(trip)
  return refused('wrong-phase', 'The trip is pending; no unit has the trip.', { tripId, phase })
}

export function patientOnBoard({ tripId, phase }: TripState): Decision {
  const what = `The trip is ${phase}, and a patient may be on board. Close the trip once the patient is handed over, and enter a call for what another unit has to do.`
  return refused('wrong-phase', what, { tripId, phase })
}

/** Of a unit that does not have the trip. */
export const notOfThisUnit = ({ tripId }: Pick<TripState, 'tripId'>): Refused =>
  refused('not-your-trip', 'The trip is not bound to this unit; the latest unit-state shows the trip that is.', {
    tripId,
  })

export function alreadyEnded({ tripId, phase }: TripState): Decision {
  return refused('wrong-phase', `The trip has ended; it is ${phase}.`, { tripId, phase })
}
