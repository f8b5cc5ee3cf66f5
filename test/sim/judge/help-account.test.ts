/** What the judge finds where help is sent, or is not, against the rules. */
import { describe, test } from 'node:test'
import type { Loss } from '../../../src/domain/events/decision-record.ts'
import type { HelpAdded } from '../../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike } from '../../../src/domain/policy.ts'
import type { NoneFree } from '../../../src/domain/vocabulary.ts'
import {
  accepted,
  called,
  offered,
  onDuty,
  PLACE,
  policyOf,
  reached,
  registered,
  signedOn,
} from '../../support/scenario.ts'
import { Court } from './court.ts'

const ALS = { levelOfCare: 'als', transport: true, capabilities: [] } as const
const NOBODY: DomainEvent = {
  ...{ type: 'TripAlarmRaised', v: 1, entity: 'trip/T-1', tripId: 'T-1' },
  ...{ alarm: 'no-eligible-unit', unitId: null, severity: 1 },
}
const LOSS: Loss = { care: { needed: 'als', sent: 'bls' }, transport: false, capabilities: [] }
const bls = (unitId: string): DomainEvent[] => [
  { ...registered(unitId), levelOfCare: 'bls' } as DomainEvent,
  signedOn(unitId),
]
const needed = (tripId: string): DomainEvent[] =>
  called([tripId]).map(event => (event.type === 'TripCreated' ? { ...event, need: ALS } : event))

const added = (changes: Partial<HelpAdded> = {}): HelpAdded => ({
  ...{ type: 'HelpAdded', v: 1, entity: `trip/${changes.tripId ?? 'H-1'}`, tripId: 'H-1', callId: 'C-1', ...PLACE },
  ...{ priority: 1, receivedAtMs: 0, need: { levelOfCare: 'bls', transport: false, capabilities: [] } },
  ...{ helpsTripId: 'T-1', asked: [], because: 'none-free' },
  ...changes,
})
/** An offer of a unit at some distance, with what it says is lost. */
function offer(tripId: string, unitId: string, distanceM: number, loss: Loss | null): DomainEvent {
  const made = offered(tripId, unitId, `O-${tripId}`)
  if (made.type !== 'OfferMade') throw new Error('no offer')
  const candidates = [{ unitId, distanceM, fixAgeMs: 0, levelOfCare: 'bls' as const }]
  return { ...made, decision: { ...made.decision, candidates, ...(loss === null ? {} : { loss }) } }
}

function courtBy(mode: NoneFree): Court {
  const court = new Court()
  court.policies.set(1, policyOf('offered', { whenNoneFree: alike(mode) }))
  return court
}

describe('help', () => {
  test('that the policy says, with what is lost, is right', () => {
    const court = courtBy('send-lower')
    court.commit(bls('B1'), needed('T-1'), [NOBODY, added(), offer('H-1', 'B1', 900, LOSS)])
    court.findsNothing()
  })

  test('that the policy does not say is found, and so is help for a trip whose unit is asked', () => {
    for (const mode of ['wait', 'nearest-trained'] as const) {
      const court = courtBy(mode)
      court.commit(bls('B1'), needed('T-1'), [NOBODY, added(), offer('H-1', 'B1', 900, LOSS)])
      court.finds('help-of-use', new RegExp(`H-1 helps T-1 .* as none-free, and the policy says ${mode}`))
    }
    const court = courtBy('send-lower')
    court.commit(onDuty('A1'), bls('B1'), needed('T-1'), [offer('T-1', 'A1', 5_000, null)])
    court.commit([added(), offer('H-1', 'B1', 900, LOSS)])
    court.findsAmongOthers('help-of-use', /as if nobody was free, and somebody was/)
  })

  test('for a trip that is helped, or helps, is found', () => {
    const court = courtBy('send-lower')
    court.commit(bls('B1'), needed('T-1'), [added()], [added({ tripId: 'H-2', helpsTripId: 'H-1' })])
    court.findsAmongOthers('help-of-use', /H-2 helps H-1 from position 4 on which helps one itself/)
  })

  test('beside the right unit that is hardly there before it is found', () => {
    for (const [distanceM, isRight] of [
      [300, true],
      [950, false],
    ] as const) {
      const court = courtBy('nearest-trained')
      const help = added({ because: 'nearest-trained' })
      court.commit(onDuty('A1'), bls('B1'), needed('T-1'))
      court.commit([offer('T-1', 'A1', 1_000, null), help, offer('H-1', 'B1', distanceM, LOSS)])
      if (isRight) court.findsNothing()
      else court.finds('help-of-use', /B1 at 950 m is sent on H-1 beside the right unit at 1000 m/)
    }
  })

  test('that goes on although the right unit is at the scene is found', () => {
    const court = courtBy('nearest-trained')
    court.commit(onDuty('A1'), bls('B1'), needed('T-1'))
    court.commit([
      offer('T-1', 'A1', 2_000, null),
      added({ because: 'nearest-trained' }),
      offer('H-1', 'B1', 300, LOSS),
    ])
    court.commit([accepted('T-1', 'A1', 'O-T-1')])
    court.findsNothing()
    court.commit([reached('T-1', 'A1', 'on-scene')])
    court.finds('help-of-use', /H-1 is offered behind position 6, and T-1 is on-scene/)
  })
})

test('what is lost and not said is found, and what is said and not lost', () => {
  for (const loss of [null, { ...LOSS, transport: true }]) {
    const court = courtBy('send-lower')
    court.commit(bls('B1'), needed('T-1'), [NOBODY, added(), offer('H-1', 'B1', 900, loss)])
    court.finds('loss-told', /the offer of H-1 to B1 at position 3 says that .* is lost, and it is \{"care"/)
  }
  const court = courtBy('send-lower')
  court.commit(onDuty('A1'), called(['T-1']), [offer('T-1', 'A1', 900, LOSS)])
  court.finds('loss-told', /is lost, and it is null/)
})
