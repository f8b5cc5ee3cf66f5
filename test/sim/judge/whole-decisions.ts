/**
 * Whether each decision accounts for every unit: the judge counts the signed-on units by its own reasons, in the states of
 * the decision's moment, and what it cannot know of them it knows the sum of.
 *
 * From the log alone nobody can tell who was connected, or how old a position was. But a unit that the states do not
 * exclude either could have gone or was away, so these must come to the rest.
 */

import type { Need } from '../../../src/domain/events/call-events.ts'
import type { DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'
import { caresFor, carries, farOf, missingOf, mustCarry } from './needs.ts'

type Counts = Readonly<Partial<Record<string, number>>>

/** A decision names no more units that were passed over. */
const NAMED_MAX = 10
/** Why a unit does not go that states do not tell: where it is, whether it is there, who else is nearer. */
const AWAY: ReadonlySet<string> = new Set([
  'withdrawn',
  'disconnected',
  'position-lost',
  'no-position',
  'no-contact',
  'held-in-reserve',
])

/** Who goes where nobody else could, the best first. */
const RESORTS: readonly string[] = ['disconnected', 'no-contact', 'position-lost']

function breachesOfResort({ helps }: TripState, decision: DecisionRecord, despite: string): string[] {
  const { eligible = 0, excluded } = decision
  if (helps !== undefined) return [`is a last resort, and its trip only helps`]
  if (eligible !== 0) return [`is a last resort, and ${eligible} others could have gone`]
  const better = RESORTS.slice(0, RESORTS.indexOf(despite)).find(reason => reason in excluded)
  return better === undefined ? [] : [`is despite ${despite}, and there is a unit that is only ${better}`]
}

export class WholeDecisions {
  readonly #findings: Findings
  readonly #policies: ReadonlyMap<number, StandingPolicy>

  constructor(findings: Findings, policies: ReadonlyMap<number, StandingPolicy>) {
    this.#findings = findings
    this.#policies = policies
  }

  /** Input: the states before the event. */
  check(states: StateHistory, event: DomainEvent, position: number): void {
    if (event.type !== 'OfferMade' && event.type !== 'TripAlarmRaised') return
    const trip = states.trip(event.tripId)
    if (trip === undefined) return
    const what =
      event.type === 'OfferMade'
        ? `the offer of ${trip.tripId} to ${event.unitId}`
        : `alarm ${event.alarm} of ${trip.tripId}`
    const tell = (text: string) => this.#findings.find('decision-whole', `${what} at position ${position} ${text}`)
    if (event.type === 'OfferMade') {
      const asked = event.round === trip.round ? trip.asked : []
      for (const text of this.#breachesOf(states, trip, asked, event.decision)) tell(text)
      for (const text of this.#breachesOfChoice(states, trip, event)) tell(text)
    } else if (
      event.alarm === 'no-eligible-unit' ||
      event.alarm === 'round-exhausted' ||
      event.alarm === 'rounds-over'
    ) {
      if (event.decision === undefined) return tell('does not say what the desk saw')
      for (const text of this.#breachesOfNobody(states, trip, event.alarm, event.decision)) tell(text)
    }
  }

  #breachesOfChoice(
    states: StateHistory,
    trip: TripState,
    offer: Extract<DomainEvent, { type: 'OfferMade' }>,
  ): string[] {
    const { candidates, eligible = 0, despite, policyVersion = 0 } = offer.decision
    const chosen = states.driver(offer.unitId)
    if (chosen === undefined) return []
    const asked = offer.round === trip.round ? trip.asked : []
    const reason = reasonOf(chosen, trip.need, asked)
    if (trip.insistedUnitId !== offer.unitId) {
      // What else is wrong with a unit that does not fit, `offer-fits` says.
      if (reason !== null) return []
      const kept = Math.min(eligible, this.#policies.get(policyVersion)?.candidatesRecorded ?? eligible)
      if (despite !== undefined && RESORTS.includes(despite)) return breachesOfResort(trip, offer.decision, despite)
      if (despite !== undefined) return [`is the desk's own, and despite ${despite}`]
      return candidates.length === kept
        ? []
        : [`keeps ${candidates.length} candidates, and ${eligible} could have gone`]
    }
    if (reason === despite || (reason === null && (despite === undefined || AWAY.has(despite)))) return []
    return [`is despite ${despite ?? 'nothing'}, and speaks against it ${reason ?? 'nothing'}`]
  }

  #breachesOfNobody(states: StateHistory, trip: TripState, alarm: string, decision: DecisionRecord): string[] {
    // The last round that was tried may be a new one.
    const [first, ...others] = [trip.asked, []].map(asked => this.#breachesOf(states, trip, asked, decision))
    const breaches = others.some(({ length }) => length === 0) ? [] : first!
    if (decision.eligible !== 0) breaches.push(`found nobody of ${decision.eligible} who could have gone`)
    const isAskedFree = decision.excluded['asked-this-round'] !== undefined
    if (alarm !== 'rounds-over' && isAskedFree !== (alarm === 'round-exhausted')) {
      breaches.push(`says so where ${decision.excluded['asked-this-round'] ?? 0} units that were asked are free`)
    }
    return breaches
  }

  #breachesOf(states: StateHistory, trip: TripState, asked: readonly UnitId[], decision: DecisionRecord): string[] {
    const { excluded, eligible, passedOver } = decision
    if (eligible === undefined || passedOver === undefined) return ['does not count who could have gone']
    const units = [...states.drivers.values()]
    const { excluded: expected, eligible: rest } = tallyOf(units, trip.need, asked)
    const breaches: string[] = []
    for (const reason of new Set([...Object.keys(expected), ...Object.keys(excluded)])) {
      const said: number = (excluded as Counts)[reason] ?? 0
      if (AWAY.has(reason) || said === (expected[reason] ?? 0)) continue
      breaches.push(`counts ${said} units as ${reason}, and there are ${expected[reason] ?? 0}`)
    }
    const away = [...AWAY].reduce((sum, reason) => sum + ((excluded as Counts)[reason] ?? 0), 0)
    if (eligible + away !== rest) breaches.push(`has ${eligible} who could go and ${away} away, of ${rest} such units`)
    breaches.push(...breachesOfNamed(states, trip.need, asked, decision))
    return breaches
  }
}

function breachesOfNamed(
  states: StateHistory,
  need: Need,
  asked: readonly UnitId[],
  decision: DecisionRecord,
): string[] {
  const { passedOver = [], candidates, excluded } = decision
  const breaches: string[] = []
  const named = new Map<string, number>()
  if (passedOver.length > NAMED_MAX) breaches.push(`names ${passedOver.length} units that were passed over`)
  if (passedOver.some((unit, i) => i > 0 && farOf(unit) < farOf(passedOver[i - 1]!)))
    breaches.push('does not name the nearest first')
  if (new Set([...passedOver, ...candidates].map(({ unitId }) => unitId)).size < passedOver.length + candidates.length)
    breaches.push('names a unit twice')
  for (const { unitId, reason } of passedOver) {
    named.set(reason, (named.get(reason) ?? 0) + 1)
    const unit = states.driver(unitId)
    const own = unit === undefined ? 'not there' : reasonOf(unit, need, asked)
    // Whoever has no position is nowhere.
    const isRight = own === null ? AWAY.has(reason) && reason !== 'no-position' : own === reason
    if (!isRight) breaches.push(`passes over ${unitId} as ${reason}, and it is ${own ?? 'fit'}`)
  }
  for (const [reason, count] of named) {
    const counted: number = (excluded as Counts)[reason] ?? 0
    if (count > counted) breaches.push(`names ${count} units as ${reason}, and counts ${counted}`)
  }
  return breaches
}

/** The signed-on units by the reasons that states have; `eligible`, those that no state excludes. */
export function tallyOf(
  units: readonly DriverState[],
  need: Need,
  asked: readonly UnitId[],
): { readonly excluded: Counts; readonly eligible: number } {
  const excluded: Record<string, number> = {}
  let eligible = 0
  for (const unit of units) {
    const reason = reasonOf(unit, need, asked)
    if (reason === null) eligible += 1
    else if (reason !== 'no crew') excluded[reason] = (excluded[reason] ?? 0) + 1
  }
  return { excluded, eligible }
}

/** Why the unit cannot be sent, as far as its state says; null where nothing in it speaks against it. */
function reasonOf(unit: DriverState, need: Need, asked: readonly UnitId[]): string | null {
  const { crew, work, standingDown, unavailableReason, emergencySinceMs } = unit
  if (crew === null) return 'no crew'
  if (!caresFor(unit, need)) return 'level-of-care'
  if (!carries(unit) && mustCarry(need)) return 'cannot-transport'
  if (work !== null || standingDown !== undefined) return 'busy'
  if (unavailableReason !== null) return 'unavailable'
  if (asked.includes(unit.unitId)) return 'asked-this-round'
  if (missingOf(unit, need).length > 0) return 'capability'
  return emergencySinceMs === undefined ? null : 'emergency'
}
