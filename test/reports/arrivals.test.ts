/** When units were to arrive and when they did, from the log. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OfferMade } from '../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { Arrivals } from '../../src/reports/arrivals.ts'
import { accepted, called, declined, offered, reached, withdrawn } from '../support/scenario.ts'

const DECIDED_MS = 1_000_000

/** An order that was to reach the scene so long after the decision. */
function sent(tripId: string, unitId: string, etaMs?: number, estimated?: 'off-road'): DomainEvent {
  const order = offered(tripId, unitId, `O-${unitId}`, 'ordered') as OfferMade
  const candidate = { unitId, distanceM: 900, fixAgeMs: 0, levelOfCare: 'bls' } as const
  const far = { ...(etaMs === undefined ? {} : { etaMs }), ...(estimated === undefined ? {} : { estimated }) }
  const other = { ...candidate, unitId: 'Z9', etaMs: 1 }
  return {
    ...order,
    offeredAtMs: DECIDED_MS,
    decision: { ...order.decision, candidates: [{ ...candidate, ...far }, other] },
  }
}
const said = (tripId: string, unitId: string, phase: 'en-route' | 'on-scene', afterMs: number) =>
  ({ ...reached(tripId, unitId, phase), happenedAtMs: DECIDED_MS + afterMs }) as DomainEvent
const corrected = (unitId: string, time: 'en-route' | 'on-scene', newAtMs: number | null): DomainEvent => {
  const word = { tripId: 'T-1', unitId, time, formerAtMs: null, newAtMs, reason: 'radio-log' } as const
  return { type: 'TripTimeCorrected', v: 1, entity: 'trip/T-1', ...word }
}

function arrivals(...events: readonly DomainEvent[]) {
  const fold = new Arrivals()
  for (const event of events) fold.take(event)
  return [...fold.all()]
}
const drive = [sent('T-1', 'A1', 300_000), accepted('T-1', 'A1', 'O-A1'), said('T-1', 'A1', 'en-route', 60_000)]
const arrived = [...called(['T-1']), ...drive, said('T-1', 'A1', 'on-scene', 400_000)]

describe('a unit that was sent', () => {
  test('arrives so long after the decision, beside what the decision saw of it', () => {
    assert.deepEqual(arrivals(...arrived), [
      {
        ...{ tripId: 'T-1', unitId: 'A1', priority: 1, decidedAtMs: DECIDED_MS, predictedMs: 300_000 },
        ...{ isEstimated: false, realMs: 400_000, driveMs: 340_000 },
      },
    ])
  })

  test('has the priority of its decision, whatever the call becomes later', () => {
    const amended = { type: 'CallAmended', v: 1, entity: 'call/C-1', tripIds: ['T-1'], priority: 4 } as never
    const [later] = arrivals(...arrived, amended)
    const [before] = arrivals(...called(['T-1']), amended, ...drive, said('T-1', 'A1', 'on-scene', 400_000))
    assert.deepEqual(
      [later, before].map(each => typeof each !== 'string' && each?.priority),
      [1, 4],
    )
  })

  test('keeps the first word on a moment, and a correction in its place', () => {
    const again = { ...said('T-1', 'A1', 'on-scene', 900_000), type: 'TripTimeNoted', time: 'on-scene' } as never
    const realMs = (...more: readonly DomainEvent[]) =>
      arrivals(...arrived, ...more).map(each => (typeof each === 'string' ? each : each.realMs))
    assert.deepEqual(realMs(again), [400_000])
    assert.deepEqual(realMs(again, corrected('A1', 'on-scene', DECIDED_MS + 500_000)), [500_000])
    assert.deepEqual(realMs(corrected('A1', 'on-scene', null)), ['not-arrived'])
    assert.deepEqual(realMs(corrected('A1', 'on-scene', DECIDED_MS - 1)), ['before-the-decision'])
  })

  test('that was by the straight line says so, and one of which nothing was predicted is left out', () => {
    const by = (order: DomainEvent) => arrivals(...called(['T-1']), order, said('T-1', 'A1', 'on-scene', 5_000))[0]
    assert.deepEqual(by(sent('T-1', 'A1')), 'not-predicted')
    assert.deepEqual(Object(by(sent('T-1', 'A1', 300, 'off-road'))).isEstimated, true)
  })

  test('and did not take the trip was not sent; one that lost it counts only if it was there', () => {
    assert.deepEqual(arrivals(...called(['T-1']), sent('T-1', 'A1', 5), declined('T-1', 'A1', 'O-A1')), [])
    const second = [sent('T-1', 'B1', 100_000), said('T-1', 'B1', 'on-scene', 90_000)]
    assert.deepEqual(
      arrivals(...called(['T-1']), ...drive, withdrawn('T-1', 'A1'), ...second).map(each =>
        typeof each === 'string' ? each : each.unitId,
      ),
      ['not-arrived', 'B1'],
    )
  })

  test('of a trip that began before the first event is left aside', () => {
    assert.deepEqual(arrivals(...drive, said('T-1', 'A1', 'on-scene', 400_000)), [])
  })
})
