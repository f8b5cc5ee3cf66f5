/** The way that a trip's unit is on, when it will be there, and which change of that is worth telling. */
import type { WayProblem } from '../dispatch/road-questions.ts'
import type { Position } from '../geo.ts'
import type { TripId, UnitId } from '../ids.ts'
import type { Priority, RankingBasis, TripPhase } from '../vocabulary.ts'
import type { TripState } from './trip.ts'

/** Where to: first to the scene, then, with a patient, to the destination. */
export const WAY_GOALS = ['scene', 'destination'] as const
type WayGoal = (typeof WAY_GOALS)[number]

export interface TripWay {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly priority: Priority
  readonly toward: WayGoal
  /** Null where nobody has said where to. */
  readonly goal: Position | null
  /** When the crew was told to go, while it may not have set out yet; null once it drives. */
  readonly toldAtMs: number | null
}

/** In mode `ordered` a unit is bound from the order on, and may roll already. */
const TO_THE_SCENE: readonly TripPhase[] = ['offered', 'assigned', 'en-route']

/** Null while the unit is on no way: it has no unit, is at the scene, at the destination, or over. */
export function wayOf({
  tripId,
  unitId,
  priority,
  phase,
  lonDeg,
  latDeg,
  times,
  destination,
}: TripState): TripWay | null {
  if (unitId === null) return null
  const way = { tripId, unitId, priority }
  if (phase === 'transporting') {
    const goal = destination == null ? null : { lonDeg: destination.lonDeg, latDeg: destination.latDeg }
    return { ...way, toward: 'destination', goal, toldAtMs: null }
  }
  if (!TO_THE_SCENE.includes(phase)) return null
  const toldAtMs = phase === 'en-route' ? null : (times.offered ?? null)
  return { ...way, toward: 'scene', goal: { lonDeg, latDeg }, toldAtMs }
}

export const isSameWay = (one: TripWay, other: TripWay): boolean =>
  one.unitId === other.unitId &&
  one.toward === other.toward &&
  one.priority === other.priority &&
  one.toldAtMs === other.toldAtMs &&
  one.goal?.lonDeg === other.goal?.lonDeg &&
  one.goal?.latDeg === other.goal?.latDeg

/** Why an arrival is told by the straight line although the region has roads. `busy`: too much was asked of them. */
export type EtaFallback = WayProblem | 'busy'

/** Why nobody knows when it will be there. */
export const ETA_UNKNOWNS = ['no-position', 'no-destination'] as const
type EtaUnknown = (typeof ETA_UNKNOWNS)[number]

/** When a trip's unit will be there, as it was reckoned at a moment. */
export interface TripEta extends Omit<TripWay, 'priority' | 'goal' | 'toldAtMs'> {
  readonly atMs: number
  /** From `atMs` on: how long the way takes from where the unit's newest fix has it. Null where nobody knows. */
  readonly etaMs: number | null
  /** Parts of it: until the crew has set out, and by how much longer it may take for the age of the fix. Absent for none. */
  readonly turnoutMs?: number
  readonly unsureMs?: number
  /** What is left: along the roads, or in a straight line. */
  readonly distanceM: number | null
  readonly basis: RankingBasis
  /** Of the region's roads; absent by the straight line. */
  readonly roadsVersion?: number
  readonly notByRoad?: EtaFallback
  /** Absent where it is known. */
  readonly unknown?: EtaUnknown
  readonly fixAgeMs: number | null
}

/** An arrival that has moved by less is no news. */
const NEWS_FROM_MS = 5_000
/** But what is left of the way, and the age of the fix, are told so often. */
const TOLD_EVERY_MS = 30_000

/** Input: what was told last; null where nothing was. */
export function isEtaNews(told: TripEta | null, eta: TripEta): boolean {
  if (told === null || told.unitId !== eta.unitId || told.toward !== eta.toward || told.unknown !== eta.unknown)
    return true
  if (told.basis !== eta.basis || told.roadsVersion !== eta.roadsVersion || told.notByRoad !== eta.notByRoad)
    return true
  if (Math.abs(eta.atMs - told.atMs) >= TOLD_EVERY_MS) return true
  if (told.etaMs === null || eta.etaMs === null) return told.etaMs !== eta.etaMs
  return Math.abs(eta.atMs + eta.etaMs - (told.atMs + told.etaMs)) >= NEWS_FROM_MS
}
