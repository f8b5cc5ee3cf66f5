/** What the judge finds where an alarm is answered that is not open, or stands and nobody hears of it again. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { called, cancelled, untilOffered } from '../../support/scenario.ts'
import { Court } from './court.ts'

const TRIP = 'T-1'
/** Of the record at position 2, which raises it. */
const ALARM = `trip/${TRIP}/no-eligible-unit/2`
const of = { v: 1, entity: `trip/${TRIP}`, tripId: TRIP } as const
const raised: DomainEvent = { type: 'TripAlarmRaised', ...of, alarm: 'no-eligible-unit', unitId: null, severity: 1 }
const acknowledged: DomainEvent = { type: 'AlarmAcknowledged', ...of, alarmId: ALARM, by: 'dana' }
const shelved: DomainEvent = { type: 'AlarmShelved', ...of, alarmId: ALARM, by: 'dana', forMs: 120_000 }
const escalated: DomainEvent = { type: 'AlarmEscalated', ...of, alarmId: ALARM, to: 'supervisor' }
const lapsed: DomainEvent = { type: 'AlarmLapsed', ...of, alarmId: ALARM }

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(called([TRIP]), [raised], ...records)
  return court
}
/** A record so long after the one that raised the alarm. */
function after(court: Court, byMs: number, ...events: DomainEvent[]): void {
  // Of the world's records each is a second behind the one before.
  const raisedAtMs = court.world.nowMs - 1_000 * (court.world.position - 2)
  court.record(events, { wrong: { recordedAtMs: raisedAtMs + byMs } })
}

describe('an alarm', () => {
  test('that somebody answers, or that goes up in its time, is right', () => {
    courtWith([acknowledged]).findsNothing()
    const up = courtWith()
    after(up, 60_000, escalated)
    up.findsNothing()
    const aside = courtWith([shelved])
    after(aside, 121_000, escalated)
    aside.findsNothing()
  })

  test('that goes up before its time, while it is put aside, twice, or though somebody answers for it, is found', () => {
    const soon = courtWith()
    after(soon, 59_000, escalated)
    soon.finds('alarms-answered', /comes 1000 ms before its time/)
    const aside = courtWith([shelved])
    after(aside, 71_000, escalated)
    aside.finds('alarms-answered', /comes 50000 ms before its time/)
    const twice = courtWith()
    after(twice, 60_000, escalated, escalated)
    twice.finds('alarms-answered', /nobody needs to be told/)
    const owned = courtWith([acknowledged])
    after(owned, 60_000, escalated)
    owned.finds('alarms-answered', /nobody needs to be told/)
  })

  test('that ended with a hold is another when it is raised again', () => {
    const hold = { ...of, why: 'dispatcher', by: 'dana', cause: 'dispatcher' } as const
    const held: DomainEvent = { type: 'TripPutOnHold', ...hold }
    const resumed: DomainEvent = { type: 'TripTakenOffHold', ...of, cause: 'dispatcher' }
    const court = courtWith([acknowledged], [held], [resumed], [raised])
    const anew = `trip/${TRIP}/no-eligible-unit/6` as const
    after(court, 64_000, { type: 'AlarmEscalated', ...of, alarmId: anew, to: 'supervisor' })
    court.findsNot('alarms-answered')
  })

  test('of another severity than its trip has is found', () => {
    const court = new Court()
    court.commit(called([TRIP]), [{ ...raised, severity: 3 }])
    court.finds('alarms-answered', /has severity 3, not 1/)
  })

  test('that gives way while its cause stands, or while there is room, is found', () => {
    courtWith([lapsed]).finds('alarms-answered', /its cause stands/)
    const gone = courtWith([cancelled(TRIP, null)], [lapsed])
    gone.findsAmongOthers('alarms-answered', /only 1 wait for a person/)
  })

  test('that stands in the end, and of which nobody heard twice, is found', async () => {
    const court = courtWith()
    court.nowMs += 20 * 60_000
    await court.isOver()
    court.findsAmongOthers('alarms-answered', /stands, and nobody was told more than once of it/)
  })
})

describe('a unit that leaves an order unanswered', () => {
  const timedOut: DomainEvent = {
    ...{ type: 'OfferTimedOut', v: 1, entity: `trip/${TRIP}`, tripId: TRIP, offerId: 'O-1', unitId: 'A1' },
    noContact: true,
  }
  const told: DomainEvent = {
    ...{ type: 'UnitAlarmRaised', v: 1, entity: 'driver/A1', unitId: 'A1', alarm: 'no-contact', severity: 1 },
    fromTripId: TRIP,
  }
  const contacted: DomainEvent = { type: 'UnitContacted', v: 1, entity: 'driver/A1', unitId: 'A1' }
  const onUnit = (position: number) => ({
    ...({ v: 1, entity: 'driver/A1', unitId: 'A1', alarmId: `driver/A1/no-contact/${position}` } as const),
  })
  /** Twenty seconds after what was, as far as the record says. */
  const later = (court: Court, ...events: DomainEvent[]) =>
    court.record(events, { wrong: { recordedAtMs: court.world.nowMs + 20_000 } })
  const silent = (...events: DomainEvent[]): Court => {
    const court = new Court()
    court.commit(...untilOffered('offered'))
    later(court, timedOut, ...events)
    return court
  }

  test('and is told of, until a sign and an answer end the alarm, is right', () => {
    const court = silent(told)
    const { position } = court.world
    later(court, contacted)
    later(court, { type: 'AlarmAcknowledged', ...onUnit(position), by: 'dana' })
    court.findsNothing()
  })

  test('and of which nobody is told is found', async () => {
    const court = silent()
    await court.isOver()
    court.findsAmongOthers('alarms-answered', /A1 left an offer unanswered at position \d+, and nobody was told/)
  })

  test('and is told of when somebody has heard of it, or less urgently than its trip, is found', () => {
    const heard = silent(told)
    later(heard, contacted)
    later(heard, told)
    heard.finds('alarms-answered', /has an alarm at \d+, and was heard of/)
    silent({ ...told, severity: 3 } as DomainEvent).finds('alarms-answered', /has severity 3, not 1/)
  })
})
