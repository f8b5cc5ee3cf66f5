/** What the judge finds where a unit is sent of which somebody said that it cannot work. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { available, called, declined, offered, onDuty, signedOff, signedOn, withdrawn } from '../../support/scenario.ts'
import { Court } from './court.ts'

/** A court in which A1 has given T-1 back for a reason, and A2 has it then. */
function courtAfter(end: DomainEvent): Court {
  const court = new Court()
  court.commit(onDuty('A1'), onDuty('A2'), called(['T-1']), [offered('T-1', 'A1', 'O-1')], [end], called(['T-2']))
  return court
}
const because = (event: DomainEvent, reason: string) => ({ ...event, reason }) as DomainEvent
const givenBack = (reason: string) => because(declined('T-1', 'A1', 'O-1'), reason)
const withdrawnFor = (reason: string) => because(withdrawn('T-1', 'A1'), reason)
const again: DomainEvent[] = [offered('T-2', 'A1', 'O-2')]
const UNFIT = ['vehicle-fault', 'equipment', 'crew-fatigue', 'unsafe']

describe('a unit', () => {
  test('that declined, or was withdrawn, for what speaks of it or its crew, is not offered anything', () => {
    for (const reason of UNFIT) {
      const declinedFor = courtAfter(givenBack(reason))
      declinedFor.commit(again)
      declinedFor.findsAmongOthers(
        'unfit-not-chosen',
        new RegExp(`A1 is offered T-2 at position 7, .* declined for ${reason}`),
      )
      const takenFor = courtAfter(withdrawnFor(reason))
      takenFor.commit(again)
      takenFor.findsAmongOthers('unfit-not-chosen', new RegExp(`was withdrawn for ${reason}`))
    }
  })

  test('that was taken off for another reason is offered the next trip', () => {
    for (const end of [givenBack('too-far'), givenBack('other'), withdrawnFor('closer-unit')]) {
      const court = courtAfter(end)
      court.commit(again)
      court.findsNothing()
    }
  })

  test('is offered again what comes once its crew says that it is available, or another crew takes it', () => {
    for (const said of [[available('A1')], [signedOff('A1'), signedOn('A1', 'another crew')]]) {
      const court = courtAfter(givenBack('vehicle-fault'))
      court.commit(said, again)
      court.findsNothing()
    }
  })
})
