/** What the judge finds in decisions that are not by the policy that they name, and in what follows from one. */
import { describe, test } from 'node:test'
import { tripKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike, type Policy } from '../../../src/domain/policy.ts'
import type { DispatchMode } from '../../../src/domain/vocabulary.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { accepted, called, declined, offered, onDuty, untilAssigned } from '../../support/scenario.ts'
import { Court } from './court.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

/** A court in which T-1 waits and the policy has a second version. */
function courtWith(second: Partial<Policy> = {}, mode: DispatchMode = 'offered'): Court {
  const court = new Court(mode)
  court.commit(onDuty('A1'), called(['T-1']))
  court.policies.set(2, { ...court.policies.get(1)!, ...second, version: 2 })
  return court
}

/** The desk's offer of T-1 as version 1 has it, with what a test makes of it. */
function offer(
  changes: Partial<OfferMade> = {},
  version: number | null = 1,
  mode: DispatchMode = 'offered',
): OfferMade {
  const made = offered('T-1', 'A1', 'O-1', mode) as OfferMade
  const { policyVersion: _, ...seen } = made.decision
  return { ...made, decision: version === null ? seen : { ...seen, policyVersion: version }, ...changes }
}

const noMovement: DomainEvent = {
  type: 'TripAlarmRaised',
  v: 1,
  entity: tripKey('T-1'),
  tripId: 'T-1',
  alarm: 'no-movement',
  unitId: 'A1',
  severity: 1,
}

describe('a decision', () => {
  test('by the version that it names is found right, by the former as by the newest one', () => {
    const former = courtWith({ mode: 'ordered' })
    former.commit([offer()])
    former.findsNothing()
    const newest = courtWith({ mode: 'ordered' })
    newest.commit([offer({}, 2, 'ordered')])
    newest.findsNothing()
  })

  test('that names no version, or one that there never was, is found', () => {
    for (const [version, text] of [
      [null, /position 3 names policy version none, and there are those up to 2/],
      [3, /position 3 names policy version 3, and there are those up to 2/],
    ] as const) {
      const court = courtWith()
      court.commit([offer({}, version)])
      court.finds('policy-kept', text)
    }
  })

  test('in another mode than its version has is found, but for an order by hand', () => {
    const court = courtWith({ mode: 'ordered' })
    court.commit([offer({}, 2)])
    court.finds('policy-kept', /is offered and should be ordered, by policy version 2/)

    const byHand = courtWith()
    const given = { type: 'AssignmentOverridden', v: 1, entity: tripKey('T-1'), tripId: 'T-1', unitId: 'A1' } as const
    const override: DomainEvent = { ...given, fromUnitId: null, inPhase: 'pending', reason: 'other' }
    byHand.commit([override, offer({}, 1, 'ordered')])
    byHand.findsNothing()
  })

  test('with another span, another warning or more candidates than its version has is found', () => {
    const { offeredAtMs } = offer()
    const long = courtWith()
    long.commit([offer({ deadlineAtMs: offeredAtMs + 15_001 })])
    long.finds('policy-kept', /lasts 15001 ms and should last 15000, by policy version 1/)

    const ofFormer = courtWith({ orderTimeoutMs: alike(60_000) }, 'ordered')
    ofFormer.commit([offer({}, 2, 'ordered')])
    ofFormer.finds('policy-kept', /lasts 45000 ms and should last 60000, by policy version 2/)

    const warned = courtWith({}, 'ordered')
    warned.commit([offer({ warnAtMs: offeredAtMs + 1 }, 1, 'ordered')])
    warned.finds('policy-kept', /warns after 1 ms and should after 20000/)

    const many = courtWith({ candidatesRecorded: 1 })
    const { decision } = offer({}, 2)
    const [first] = decision.candidates
    many.commit([offer({ decision: { ...decision, candidates: [first!, { ...first!, unitId: 'A2' }] } })])
    many.findsAmongOthers('policy-kept', /keeps 2 candidates of 1, by policy version 2/)
  })

  test('by an older version than the decision before it is found', () => {
    const court = courtWith()
    court.commit(onDuty('A2'), called(['T-2']), [offer({}, 2)])
    court.record([offered('T-2', 'A2', 'O-2')])
    court.findsAmongOthers(
      'policy-kept',
      /offer of T-2 to A2 at position 6 is by policy version 1, after one by version 2/,
    )
  })
})

test('a round beyond the last of the policy is found, unless a dispatcher insists on it', () => {
  const court = courtWith({ roundsMax: 1 })
  court.commit([offer()])
  court.record([declined('T-1', 'A1', 'O-1')], { wrong: { recordedAtMs: START_MS + 60_000 } })
  const at = { wrong: { recordedAtMs: START_MS + 180_000 } }
  court.record([{ ...offer({}, 2), offerId: 'O-2', round: 2 }], at)
  court.finds('policy-kept', /is of round 2, and there are 1, by policy version/)
})

describe('what follows by the policy', () => {
  test('a round that begins before the pause of the version that begins it is found, and one after it is not', () => {
    const again = (roundPauseMs: number) => {
      const court = courtWith({ roundPauseMs })
      court.commit([offer()])
      court.record([declined('T-1', 'A1', 'O-1')], { wrong: { recordedAtMs: START_MS + 60_000 } })
      const at = { wrong: { recordedAtMs: START_MS + 80_000 } }
      court.record([{ ...offer({}, 2), offerId: 'O-2', round: 2 }], at)
      return court
    }
    again(10_000).findsNothing()
    again(30_000).finds('deadline-kept', /offer of T-1 to A1 at position 5 begins round 2 before the pause is over/)
  })

  test('an alarm that comes before every version since the last decision has it is found', () => {
    const alarmed = (second: number, version: number, afterMs: number) => {
      const court = courtWith({ noMovementMs: second })
      court.commit([offer({}, version)])
      court.record([accepted('T-1', 'A1', 'O-1')], { wrong: { recordedAtMs: START_MS + 10_000 } })
      court.record([noMovement], { wrong: { recordedAtMs: START_MS + 2_000 + afterMs } })
      return court
    }
    alarmed(60_000, 1, 60_000).findsNothing()
    alarmed(60_000, 1, 59_000).finds('deadline-kept', /alarm no-movement of T-1 at position 5 comes 1000 ms before/)
    // It may go by the former one still; not once it has decided by the newer.
    alarmed(300_000, 1, 120_000).findsNothing()
    alarmed(300_000, 2, 120_000).finds('deadline-kept', /comes 180000 ms before its time/)
  })

  test('an alarm of a region with one policy comes after its number', () => {
    const court = new Court()
    court.commit(...untilAssigned())
    court.record([noMovement], { wrong: { recordedAtMs: START_MS + 50_000 } })
    court.findsAmongOthers('deadline-kept', /alarm no-movement of T-1/)
  })
})
