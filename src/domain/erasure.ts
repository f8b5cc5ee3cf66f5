/**
 * What stays of a call whose personal data was erased: when it was, what was done, and by whom; of where, only about where.
 *
 * Who called, the address and what was said stand in tables of their own and are gone as a whole. In events and states the place
 * becomes the corner of a net of a tenth of a degree, some ten kilometres apart, and the problem nothing: it is a free text.
 */
import type { CallId, TripId } from './ids.ts'

/** Which events are of the call. */
export interface ErasedIds {
  readonly callId: CallId
  readonly tripIds: readonly TripId[]
}

/** In degrees; and never -0, which the store would give back as 0. */
const aboutDeg = (deg: number): number => Math.round(deg * 10) / 10 + 0

/** The facts of a call or trip, as an event or a state has them, without what is personal; the same object where there is nothing. */
export function withoutPersonal<Facts extends object>(facts: Facts): Facts {
  const { lonDeg, latDeg, problem } = facts as { lonDeg?: unknown; latDeg?: unknown; problem?: unknown }
  const isPlaced = typeof lonDeg === 'number' && typeof latDeg === 'number'
  const about = isPlaced ? { lonDeg: aboutDeg(lonDeg), latDeg: aboutDeg(latDeg) } : {}
  const erased = { ...facts, ...about, ...(problem == null ? {} : { problem: null }) }
  const isSame = problem == null && (!isPlaced || (about.lonDeg === lonDeg && about.latDeg === latDeg))
  return isSame ? facts : erased
}

/** The events of a record without what is personal of the call; the same list where there is nothing. */
export function withoutPersonalOf<Event extends object>(
  events: readonly Event[],
  { callId, tripIds }: ErasedIds,
): readonly Event[] {
  const erased = events.map(event => {
    const named = event as { readonly callId?: unknown; readonly tripId?: unknown }
    const isOfCall = named.callId === callId || tripIds.some(tripId => tripId === named.tripId)
    return isOfCall ? withoutPersonal(event) : event
  })
  return erased.some((event, index) => event !== events[index]) ? erased : events
}
