/**
 * Whose state an event belongs to: `driver/<unit>`, `trip/<trip>` or `call/<call>`.
 *
 * A further kind is added here; whatever must know of it then does not compile until it does.
 */
import type { CallId, TripId, UnitId } from './ids.ts'

export type EntityKind = 'driver' | 'trip' | 'call'
export type EntityKey = `${EntityKind}/${string}`

export const driverKey = (unitId: UnitId): `driver/${string}` => `driver/${unitId}`
export const tripKey = (tripId: TripId): `trip/${string}` => `trip/${tripId}`
export const callKey = (callId: CallId): `call/${string}` => `call/${callId}`

export const kindOf = (entity: EntityKey): EntityKind => entity.slice(0, entity.indexOf('/')) as EntityKind
export const idOf = (entity: EntityKey): string => entity.slice(entity.indexOf('/') + 1)

/** Does what is to be done for the kind of this entity. Input: what to do with its id, by kind. */
export function byKind<T>(entity: EntityKey, cases: { readonly [kind in EntityKind]: (id: string) => T }): T {
  return cases[kindOf(entity)](idOf(entity))
}
