/** What the desk and the deadlines may do, event by event, beside what fits the states: nothing early, nobody twice, nobody unfit. */

import type { TripAlarm } from '../../../src/domain/events/alarm-events.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import type { Candidate, DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY, type StandingPolicy } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'
import { caresFor, carries, farOf, missingOf, mustCarry, spanFar, unitOfFar } from './needs.ts'
import type { PolicyAccount } from './policy-account.ts'
import type { UrgencyAccount } from './urgency.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

/** Where in the log an event stands. */
interface When {
  readonly position: number
  readonly recordedAtMs: number
  /** Since when its owner has served the region; null where that cannot be told to the millisecond. */
  readonly servedSinceMs: number | null
  /** Whether spans are as long by region time as they are: no engine's clock is ever set. */
  readonly areSpansTrue: boolean
}

/** What is known of what came before an event, beside the states. */
interface Accounts {
  readonly policies: PolicyAccount
  readonly urgency: UrgencyAccount
}

/** Input: the states before the event, and the accounts of what was decided before it. */
export function checkEvent(
  states: StateHistory,
  { policies, urgency }: Accounts,
  event: DomainEvent,
  { position, recordedAtMs, servedSinceMs, areSpansTrue }: When,
  findings: Findings,
): void {
  if (!('tripId' in event) || event.tripId === undefined) return
  const trip = states.trip(event.tripId)
  if (trip === undefined) return
  const tooEarly = (dueMs: number) => {
    if (!areSpansTrue || recordedAtMs >= dueMs) return
    const what = event.type === 'TripAlarmRaised' ? `alarm ${event.alarm}` : event.type
    const text = `${what} of ${trip.tripId} at position ${position} comes ${dueMs - recordedAtMs} ms before its time`
    findings.find('deadline-kept', text)
  }
  // What was found open at a start counts from when crews have had time to come back, which no policy here changes.
  const wasFoundOpen = servedSinceMs !== null && trip.phaseRecordedAtMs < servedSinceMs
  if (wasFoundOpen && isOfTime(event)) tooEarly(Math.floor(servedSinceMs) + DEFAULT_POLICY.readyGraceMs)
  switch (event.type) {
    case 'OfferTimedOut':
      return tooEarly(trip.offer?.deadlineAtMs ?? 0)
    case 'TripAlarmRaised':
      if (event.alarm === 'unacknowledged') tooEarly(trip.offer?.warnAtMs ?? 0)
      if (event.alarm === 'no-movement') tooEarly(toldAtMs(trip) + policies.leastNoMovementMs)
      if (event.alarm === 'waiting-long')
        tooEarly((trip.triagedAtMs ?? trip.receivedAtMs) + policies.leastWaitAlarmMs(trip.priority))
      return
    case 'OfferMade': {
      const policy = policies.decided(trip, event, position)
      // What a dispatcher insists on needs neither fit nor turn.
      if (trip.insistedUnitId === event.unitId) return
      const pauseMs = areSpansTrue && policy !== null ? policy.roundPauseMs : Number.NEGATIVE_INFINITY
      checkRound(trip, event, recordedAtMs >= trip.pendingSinceMs! + pauseMs, position, findings)
      checkFit(states, trip, event, { position, policy }, findings)
      urgency.check(states, trip, event, position)
    }
  }
}

/** From when the crew of the trip's unit could know of it. */
function toldAtMs({ responses, phaseRecordedAtMs }: TripState): number {
  const response = responses.at(-1)
  return response?.times.notified?.atMs ?? response?.offeredAtMs ?? phaseRecordedAtMs
}

/** Whether nothing but the passing of time has caused it. */
function isOfTime(event: DomainEvent): boolean {
  if (event.type === 'OfferTimedOut' || event.type === 'AlarmEscalated') return true
  if (event.type === 'OfferRevoked') return event.reason === 'unit-disconnected' || event.reason === 'position-lost'
  return event.type === 'TripAlarmRaised' && BY_TIME.has(event.alarm)
}
const BY_TIME: ReadonlySet<TripAlarm> = new Set([
  'unacknowledged',
  'no-movement',
  'app-lost',
  'position-lost',
  'waiting-long',
])

function checkRound(
  trip: TripState,
  offer: OfferMade,
  isPauseOver: boolean,
  position: number,
  findings: Findings,
): void {
  const find = (text: string) =>
    findings.find('deadline-kept', `the offer of ${trip.tripId} to ${offer.unitId} at position ${position} ${text}`)
  if (offer.round === trip.round) {
    if (trip.asked.includes(offer.unitId)) find(`is its second in round ${offer.round}`)
  } else if (offer.round !== trip.round + 1) {
    find(`is of round ${offer.round} and follows round ${trip.round}`)
  } else if (trip.asked.length === 0 || !isPauseOver) {
    find(`begins round ${offer.round} before the pause is over`)
  }
}

/** Input: the policy that the decision names; null for none that there is. */
function checkFit(
  states: StateHistory,
  trip: TripState,
  offer: OfferMade,
  { position, policy }: { readonly position: number; readonly policy: StandingPolicy | null },
  findings: Findings,
): void {
  const { tripId, need } = trip
  const { unitId, decision } = offer
  const find = (text: string) =>
    findings.find('offer-fits', `the offer of ${tripId} to ${unitId} at position ${position} ${text}`)
  const unit = states.driver(unitId)
  if (unit === undefined) return find('is to a unit that is not there')
  if (!caresFor(unit, need)) find(`needs ${need.levelOfCare}, and the unit is ${unit.levelOfCare}`)
  if (mustCarry(need) && !carries(unit)) find('needs transport, and the unit cannot carry')
  const missing = missingOf(unit, need)
  if (missing.length > 0) find(`needs ${missing.join(', ')}, which the unit does not have`)
  // Of last resorts the surest goes, whatever it has.
  const preferred = decision.despite === undefined ? whyNotPreferred(states, need, decision, policy) : null
  if (preferred !== null) find(preferred)
  // Who has what is preferred may be a little farther away than the others.
  const isWished = decision.despite === undefined && (need.preferred ?? []).length > 0
  const distances = decision.candidates.slice(isWished ? 1 : 0).map(farOf)
  if (decision.candidates[0]?.unitId !== unitId) find(`names ${decision.candidates[0]?.unitId} as the best`)
  if (distances.some((far, i) => i > 0 && far < distances[i - 1]!))
    find(`ranks by ${distances.join(', ')} ${unitOfFar(decision)}`)
}

/** What is wrong with the first of the candidates where some capabilities are preferred; null where nothing is. */
function whyNotPreferred(
  states: StateHistory,
  { preferred = [] }: Need,
  decision: DecisionRecord,
  policy: StandingPolicy | null,
): string | null {
  const [first, ...others] = decision.candidates
  if (first === undefined || policy === null || preferred.length === 0) return null
  const wished = ({ unitId }: Candidate) =>
    preferred.filter(each => states.driver(unitId)?.capabilities.includes(each)).length
  const span = spanFar(policy.preferredWithinMs, decision, policy)
  const nearest = Math.min(farOf(first), ...others.map(farOf))
  const unit = unitOfFar(decision)
  // Distances are kept to the metre.
  if (farOf(first) > nearest + span + 1)
    return `is preferred at ${farOf(first)} ${unit}, and ${nearest} ${unit} is the nearest`
  const better = others.find(other => farOf(other) < nearest + span - 1 && wished(other) > wished(first))
  if (better !== undefined) return `is preferred, and ${better.unitId} has more of ${preferred.join(', ')}`
  const nearer = others.find(other => farOf(other) < farOf(first) && wished(other) >= wished(first))
  return nearer === undefined ? null : `is preferred, and ${nearer.unitId} is nearer and has as much`
}
