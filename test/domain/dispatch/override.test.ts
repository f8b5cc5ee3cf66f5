/** An assignment by hand: what leaves whom, what forbids it, and the order that follows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Presence } from '../../../src/domain/dispatch/eligibility.ts'
import { givenByHand, orderedByHand } from '../../../src/domain/dispatch/override.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  called,
  declined,
  offered,
  onDuty,
  PLACE,
  policyOf,
  registered,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const byHand =
  (unitId: string, { isRetiring = false } = {}) =>
  (world: World) =>
    givenByHand(world.trip('T-1'), world.driver(unitId), 'closer-unit', isRetiring)
const taken = { type: 'AssignmentOverridden', tripId: 'T-1', reason: 'closer-unit' } as const

describe('giving a trip by hand', () => {
  test('takes a pending trip out of the queue, and a trip that another unit has from that one', () => {
    given(onDuty('A1'), called(['T-1']))
      .when(byHand('A1'))
      .thenEvents({ ...taken, unitId: 'A1', fromUnitId: null })
    given(...untilAssigned(), onDuty('A2'))
      .when(byHand('A2'))
      .thenEvents({ ...taken, unitId: 'A2', fromUnitId: 'A1' })
  })

  test('takes the unit first from what it is asked for and has not answered', () => {
    given(...untilOffered('offered'), called(['T-2']))
      .when(world => givenByHand(world.trip('T-2'), world.driver('A1'), 'closer-unit', false))
      .thenEvents(
        { type: 'OfferRevoked', tripId: 'T-1', offerId: 'O-1', unitId: 'A1', reason: 'overridden' },
        { ...taken, tripId: 'T-2', unitId: 'A1', fromUnitId: null },
      )
  })

  test('does nothing when the unit has the trip, and makes an order of an offer to it', () => {
    given(...untilAssigned())
      .when(byHand('A1'))
      .thenEvents()
    given(...untilOffered('offered'))
      .when(byHand('A1'))
      .thenEvents({ ...taken, fromUnitId: 'A1' })
  })

  test('is refused for a unit without crew, at rest or at work, and for one that is given up', () => {
    given([registered('A1')], called(['T-1']))
      .when(byHand('A1'))
      .thenRefused('unit-not-fit')
    given(onDuty('A1'), [unavailable('A1')], called(['T-1']))
      .when(byHand('A1'))
      .thenRefused('unit-not-fit')
    given(...untilAssigned(), called(['T-2']))
      .when(world => givenByHand(world.trip('T-2'), world.driver('A1'), 'closer-unit', false))
      .thenRefused('unit-not-fit')
    given(onDuty('A1'), called(['T-1']))
      .when(byHand('A1', { isRetiring: true }))
      .thenRefused('unit-retired')
  })

  test('a unit that is given up may keep what it has', () => {
    given(...untilAssigned())
      .when(byHand('A1', { isRetiring: true }))
      .thenEvents()
  })
})

describe('the order that follows', () => {
  const fix = { ...PLACE, latDeg: PLACE.latDeg + 900 / 111_195, seq: 1, streamId: 's', fixedAtMs: START_MS }
  const placed: Presence = {
    disconnectedSinceMs: null,
    fix: { ...fix, accuracyM: null, speedMps: null, headingDeg: null },
  }
  const orderTo = (world: World, presence: Presence) =>
    orderedByHand(world.trip('T-1'), world.driver('A1'), presence, 'O-9', policyOf('offered'), START_MS + 5_000)

  test('is an order in every mode, and stays in the round', () => {
    const { world } = given(...untilOffered('offered'), [declined('T-1', 'A1', 'O-1')])
    world.record([offered('T-1', 'A1', 'O-2', 'offered', 2)]).record([declined('T-1', 'A1', 'O-2')])
    const order = orderTo(world, placed)
    assert.ok(order.type === 'OfferMade')
    assert.deepEqual([order.mode, order.round, order.unitId, order.offerId], ['ordered', 2, 'A1', 'O-9'])
    assert.equal(order.warnAtMs, START_MS + 25_000)
  })

  test('records how far away the unit was seen, and nothing of one that nobody sees', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const decisions = [placed, { disconnectedSinceMs: START_MS, fix: null }].map(presence => {
      const order = orderTo(world, presence)
      return order.type === 'OfferMade' ? order.decision : assert.fail()
    })
    assert.deepEqual(decisions, [
      {
        policyVersion: 1,
        basis: 'straight-line',
        candidates: [{ unitId: 'A1', distanceM: 900, fixAgeMs: 5_000, levelOfCare: 'als' }],
        excluded: {},
      },
      { policyVersion: 1, basis: 'straight-line', candidates: [], excluded: {} },
    ])
  })
})
