/** An offer's terms, and its end when nobody answers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { severityOf } from '../../../src/domain/alarms.ts'
import { offerMade, offerTimedOut } from '../../../src/domain/dispatch/offers.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import { PRIORITIES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { called, policyOf, untilOffered } from '../../support/scenario.ts'

const fresh = given(called(['T-1'])).world.trip('T-1')
const waiting = (changes: Partial<TripState>): TripState => ({ ...fresh, ...changes })

describe("an offer's terms", () => {
  const decision = { basis: 'straight-line', candidates: [], excluded: {} } as const
  const ASKED = { unitId: 'A1', offerId: 'O-1', round: 1 }
  const terms = (trip: TripState, mode: 'ordered' | 'offered') =>
    offerMade(trip, { ...ASKED, isByVoice: false }, decision, policyOf(mode), START_MS)[0] as unknown as Record<
      string,
      number | null
    >

  test('a crew that is asked has the time that the priority leaves', () => {
    for (const p of PRIORITIES) {
      const { offeredAtMs, warnAtMs, deadlineAtMs } = terms(waiting({ priority: p }), 'offered')
      assert.deepEqual([offeredAtMs, warnAtMs], [START_MS, null])
      assert.equal(deadlineAtMs, START_MS + (p <= 2 ? 15_000 : 30_000))
    }
  })

  test('an order warns after 20 s and is taken back after 45 s, whatever the priority', () => {
    for (const p of PRIORITIES) {
      const { warnAtMs, deadlineAtMs } = terms(waiting({ priority: p }), 'ordered')
      assert.deepEqual([warnAtMs, deadlineAtMs], [START_MS + 20_000, START_MS + 45_000])
    }
  })

  test('to a unit whose app is away it is an order in every mode, which a dispatcher has to tell and to confirm', () => {
    for (const mode of ['ordered', 'offered'] as const) {
      const events = offerMade(waiting({}), { ...ASKED, isByVoice: true }, decision, policyOf(mode), START_MS)
      const [order, alarm] = events
      assert.ok(order?.type === 'OfferMade' && alarm?.type === 'TripAlarmRaised' && events.length === 2)
      assert.deepEqual([order.mode, order.byVoice, order.warnAtMs], ['ordered', true, null])
      assert.equal(order.deadlineAtMs, START_MS + policyOf(mode).voiceTimeoutMs)
      assert.deepEqual([alarm.alarm, alarm.unitId, alarm.severity], ['voice-order', 'A1', 1])
    }
  })

  for (const mode of ['ordered', 'offered'] as const) {
    test(`a deadline that passed takes the offer back and frees the unit (${mode})`, () => {
      const { world } = given(...untilOffered(mode))
      world.record(offerTimedOut(world.trip('T-1'), world.driver('A1')))
      const trip = world.trip('T-1')
      assert.deepEqual([trip.phase, trip.unitId, trip.offer, trip.asked], ['pending', null, null, ['A1']])
      assert.equal(trip.pendingSinceMs, world.nowMs)
      assert.deepEqual([world.driver('A1').status, world.driver('A1').work], ['available', null])
      assert.deepEqual(offerTimedOut(trip, world.driver('A1')), [])
    })
  }

  test('the first silence of a unit is an alarm as urgent as the trip, and while that stands there is no other', () => {
    const { world } = given(...untilOffered('ordered'))
    const [, raised] = offerTimedOut(world.trip('T-1'), world.driver('A1'))
    assert.deepEqual(raised, {
      ...{ type: 'UnitAlarmRaised', v: 1, entity: 'driver/A1', unitId: 'A1', alarm: 'no-contact' },
      ...{ severity: severityOf('no-contact', world.trip('T-1').priority), fromTripId: 'T-1' },
    })
    const silent = { ...world.driver('A1'), noContact: 'T-0' }
    assert.deepEqual(
      offerTimedOut(world.trip('T-1'), silent).map(({ type }) => type),
      ['OfferTimedOut'],
    )
  })
})
