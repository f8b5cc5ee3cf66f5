/** The turn that lets a held actor go on: it finds what the actor is entangled with, and records the state to go on from. */
import { type Refused, refused } from '../../base/result.ts'
import type { ReleaseHeld } from '../../domain/commands.ts'
import type { Decision } from '../../domain/decision.ts'
import {
  byKind,
  callKey,
  driverKey,
  type EntityKey,
  type HeldKind,
  idOf,
  kindOf,
  tripKey,
} from '../../domain/entity.ts'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import { releaseCall, releaseTrip, releaseUnit } from '../../domain/release.ts'
import { type TripState, unitOf } from '../../domain/trip/trip.ts'
import type { DriverActor } from '../driver/driver-actor.ts'
import type { TurnOutcome } from './command-outcome.ts'
import type { RegionStates } from './memory.ts'
import type { Turn } from './turn.ts'

/** The region's memory, as far as a release needs more of it than one actor. */
export interface HeldMemory extends Pick<RegionStates, 'tripStates'> {
  driverActors(): Iterable<Pick<DriverActor, 'state'>>
  readonly heldReferences: ReadonlyMap<EntityKey, UnitReference>
}

/** One that is not held is left as it is: two people may release the same. */
export function releaseHeld(
  turn: Turn,
  { entity, as }: ReleaseHeld,
  memory: HeldMemory,
  stepCall: (turn: Turn, callId: string) => void,
): TurnOutcome {
  if (!turn.isHeld(entity)) return { ok: true, result: { entity, released: false } }
  const decision = decide(turn, entity, as, memory)
  if (decision === null) return unknown(entity)
  if (!decision.ok) return decision
  turn.record(decision.events)
  const trip = kindOf(entity) === 'trip' ? turn.trip(idOf(entity)) : undefined
  if (trip?.phase === 'cancelled') stepCall(turn, trip.callId)
  return { ok: true, result: { entity, released: true } }
}

/** Null when there is no state to go on from. */
const decide = (turn: Turn, entity: EntityKey, as: ReleaseHeld['as'], memory: HeldMemory): Decision | null =>
  byKind(entity, {
    driver: unitId => {
      const unit = turn.driver(unitId) ?? memory.heldReferences.get(entity)
      if (unit === undefined) return null
      const isItsTrip = (trip: TripState) => unitOf(trip) === unitId && !turn.isHeld(tripKey(trip.tripId))
      return releaseUnit(unit, [...memory.tripStates()].filter(isItsTrip))
    },
    trip: tripId => {
      const trip = turn.trip(tripId)
      if (trip === undefined) return null
      const call = turn.isHeld(callKey(trip.callId)) ? undefined : turn.call(trip.callId)
      let unit = null
      for (const { state } of memory.driverActors()) {
        if (state.work?.tripId === tripId && !turn.isHeld(driverKey(state.unitId))) unit = state
      }
      return releaseTrip(trip, call ?? null, unit, as ?? 'pending')
    },
    call: callId => {
      const call = turn.call(callId)
      if (call === undefined) return null
      const itsTrips = call.tripIds.flatMap(tripId => (turn.isHeld(tripKey(tripId)) ? [] : (turn.trip(tripId) ?? [])))
      return releaseCall(call, itsTrips)
    },
    // It is never held.
    region: () => null,
  })

const UNKNOWN = {
  driver: ['unknown-unit', 'import the unit under this id first'],
  trip: ['unknown-trip', 'enter its call anew'],
  call: ['unknown-call', 'enter the call anew'],
} as const satisfies { readonly [kind in HeldKind]: unknown }

function unknown(entity: EntityKey): Refused {
  const [code, way] = UNKNOWN[kindOf(entity) as HeldKind]
  return refused(code, `The state of ${entity} is lost; ${way}.`, { entity })
}
