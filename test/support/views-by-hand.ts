/**
 * What the views must say of a log, worked out from the list of its events alone: no state goes from one event to the next, and
 * no code is shared with the engine's own folds.
 */
import type { DomainEvent } from '../../src/domain/events.ts'
import type { LogRecord } from '../../src/store/log/journal.ts'

type Named<T extends DomainEvent['type']> = Extract<DomainEvent, { type: T }>
interface At {
  readonly event: DomainEvent
  readonly position: number
  readonly atMs: number
  readonly by: string
}

const PHASES: Readonly<Record<string, string>> = {
  TripCreated: 'pending',
  HelpAdded: 'pending',
  OfferMade: 'offered',
  OfferAccepted: 'assigned',
  OfferDeclined: 'pending',
  OfferTimedOut: 'pending',
  OfferRevoked: 'pending',
  UnitWithdrawn: 'pending',
  AssignmentOverridden: 'pending',
  TripCancelled: 'cancelled',
  TripClosed: 'closed',
}
const OFFER_ENDS: Readonly<Record<string, string>> = {
  OfferAccepted: 'accepted',
  OfferDeclined: 'declined',
  OfferTimedOut: 'timed-out',
  OfferRevoked: 'revoked',
  UnitWithdrawn: 'withdrawn',
  AssignmentOverridden: 'overridden',
  TripCancelled: 'cancelled',
}
const TIMES: Readonly<Record<string, string>> = { transporting: 'left-scene' }

export function viewsByHand(log: readonly LogRecord[]) {
  const all: At[] = log.flatMap(({ events, position, recordedAtMs, principal: by }) =>
    events.map(event => ({ event, position, atMs: event.atMs ?? recordedAtMs, by })),
  )
  const of = <T extends DomainEvent['type']>(...types: T[]) =>
    all.filter((at): at is At & { event: Named<T> } => (types as string[]).includes(at.event.type))
  const trips = of('TripCreated', 'HelpAdded')
  return {
    calls: of('CallEntered').map(entered => callByHand(entered.event.callId, all)),
    trips: trips.map(({ event }) => tripByHand(event.tripId, all)),
    offers: of('OfferMade').map(made => offerByHand(made.event, all.slice(all.indexOf(made) + 1))),
    times: of('OfferMade').flatMap(made => timesByHand(made.event, all.slice(all.indexOf(made) + 1))),
    decisions: all
      .filter(
        ({ event }) => event.type === 'OfferMade' || (event.type === 'TripAlarmRaised' && event.decision !== undefined),
      )
      .map(({ event, position }) => ({
        position,
        trip_id: (event as Named<'OfferMade'>).tripId,
        unit_id: event.type === 'OfferMade' ? event.unitId : null,
        candidates: (event as Named<'OfferMade'>).decision.candidates,
      })),
    shifts: of('CrewSignedOn').map(on => {
      const off = of('CrewSignedOff').find(
        at => all.indexOf(at) > all.indexOf(on) && at.event.unitId === on.event.unitId,
      )
      const { unitId: unit_id, principal, happenedAtMs } = on.event
      return { unit_id, principal, signed_on_at_ms: happenedAtMs, signed_off_at_ms: off?.event.happenedAtMs ?? null }
    }),
    alarms: alarmsByHand(of('TripAlarmRaised', 'UnitAlarmRaised', 'RegionAlarmRaised'), of('AlarmAcknowledged')),
    crews: [...new Set(of('UnitRegistered').map(({ event }) => event.unitId))].map(unit_id => {
      const last = of('CrewSignedOn', 'CrewSignedOff').findLast(({ event }) => event.unitId === unit_id)?.event
      return { unit_id, crew: last?.type === 'CrewSignedOn' ? last.principal : null }
    }),
  }
}

function callByHand(callId: string, all: readonly At[]) {
  const own = all.filter(({ event }) => 'callId' in event && event.callId === callId)
  const entered = own[0]!.event as Named<'CallEntered'>
  const said = own.findLast(({ event }) => event.type === 'CallAmended' || event.type === 'CallEntered')!
  const { priority, problem, lonDeg: lon_deg, latDeg: lat_deg } = said.event as Named<'CallAmended'>
  const end = own.find(({ event }) => event.type === 'CallClosed' || event.type === 'CallCancelled')
  const told = own.flatMap(({ event }) => (event.type === 'UnitNotified' ? (event.notifiedAtMs ?? []) : []))
  const more = own.filter(({ event }) => event.type === 'NeedAdded' || event.type === 'HelpAdded').length
  return {
    ...{ call_id: callId, incident_no: entered.incidentNo, priority, problem, lon_deg, lat_deg },
    units_needed: entered.needs.length + more,
    state: end === undefined ? 'open' : end.event.type === 'CallClosed' ? 'closed' : 'cancelled',
    ended_at_ms: end?.atMs ?? null,
    first_notified_at_ms: told.length === 0 ? null : Math.min(...told),
  }
}

function tripByHand(tripId: string, all: readonly At[]) {
  const own = all.filter(({ event }) => 'tripId' in event && event.tripId === tripId)
  const steps = own.filter(({ event }) => event.type === 'TripPhaseReached' || event.type in PHASES)
  const last = steps.at(-1)!.event
  const phase = last.type === 'TripPhaseReached' ? last.phase : PHASES[last.type]
  const urgent = all.findLast(
    ({ event }) =>
      (event.type === 'CallAmended' && event.tripIds.includes(tripId)) ||
      ((event.type === 'TripCreated' || event.type === 'HelpAdded') && event.tripId === tripId),
  )!.event as Named<'TripCreated'>
  const held = steps.findLast(({ event }) => event.type !== 'TripCancelled')!.event
  const isGone =
    PHASES[held.type] === 'pending' ||
    (last.type === 'TripCancelled' && held.type === 'OfferMade' && held.mode === 'offered')
  return {
    trip_id: tripId,
    phase,
    priority: urgent.priority,
    lon_deg: urgent.lonDeg,
    unit_id: isGone ? null : (held as Named<'OfferMade'>).unitId,
    disposition: last.type === 'TripClosed' ? last.disposition : null,
    cancel_reason: last.type === 'TripCancelled' ? last.reason : null,
    ended_at_ms:
      last.type === 'TripClosed' ? last.happenedAtMs : last.type === 'TripCancelled' ? steps.at(-1)!.atMs : null,
  }
}

/** Input: what came behind the offer. */
function offerByHand(
  { tripId, offerId, unitId, offeredAtMs: offered_at_ms }: Named<'OfferMade'>,
  later: readonly At[],
) {
  const end = later.find(({ event }) => event.type in OFFER_ENDS && 'tripId' in event && event.tripId === tripId)
  const outcome = end === undefined ? null : OFFER_ENDS[end.event.type]
  return { trip_id: tripId, offer_id: offerId, unit_id: unitId, offered_at_ms, outcome, outcome_by: end?.by ?? null }
}

/** Without those by which a trip is taken from its unit. */
function timesByHand({ tripId, offerId, unitId }: Named<'OfferMade'>, later: readonly At[]) {
  const next = later.findIndex(
    ({ event }) => event.type === 'OfferMade' && event.tripId === tripId && event.unitId === unitId,
  )
  const words = new Map<string, (number | null)[]>()
  const corrected = new Map<string, number | null>()
  const ofWheels = new Map<string, number>()
  let isRefused = false
  for (const { event } of next < 0 ? later : later.slice(0, next)) {
    if (!('tripId' in event) || event.tripId !== tripId) continue
    const say = (time: string, atMs: number | null) => void words.set(time, [...(words.get(time) ?? []), atMs])
    if (event.type === 'UnitNotified' && event.offerId === offerId) say('notified', event.notifiedAtMs)
    else if (!('unitId' in event) || event.unitId !== unitId || isRefused) continue
    else if ('cause' in event && event.cause === 'geofence' && 'happenedAtMs' in event)
      ofWheels.set(wordOf(event), event.happenedAtMs)
    else if (event.type === 'OfferAccepted') say('acknowledged', event.implied === true ? null : event.happenedAtMs)
    else if (event.type === 'TripPhaseReached') say(TIMES[event.phase] ?? event.phase, event.happenedAtMs)
    else if (event.type === 'TripTimeNoted') say(event.time, event.happenedAtMs)
    else if (event.type === 'TripTimeCorrected') corrected.set(event.time, event.newAtMs)
    else if (event.type === 'TripClosed') say('back-in-service', event.happenedAtMs)
    else if (['OfferDeclined', 'OfferTimedOut', 'OfferRevoked'].includes(event.type)) isRefused = true
  }
  for (const [time, atMs] of ofWheels) if (!words.has(time)) words.set(time, [atMs])
  for (const time of corrected.keys()) if (!words.has(time)) words.set(time, [])
  return [...words].map(([time, said]) => {
    const at_ms = corrected.has(time) ? corrected.get(time)! : (said.find(atMs => atMs !== null) ?? null)
    return { trip_id: tripId, offer_id: offerId, unit_id: unitId, time, at_ms }
  })
}

function wordOf(event: DomainEvent): string {
  if (event.type === 'TripPhaseReached') return TIMES[event.phase] ?? event.phase
  return event.type === 'TripTimeNoted' ? event.time : event.type
}

/** Those that are known to have been new: the first of its kind of each subject. */
function alarmsByHand(
  raised: readonly (At & { event: Named<'TripAlarmRaised' | 'UnitAlarmRaised' | 'RegionAlarmRaised'> })[],
  acknowledged: readonly (At & { event: Named<'AlarmAcknowledged'> })[],
) {
  const kinds = raised.map(({ event }) => `${event.entity} ${event.alarm}`)
  const first = raised.filter(({ event }, index) => kinds.indexOf(`${event.entity} ${event.alarm}`) === index)
  return first.map(({ event, position, atMs }) => {
    const alarm_id = `${event.entity}/${event.alarm}/${position}`
    const by = acknowledged.find(each => each.event.alarmId === alarm_id)
    return { alarm_id, kind: event.alarm, raised_at_ms: atMs, acknowledged_by: by?.event.by ?? null }
  })
}
