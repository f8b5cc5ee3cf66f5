/**
 * Whose state an event belongs to: `driver/<unit>`, `trip/<trip>`, `call/<call>`, or `region/<region>` itself.
 *
 * A further kind is added here; whatever must know of it then does not compile until it does.
 */
import type { CallId, RegionId, TripId, UnitId } from './ids.ts'

export type EntityKind = 'driver' | 'trip' | 'call' | 'region'
export type EntityKey = `${EntityKind}/${string}`

/** Of what can be held because an event does not fit: a region takes whatever there is. */
export type HeldKind = Exclude<EntityKind, 'region'>

export const driverKey = (unitId: UnitId): `driver/${string}` => `driver/${unitId}`
export const tripKey = (tripId: TripId): `trip/${string}` => `trip/${tripId}`
export const callKey = (callId: CallId): `call/${string}` => `call/${callId}`
export const regionKey = (regionId: RegionId): `region/${string}` => `region/${regionId}`

export const kindOf = (entity: EntityKey): EntityKind => entity.slice(0, entity.indexOf('/')) as EntityKind
export const idOf = (entity: EntityKey): string => entity.slice(entity.indexOf('/') + 1)

/** Does what is to be done for the kind of this entity. Input: what to do with its id, by kind. */
export function byKind<T>(entity: EntityKey, cases: { readonly [kind in EntityKind]: (id: string) => T }): T {
  return cases[kindOf(entity)](idOf(entity))
}
