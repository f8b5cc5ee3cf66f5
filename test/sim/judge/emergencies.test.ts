/** What the judge finds where a crew calls for help for itself. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { called, HAPPENED_MS, offered, onDuty } from '../../support/scenario.ts'
import { Court } from './court.ts'

const of = { v: 1, entity: 'driver/A1', unitId: 'A1' } as const
const calls: DomainEvent = { type: 'EmergencyCalled', ...of, happenedAtMs: HAPPENED_MS }
const raised: DomainEvent = { type: 'UnitAlarmRaised', ...of, alarm: 'emergency', severity: 1, fromTripId: null }
const ended: DomainEvent = { type: 'EmergencyEnded', ...of }

function courtWith(...records: DomainEvent[][]): Court {
  const court = new Court()
  court.commit(onDuty('A1'), called(['T-1']), ...records)
  return court
}

describe('a crew that calls for help for itself', () => {
  test('and of which nobody is told in the same record', () => {
    courtWith([calls], called(['T-2'])).findsAmongOthers('emergency-heard', /of A1 at position 3 raised no alarm/)
  })

  test('is offered nothing before somebody says that it is safe', () => {
    courtWith([calls, raised], [offered('T-1', 'A1', 'O-1')]).findsAmongOthers(
      'emergency-heard',
      /A1 is offered T-1 at 4, and has called for help since 3/,
    )
    courtWith([calls, raised], [ended], [offered('T-1', 'A1', 'O-1')]).findsNothing()
  })
})
