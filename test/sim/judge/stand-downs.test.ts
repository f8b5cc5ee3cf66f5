/** What the judge finds where a crew does not know of the trip that was taken from it, and nobody is told. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { cancelled, untilAssigned } from '../../support/scenario.ts'
import { Court } from './court.ts'

const TRIP = 'T-1'
const of = { v: 1, entity: 'driver/A1', unitId: 'A1', fromTripId: TRIP } as const
const taken = { ...cancelled(TRIP, 'A1'), tellsCrew: true } as DomainEvent
const said: DomainEvent = { type: 'StandDownAcknowledged', ...of, happenedAtMs: 1_700_000_000_000 }
const told: DomainEvent = { type: 'UnitAlarmRaised', ...of, alarm: 'stand-down', severity: 2 }

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(...untilAssigned('offered'), ...records)
  return court
}
/** So long after what was, as far as the record says. */
const later = (court: Court, byMs: number, event: DomainEvent) =>
  court.record([event], { wrong: { recordedAtMs: court.world.nowMs + byMs } })

describe('a crew whose trip is taken from it', () => {
  test('that says so, or of which somebody is told, is right', () => {
    courtWith([taken], [said]).findsNothing()
    const court = courtWith([taken])
    later(court, 40_000, told)
    later(court, 50_000, said)
    court.findsNothing()
  })

  test('that is not asked to say so is found', () => {
    courtWith([cancelled(TRIP, 'A1')]).findsAmongOthers('stand-down-heard', /does not ask A1 to say that it knows/)
  })

  test('of which somebody is told too early, twice, or when it has said so, is found', () => {
    courtWith([taken], [told]).finds('stand-down-heard', /comes \d+ ms before its time/)
    const twice = courtWith([taken])
    later(twice, 40_000, told)
    later(twice, 50_000, told)
    twice.findsAmongOthers('stand-down-heard', /it was told of already/)
    const late = courtWith([taken], [said])
    later(late, 40_000, told)
    late.findsAmongOthers('stand-down-heard', /was not taken from it, or it has said so/)
  })

  test('and of which nobody is told in the end is found', async () => {
    const court = courtWith([taken])
    court.nowMs += 20 * 60_000
    await court.isOver()
    court.findsAmongOthers('stand-down-heard', /A1 has not said that T-1 was taken from it, and nobody was told/)
  })
})
