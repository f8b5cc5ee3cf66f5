/** What the judge finds where a unit is chosen of whose crew nobody has heard. */
import { describe, test } from 'node:test'
import type { OfferMade } from '../../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { available, called, declined, offered, onDuty, timedOut } from '../../support/scenario.ts'
import { Court } from './court.ts'

/** A court in which A1 has left T-1 unanswered; A2 is on duty, too, where it says so. */
function courtAfterSilence(others: 0 | 1, ...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  if (others === 1) court.commit(onDuty('A2'))
  court.commit(onDuty('A1'), called(['T-1']), [offered('T-1', 'A1', 'O-1')], [timedOut('T-1', 'A1', 'O-1')])
  court.commit(called(['T-2']), ...records)
  return court
}
const next = offered('T-2', 'A1', 'O-2') as OfferMade
const lastResort: OfferMade = { ...next, decision: { ...next.decision, eligible: 0, despite: 'no-contact' } }
const contacted: DomainEvent = { type: 'UnitContacted', v: 1, entity: 'driver/A1', unitId: 'A1' }

describe('a unit that left an offer unanswered', () => {
  test('and is chosen while another could go, or as if it were like any other, is found', () => {
    const chosen = courtAfterSilence(1, [{ ...next, decision: { ...next.decision, eligible: 1 } }])
    chosen.findsAmongOthers(
      'silent-not-chosen',
      /A1 is offered T-2 .* having left T-1 unanswered, and 1 others could go/,
    )
    const unsaid = courtAfterSilence(0, [{ ...next, decision: { ...next.decision, eligible: 0 } }])
    unsaid.findsAmongOthers('silent-not-chosen', /having left T-1 unanswered, and the record does not say so/)
  })

  test('is right as a last resort, and without more once its crew has given a sign', () => {
    courtAfterSilence(0, [lastResort]).findsNot('silent-not-chosen')
    for (const sign of [[contacted], [available('A1')]])
      courtAfterSilence(0, sign, [next]).findsNot('silent-not-chosen')
  })

  test('is not one that declined, and a last resort that is none is found', () => {
    const court = new Court()
    court.commit(onDuty('A1'), called(['T-1']), [offered('T-1', 'A1', 'O-1')], [declined('T-1', 'A1', 'O-1')])
    court.commit(called(['T-2']), [next])
    court.findsNot('silent-not-chosen')
    const none = new Court()
    none.commit(onDuty('A1'), called(['T-2']), [lastResort])
    none.findsAmongOthers('silent-not-chosen', /as one of whom nobody has heard, and somebody has/)
  })
})
