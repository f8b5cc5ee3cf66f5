/** An assignment by hand: what leaves whom, what forbids it, and the order that follows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Presence, Verdict } from '../../../src/domain/dispatch/eligibility.ts'
import { BY_STRAIGHT_LINE } from '../../../src/domain/dispatch/far.ts'
import { givenByHand, orderedByHand, withdrawnByHand } from '../../../src/domain/dispatch/override.ts'
import type { Seen } from '../../../src/domain/dispatch/ranking.ts'
import { unitOf } from '../../../src/domain/trip/trip.ts'
import { OVERRIDE_REASONS, type OverrideReason, UNFIT_REASONS } from '../../../src/domain/vocabulary.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  called,
  declined,
  offered,
  onDuty,
  PLACE,
  policyOf,
  reached,
  registered,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const formerOf = (world: World, tripId: string) => {
  const unitId = unitOf(world.trip(tripId))
  return unitId === null ? null : world.driver(unitId)
}
const byHand =
  (unitId: string, { isRetiring = false, tripId = 'T-1', reason = 'closer-unit' as OverrideReason } = {}) =>
  (world: World) =>
    givenByHand(world.trip(tripId), formerOf(world, tripId), world.driver(unitId), reason, 'dana', isRetiring, LATER_MS)
const withdraw = (reason: OverrideReason) => (world: World) =>
  withdrawnByHand(world.trip('T-1'), formerOf(world, 'T-1'), { type: 'withdraw-unit', tripId: 'T-1', reason }, LATER_MS)
const LATER_MS = START_MS + 60_000
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
      .when(byHand('A1', { tripId: 'T-2' }))
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
      .when(byHand('A1', { tripId: 'T-2' }))
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

describe('a reason that speaks of the unit or its crew', () => {
  const out = { type: 'UnitBecameUnavailable', unitId: 'A1', cause: 'dispatcher', happenedAtMs: LATER_MS } as const
  const others = OVERRIDE_REASONS.filter(reason => !(UNFIT_REASONS as readonly string[]).includes(reason))

  test('takes the unit out that is withdrawn, in the same record', () => {
    for (const reason of UNFIT_REASONS) {
      const after = given(...untilAssigned())
        .when(withdraw(reason))
        .thenEvents({ type: 'UnitWithdrawn', unitId: 'A1', reason }, { ...out, reason })
      assert.deepEqual([after.driver('A1').status, after.driver('A1').unavailableReason], ['unavailable', reason])
    }
    for (const reason of others) {
      const after = given(...untilAssigned())
        .when(withdraw(reason))
        .thenEvents({ type: 'UnitWithdrawn', reason })
      assert.equal(after.driver('A1').status, 'available')
    }
  })

  test('takes the unit out from which a trip is given to another, and not the other', () => {
    for (const reason of UNFIT_REASONS) {
      const after = given(...untilAssigned(), onDuty('A2'))
        .when(byHand('A2', { reason }))
        .thenEvents({ ...taken, unitId: 'A2', fromUnitId: 'A1', reason }, { ...out, reason })
      assert.deepEqual([after.driver('A1').status, after.driver('A2').status], ['unavailable', 'available'])
    }
    for (const reason of others) {
      given(...untilAssigned(), onDuty('A2'))
        .when(byHand('A2', { reason }))
        .thenEvents({ ...taken, unitId: 'A2', fromUnitId: 'A1', reason })
    }
  })

  test('stands with a unit that leaves a scene, until a person says that it is available', () => {
    const after = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
      .when(withdraw('vehicle-fault'))
      .thenEvents({ type: 'UnitWithdrawn', standsDown: true }, { ...out, reason: 'vehicle-fault' })
    const { status, unavailableReason } = after.driver('A1')
    assert.deepEqual([status, unavailableReason], ['standing-down', 'vehicle-fault'])
  })

  test('takes nobody out where the trip had no unit, or where the unit keeps it', () => {
    given(onDuty('A2'), called(['T-1']))
      .when(byHand('A2', { reason: 'vehicle-fault' }))
      .thenEvents({ ...taken, unitId: 'A2', reason: 'vehicle-fault' })
    given(...untilOffered('offered'))
      .when(byHand('A1', { reason: 'unsafe' }))
      .thenEvents({ ...taken, fromUnitId: 'A1', reason: 'unsafe' })
  })

  test('says nothing of a unit of which nothing can be recorded', () => {
    const command = { type: 'withdraw-unit', tripId: 'T-1', reason: 'vehicle-fault' } as const
    given(...untilAssigned())
      .when(world => withdrawnByHand(world.trip('T-1'), null, command, LATER_MS))
      .thenEvents({ type: 'UnitWithdrawn' })
  })
})

describe('the order that follows', () => {
  const fix = { ...PLACE, latDeg: PLACE.latDeg + 900 / 111_195, seq: 1, streamId: 's', fixedAtMs: START_MS }
  const placed: Presence = {
    disconnectedSinceMs: null,
    fix: { ...fix, accuracyM: null, speedMps: null, headingDeg: null },
  }
  const AS_SEEN = { unitId: 'A1', distanceM: 899.6, fixAgeMs: 5_000, levelOfCare: 'als' } as const
  const NOBODY: Seen = { basis: BY_STRAIGHT_LINE, candidates: [], passedOver: [], eligible: 0, excluded: {} }
  const FIT = { reason: null } as const
  const orderTo = (world: World, presence: Presence, seen = NOBODY, verdict: Verdict = FIT) => {
    const [trip, driver] = [world.trip('T-1'), world.driver('A1')]
    const nowMs = START_MS + 5_000
    const policy = policyOf('offered')
    const orders = orderedByHand(
      ...([trip, driver, presence, presence.fix && AS_SEEN, seen, verdict, trip.need, 'O-9'] as const),
      ...([policy, 30_000, nowMs] as const),
    )
    return orders[0]!
  }

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
        eligible: 0,
        passedOver: [],
      },
      { policyVersion: 1, basis: 'straight-line', candidates: [], excluded: {}, eligible: 0, passedOver: [] },
    ])
  })

  test('records who else could have gone, and why the desk would have passed over the unit', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const at = (unitId: string, far: number) => ({ unitId, distanceM: far, fixAgeMs: 0, levelOfCare: 'als' }) as const
    const over = (unitId: string, far: number) => ({ unitId, distanceM: far, reason: 'capability' }) as const
    const seen: Seen = {
      basis: BY_STRAIGHT_LINE,
      candidates: [at('A2', 100), at('A1', 900), at('A3', 950), at('A4', 960), at('A5', 970), at('A6', 980)],
      passedOver: [over('A1', 900), over('A7', 910)],
      eligible: 9,
      excluded: { capability: 2 },
    }
    const order = orderTo(world, placed, seen, { reason: 'capability', missing: ['neonatal'] })
    assert.ok(order.type === 'OfferMade')
    const { candidates, passedOver, eligible, excluded, despite } = order.decision
    assert.deepEqual(
      candidates.map(({ unitId }) => unitId),
      ['A1', 'A2', 'A3', 'A4', 'A5'],
    )
    assert.deepEqual([passedOver, eligible, excluded, despite], [[over('A7', 910)], 9, { capability: 2 }, 'capability'])
  })
})
