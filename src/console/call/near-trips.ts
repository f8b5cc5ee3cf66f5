/** The open trips near the place of a new call: two callers may see the same. */
import { placeInDegrees, type TripView } from '../../client/index.ts'
import { metresBetween } from '../format.ts'
import type { Shift } from '../shift.ts'

const NEAR_M = 300
const SHOWN = 5

export function nearTrips({ place, board }: Pick<Shift, 'place' | 'board'>): TripView[] {
  if (place === null) return []
  return [...board.trips.values()]
    .map(trip => ({ trip, m: metresBetween(place, placeInDegrees(trip)) }))
    .filter(({ m }) => m <= NEAR_M)
    .sort((a, b) => a.m - b.m)
    .slice(0, SHOWN)
    .map(({ trip }) => trip)
}
