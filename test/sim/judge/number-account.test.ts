/** That the judge notices a number that was given twice, was left out, or is of another call or year. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enterCall } from '../../../src/domain/call.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { BLS, PLACE } from '../../support/scenario.ts'
import { Court } from './court.ts'
import { NumberAccount } from './number-account.ts'

const CALL = { type: 'enter-call', ...PLACE, priority: 1, problem: null, receivedAtMs: null, details: null } as const
const AT_2026 = Date.parse('2026-12-31T23:59:59Z')
const AT_2027 = AT_2026 + 1_000

const entered = (incidentNo?: string, callId = `C-${incidentNo}`) =>
  ({ type: 'CallEntered', callId, ...(incidentNo === undefined ? {} : { incidentNo }) }) as unknown as DomainEvent
const created = (callId: string, responseNo: string) =>
  ({ type: 'TripCreated', callId, tripId: 'T', responseNo }) as unknown as DomainEvent

function foundIn(...history: readonly (readonly [event: DomainEvent, atMs: number])[]): string[] {
  const found: string[] = []
  const account = new NumberAccount({ find: (_: string, text: string) => void found.push(text) } as never)
  for (const [i, [event, atMs]] of history.entries()) account.take(event, atMs, i + 1)
  return found
}

test('numbers that follow each other are right, also when a clock is set back over new year', () => {
  assert.deepEqual(
    foundIn(
      [entered(), AT_2026],
      [entered('2026-000001'), AT_2026],
      [created('C-2026-000001', '2026-000001-1'), AT_2026],
      [created('C-2026-000001', '2026-000001-2'), AT_2026],
      [entered('2027-000001'), AT_2027],
      [entered('2026-000002'), AT_2026],
      [entered('2027-000002'), AT_2027],
    ),
    [],
  )
})

test('the judge of a world says so', () => {
  const court = new Court()
  court.commit(enterCall({ ...CALL, needs: [BLS] }, 'C-1', ['T-1'], START_MS, '2023-000002'))
  court.finds('numbers-once', /has number 2023-000002, and the last of that year was 0/)
})

test('a number that is given twice, leaves one out or is of another year is found', () => {
  assert.match(foundIn([entered('2026-000001'), AT_2026], [entered('2026-000001', 'D'), AT_2026])[0]!, /last .* was 1/)
  assert.match(foundIn([entered('2026-000002'), AT_2026])[0]!, /last of that year was 0/)
  assert.match(foundIn([entered('2026-000001'), AT_2027])[0]!, /entered in 2027/)
  assert.match(foundIn([entered('2026-000001'), AT_2026], [entered(), AT_2026])[0]!, /has no number/)
})

test("a trip whose number is not its call's with its place is found", () => {
  for (const wrong of ['2026-000001-2', '2026-000002-1']) {
    const found = foundIn([entered('2026-000001'), AT_2026], [created('C-2026-000001', wrong), AT_2026])
    assert.match(found[0]!, /not 2026-000001-1/)
  }
})
