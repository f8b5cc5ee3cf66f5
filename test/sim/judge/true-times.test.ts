/** What the judge finds where a moment is invented. */
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { accepted, untilOffered } from '../../support/scenario.ts'
import { Court } from './court.ts'

const byDesk = (change: object): DomainEvent =>
  ({ ...accepted('T-1', 'A1', 'O-1'), cause: 'dispatcher', ...change }) as DomainEvent

describe('an acknowledgement', () => {
  test('is invented when somebody else than the crew gives it a moment', () => {
    const court = new Court()
    court.commit(...untilOffered())
    court.record([byDesk({})], { principal: 'desk-1' })
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
  })
})
