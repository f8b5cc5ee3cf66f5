/** What must have come right once the world was left in peace: served, connected, answered, stored, under way or told. */
import type { DriverActor } from '../../../src/actors/driver/driver-actor.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { isEnded, type TripState, unitOf } from '../../../src/domain/trip/trip.ts'
import { LEVELS_OF_CARE } from '../../../src/domain/vocabulary.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import type { OwnedRegion } from '../core/watch.ts'
import type { ClientStanding } from '../world/parts.ts'
import type { Findings } from './findings.ts'
import { couldServe } from './needs.ts'

/** How long what has just happened may take to be followed by what must follow. */
const SOON_MS = 10_000
/** No store is away for so long and no process paused: the time of an offer runs from when it could be told. */
const OVERDUE_MS = 300_000
/** A crew that waits reports every half minute; one that has just connected may have to send what it kept. */
const PLACED_WITHIN_MS = 60_000

export function checkClients(standings: readonly ClientStanding[], findings: Findings): void {
  for (const { name, isAway, isOpen, commandsUnanswered } of standings) {
    if (isAway) continue
    if (!isOpen) findings.find('liveness-clients', `${name} is not connected`)
    if (commandsUnanswered > 0) findings.find('liveness-clients', `${name} waits for ${commandsUnanswered} answers`)
  }
}

/** Input: the policy that stands. */
export function checkTrips({ states }: OwnedRegion, policy: Policy, nowMs: number, findings: Findings): void {
  const drivers = [...states.driverActors()]
  for (const trip of states.tripStates()) {
    // Of one on hold a person has been told, and decides.
    if (isEnded(trip) || trip.onHold !== undefined) continue
    const text = trip.phase === 'pending' ? whyStillPending(trip, drivers, policy, nowMs) : whyWithNobody(states, trip)
    if (text !== null)
      findings.find('liveness-trips', `trip ${trip.tripId} is ${trip.phase} (version ${trip.version}), ${text}`)
    const unhelped = trip.phase === 'pending' ? whyUnhelped(trip, drivers, policy, nowMs) : null
    if (unhelped !== null) findings.find('liveness-help', `trip ${trip.tripId} waits without help, ${unhelped}`)
  }
}

/** A crew that is trained at all, of whatever level. */
const ANYBODY: Need = { levelOfCare: LEVELS_OF_CARE[0], transport: false, capabilities: [] }

function whyUnhelped(trip: TripState, drivers: readonly DriverActor[], policy: Policy, nowMs: number): string | null {
  if (trip.helps !== undefined || trip.helpedBy !== undefined || policy.whenNoneFree[trip.priority] === 'wait')
    return null
  const free = drivers.find(driver => {
    const couldHelp = couldTake({ ...trip, need: ANYBODY }, driver, policy, nowMs)
    // What was asked for the trip itself is its own round's.
    return couldHelp && !trip.asked.includes(driver.unitId)
  })
  return free === undefined ? null : `and ${free.unitId} is free`
}

/** Where a crew is whose phone reports and has the time is known, and of now: nothing is left of what clocks did. */
export function checkPlaced(
  { states }: OwnedRegion,
  standings: readonly ClientStanding[],
  nowMs: number,
  findings: Findings,
): void {
  const drivers = new Map([...states.driverActors()].map(driver => [driver.unitId, driver]))
  for (const { name, isAway, isOpen, reportsFor } of standings) {
    if (isAway || !isOpen || reportsFor === null) continue
    const current = drivers.get(reportsFor)?.location.current ?? null
    const ageMs = current === null ? null : nowMs - current.fixedAtMs
    if (ageMs !== null && ageMs <= PLACED_WITHIN_MS && ageMs >= -LIMITS.aheadMs) continue
    const where = ageMs === null ? 'has no place' : `has a place of ${Math.round(ageMs)} ms ago`
    findings.find('placed-in-time', `${reportsFor}, for which ${name} reports, ${where}`)
  }
}

/** An offer is not left open long after its deadline, not even in a world in which everything goes wrong. */
export function checkOffers({ states }: OwnedRegion, nowMs: number, servedSinceMs: number, findings: Findings): void {
  for (const { tripId, offer } of states.tripStates()) {
    if (offer === null || nowMs < Math.max(offer.deadlineAtMs, servedSinceMs) + OVERDUE_MS) continue
    const text = `the offer of ${tripId} to ${offer.unitId} is open, ${nowMs - offer.deadlineAtMs} ms after its deadline`
    findings.find('deadline-kept', text)
  }
}

function whyWithNobody(states: OwnedRegion['states'], trip: TripState): string | null {
  // Somebody has been asked to call the crew, and the order ends at its time.
  if (trip.alarms.includes('voice-order')) return null
  const unitId = unitOf(trip)!
  for (const { state, session, feed } of states.driverActors()) {
    if (state.unitId !== unitId) continue
    if (state.crew === null) return `and ${unitId} has no crew`
    return session === null && feed === null ? `and ${unitId} is not connected` : null
  }
  return `and ${unitId} is not there`
}

const NOBODY = ['no-eligible-unit', 'round-exhausted', 'rounds-over'] as const

function whyStillPending(
  trip: TripState,
  drivers: readonly DriverActor[],
  policy: Policy,
  nowMs: number,
): string | null {
  // Who helps another trip is waited for by the alarms of that one, and nobody goes who is no earlier than its unit.
  if (trip.helps !== undefined) return null
  if (!NOBODY.some(alarm => trip.alarms.includes(alarm))) {
    return `and its alarms say nothing of that: ${trip.alarms.join(', ') || 'none'}`
  }
  const longSinceMs = (trip.triagedAtMs ?? trip.receivedAtMs) + policy.waitAlarmMs[trip.priority]
  if (longSinceMs < nowMs - SOON_MS && !trip.alarms.includes('waiting-long')) {
    return `and nobody is told that it has waited long, ${nowMs - longSinceMs} ms after its time`
  }
  // After the last round a person asks those who were asked.
  const isPauseOver =
    trip.round < policy.roundsMax && (trip.pendingSinceMs ?? nowMs) + policy.roundPauseMs < nowMs - SOON_MS
  const free = drivers.find(driver => {
    if (!couldTake(trip, driver, policy, nowMs)) return false
    return !trip.asked.includes(driver.unitId) || isPauseOver
  })
  return free === undefined ? null : `and ${free.unitId} is free: ${JSON.stringify(free.location.current)}`
}

/** Whether the desk would find this unit, and would have for a while. */
function couldTake({ need }: TripState, driver: DriverActor, { lostAfterMs }: Policy, nowMs: number): boolean {
  const { state, session, disconnectedSinceMs, location } = driver
  const fix = location.current
  return (
    state.status === 'available' &&
    state.emergencySinceMs === undefined &&
    // Who was signed on by voice is called.
    state.crew !== '-voice' &&
    state.statusSinceMs < nowMs - SOON_MS &&
    couldServe(state, need) &&
    (session !== null || (disconnectedSinceMs !== null && nowMs - disconnectedSinceMs < SOON_MS)) &&
    fix !== null &&
    nowMs - fix.fixedAtMs < lostAfterMs - SOON_MS
  )
}
