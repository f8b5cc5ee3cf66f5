/** What the judge finds where a decision does not account for every unit. */
import { describe, test } from 'node:test'
import { tripKey } from '../../../src/domain/entity.ts'
import type { TripAlarm } from '../../../src/domain/events/alarm-events.ts'
import type { DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { called, declined, offered, onDuty, registered, unavailable } from '../../support/scenario.ts'
import { Court } from './court.ts'

const A1 = { unitId: 'A1', distanceM: 900, fixAgeMs: 2_000, levelOfCare: 'als' } as const
const over = (unitId: string, reason: 'busy' | 'unavailable' | 'position-lost' | 'no-position', distanceM = 100) =>
  ({ unitId, reason, distanceM }) as const
/** What is right while A1 is free, A2 rests, and nobody is on A3. */
const RIGHT: DecisionRecord = {
  ...{ policyVersion: 1, basis: 'straight-line', candidates: [A1] },
  ...{ eligible: 1, excluded: { unavailable: 1 }, passedOver: [over('A2', 'unavailable')] },
}

function courtOf(...events: (readonly DomainEvent[])[]): Court {
  const court = new Court()
  court.commit(onDuty('A1'), [...onDuty('A2'), unavailable('A2')], [registered('A3')], ...events)
  return court
}
function offerBy(changes: Partial<DecisionRecord>): Court {
  const court = courtOf(called(['T-1']))
  const offer = offered('T-1', 'A1', 'O-1')
  court.commit([{ ...offer, decision: { ...RIGHT, ...changes } } as DomainEvent])
  return court
}
const nobody = (alarm: TripAlarm, decision?: DecisionRecord): DomainEvent => ({
  ...{ type: 'TripAlarmRaised', v: 1, entity: tripKey('T-1'), tripId: 'T-1', alarm, unitId: null, severity: 1 },
  ...(decision === undefined ? {} : { decision }),
})

describe('an offer by the desk', () => {
  test('that counts each signed-on unit once is right, whether it says that those it cannot know are here or away', () => {
    offerBy({}).findsNothing()
    const court = courtOf(onDuty('A4'), onDuty('A5'), called(['T-1']))
    const excluded = { unavailable: 1, 'no-position': 1, 'position-lost': 1 }
    const passedOver = [over('A4', 'position-lost', 50), over('A2', 'unavailable')]
    court.commit([{ ...offered('T-1', 'A1', 'O-1'), decision: { ...RIGHT, excluded, passedOver } } as DomainEvent])
    court.findsNothing()
  })

  test('that leaves a unit out, or counts it twice, is found', () => {
    offerBy({ excluded: {}, passedOver: [] }).finds(
      'decision-whole',
      /O?.*T-1 to A1 at position 5 counts 0 units as unavailable, and there are 1/,
    )
    offerBy({ excluded: { unavailable: 1, busy: 1 } }).finds(
      'decision-whole',
      /counts 1 units as busy, and there are 0/,
    )
    offerBy({ excluded: { unavailable: 1, 'no-position': 1 } }).finds(
      'decision-whole',
      /has 1 who could go and 1 away, of 1 such units/,
    )
    offerBy({ eligible: 2 }).findsAmongOthers('decision-whole', /has 2 who could go and 0 away, of 1 such units/)
    offerBy({ eligible: 2 }).findsAmongOthers('decision-whole', /keeps 1 candidates, and 2 could have gone/)
  })

  test('that does not say it at all is found', () => {
    const { eligible: _, ...rest } = RIGHT
    const court = courtOf(called(['T-1']))
    court.commit([{ ...offered('T-1', 'A1', 'O-1'), decision: { ...rest, candidates: [] } } as DomainEvent])
    court.findsAmongOthers('decision-whole', /does not count who could have gone/)
  })

  test('that names a unit for what it is not, twice, or out of order, is found', () => {
    const wrong = (passedOver: DecisionRecord['passedOver'], text: RegExp) =>
      offerBy({ passedOver: passedOver! }).findsAmongOthers('decision-whole', text)
    wrong([over('A2', 'busy')], /passes over A2 as busy, and it is unavailable/)
    wrong([over('A3', 'unavailable')], /passes over A3 as unavailable, and it is no crew/)
    wrong([over('A1', 'no-position')], /passes over A1 as no-position, and it is fit/)
    wrong([over('A2', 'unavailable'), over('A2', 'unavailable')], /names a unit twice/)
    wrong([over('A2', 'unavailable', 100), over('A3', 'busy', 50)], /does not name the nearest first/)
    wrong(
      Array.from({ length: 11 }, () => over('A2', 'unavailable')),
      /names 11 units that were passed over/,
    )
  })
})

describe('a decision that finds nobody', () => {
  const busy = { ...RIGHT, candidates: [], eligible: 0 }
  const taken: DomainEvent[] = [offered('T-2', 'A1', 'O-9')]

  test('is right with all units by their reasons, and found without them', () => {
    const court = () => courtOf(called(['T-2']), taken, called(['T-1']))
    const right = court()
    const excluded = { unavailable: 1, busy: 1 }
    right.commit([nobody('no-eligible-unit', { ...busy, excluded })])
    right.findsNothing()
    const silent = court()
    const said = nobody('no-eligible-unit', { ...busy, excluded })
    silent.record([said], { wrong: { events: [nobody('no-eligible-unit')] } })
    silent.finds('decision-whole', /alarm no-eligible-unit of T-1 at position 7 does not say what the desk saw/)
    const wrong = court()
    wrong.commit([nobody('no-eligible-unit', { ...busy, excluded, eligible: 1 })])
    wrong.findsAmongOthers('decision-whole', /found nobody of 1 who could have gone/)
  })

  test('says that all were asked where one that was asked is free, and only there', () => {
    const court = () => courtOf(called(['T-1']), [offered('T-1', 'A1', 'O-1')], [declined('T-1', 'A1', 'O-1')])
    const excluded = { unavailable: 1, 'asked-this-round': 1 }
    const right = court()
    right.commit([nobody('round-exhausted', { ...busy, excluded })])
    right.findsNothing()
    const wrong = court()
    wrong.commit([nobody('no-eligible-unit', { ...busy, excluded })])
    wrong.finds('decision-whole', /says so where 1 units that were asked are free/)
  })
})

describe("a dispatcher's own choice", () => {
  const given = { type: 'AssignmentOverridden', v: 1, entity: tripKey('T-1'), tripId: 'T-1', fromUnitId: null } as const
  const overridden = { ...given, inPhase: 'pending', reason: 'closer-unit' } as const
  const needsMore = called(['T-1']).map(event =>
    event.type === 'TripCreated'
      ? { ...event, need: { levelOfCare: 'als', capabilities: ['neonatal'] } as const }
      : event,
  )

  test('says what speaks against the unit, and how many could have gone', () => {
    const excluded = { unavailable: 1, capability: 1 }
    const loss = { care: null, transport: false, capabilities: ['neonatal'] }
    const decision = { ...RIGHT, eligible: 0, excluded, despite: 'capability', loss } as const
    const order = (changes: Partial<DecisionRecord>) => {
      const court = courtOf(needsMore)
      const offer = { ...offered('T-1', 'A1', 'O-1', 'ordered'), decision: { ...decision, ...changes } } as DomainEvent
      court.commit([{ ...overridden, unitId: 'A1' }, offer])
      return court
    }
    order({}).findsNothing()
    order({ despite: 'busy' }).finds('decision-whole', /is despite busy, and speaks against it capability/)
    order({ excluded: {} }).findsAmongOthers('decision-whole', /counts 0 units as capability, and there are 1/)
  })
})
