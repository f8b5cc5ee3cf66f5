/** What the fields of commands and events hold in the tables of states, but for words of closed lists, which are all tried. */
import type { AlarmId } from '../../../src/domain/ids.ts'
import { unitOf } from '../../../src/domain/trip/trip.ts'
import type { Subject } from './cell.ts'
import { DECISION, HOSPITAL, OTHER_UNIT, REGION, START_MS, type Stage, UNIT } from './stage.ts'
import type { Values } from './variants.ts'

const one = (value: unknown) => ({ one: value })

/** An offer that is open to nobody. */
export const PAST_OFFER = `here.${'9'.repeat(21)}`
/** A trip that helps; there is none of this id yet. */
export const HELP = `here.${'8'.repeat(21)}`
const PLACE_E7 = [1_747_600_000, -368_500_000]
const ZONE = {
  ...{ kind: 'line', points: [PLACE_E7, [0, 0]], slowPercent: null, fromAtMs: null, untilAtMs: null, reason: 'flood' },
}
const NEED = { levelOfCare: 'bls', capabilities: [] }
const REFERENCE = { callSign: UNIT, levelOfCare: 'als', transports: true, capabilities: [], homeStation: null }
export const PLACE = { lonDeg: 174.76, latDeg: -36.85 }

/** The open alarm of the trip, or of the unit; where there is none, one that has ended. */
export function alarmOf({ itsTrip, unit }: Stage, subject: Subject): AlarmId {
  if (subject === 'unit') return unit.openAlarms?.[0]?.alarmId ?? `driver/${UNIT}/no-contact/1`
  return itsTrip.openAlarms[0]?.alarmId ?? `trip/${itsTrip.tripId}/no-eligible-unit/1`
}

/** Of a trip's table everything is about the trip, of a unit's about unit A: a trip that is named there is the one that waits. */
export function valuesOfCommands(stage: Stage, subject: Subject): Values {
  const { tripId, otherTripId, itsTrip, nowMs } = stage
  const either = [UNIT, OTHER_UNIT].map(unitId => ({ word: `unit ${unitId}`, value: unitId }))
  return {
    id: one('c-1'),
    tripId: one(subject === 'trip' ? tripId : otherTripId),
    unitId: subject === 'trip' ? { each: either } : one(UNIT),
    offerId: one(itsTrip.offer?.offerId ?? PAST_OFFER),
    callId: one(itsTrip.callId),
    alarmId: one(alarmOf(stage, subject)),
    changes: one({ priority: 2 }),
    need: one(NEED),
    toTripId: one(otherTripId),
    hospitalId: one(HOSPITAL),
    forMs: one(60_000),
    ...{ zone: one(ZONE), zoneId: one(PAST_OFFER) },
    ...{ text: one('two patients'), corrects: one(null), noteNo: one(1) },
    happenedAtMs: one(nowMs),
    newAtMs: one(nowMs),
  }
}

/** What an event would say that came next. */
export function valuesOfEvents(stage: Stage, subject: Subject): Values {
  const { itsTrip, itsCall, unit, nowMs } = stage
  const { tripId, callId, phase, receivedAtMs } = itsTrip
  const itsUnitId = unitOf(itsTrip)
  return {
    type: one(undefined),
    v: one(1),
    entity: one(undefined),
    tripId: one(tripId),
    callId: one(callId),
    // Of a unit's table the event is of that unit, whether it has the trip or not.
    unitId: one(subject === 'unit' ? UNIT : (itsUnitId ?? UNIT)),
    fromUnitId: one(subject === 'unit' ? UNIT : itsUnitId),
    fromTripId: one(unit.standingDown ?? tripId),
    toTripId: one(null),
    ...{ hospitalId: one(HOSPITAL), place: one({ name: 'General', ...PLACE }) },
    offerId: one(itsTrip.offer?.offerId ?? PAST_OFFER),
    alarmId: one(alarmOf(stage, subject)),
    principal: one(unit.crew ?? 'crew-a'),
    by: one('desk'),
    ...{ why: one('dispatcher'), addedTripId: one(PAST_OFFER) },
    tripIds: one([tripId]),
    ...{
      regionId: one(REGION),
      silentFromMs: one(START_MS),
      silentToMs: one(nowMs),
      silentUnits: one(5),
      ofUnits: one(9),
    },
    ...{ helpsTripId: one(tripId), helpedByTripId: one(HELP), asked: one([]) },
    ...{
      zoneId: one(PAST_OFFER),
      points: one([PLACE]),
      slowPercent: one(null),
      fromAtMs: one(nowMs),
      untilAtMs: one(null),
    },
    streamId: one('phone-1'),
    ...{ fromSeq: one(1), toSeq: one(2), round: one(1), forMs: one(60_000) },
    ...{
      happenedAtMs: one(nowMs),
      offeredAtMs: one(nowMs),
      notifiedAtMs: one(nowMs),
      formerAtMs: one(null),
      newAtMs: one(nowMs),
      warnAtMs: one(null),
      deadlineAtMs: one(nowMs + 30_000),
    },
    ...{ inPhase: one(phase), receivedAtMs: one(receivedAtMs ?? START_MS), state: one(itsCall.state) },
    ...{ need: one(NEED), needs: one([NEED]), priority: one(3), problem: one(null), missed: one([]) },
    ...{ incidentNo: one('2026-000001'), responseNo: one('2026-000001-1') },
    // One more than the call has.
    noteNo: one(2),
    ...{ detailsReplaced: one(false), decision: one(DECISION), severity: one(2), lastHeardAtMs: one(undefined) },
    ...Object.fromEntries(
      [...Object.entries(REFERENCE), ...Object.entries(PLACE)].map(([name, value]) => [name, one(value)]),
    ),
  }
}
