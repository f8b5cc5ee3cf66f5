/** Whether the place of a call can be meant: a longitude and a latitude that were taken one for the other show. */
import type { Refused } from '../../base/result.ts'
import { refused } from '../../base/result.ts'
import type { Position } from '../geo.ts'

/** A call that is farther from every unit than this is nobody's. */
export const FAR_M = 1_000_000
/** As near as this to a unit, a place is one that the region serves. */
export const NEAR_M = 100_000

/**
 * Refuses a place that is far from every unit, and near one as soon as longitude and latitude are exchanged. A call is
 * worth more than a rule: where either is in doubt, as with no unit that could be sent, it is taken.
 *
 * Input: `field`, what the place is in; `nearestUnitM`, how far a place is from the nearest unit, null without one.
 */
export function swappedPlace(
  place: Position,
  field: 'call' | 'changes',
  nearestUnitM: (place: Position) => number | null,
): Refused | null {
  const { lonDeg, latDeg } = place
  // Exchanged, it would be no place.
  if (Math.abs(lonDeg) > 90) return null
  const awayM = nearestUnitM(place)
  if (awayM === null || awayM <= FAR_M) return null
  const exchangedM = nearestUnitM({ lonDeg: latDeg, latDeg: lonDeg })
  if (exchangedM === null || exchangedM > NEAR_M) return null
  const path = `${field}.lonE7`
  const message =
    `\`${path}\`: longitude and latitude look swapped. The nearest unit is ${km(awayM)} km from this place, and ` +
    `${km(exchangedM)} km from the one with the two exchanged; correct them and send the message again.`
  return refused('invalid-field', message, { path })
}

const km = (m: number) => Math.round(m / 1_000)
