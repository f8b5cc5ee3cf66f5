/** What the judge finds where the wheels say what they may not, or a person's word is lost to them. */
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { ArrivalMode, ReportablePhase, ResponseTime } from '../../../src/domain/vocabulary.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { policyOf, reached, untilAssigned } from '../../support/scenario.ts'
import { Court } from './court.ts'

const AT = START_MS + 20_000

const noted = (time: ResponseTime, cause: 'geofence' | 'driver' = 'geofence', happenedAtMs = AT): DomainEvent => ({
  ...{ type: 'TripTimeNoted', v: 1, entity: 'trip/T-1', tripId: 'T-1', unitId: 'A1', time, happenedAtMs, cause },
})
const phase = (reachedPhase: ReportablePhase, happenedAtMs = AT): DomainEvent =>
  ({ ...reached('T-1', 'A1', reachedPhase), happenedAtMs, cause: 'geofence' }) as DomainEvent

function courtWith(arrivals: ArrivalMode, ...events: DomainEvent[]): Court {
  const court = new Court()
  court.areTimesWhole = false
  court.policies.set(1, { ...policyOf('offered'), arrivals })
  court.commit(...untilAssigned())
  for (const event of events) court.commit([event])
  return court
}

test('a word of the wheels is found where the policy is off, and a phase of theirs where they may only suggest', () => {
  courtWith('off', noted('on-scene')).findsAmongOthers('wheels-beside', /nothing is to be made of them/)
  courtWith('suggest', noted('on-scene')).findsNot('wheels-beside')
  courtWith('suggest', noted('on-scene'), phase('on-scene')).findsAmongOthers('wheels-beside', /may only suggest/)
  courtWith('automatic', noted('on-scene'), phase('on-scene')).findsNot('wheels-beside')
})

test('a phase of the wheels is found that they did not suggest before, or that they cannot know', () => {
  courtWith('automatic', phase('on-scene')).findsAmongOthers('wheels-beside', /was not suggested before/)
  const other = courtWith('automatic', noted('on-scene', 'geofence', AT - 5_000), phase('on-scene'))
  other.findsAmongOthers('wheels-beside', /was not suggested before/)
  const carried = courtWith('automatic', noted('left-scene'), phase('transporting'))
  carried.findsAmongOthers('wheels-beside', /is a phase that wheels cannot say/)
  courtWith('suggest', noted('at-patient')).findsAmongOthers('wheels-beside', /is nothing that wheels can say/)
})

test("a person's word, and that of the wheels, are both found kept, whichever came first", () => {
  courtWith('suggest', noted('on-scene'), noted('on-scene', 'driver', AT + 9_000)).findsNot('wheels-beside')
  courtWith('suggest', noted('on-scene', 'driver', AT + 9_000), noted('on-scene')).findsNot('wheels-beside')
})
