/** What the judge finds where a trip is served before one that must not be overtaken. */
import { describe, test } from 'node:test'
import { callKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Priority } from '../../../src/domain/vocabulary.ts'
import { called, declined, offered, onDuty, PLACE } from '../../support/scenario.ts'
import { Court } from './court.ts'

const waits = (tripId: string, priority: Priority) => called([tripId], tripId.replace('T', 'C'), priority)
/** The desk's own choice of A1. */
const toA1 = (tripId: string, offerId = 'O-1', priority: Priority = 1) =>
  offered(tripId, 'A1', offerId, 'offered', 1, priority)

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(onDuty('A1'), ...records)
  return court
}

describe('an offer', () => {
  test('to a trip of a lower priority than one that waits is found, however long that one has waited', () => {
    for (const [waiting, served] of [
      [1, 2],
      [1, 5],
      [2, 3],
      [2, 5],
    ] as const) {
      const court = courtWith(waits('T-2', served), waits('T-3', waiting), [toA1('T-2', 'O-1', served)])
      const text = `A1 is offered T-2 of priority ${served} at position 4, and T-3 of priority ${waiting} waits`
      court.finds('urgent-first', new RegExp(text))
    }
  })

  test('to the later of two that are equally urgent is found', () => {
    for (const priority of [1, 2] as const) {
      const court = courtWith(waits('T-2', priority), waits('T-3', priority), [toA1('T-3', 'O-1', priority)])
      court.finds('urgent-first', /A1 is offered T-3 .* T-2 of priority . waits for such a unit/)
    }
  })

  test('to the first of them, or the more urgent one, is right; and among the others ageing decides', () => {
    courtWith(waits('T-2', 2), waits('T-3', 2), [toA1('T-2', 'O-1', 2)]).findsNothing()
    courtWith(waits('T-2', 2), waits('T-3', 1), [toA1('T-3')]).findsNothing()
    courtWith(waits('T-2', 3), waits('T-3', 5), [toA1('T-3', 'O-1', 5)]).findsNothing()
  })

  test('is right where the trip that waits could not have got the unit', () => {
    const asked = courtWith(waits('T-2', 1), [toA1('T-2')], [declined('T-2', 'A1', 'O-1')], waits('T-3', 5))
    asked.commit([toA1('T-3', 'O-2', 5)])
    asked.findsNothing()
    const needsMore = waits('T-2', 1).map(event =>
      event.type === 'TripCreated' ? { ...event, need: { levelOfCare: 'cct', capabilities: [] } as const } : event,
    )
    courtWith(needsMore, waits('T-3', 5), [toA1('T-3', 'O-1', 5)]).findsNothing()
  })

  test('to a trip that is no longer the more urgent one is found', () => {
    const raised = { type: 'CallAmended', v: 1, entity: callKey('C-2'), callId: 'C-2', ...PLACE, priority: 1 } as const
    const amended: DomainEvent = { ...raised, problem: null, tripIds: ['T-2'], detailsReplaced: false }
    const court = courtWith(waits('T-2', 5), waits('T-3', 2), [amended], [toA1('T-3', 'O-1', 2)])
    court.finds('urgent-first', /and T-2 of priority 1 waits/)
  })
})
