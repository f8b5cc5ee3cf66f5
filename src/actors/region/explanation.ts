/** Why a trip has no other unit than it has: what the desk would find for it now, in its words. */
import { helpOf } from '../../domain/dispatch/help.ts'
import { decisionOf } from '../../domain/dispatch/ranking.ts'
import { openRounds } from '../../domain/dispatch/rounds.ts'
import { countsInWords, helpInWords, verdictInWords } from '../../domain/dispatch/words.ts'
import type { TripId, UnitId } from '../../domain/ids.ts'
import { type TripState, unitOf } from '../../domain/trip/trip.ts'
import type { ExplanationShown } from '../../protocol/told.ts'
import type { Lookout } from './lookout.ts'
import type { RegionPolicy } from './region-policy.ts'

/** How many units that could not go are named. About any other one its own verdict can be asked. */
const NAMED_MAX = 50
/** A desk must find the one unit that may go among a hundred thousand. Whoever asks why need not: the counts tell of it. */
const VISITS_MAX = 2_000

/**
 * Input: a trip that has not ended; the unit to be told of by itself, if any, which the region has; `tripOf`, any other trip.
 */
export function explanationOf(
  lookout: Lookout,
  trip: TripState,
  asked: UnitId | null,
  { standing }: Pick<RegionPolicy, 'standing'>,
  tripOf: (tripId: TripId) => TripState | undefined,
  nowMs: number,
): ExplanationShown {
  const { tripId, phase } = trip
  const round =
    phase === 'pending' ? openRounds(trip, standing, nowMs).at(-1)! : { number: trip.round, asked: trip.asked }
  const choice = lookout.choice(trip, round, VISITS_MAX)
  const seen = lookout.seen(trip, round, choice, NAMED_MAX)
  const { candidates, excluded, passedOver = [] } = decisionOf(seen, standing)
  const told = (unitId: UnitId) => {
    const verdict = lookout.verdictAmong(choice, trip, unitId, round)
    return { reason: verdict.reason, why: verdictInWords(unitId, verdict) }
  }
  return {
    ...{ tripId, phase, round: round.number, why: countsInWords({ ...seen, candidates }) },
    ...{ ...seen.basis, candidates, eligible: seen.eligible, excluded },
    passedOver: passedOver.map(unit => ({ ...unit, why: told(unit.unitId).why })),
    help: helpShown(trip, tripOf),
    unit: asked === null ? null : { unitId: asked, ...told(asked) },
  }
}

function helpShown(trip: TripState, tripOf: (tripId: TripId) => TripState | undefined): ExplanationShown['help'] {
  const help = helpOf({ trip: tripOf }, trip)
  if (help === undefined || help.helps === undefined) return null
  const { tripId, helps: helpsTripId, loss = null } = help
  return { tripId, helpsTripId, unitId: unitOf(help), loss, why: helpInWords(help) }
}
