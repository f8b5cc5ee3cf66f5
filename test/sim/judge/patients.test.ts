/** What the judge finds where a patient is left: at the scene, or on board. */
import { describe, test } from 'node:test'
import { driverKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { ReportablePhase } from '../../../src/domain/vocabulary.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { called, cancelled, offered, reached, untilAssigned } from '../../support/scenario.ts'
import { Court } from './court.ts'

/** A court in which A1 is as far with T-1, and T-2 waits. */
function courtWith(phase: ReportablePhase): Court {
  const court = new Court()
  court.commit(...untilAssigned(), [reached('T-1', 'A1', phase)], called(['T-2']))
  return court
}

const taken = (standsDown: boolean): DomainEvent =>
  ({ ...cancelled('T-1', 'A1'), ...(standsDown ? { standsDown: true } : {}) }) as DomainEvent

const clear: DomainEvent = {
  type: 'UnitCleared',
  v: 1,
  entity: driverKey('A1'),
  unitId: 'A1',
  fromTripId: 'T-1',
  happenedAtMs: START_MS,
}

describe('a patient', () => {
  test('on board is found left when the trip is cancelled', () => {
    for (const phase of ['transporting', 'at-destination', 'transferred'] as const) {
      const court = courtWith(phase)
      court.commit([taken(false)])
      court.findsAmongOthers(
        'patient-not-left',
        new RegExp(`TripCancelled at position \\d+ leaves A1, which is ${phase}`),
      )
    }
  })

  test('at the scene is found left when the unit is asked for something else', () => {
    for (const phase of ['on-scene', 'at-patient'] as const) {
      const court = courtWith(phase)
      court.commit([taken(false)], [offered('T-2', 'A1', 'O-2', 'offered')])
      court.findsAmongOthers('patient-not-left', /A1 is asked at position \d+, and never said that it is clear of T-1/)
    }
  })

  test('is not found left by a unit that was not there yet, or that somebody has cleared', () => {
    const before = courtWith('en-route')
    before.commit([taken(false)], [offered('T-2', 'A1', 'O-2', 'offered')])
    before.findsNot('patient-not-left')
    const cleared = courtWith('on-scene')
    cleared.commit([taken(true)])
    cleared.record([clear], { principal: 'paula' })
    cleared.commit([offered('T-2', 'A1', 'O-2', 'offered')])
    cleared.findsNot('patient-not-left')
  })

  test('is found left when nobody has said that the unit is clear', () => {
    const court = courtWith('on-scene')
    court.commit([taken(true)], [clear])
    court.findsAmongOthers('patient-not-left', /nobody said at position \d+ that A1 is clear/)
  })
})
