/**
 * Units of a higher level than needed: one of them goes only if enough of its level stay free, or it is there clearly earlier
 * than whoever else a decision names; and only such a one is held back.
 */

import type { DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import { LEVELS_OF_CARE, type LevelOfCare, type ReservedLevel } from '../../../src/domain/vocabulary.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'
import { farOf, spanFar, unitOfFar } from './needs.ts'
import type { PolicyAccount } from './policy-account.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

const height = (level: LevelOfCare): number => LEVELS_OF_CARE.indexOf(level)
/** Distances are kept to the metre. */
const ROUNDED = 1

export class Reserves {
  readonly #findings: Findings
  readonly #policies: PolicyAccount

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  /** Input: the states before the event. */
  check(states: StateHistory, event: DomainEvent, position: number): void {
    if (event.type !== 'OfferMade') return
    const trip = states.trip(event.tripId)
    const policy = this.#policies.version(event.decision.policyVersion)
    if (trip === undefined || policy === undefined || trip.insistedUnitId === event.unitId) return
    const find = (text: string) => {
      const what = `the offer of ${trip.tripId} to ${event.unitId} at position ${position}`
      this.#findings.find('reserve-kept', `${what} ${text}`)
    }
    for (const text of [...taken(states, trip, event, policy), ...held(states, trip, event, policy)]) find(text)
  }
}

const savedFar = (policy: StandingPolicy, { priority }: TripState, decision: DecisionRecord): number =>
  spanFar(policy.higherLevelSavesMs[priority], decision, policy)

/** How many of a level the states have as free; who of them is away they do not tell. */
const freeAtMost = (states: StateHistory, level: LevelOfCare): number =>
  [...states.drivers.values()].filter(unit => unit.levelOfCare === level && unit.status === 'available').length

function* taken(
  states: StateHistory,
  trip: TripState,
  { decision }: OfferMade,
  policy: StandingPolicy,
): Iterable<string> {
  const [first, ...others] = decision.candidates
  if (first === undefined || decision.despite !== undefined) return
  const level = first.levelOfCare
  if (height(level) <= height(trip.need.levelOfCare) || savedFar(policy, trip, decision) === 0) return
  if (freeAtMost(states, level) - 1 >= policy.levelReserve[level as ReservedLevel]) return
  const lower = others.find(
    other =>
      height(other.levelOfCare) < height(level) &&
      farOf(first) > farOf(other) - savedFar(policy, trip, decision) + ROUNDED,
  )
  if (lower !== undefined)
    yield `takes the last of level ${level} at ${farOf(first)} ${unitOfFar(decision)}, and ${lower.unitId} is at ${farOf(lower)} ${unitOfFar(decision)}`
}

function* held(
  states: StateHistory,
  trip: TripState,
  { decision }: OfferMade,
  policy: StandingPolicy,
): Iterable<string> {
  const count = decision.excluded['held-in-reserve'] ?? 0
  if (count === 0) return
  const higher = [...states.drivers.values()].filter(
    ({ levelOfCare, status }) => status === 'available' && height(levelOfCare) > height(trip.need.levelOfCare),
  )
  if (count > higher.length) yield `holds ${count} in reserve, and ${higher.length} of higher levels are free`
  if (savedFar(policy, trip, decision) === 0) yield 'holds somebody in reserve, and any saving is enough'
  const nearest = Math.min(...decision.candidates.map(farOf))
  for (const passed of decision.passedOver ?? []) {
    const { unitId, reason } = passed
    if (reason !== 'held-in-reserve') continue
    const unit = states.driver(unitId)
    if (unit === undefined) continue
    if (height(unit.levelOfCare) <= height(trip.need.levelOfCare))
      yield `holds ${unitId} in reserve, of the level needed`
    else if (farOf(passed) < nearest - savedFar(policy, trip, decision) - ROUNDED)
      yield `holds ${unitId} at ${farOf(passed)} ${unitOfFar(decision)} in reserve, and the nearest that goes is at ${nearest} ${unitOfFar(decision)}`
  }
}
