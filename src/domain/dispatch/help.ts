/**
 * Help: a trained crew of a lower level goes at once, on a trip of its own, beside the right unit of a trip, or until there
 * is one.
 *
 * Whether it does is the policy's, by priority (`whenNoneFree`). A trip is helped once. The trip that helps has a need of its
 * own and is served like any other, but asks nobody to act: the alarms are those of the trip that it helps.
 */

import { type CallState, nextResponseNo } from '../call.ts'
import { tripKey } from '../entity.ts'
import { type Need, needsTransport } from '../events/call-events.ts'
import type { Loss } from '../events/decision-record.ts'
import type { HelpAdded, HelpReason } from '../events/trip-events.ts'
import type { DomainEvent } from '../events.ts'
import type { TripId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import { isEnded, isWaiting, phaseOrder, type TripState } from '../trip/trip.ts'
import { cancelledTrip } from '../trip/trip-desk.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../vocabulary.ts'
import { type Fitness, fits, isLevelServing, missingOf } from './eligibility.ts'
import { type ChoiceBasis, farIn } from './far.ts'

/** Whether a trip may be helped at all: once, and not one that helps another one. */
export const mayBeHelped = (
  { priority, helps, helpedBy }: Pick<TripState, 'priority' | 'helps' | 'helpedBy'>,
  { whenNoneFree }: Pick<Policy, 'whenNoneFree'>,
): boolean => helps === undefined && helpedBy === undefined && whenNoneFree[priority] !== 'wait'

/** A search for somebody who could help. */
export interface HelpSearch {
  readonly need: Need
  readonly because: HelpReason
}

const ANYBODY: Need = { levelOfCare: LEVELS_OF_CARE[0], transport: false, capabilities: [] }
const NEAREST: readonly HelpSearch[] = [{ need: ANYBODY, because: 'nearest-trained' }]

/**
 * The searches for help for a trip as it stands, the first that finds somebody counts; none where nobody is to help it.
 *
 * While it waits for a unit, `send-lower` takes the nearest of the highest level there is, and `nearest-trained` the nearest of
 * all. Once the right unit is asked, only `nearest-trained` looks for somebody who is there before it.
 */
export function helpSearches(trip: TripState, policy: Pick<Policy, 'whenNoneFree'>): readonly HelpSearch[] {
  const { phase, priority, need } = trip
  if (!mayBeHelped(trip, policy) || (!isWaiting(trip) && phase !== 'offered')) return []
  // Whoever could help such a one could have been sent to it.
  if (need.levelOfCare === ANYBODY.levelOfCare && !needsTransport(need) && need.capabilities.length === 0) return []
  if (policy.whenNoneFree[priority] === 'nearest-trained') return NEAREST
  return phase === 'pending' ? rungsFrom(need.levelOfCare) : []
}

/**
 * The level itself first, of which somebody may lack no more than a vehicle or a capability; then each one below. Whoever is
 * of a higher one and free has been asked for the trip itself.
 */
function rungsFrom(level: LevelOfCare): HelpSearch[] {
  const levels = LEVELS_OF_CARE.slice(0, LEVELS_OF_CARE.indexOf(level) + 1).reverse()
  return levels.map(levelOfCare => ({
    need: { levelOfCare, transport: false, capabilities: [] },
    because: 'none-free',
  }))
}

/** How near somebody has to be to be there so much earlier than the right unit; how far that one is is given. */
export const helpWithin = (
  rightUnit: number,
  basis: ChoiceBasis,
  policy: Pick<Policy, 'helpSavesMs' | 'straightLineSpeedMps'>,
): number => rightUnit - farIn(policy.helpSavesMs, basis, policy)

/** The trip that helps, as an event. Whoever was asked for the other one in this round is not asked for this one. */
export function helpAdded(trip: TripState, call: CallState, tripId: TripId, { need, because }: HelpSearch): HelpAdded {
  const { callId, lonDeg, latDeg, priority, receivedAtMs, asked } = trip
  const number = nextResponseNo(call)
  const facts = { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs, asked, ...number }
  return { type: 'HelpAdded', v: 1, entity: tripKey(tripId), ...facts, helpsTripId: trip.tripId, because }
}

/**
 * Whether help is no longer wanted: the trip that it is for has ended, or its right unit is at the scene, or has acknowledged
 * before anybody has come to help where only nobody was free. Who is at the scene stays and closes by itself.
 */
export function isHelpOver(help: TripState, helped: TripState): boolean {
  if (isEnded(help) || phaseOrder(help.phase) >= phaseOrder('on-scene')) return false
  if (isEnded(helped) || phaseOrder(helped.phase) >= phaseOrder('on-scene')) return true
  return help.phase === 'pending' && help.helpsBecause === 'none-free' && phaseOrder(helped.phase) >= 0
}

/** The system ends a trip that helps. */
export const helpEnded = (help: TripState): DomainEvent => cancelledTrip(help, 'no-longer-needed', 'system')

/** The trip that helps, seen from either of the two. Input: the trips, as far as they are known. */
export const helpOf = (
  trips: { trip(tripId: TripId): TripState | undefined },
  trip: TripState,
): TripState | undefined => {
  if (trip.helps !== undefined) return trip
  return trip.helpedBy === undefined ? undefined : trips.trip(trip.helpedBy)
}

/** What is needed where a trip is: of one that helps, by the trip that it helps. Input: the trips, as far as they are known. */
export const neededBy = (trips: { trip(tripId: TripId): TripState | undefined }, { helps, need }: TripState): Need =>
  (helps === undefined ? undefined : trips.trip(helps)?.need) ?? need

/** What a need loses with a unit; null where it loses nothing. */
export function lossOf(unit: Fitness, need: Need): Loss | null {
  if (fits(unit, need)) return null
  const { levelOfCare, transports, capabilities } = unit
  return {
    care: isLevelServing(levelOfCare, need) ? null : { needed: need.levelOfCare, sent: levelOfCare },
    transport: needsTransport(need) && !transports,
    capabilities: missingOf(capabilities, need),
  }
}
