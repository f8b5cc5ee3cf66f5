/** What the judge finds where a trip that a dispatcher keeps is given away, or one does not come back to its dispatcher. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { called, offered, onDuty } from '../../support/scenario.ts'
import { Court } from './court.ts'

const of = { v: 1, entity: 'trip/T-1', tripId: 'T-1' } as const
const held: DomainEvent = { type: 'TripPutOnHold', ...of, why: 'dispatcher', by: 'dana', cause: 'dispatcher' }
const resumed: DomainEvent = { type: 'TripTakenOffHold', ...of, cause: 'dispatcher' }
const byHand: DomainEvent = {
  ...{
    type: 'AssignmentOverridden',
    ...of,
    unitId: 'A1',
    fromUnitId: null,
    inPhase: 'pending',
    reason: 'other',
    by: 'dana',
  },
}
const order = offered('T-1', 'A1', 'O-1', 'ordered')
const timedOut: DomainEvent = { type: 'OfferTimedOut', ...of, offerId: 'O-1', unitId: 'A1', noContact: true }

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(onDuty('A1'), called(['T-1']), ...records)
  return court
}

describe('a trip on hold', () => {
  test('that a dispatcher gives, or lets go, is right', () => {
    courtWith([held], [byHand, order]).findsNot('hold-kept')
    courtWith([held], [resumed], [offered('T-1', 'A1', 'O-1', 'offered')]).findsNot('hold-kept')
  })

  test('that the desk gives away is found', () => {
    courtWith([held], [offered('T-1', 'A1', 'O-1', 'offered')]).findsAmongOthers(
      'hold-kept',
      /T-1 is on hold, and A1 is asked/,
    )
  })

  test('an order by hand that is not answered, and does not come back, is found', async () => {
    const court = courtWith([byHand, order], [timedOut])
    await court.isOver()
    court.findsAmongOthers('hold-kept', /order by hand of T-1 was not answered/)
    courtWith([byHand, order], [timedOut, { ...held, why: 'order-unanswered' } as DomainEvent]).findsNot('hold-kept')
  })
})
