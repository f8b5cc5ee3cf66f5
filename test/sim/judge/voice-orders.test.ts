/** What the judge finds where a crew has to be told by voice. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { called, offered, onDuty, registered, timedOut } from '../../support/scenario.ts'
import { Court } from './court.ts'

const alarm: DomainEvent = {
  ...{ type: 'TripAlarmRaised', v: 1, entity: 'trip/T-1', tripId: 'T-1' },
  ...{ alarm: 'voice-order', unitId: 'A1', severity: 1 },
}
const byVoice = (offerId: string) => ({ ...offered('T-1', 'A1', offerId, 'ordered'), byVoice: true }) as DomainEvent

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(onDuty('A1'), called(['T-1']), ...records)
  return court
}

describe('an order by voice', () => {
  test('of which the desk is not told in the same record is found, each time anew', () => {
    courtWith([byVoice('O-1')]).findsAmongOthers('voice-told', /A1 is to be told of T-1 .* nobody is asked to/)
    courtWith([byVoice('O-1'), alarm]).findsNot('voice-told')
    const again = [byVoice('O-1'), alarm]
    courtWith(again, [timedOut('T-1', 'A1', 'O-1')], [byVoice('O-2')]).findsAmongOthers('voice-told', /is to be told/)
  })

  test('goes to a crew that has no app, and no other', () => {
    const on = { type: 'CrewSignedOn', v: 1, entity: 'driver/A1', unitId: 'A1', principal: '-voice' } as const
    const court = () => {
      const empty = new Court()
      empty.commit([registered('A1')], [{ ...on, happenedAtMs: 1, cause: 'dispatcher' }], called(['T-1']))
      return empty
    }
    const silent = court()
    silent.commit([offered('T-1', 'A1', 'O-1', 'ordered')])
    silent.findsAmongOthers('voice-told', /A1 has no app/)
    const told = court()
    told.commit([byVoice('O-1'), alarm])
    told.findsNot('voice-told')
  })
})
