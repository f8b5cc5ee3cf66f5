/** The turn that lets a held actor go on: finds what it is entangled with, and records from where it goes on. */
import type { ReleaseHeld } from '../../domain/commands.ts'
import type { Decision } from '../../domain/decision.ts'
import type { UnitReference } from '../../domain/events.ts'
import { driverKey, type EntityKey, tripKey } from '../../domain/ids.ts'
import { releaseCall, releaseTrip, releaseUnit } from '../../domain/release.ts'
import { unitOf } from '../../domain/trip.ts'
import type { CommandOutcome } from './commands.ts'
import type { RegionStates } from './memory.ts'
import type { Turn } from './turn.ts'

/** The region's memory, as far as a release needs more of it than one actor. */
export interface HeldMemory extends Pick<RegionStates, 'tripStates' | 'driverActors'> {
  readonly heldReferences: ReadonlyMap<EntityKey, UnitReference>
}

/** One that is not held is left as it is: two people may release the same. */
export function releaseHeld(
  turn: Turn,
  { entity, as }: ReleaseHeld,
  memory: HeldMemory,
  endCall: (turn: Turn, callId: string) => void,
): CommandOutcome {
  if (!turn.isHeld(entity)) return { ok: true, result: { entity, released: false } }
  const decision = decide(turn, entity, as, memory)
  if (decision === null) return unknown(entity)
  if (!decision.ok) return decision
  turn.record(decision.events)
  const trip = entity.startsWith('trip/') ? turn.trip(idOf(entity)) : undefined
  if (trip?.phase === 'cancelled') endCall(turn, trip.callId)
  return { ok: true, result: { entity, released: true } }
}

/** Null when there is no state to go on from. */
function decide(turn: Turn, entity: EntityKey, as: ReleaseHeld['as'], memory: HeldMemory): Decision | null {
  const id = idOf(entity)
  if (entity.startsWith('driver/')) {
    const unit = turn.driver(id) ?? memory.heldReferences.get(entity)
    if (unit === undefined) return null
    const itsTrips = [...memory.tripStates()].filter(trip => unitOf(trip) === id && !turn.isHeld(tripKey(trip.tripId)))
    return releaseUnit(unit, itsTrips)
  }
  if (entity.startsWith('trip/')) {
    const trip = turn.trip(id)
    if (trip === undefined) return null
    const call = turn.isHeld(`call/${trip.callId}`) ? undefined : turn.call(trip.callId)
    let unit = null
    for (const { state } of memory.driverActors()) {
      if (state.work?.tripId === id && !turn.isHeld(driverKey(state.unitId))) unit = state
    }
    return releaseTrip(trip, call ?? null, unit, as ?? 'pending')
  }
  const call = turn.call(id)
  if (call === undefined) return null
  return releaseCall(
    call,
    call.tripIds.flatMap(tripId => (turn.isHeld(tripKey(tripId)) ? [] : (turn.trip(tripId) ?? []))),
  )
}

function unknown(entity: EntityKey): CommandOutcome {
  const [code, way] = entity.startsWith('driver/')
    ? (['unknown-unit', 'import the unit under this id first'] as const)
    : entity.startsWith('trip/')
      ? (['unknown-trip', 'enter its call anew'] as const)
      : (['unknown-call', 'enter it anew'] as const)
  const message = `Nothing is left of ${entity} to go on from; ${way}.`
  return { ok: false, refusal: { code, message, details: { entity } } }
}

const idOf = (entity: EntityKey): string => entity.slice(entity.indexOf('/') + 1)
