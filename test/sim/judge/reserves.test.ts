/** What the judge finds where a unit of a higher level is taken, or held back, against the policy. */
import { test } from 'node:test'
import type { Candidate, DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike } from '../../../src/domain/policy.ts'
import { called, offered, onDuty, policyOf, registered, signedOn } from '../../support/scenario.ts'
import { Court } from './court.ts'

const bls = (unitId: string): DomainEvent[] => [
  { ...registered(unitId), levelOfCare: 'bls' } as DomainEvent,
  signedOn(unitId),
]
const at = (unitId: string, distanceM: number, levelOfCare: 'als' | 'bls'): Candidate => ({
  ...{ unitId, distanceM, fixAgeMs: 0, levelOfCare },
})
/** 100 s at 10 m/s: 1,000 m. A1 is the only ALS unit. */
function court(decision: Partial<DecisionRecord>, savesMs = 100_000): Court {
  const before = new Court()
  const policy = { higherLevelSavesMs: alike(savesMs), levelReserve: { bls: 0, als: 1, cct: 1 } }
  before.policies.set(1, policyOf('offered', policy))
  before.commit(onDuty('A1'), bls('B1'), called(['T-1']))
  const offer = offered('T-1', decision.candidates![0]!.unitId, 'O-1')
  if (offer.type !== 'OfferMade') throw new Error('no offer')
  before.commit([{ ...offer, decision: { ...offer.decision, ...decision } }])
  return before
}
const whole = { eligible: 2, excluded: {}, passedOver: [] }

test('the last unit of a higher level that saves too little is found', () => {
  const taken = (farM: number, savesMs?: number) =>
    court({ ...whole, candidates: [at('A1', 100, 'als'), at('B1', farM, 'bls')] }, savesMs)
  taken(1_000).finds('reserve-kept', /takes the last of level als at 100 m, and B1 is at 1000 m/)
  taken(1_200).findsNothing()
  taken(1_000, 0).findsNothing()
})

test('a unit that is held back although it saves enough, or although any saving is enough, is found', () => {
  const held = (farM: number, savesMs?: number) => {
    const excluded = { 'held-in-reserve': 1 }
    const passedOver = [{ unitId: 'A1', distanceM: 100, reason: 'held-in-reserve' as const }]
    return court({ candidates: [at('B1', farM, 'bls')], eligible: 1, excluded, passedOver }, savesMs)
  }
  held(1_000).findsNothing()
  held(1_200).finds('reserve-kept', /holds A1 at 100 m in reserve, and the nearest that goes is at 1200 m/)
  held(1_000, 0).findsAmongOthers('reserve-kept', /holds somebody in reserve, and any saving is enough/)
})
