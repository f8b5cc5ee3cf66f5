/** What the judge finds where a moment is invented. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { accepted, offered, reached, untilAssigned, untilOffered } from '../../support/scenario.ts'
import { Court } from './court.ts'

const byDesk = (change: object): DomainEvent =>
  ({ ...accepted('T-1', 'A1', 'O-1'), cause: 'dispatcher', ...change }) as DomainEvent

describe('an acknowledgement', () => {
  test('is invented when somebody else than the crew gives it a moment', () => {
    const court = new Court()
    court.commit(...untilOffered())
    court.record([byDesk({}), reached('T-1', 'A1', 'en-route')], { principal: 'desk-1' })
    court.findsAmongOthers('acknowledgement-said', /A1 is said at position \d+ to have taken T-1, by desk-1, at \d+/)
  })

  test("is the crew's own word, or implied", () => {
    const own = new Court()
    own.commit(...untilOffered())
    own.record([accepted('T-1', 'A1', 'O-1')], { principal: 'crew of A1' })
    own.findsNot('acknowledgement-said')
    const implied = new Court()
    implied.commit(...untilOffered())
    implied.record([byDesk({ implied: true })], { principal: 'desk-1' })
    implied.findsNot('acknowledgement-said')
    const heard = new Court()
    heard.commit(...untilOffered())
    heard.record([byDesk({})], { principal: 'desk-1' })
    heard.findsNot('acknowledgement-said')
  })
})

describe('the moments of a unit', () => {
  const at = (event: DomainEvent, happenedAtMs: number, change: object = {}) =>
    ({ ...event, happenedAtMs, ...change }) as DomainEvent
  const courtWith = (...events: DomainEvent[]) => {
    const court = new Court()
    court.areTimesWhole = false
    court.commit(...untilAssigned().slice(0, -1), [at(accepted('T-1', 'A1', 'O-1'), START_MS + 5_000)])
    for (const event of events) court.commit([event])
    return court
  }
  const onScene = (atMs: number, change: object = {}) => at(reached('T-1', 'A1', 'on-scene'), START_MS + atMs, change)
  const left = (atMs: number, change: object = {}) => at(reached('T-1', 'A1', 'transporting'), START_MS + atMs, change)

  test('are found out of order when one lies before what it follows and does not say so', () => {
    courtWith(onScene(9_000), left(8_000)).findsAmongOthers('times-in-order', /left-scene at \d+, is not flagged/)
    courtWith(onScene(9_000), left(8_000, { implausible: true })).findsNot('times-in-order')
  })

  test('are found to be doubted without a reason', () => {
    courtWith(onScene(9_000), left(9_000, { implausible: true })).findsAmongOthers('times-in-order', /is flagged/)
    courtWith(onScene(9_000), left(9_000)).findsNot('times-in-order')
  })

  test('begin with the decision, before which nobody was notified', () => {
    courtWith(onScene(1_000)).findsAmongOthers('times-in-order', /on-scene at \d+, is not flagged/)
    const notified = { tripId: 'T-1', callId: 'C-1', offerId: 'O-1', unitId: 'A1', notifiedAtMs: START_MS }
    const event = { type: 'UnitNotified', v: 1, entity: 'trip/T-1', ...notified } as const
    courtWith(event).findsAmongOthers('times-in-order', /is notified at position \d+ before anybody decided/)
    // A dispatcher orders the same unit once more before the record that tells of the first order.
    const again = new Court()
    again.commit(...untilOffered('ordered'))
    const order = offered('T-1', 'A1', 'O-2', 'ordered')
    const once = {
      v: 1,
      entity: 'trip/T-1',
      tripId: 'T-1',
      unitId: 'A1',
      fromUnitId: 'A1',
      inPhase: 'offered',
    } as const
    const overridden = { type: 'AssignmentOverridden', ...once, reason: 'other' } as const
    again.commit([overridden, { ...order, offeredAtMs: START_MS + 60_000 } as DomainEvent])
    again.commit([{ ...event, notifiedAtMs: START_MS + 3_000 }])
    again.findsNot('times-in-order')
  })
})
