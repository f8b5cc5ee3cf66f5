/** What the desk's questions are answered with: the units nearest to a place, and why a trip has no other unit. */
import type { PassedOver } from '../../domain/dispatch/eligibility.ts'
import type { ChoiceBasis } from '../../domain/dispatch/far.ts'
import type { NotByServer, RoutingServerKind } from '../../domain/dispatch/routing-server.ts'
import type {
  ArrivalByRoad,
  Candidate,
  ExclusionReason,
  Loss,
  PassedOverUnit,
} from '../../domain/events/decision-record.ts'
import type { LevelOfCare, TripPhase } from '../../domain/vocabulary.ts'
import type { FixView } from './situation-views.ts'

export interface NearestUnit extends ArrivalByRoad {
  readonly unitId: string
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  readonly distanceM: number
  readonly connected: boolean
  /** Why the desk would not send it now; null when it would. */
  readonly passedOverFor: PassedOver | null
  readonly fix: FixView
}

export interface NearestResult extends Omit<ChoiceBasis, 'basis'> {
  /** The kind of the routing server whose times they are; never of a decision. */
  readonly basis: ChoiceBasis['basis'] | RoutingServerKind
  /** Why the routing server that the engine asks did not answer, so that the region's own times stand; absent where it did, or there is none. */
  readonly notByServer?: NotByServer
  readonly units: readonly NearestUnit[]
}

/** Why a trip has no other unit than it has: what the desk would find for it now. */
export interface TripExplanation extends ChoiceBasis {
  readonly tripId: string
  readonly phase: TripPhase
  /** The round of which the desk asks now. */
  readonly round: number
  /** The counts in words. */
  readonly why: string
  /** The nearest units that could go, best first. */
  readonly candidates: readonly Candidate[]
  /** How many could, and how many could not, by reason: together every unit that a crew is signed on to. */
  readonly eligible: number
  readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>
  /** The nearest units that could not, as in a decision. */
  readonly passedOver: readonly (PassedOverUnit & { readonly why: string })[]
  /** The trip that helps it, or that it helps itself as one; null where it is neither. */
  readonly help: ExplainedHelp | null
  /** The unit that was asked for; null where none was. */
  readonly unit: ExplainedUnit | null
}

interface ExplainedHelp {
  /** The trip that helps. */
  readonly tripId: string
  readonly helpsTripId: string
  /** Who helps, or is asked to; null while nobody is. */
  readonly unitId: string | null
  /** What of the other trip's need is lost with that unit. */
  readonly loss: Loss | null
  readonly why: string
}

interface ExplainedUnit {
  readonly unitId: string
  /** Null: it could go. */
  readonly reason: ExclusionReason | 'off-duty' | null
  readonly why: string
}
