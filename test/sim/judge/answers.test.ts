/** What the judge finds between what clients asked, what they were answered, and what the log says. */
import { describe, test } from 'node:test'
import type { Command } from '../../../src/domain/commands.ts'
import { driverKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { ClientMessage } from '../../../src/protocol/wire/client-tuples.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { called, onDuty, registered, untilAssigned } from '../../support/scenario.ts'
import { Court, type Party } from './court.ts'

const PRINCIPAL = 'crew of A1'
const SIGN_ON: Command = { type: 'sign-on', happenedAtMs: START_MS }
const REFUEL: Command = { type: 'set-status', status: 'unavailable', reason: 'refuel', happenedAtMs: START_MS }
const AVAILABLE = { unitId: 'A1', status: 'available' }

const signedOn: DomainEvent = {
  type: 'CrewSignedOn',
  v: 1,
  entity: driverKey('A1'),
  ...{ unitId: 'A1', principal: PRINCIPAL, happenedAtMs: START_MS },
}

const signOn = (id: string): ClientMessage => ['sign-on', id, START_MS]
const refuel = (id: string): ClientMessage => ['set-status', id, 'unavailable', 'refuel', START_MS]

/** A crew has sent its sign-on as `c-1`, and it stands at position 2. */
function signedOnCourt(): { court: Court; crew: Party } {
  const court = new Court()
  court.commit([registered('A1')])
  const crew = court.driver('A1')
  crew.sends(signOn('c-1'))
  court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE })
  return { court, crew }
}

describe('a command that was done', () => {
  test('and answered so, again and again, is right', async () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, AVAILABLE])
    crew.sends(signOn('c-1'))
    crew.hears(['reply', 'c-1', 2, AVAILABLE])
    await court.isOver()
    court.findsNothing()
  })

  test('is found when its answer names a position at which something else stands', () => {
    const { court, crew } = signedOnCourt()
    court.commit(onDuty('A2'))
    crew.hears(['reply', 'c-1', 3, AVAILABLE])
    court.finds('acknowledged-once', /acknowledged at position 3, and is in the log at 2/)
  })

  test('is found when its answer tells another result than was kept', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, { ...AVAILABLE, status: 'off-duty' }])
    court.finds(
      'acknowledged-once',
      /told \{"unitId":"A1","status":"off-duty"\}, and its kept outcome is .*"available"/,
    )
  })

  test('is found when it is in the log twice', () => {
    const { court } = signedOnCourt()
    const again = { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE }
    court.record([], again)
    court.findsAmongOthers('acknowledged-once', /command c-1 of crew of A1 is in the log at 2 and 3/)
  })

  test('is found when it is answered otherwise the second time', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, AVAILABLE])
    crew.sends(signOn('c-1'))
    crew.hears(['reply', 'c-1', 1, AVAILABLE])
    court.findsAmongOthers('same-answer', /was answered \{"position":2,.* and then \{"position":1,/)
  })

  test('is found when it is refused the second time, but not for the moment', () => {
    const { court, crew } = signedOnCourt()
    crew.sends(signOn('c-1'))
    crew.hears(['error', 'c-1', 'unavailable', 'not now', null])
    crew.hears(['error', 'c-1', 'overloaded', 'not now', null])
    court.findsNothing()
    crew.sends(signOn('c-1'))
    crew.hears(['error', 'c-1', 'unit-retired', 'gone', null])
    court.findsAmongOthers('same-answer', /was done at position 2, and sent again it was answered unit-retired/)
  })

  test('is found when it stands in the log before it was sent', () => {
    const { court } = signedOnCourt()
    const crew = court.driver('A1')
    crew.sends(refuel('c-9'))
    crew.hears(['reply', 'c-9', 2, AVAILABLE])
    court.findsAmongOthers('command-order', /c-9 .* done at position 2, and when it was first sent the log ended at 2/)
  })
})

describe('an answer', () => {
  test('that leaves before its record stands is found', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, AVAILABLE], { logEnd: 1, segmentEnd: 0 })
    court.finds('no-reply-before-durable', /the reply to c-1 of position 2 when the log ended at 1/)
  })

  test('to a button that is dated ahead of region time is found unless it is on the hour', () => {
    const { court, crew } = signedOnCourt()
    const dated = (id: string, aheadMs: number) =>
      crew.sends(['set-status', id, 'unavailable', 'refuel', court.nowMs + aheadMs])
    dated('c-2', 1_000)
    dated('c-3', -600_000)
    dated('c-4', 48 * 3_600_000 - (court.nowMs % 3_600_000))
    court.findsNothing()
    dated('c-5', 1_509_000)
    court.finds('moments-true', /command c-5 of crew of A1 \(set-status\) is dated 1509000 ms ahead/)
  })

  test('to what was never asked is found', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-7', 2, AVAILABLE])
    court.finds('one-answer-each', /answered a reply under id c-7, which it did not ask/)
  })

  test('to what was answered already is found', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, AVAILABLE])
    crew.hears(['reply', 'c-1', 2, AVAILABLE])
    court.finds('one-answer-each', /under id c-1/)
  })

  test('that comes later than two seconds after an engine read the question is found, each sending by itself', () => {
    const { court, crew } = signedOnCourt()
    crew.hears(['reply', 'c-1', 2, AVAILABLE], court.ends, 2_000)
    crew.sends(refuel('c-2'), 10_000)
    crew.sends(refuel('c-2'), 11_500)
    crew.hears(['error', 'c-2', 'unavailable', 'stalled', { writes: 'stalled' }], court.ends, 12_000)
    crew.hears(['error', 'c-2', 'unavailable', 'stalled', { writes: 'stalled' }], court.ends, 13_500)
    court.findsNothing()
    crew.sends(refuel('c-2'), 20_000)
    crew.hears(['error', 'c-2', 'unavailable', 'stalled', { writes: 'stalled' }], court.ends, 22_001)
    court.finds('answered-in-time', /waited 2001 ms for the error to its command c-2/)
  })

  test('internal is found, unless an engine has lost its memory meanwhile', () => {
    const { court, crew } = signedOnCourt()
    court.nowMs += 10
    crew.sends(refuel('c-2'))
    court.nowMs += 10
    court.judge.dropped('engine-1')
    crew.hears(['error', 'c-2', 'internal', 'a mistake', null])
    court.findsNothing()
    court.nowMs += 10
    crew.sends(refuel('c-2'))
    crew.hears(['error', 'c-2', 'internal', 'a mistake', null])
    court.finds('no-internal', /command c-2 of crew of A1 \(set-status\) was answered internal/)
  })
})

describe('a refusal', () => {
  test('that the states of its moment give is right', () => {
    const court = new Court()
    court.commit([registered('A1')])
    const crew = court.driver('A1')
    crew.sends(refuel('c-2'))
    crew.hears(['error', 'c-2', 'unit-off-duty', 'no crew', null])
    court.findsNothing()
  })

  test('that some moment between sending and answer gives is right', () => {
    const { court, crew } = signedOnCourt()
    const early = court.driver('A1')
    early.sends(refuel('c-2'))
    court.record([signedOff()])
    crew.leaves()
    early.hears(['error', 'c-2', 'unit-off-duty', 'no crew', null])
    court.findsNothing()
  })

  test('that no moment between sending and answer gives is found', () => {
    const { court, crew } = signedOnCourt()
    crew.sends(refuel('c-2'))
    crew.hears(['error', 'c-2', 'unit-off-duty', 'no crew', null])
    court.finds('refusal-justified', /c-2 .* was answered unit-off-duty; between positions 2 and 2 the rules say ok/)
  })

  test('for a trip that was there is found, and for one that was not is right', () => {
    const court = new Court()
    const id = `sim.${'0'.repeat(21)}`
    court.commit(...untilAssigned())
    const desk = court.desk()
    desk.sends(['cancel-trip', 'd-1', id, 'other'])
    desk.hears(['error', 'd-1', 'unknown-trip', 'none', null])
    court.findsNothing()
    court.commit(called([id], 'C-9'))
    desk.sends(['cancel-trip', 'd-2', id, 'other'])
    desk.hears(['error', 'd-2', 'unknown-trip', 'none', null])
    court.finds('refusal-justified', /d-2 .* was answered unknown-trip; .* the rules say ok/)
  })

  test('conflict is found where only one body was ever sent', () => {
    const { court, crew } = signedOnCourt()
    crew.sends(refuel('c-1'))
    crew.hears(['error', 'c-1', 'conflict', 'another body', null])
    court.findsNothing()

    const { court: other, crew: honest } = signedOnCourt()
    honest.sends(signOn('c-1'))
    honest.hears(['error', 'c-1', 'conflict', 'another body', null])
    other.finds('refusal-justified', /answered conflict, and only one body was sent/)
  })

  test('of a command that is in the log all the same is found in the end', async () => {
    const court = new Court()
    court.commit([registered('A1')])
    const crew = court.driver('A1')
    crew.sends(signOn('c-1'))
    crew.hears(['error', 'c-1', 'overloaded', 'not now', null])
    court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE })
    await court.isOver()
    court.finds('refused-means-undone', /c-1 of crew of A1 was sent 1 times and refused each time .*in the log at 2/)
  })

  test('that says itself that the command may stand leaves that open', async () => {
    const court = new Court()
    court.commit([registered('A1')])
    const crew = court.driver('A1')
    crew.sends(signOn('c-1'))
    crew.hears(['error', 'c-1', 'unavailable', 'no writes now', { retryAfterMs: 1_000, writes: 'stalled' }])
    court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE })
    await court.isOver()
    court.findsNothing()
  })

  test('is no proof while another sending of the command was never answered', async () => {
    const court = new Court()
    court.commit([registered('A1')])
    const crew = court.driver('A1')
    crew.sends(signOn('c-1'))
    crew.sends(signOn('c-1'))
    crew.hears(['error', 'c-1', 'overloaded', 'not now', null])
    court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE })
    await court.isOver()
    court.findsNothing()
  })
})

describe('a record of a command', () => {
  test('that does what the rules would not is found', () => {
    const { court, crew } = signedOnCourt()
    crew.sends(refuel('c-2'))
    const unavailable = { ...signedOn, type: 'UnitBecameUnavailable', reason: 'break' } as unknown as DomainEvent
    const result = { unitId: 'A1', status: 'unavailable' }
    court.record([unavailable], { principal: PRINCIPAL, commandId: 'c-2', command: REFUEL, result })
    court.finds(
      'decision-right',
      /position 3, command c-2 .*the rules make .*"refuel".* of it, and the log has .*"break"/,
    )
  })

  test('that the rules refuse is found', () => {
    const court = new Court()
    court.commit([registered('A1')])
    court.driver('A1').sends(refuel('c-2'))
    court.record([], { principal: PRINCIPAL, commandId: 'c-2', command: REFUEL, result: AVAILABLE })
    court.finds('decision-right', /the rules refuse it: unit-off-duty/)
  })

  test('that keeps another result than follows is found', () => {
    const court = new Court()
    court.commit([registered('A1')])
    court.driver('A1').sends(signOn('c-1'))
    court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: {} })
    court.finds('decision-right', /its result should be \{"unitId":"A1","status":"available"\} and is \{\}/)
  })

  test('that nobody sent is found', () => {
    const court = new Court()
    court.commit([registered('A1')])
    court.record([signedOn], { principal: PRINCIPAL, commandId: 'c-1', command: SIGN_ON, result: AVAILABLE })
    court.finds('decision-right', /command c-1 of crew of A1: nobody sent it/)
  })
})

function signedOff(): DomainEvent {
  return { ...signedOn, type: 'CrewSignedOff' } as DomainEvent
}
