/** What the judge finds where a crew leaves its patient to another one. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Cause } from '../../../src/domain/vocabulary.ts'
import { accepted, called, cancelled, closed, offered, onDuty, reached } from '../../support/scenario.ts'
import { Court } from './court.ts'

const CALL = { callId: 'C-1' }
const atScene = (n: number): DomainEvent[] => [
  offered(`T-${n}`, `A${n}`, `O-${n}`),
  accepted(`T-${n}`, `A${n}`, `O-${n}`),
  reached(`T-${n}`, `A${n}`, 'on-scene'),
]
const left = (n: number) =>
  ({ ...closed(`T-${n}`, `A${n}`), ...CALL, disposition: 'transferred-to-other-unit' }) as DomainEvent
const ended = (n: number) => ({ ...cancelled(`T-${n}`, `A${n}`), ...CALL }) as DomainEvent
const told: DomainEvent = {
  ...{ type: 'TripAlarmRaised', v: 1, entity: 'trip/T-1', tripId: 'T-1' },
  ...{ alarm: 'receiver-unknown', unitId: 'A1', severity: 1 },
}
const named = (toTripId: string | null, cause: Cause = 'dispatcher'): DomainEvent => {
  const word = { tripId: 'T-1', ...CALL, toTripId, cause }
  return { type: 'ReceiverNamed', v: 1, entity: 'trip/T-1', ...word }
}
const over: DomainEvent = { type: 'CallClosed', v: 1, entity: 'call/C-1', ...CALL }

function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(...[1, 2, 3].map(n => onDuty(`A${n}`)), called(['T-1', 'T-2', 'T-3']), ...records)
  return court
}

describe('a patient that was left to another crew', () => {
  test('that the log knows nobody to have is found, unless somebody is told', () => {
    courtWith(atScene(1), [left(1)]).findsAmongOthers('patient-received', /patient of T-1 .* nobody is told/)
    courtWith(atScene(1), [left(1), told]).findsNot('patient-received')
  })

  test('whose call ends all the same is found', () => {
    const rest = [ended(2), ended(3)]
    courtWith(atScene(1), atScene(2), atScene(3), [left(1), told], rest, [over]).findsAmongOthers(
      'patient-received',
      /its call ends at position .* T-1/,
    )
    const settled = [named(null), over]
    courtWith(atScene(1), atScene(2), atScene(3), [left(1), told], rest, settled).findsNot('patient-received')
  })

  test('whose receiver is cancelled is found again', () => {
    const until = [atScene(1), atScene(2), [left(1), named('T-2')]]
    courtWith(...until).findsNot('patient-received')
    courtWith(...until, [ended(2)]).findsAmongOthers('patient-received', /patient of T-1 .* nobody is told/)
    courtWith(...until, [ended(2), told]).findsNot('patient-received')
  })

  test('is with one that can have it where the engine says so by itself, and with no other', () => {
    const system = (toTripId: string) => named(toTripId, 'system')
    courtWith(atScene(1), atScene(2), [left(1), system('T-2')]).findsNot('patient-received')
    courtWith(atScene(1), atScene(2), [left(1), system('T-3')]).findsAmongOthers('patient-received', /can be with T-2/)
    courtWith(atScene(1), atScene(2), atScene(3), [left(1), system('T-2')]).findsAmongOthers(
      'patient-received',
      /can be with T-2, T-3/,
    )
  })

  test('is not with its own crew, or of a crew that left none', () => {
    courtWith(atScene(1), [left(1), named('T-1')]).findsAmongOthers('patient-received', /its own patient/)
    courtWith(atScene(1), [named('T-2')]).findsAmongOthers('patient-received', /has left no patient/)
    courtWith(atScene(1), [left(1), named('T-9')]).findsAmongOthers('patient-received', /of another call/)
  })
})
