/**
 * What comes of what a unit's wheels say of its trip: times beside those of people, phases where the policy lets it, and the alarms
 * of a unit that does not come.
 *
 * A person's word counts before the wheels', whichever came first; both are kept (`response.ts`). The wheels never take a trip
 * back, and never say that a patient is on board: that a unit has left the scene is a time, and no phase.
 */
import { alarmCleared, alarmRaised } from '../dispatch/alarms.ts'
import { tripKey } from '../entity.ts'
import type { DomainEvent } from '../events.ts'
import type { UnitId } from '../ids.ts'
import { overAtMs, type Policy } from '../policy.ts'
import { EXIT_RADII, type Sight, stoodForMs } from '../unit/unit-wheels.ts'
import type { ReportablePhase, ResponseTime } from '../vocabulary.ts'
import { isImplausible } from './plausible.ts'
import { type KeptTime, responseOf, type UnitResponse } from './response.ts'
import { isEnded, phaseOrder, type TripState, type UnitWheels } from './trip.ts'
import { reportPhase } from './trip-work.ts'

/** Of one that was proved so long ago nothing is drawn any more. */
const EVIDENCE_MAX_MS = 30 * 60_000
/** What was proved by a fix of so long ago nobody could know when it happened. */
const LATE_AFTER_MS = 30_000

const TOLD = ['en-route', 'on-scene', 'left-scene', 'at-destination'] as const satisfies readonly ResponseTime[]
type ToldTime = (typeof TOLD)[number]
const PHASE_OF: Readonly<Partial<Record<ToldTime, ReportablePhase>>> = {
  'en-route': 'en-route',
  'on-scene': 'on-scene',
  'at-destination': 'at-destination',
}

/** Everything that is news of the wheels, as events. */
export function wheelsCame(trip: TripState, wheels: UnitWheels, policy: Policy, nowMs: number): DomainEvent[] {
  const { unitId, phase } = trip
  if (unitId !== null && isEnded(trip)) return homeOf(trip, unitId, wheels, policy)
  // An order that is not acknowledged has an alarm of its own.
  if (unitId === null || phaseOrder(phase) < 0) return []
  return [...timesOf(trip, wheels, policy, nowMs), ...alarmsOf(trip, wheels, policy)]
}

/** When the crew was told, by what is on record: when it could be, or where nobody knows, when the desk decided. */
const toldAtMs = ({ times, offeredAtMs }: UnitResponse): number => times.notified?.atMs ?? offeredAtMs

function responseNow({ responses, unitId }: TripState): UnitResponse | undefined {
  return unitId === null ? undefined : responseOf({ responses }, unitId)
}

/** When the unit of a trip has not moved for so long that it is an alarm; null when it has, and while the alarm stands. */
export function noMovementAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.phase !== 'assigned' || trip.alarms.includes('no-movement')) return null
  const response = responseNow(trip)
  // By our own clock: the crew's may be slow.
  const sinceMs = response === undefined ? trip.phaseRecordedAtMs : toldAtMs(response)
  return overAtMs(sinceMs, policy.noMovementMs, nowMs)
}

/** When a unit is so late at the scene that it is an alarm; null where nobody said by road when it would be there. */
export function pastEtaAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if ((trip.phase !== 'assigned' && trip.phase !== 'en-route') || trip.alarms.includes('past-eta')) return null
  const response = responseNow(trip)
  if (response?.etaMs === undefined || response.times['on-scene'] !== undefined) return null
  return overAtMs(toldAtMs(response), response.etaMs + policy.pastEtaMs, nowMs)
}

function timesOf(trip: TripState, wheels: UnitWheels, { arrivals }: Policy, nowMs: number): DomainEvent[] {
  const response = responseNow(trip)
  if (arrivals === 'off' || response === undefined) return []
  const { tripId } = trip
  const unitId = trip.unitId!
  const sights = sightsOf(wheels)
  const noted: DomainEvent[] = []
  for (const time of TOLD) {
    const seen = sights[time]
    if (seen === null || nowMs - seen.provedAtMs > EVIDENCE_MAX_MS || seen.provedAtMs < toldAtMs(response)) continue
    const happenedAtMs = Math.max(seen.atMs, toldAtMs(response))
    if (isImplausible(response, time, happenedAtMs)) continue
    const phase = PHASE_OF[time]
    const known = response.times[time]
    if (isNews(trip, known, phase, seen)) {
      const late = nowMs - seen.provedAtMs > LATE_AFTER_MS ? ({ lateEvidence: true } as const) : {}
      const told = { tripId, unitId, time, happenedAtMs, ...late, cause: 'geofence' } as const
      noted.push({ type: 'TripTimeNoted', v: 1, entity: tripKey(tripId), ...told })
    } else if (arrivals === 'automatic' && seen.isSure && phase !== undefined && isAhead(trip, phase)) {
      const command = { type: 'report-phase', tripId, phase, happenedAtMs: known!.atMs ?? happenedAtMs } as const
      const reached = reportPhase(trip, unitId, command, 'geofence')
      const late = known!.lateEvidence === true ? ({ lateEvidence: true } as const) : {}
      // One step of the trip at a time: what follows comes with the next fix.
      if (reached.ok) return [...noted, ...reached.events.map(event => ({ ...event, ...late }))]
    }
  }
  return noted
}

/** A unit that has rolled for its trip, and left it, is back when it stands at a station. */
function homeOf(
  trip: TripState,
  unitId: UnitId,
  { tripId, now, homeSinceMs: happenedAtMs }: UnitWheels,
  { arrivals }: Policy,
): DomainEvent[] {
  const response = responseOf(trip, unitId)
  const setOut = now.setOut?.seen ?? null
  if (arrivals === 'off' || tripId !== trip.tripId || response?.end === undefined || happenedAtMs === null) return []
  if (setOut === null || happenedAtMs <= setOut.atMs || response.times['at-station']?.wheelsAtMs !== undefined)
    return []
  const told = { tripId, unitId, time: 'at-station', happenedAtMs, cause: 'geofence' } as const
  return [{ type: 'TripTimeNoted', v: 1, entity: tripKey(tripId), ...told }]
}

/** The first word of the wheels stands, until they say another one of what nobody else has told. */
function isNews(
  trip: TripState,
  known: KeptTime | undefined,
  phase: ReportablePhase | undefined,
  seen: Sight,
): boolean {
  if (known?.wheelsAtMs === undefined) return true
  const isOpen = known.cause === 'geofence' && phase !== undefined && isAhead(trip, phase)
  return isOpen && seen.isAgain && seen.atMs > known.wheelsAtMs
}

const isAhead = (trip: TripState, phase: ReportablePhase): boolean => phaseOrder(phase) > phaseOrder(trip.phase)

function sightsOf({ now, late }: UnitWheels): Readonly<Record<ToldTime, Sight | null>> {
  return {
    'en-route': now.setOut?.seen ?? late?.setOut?.seen ?? null,
    'on-scene': now.atScene.seen ?? late?.atScene.seen ?? null,
    'left-scene': now.left?.seen ?? late?.left?.seen ?? null,
    'at-destination': now.atDestination.seen ?? late?.atDestination.seen ?? null,
  }
}

/** Of a unit on its way to the scene. */
function alarmsOf(trip: TripState, { now }: UnitWheels, policy: Policy): DomainEvent[] {
  const { phase, unitId } = trip
  const hasSetOut = now.setOut?.seen != null
  const isOnItsWay = phase === 'en-route' || (phase === 'assigned' && hasSetOut)
  const isThere = now.atScene.seen !== null
  const toSceneM = (now.nearestM ?? 0) + now.awayM
  const sinceMs = phase === 'en-route' ? trip.phaseRecordedAtMs : 0
  const stoodMs = Math.min(stoodForMs(now), (now.last?.fixedAtMs ?? 0) - sinceMs)
  const stands = stoodMs >= policy.standingMs && toSceneM > policy.sceneFenceM * EXIT_RADII
  return [
    ...(hasSetOut ? alarmCleared(trip, 'no-movement', unitId) : []),
    ...(isThere ? alarmCleared(trip, 'past-eta', unitId) : []),
    ...(isOnItsWay && stands ? alarmRaised(trip, 'standing', unitId) : []),
    ...(stoodMs < policy.standingMs || isThere ? alarmCleared(trip, 'standing', unitId) : []),
    ...(isOnItsWay && now.awayM >= policy.turnedAwayM ? alarmRaised(trip, 'turned-away', unitId) : []),
    ...(now.awayM < policy.turnedAwayM / 2 ? alarmCleared(trip, 'turned-away', unitId) : []),
  ]
}
