/** Whether a moment of a response fits in with the others of it. */

import type { Doubtful } from '../events/event.ts'
import { RESPONSE_TIMES, type ResponseTime } from '../vocabulary.ts'
import { FOLLOWS } from './e-times.ts'
import type { UnitResponse } from './response.ts'

type Moments = Pick<UnitResponse, 'offeredAtMs' | 'times'>

/** Whether it lies before one that it should follow, or behind one that should follow it. */
export function isImplausible(response: Moments, time: ResponseTime, atMs: number): boolean {
  const isBefore = (earlier: ResponseTime) => atMs < (momentOf(response, earlier) ?? Number.NEGATIVE_INFINITY)
  const isBehind = (later: ResponseTime) => atMs > (momentOf(response, later) ?? Number.POSITIVE_INFINITY)
  return FOLLOWS[time].some(isBefore) || RESPONSE_TIMES.some(later => FOLLOWS[later].includes(time) && isBehind(later))
}

/** Nobody can have heard of an offer before it was decided on. What the wheels say is no reason to doubt a person. */
function momentOf({ offeredAtMs, times }: Moments, time: ResponseTime): number | null {
  const known = times[time]
  if (known?.cause === 'geofence') return null
  return known?.atMs ?? (time === 'notified' ? offeredAtMs : null)
}

/** What an event says of such a moment: nothing of one that fits, and of one that is the first. */
export function doubtful(response: Moments | undefined, time: ResponseTime, atMs: number): Doubtful {
  return response !== undefined && isImplausible(response, time, atMs) ? { implausible: true } : {}
}
