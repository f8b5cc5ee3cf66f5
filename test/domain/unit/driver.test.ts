/** The rules of a unit's crew, status and offers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SetStatus } from '../../../src/domain/commands.ts'
import { BrokenInvariant } from '../../../src/domain/decision.ts'
import { declineOffer } from '../../../src/domain/dispatch/given-back.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { setStatus, signOff, signOn } from '../../../src/domain/unit/crew-duty.ts'
import { dispatchabilityOf, isBound } from '../../../src/domain/unit/driver.ts'
import { acceptOffer, revokedOffer } from '../../../src/domain/unit/offer-answers.ts'
import { DECLINE_REASONS, type DeclineReason, DISPATCH_MODES, UNFIT_REASONS } from '../../../src/domain/vocabulary.ts'
import { given, type World } from '../../support/given-when-then.ts'
import {
  accepted,
  called,
  cancelled,
  declined,
  HAPPENED_MS,
  offered,
  onDuty,
  reached,
  registered,
  signedOff,
  signedOn,
  timedOut,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const LATER_MS = HAPPENED_MS + 60_000
const on = (principal: string) => (world: World) =>
  signOn(world.driver('A1'), { type: 'sign-on', happenedAtMs: LATER_MS }, principal, undefined)
const off = (world: World) => signOff(world.driver('A1'), { type: 'sign-off', happenedAtMs: LATER_MS })
const goUnavailable = (world: World) => {
  const command: SetStatus = { type: 'set-status', status: 'unavailable', reason: 'refuel', happenedAtMs: LATER_MS }
  return setStatus(world.driver('A1'), command)
}
const goAvailable = (world: World) =>
  setStatus(world.driver('A1'), { type: 'set-status', status: 'available', reason: null, happenedAtMs: LATER_MS })
const accept =
  (unitId: string, offerId: string, tripId = 'T-1') =>
  (world: World) =>
    acceptOffer(world.driver(unitId), world.trips.get(tripId), offerId, { happenedAtMs: LATER_MS })
const decline =
  (unitId: string, offerId: string, reason: DeclineReason = 'too-far') =>
  (world: World) =>
    declineOffer(world.driver(unitId), { type: 'decline-offer', offerId, reason }, LATER_MS)

describe('crew', () => {
  test('a unit is off duty until a crew signs on, and then available', () => {
    const { world, when } = given(registered('A1'))
    assert.equal(world.driver('A1').status, 'off-duty')
    const after = when(on('paula')).thenEvents({ type: 'CrewSignedOn', principal: 'paula', happenedAtMs: LATER_MS })
    assert.equal(after.driver('A1').status, 'available')
    assert.equal(after.driver('A1').statusSinceMs, LATER_MS)
  })

  test('a crew that signs on again changes nothing', () => {
    given(registered('A1'), signedOn('A1', 'paula')).when(on('paula')).thenEvents()
  })

  test('a successor relieves the crew on the unit in the same step', () => {
    const after = given(registered('A1'), signedOn('A1', 'paula'), unavailable('A1'))
      .when(on('quentin'))
      .thenEvents({ type: 'CrewSignedOff', principal: 'paula' }, { type: 'CrewSignedOn', principal: 'quentin' })
    assert.equal(after.driver('A1').crew, 'quentin')
    // The word of the crew that left does not bind the next one.
    assert.equal(after.driver('A1').status, 'available')
  })

  for (const mode of DISPATCH_MODES) {
    test(`a successor takes over an open trip with the unit (${mode})`, () => {
      const after = given(...untilAssigned(mode), reached('T-1', 'A1', 'on-scene'))
        .when(on('quentin'))
        .thenEvents({ type: 'CrewSignedOff' }, { type: 'CrewSignedOn', principal: 'quentin' })
      const driver = after.driver('A1')
      assert.deepEqual([driver.crew, driver.status, driver.work?.tripId], ['quentin', 'on-scene', 'T-1'])
    })
  }

  test('a successor inherits an unanswered offer and may accept it', () => {
    const inherited = given(...untilOffered(), [signedOff('A1'), signedOn('A1', 'quentin')])
    assert.equal(inherited.world.driver('A1').status, 'offered')
    inherited.when(accept('A1', 'O-1')).thenEvents({ type: 'OfferAccepted', offerId: 'O-1' })
  })

  test('a crew signs off a unit that has no trip', () => {
    const after = given(...[onDuty('A1')])
      .when(off)
      .thenEvents({ type: 'CrewSignedOff', principal: 'crew of A1' })
    assert.deepEqual([after.driver('A1').status, after.driver('A1').crew], ['off-duty', null])
  })

  test('signing off a unit without a crew is refused', () => {
    given(registered('A1')).when(off).thenRefused('unit-off-duty')
  })

  for (const mode of DISPATCH_MODES) {
    test(`sign-off is refused while a trip is open (${mode})`, () => {
      given(...untilAssigned(mode))
        .when(off)
        .thenRefused('unit-has-trip')
    })
  }

  test('sign-off is refused from the order on, before it is acknowledged', () => {
    given(...untilOffered('ordered'))
      .when(off)
      .thenRefused('unit-has-trip')
  })

  test('sign-off gives an unanswered offer back to the desk', () => {
    const after = given(...untilOffered('offered'))
      .when(off)
      .thenEvents({ type: 'OfferRevoked', offerId: 'O-1', reason: 'crew-signed-off' }, { type: 'CrewSignedOff' })
    assert.equal(after.trip('T-1').phase, 'pending')
    assert.equal(after.driver('A1').status, 'off-duty')
  })
})

describe('status', () => {
  test('a crew takes its unit out of service with a reason, and back', () => {
    const out = given(onDuty('A1')).when(goUnavailable).thenEvents({ type: 'UnitBecameUnavailable', reason: 'refuel' })
    assert.equal(out.driver('A1').status, 'unavailable')
    assert.equal(out.driver('A1').statusSinceMs, LATER_MS)
    const back = given(onDuty('A1'), unavailable('A1')).when(goAvailable).thenEvents({ type: 'UnitBecameAvailable' })
    assert.deepEqual([back.driver('A1').status, back.driver('A1').unavailableReason], ['available', null])
  })

  test('a unit that is available already says nothing new', () => {
    given(onDuty('A1')).when(goAvailable).thenEvents()
  })

  test('going unavailable gives an unanswered offer back to the desk', () => {
    const after = given(...untilOffered('offered'))
      .when(goUnavailable)
      .thenEvents({ type: 'OfferRevoked', reason: 'unit-unavailable' }, { type: 'UnitBecameUnavailable' })
    assert.equal(after.driver('A1').status, 'unavailable')
    assert.deepEqual([after.trip('T-1').phase, after.trip('T-1').offer], ['pending', null])
  })

  test('a status is refused off duty, under an order and on a trip', () => {
    for (const command of [goUnavailable, goAvailable]) {
      given(registered('A1')).when(command).thenRefused('unit-off-duty')
      given(...untilOffered('ordered'))
        .when(command)
        .thenRefused('unit-has-trip')
      given(...untilAssigned('offered'))
        .when(command)
        .thenRefused('unit-has-trip')
    }
  })

  test('saying available keeps an offer that is open', () => {
    const after = given(...untilOffered('offered'))
      .when(goAvailable)
      .thenEvents()
    assert.equal(after.driver('A1').status, 'offered')
  })

  test('status and dispatchability follow the phase of the trip', () => {
    const { world } = given(...untilAssigned())
    const seen = [[world.driver('A1').status, dispatchabilityOf(world.driver('A1'))]]
    const phases = ['en-route', 'on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred'] as const
    for (const phase of phases) {
      world.record([reached('T-1', 'A1', phase)])
      seen.push([world.driver('A1').status, dispatchabilityOf(world.driver('A1'))])
    }
    assert.deepEqual(seen, [
      ['assigned', 'conditionally-available'],
      ['en-route', 'conditionally-available'],
      ['on-scene', 'not-available'],
      ['on-scene', 'not-available'],
      ['transporting', 'not-available'],
      ['at-destination', 'not-available'],
      ['at-destination', 'not-available'],
    ])
  })

  test('a unit that is asked for a trip or ordered to one may be sent elsewhere until it has answered, too', () => {
    for (const mode of DISPATCH_MODES) {
      const unit = given(...untilOffered(mode)).world.driver('A1')
      assert.deepEqual([unit.status, dispatchabilityOf(unit)], ['offered', 'conditionally-available'], mode)
    }
  })

  test('an available unit can be sent; one that is resting or off duty cannot', () => {
    assert.equal(dispatchabilityOf(given(onDuty('A1')).world.driver('A1')), 'available')
    for (const records of [[registered('A1')], [onDuty('A1'), unavailable('A1')]]) {
      assert.equal(dispatchabilityOf(given(...(records as DomainEvent[][])).world.driver('A1')), 'not-available')
    }
  })

  test('statusSince moves with the status only, not with every event', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
    const sinceMs = world.driver('A1').statusSinceMs
    world.record([{ ...reached('T-1', 'A1', 'at-patient'), happenedAtMs: LATER_MS } as DomainEvent])
    assert.equal(world.driver('A1').statusSinceMs, sinceMs)
    world.record([{ ...reached('T-1', 'A1', 'transporting'), happenedAtMs: LATER_MS } as DomainEvent])
    assert.equal(world.driver('A1').statusSinceMs, LATER_MS)
  })
})

describe('offers', () => {
  test('an order binds the unit at once, an offer only when it is accepted', () => {
    for (const mode of DISPATCH_MODES) {
      const { world } = given(...untilOffered(mode))
      assert.equal(world.driver('A1').status, 'offered')
      assert.equal(isBound(world.driver('A1')), mode === 'ordered')
      assert.equal(world.trip('T-1').unitId, mode === 'ordered' ? 'A1' : null)
    }
  })

  for (const mode of DISPATCH_MODES) {
    test(`accepting binds driver and trip to each other (${mode})`, () => {
      const after = given(...untilOffered(mode))
        .when(accept('A1', 'O-1'))
        .thenEvents({ type: 'OfferAccepted', tripId: 'T-1', unitId: 'A1', happenedAtMs: LATER_MS })
      const [driver, trip] = [after.driver('A1'), after.trip('T-1')]
      assert.deepEqual(
        [driver.status, driver.work?.tripId, driver.work?.offerId, isBound(driver)],
        ['assigned', 'T-1', null, true],
      )
      assert.deepEqual([trip.phase, trip.unitId, trip.offer, trip.times.assigned], ['assigned', 'A1', null, LATER_MS])
    })
  }

  test('a declined offer frees the unit and puts the trip back into the queue', () => {
    const after = given(...untilOffered('offered'))
      .when(decline('A1', 'O-1'))
      .thenEvents({ type: 'OfferDeclined', unitId: 'A1', reason: 'too-far' })
    assert.equal(after.driver('A1').status, 'available')
    assert.deepEqual([after.trip('T-1').phase, after.trip('T-1').asked], ['pending', ['A1']])
  })

  test('an offer that is declined for what speaks of unit or crew makes the unit unavailable, and no other reason does', () => {
    for (const reason of DECLINE_REASONS) {
      const isUnfit = (UNFIT_REASONS as readonly string[]).includes(reason)
      const out = { type: 'UnitBecameUnavailable', unitId: 'A1', reason, happenedAtMs: LATER_MS } as const
      const after = given(...untilOffered('offered'))
        .when(decline('A1', 'O-1', reason))
        .thenEvents({ type: 'OfferDeclined', unitId: 'A1', reason }, ...(isUnfit ? [out] : []))
      assert.equal(after.driver('A1').status, isUnfit ? 'unavailable' : 'available', reason)
      assert.equal(after.trip('T-1').phase, 'pending')
    }
  })

  test('what older clients call a breakdown is a vehicle fault, and stays what it was in older records', () => {
    const broken = { type: 'set-status', status: 'unavailable', reason: 'breakdown', happenedAtMs: LATER_MS } as const
    given(onDuty('A1'))
      .when(world => setStatus(world.driver('A1'), broken))
      .thenEvents({ type: 'UnitBecameUnavailable', reason: 'vehicle-fault' })
    const old = { ...unavailable('A1'), reason: 'breakdown' } as DomainEvent
    assert.equal(given(onDuty('A1'), old).world.driver('A1').unavailableReason, 'breakdown')
  })

  test('an order cannot be declined', () => {
    given(...untilOffered('ordered'))
      .when(decline('A1', 'O-1'))
      .thenRefused('not-declinable')
  })

  test('an offer that is not open to the unit is unknown: never made, answered, timed out, or of another unit', () => {
    const gone: DomainEvent[][][] = [
      [onDuty('A1'), onDuty('A2')],
      [...untilAssigned(), onDuty('A2')],
      [...untilOffered(), [declined('T-1', 'A1', 'O-1')], onDuty('A2')],
      [...untilOffered(), [timedOut('T-1', 'A1', 'O-1')], onDuty('A2')],
      [...untilOffered(), [cancelled('T-1', 'A1')], onDuty('A2')],
    ]
    for (const records of gone) {
      given(...records)
        .when(accept('A1', 'O-1'))
        .thenRefused('unknown-offer')
      given(...records)
        .when(decline('A1', 'O-1'))
        .thenRefused('unknown-offer')
    }
    given(...untilOffered(), onDuty('A2'))
      .when(accept('A2', 'O-1'))
      .thenRefused('unknown-offer')
    given(...untilOffered(), onDuty('A2'))
      .when(decline('A2', 'O-1'))
      .thenRefused('unknown-offer')
    given(...untilOffered())
      .when(accept('A1', 'O-2'))
      .thenRefused('unknown-offer')
    given(...untilOffered('ordered'))
      .when(decline('A1', 'O-2'))
      .thenRefused('unknown-offer')
  })

  test('an unanswered offer can be revoked, and nothing else can', () => {
    const open = given(...untilOffered('ordered')).world
    const revoked = revokedOffer(open.driver('A1'), 'unit-disconnected')
    open.record(revoked)
    assert.deepEqual([open.driver('A1').work, open.trip('T-1').phase], [null, 'pending'])
    assert.deepEqual(revokedOffer(open.driver('A1'), 'unit-disconnected'), [])
    assert.deepEqual(revokedOffer(given(...untilAssigned()).world.driver('A1'), 'unit-disconnected'), [])
  })
})

describe('events that cannot have happened', () => {
  const impossible: [string, DomainEvent[][], DomainEvent][] = [
    ['a unit that was never registered', [], signedOn('A1')],
    ['signing on over another crew', [onDuty('A1')], signedOn('A1', 'quentin')],
    ['signing off without a crew', [[registered('A1')]], signedOff('A1')],
    ['resting without a crew', [[registered('A1')]], unavailable('A1')],
    ['resting on a trip', untilAssigned(), unavailable('A1')],
    ['a second offer to a unit that holds one', [...untilOffered(), called(['T-2'])], offered('T-2', 'A1', 'O-2')],
    ['an offer to a unit on a trip', [...untilAssigned(), called(['T-2'])], offered('T-2', 'A1', 'O-2')],
    [
      'an offer to a unit that rests',
      [onDuty('A1'), [unavailable('A1')], called(['T-1'])],
      offered('T-1', 'A1', 'O-1'),
    ],
    ['an acceptance of another offer', untilOffered(), accepted('T-1', 'A1', 'O-2')],
    ['an acceptance by another unit', [...untilOffered(), onDuty('A2')], accepted('T-1', 'A2', 'O-1')],
    ['a second acceptance', untilAssigned(), accepted('T-1', 'A1', 'O-1')],
    ['a timeout of an accepted offer', untilAssigned(), timedOut('T-1', 'A1', 'O-1')],
    ['a phase before the acceptance', untilOffered('ordered'), reached('T-1', 'A1', 'en-route')],
  ]
  for (const [name, past, event] of impossible) {
    test(`${name} breaks an invariant`, () => {
      const { world } = given(...past)
      assert.throws(() => world.record([event]), BrokenInvariant)
    })
  }
})

test('an import changes the description of a unit and nothing of its work', () => {
  const { world } = given(...untilAssigned())
  const before = world.driver('A1')
  world.record([{ ...registered('A1'), callSign: 'Rescue 1', capabilities: ['bariatric'] } as DomainEvent])
  const { callSign, capabilities, version, ...rest } = world.driver('A1')
  assert.deepEqual([callSign, capabilities, version], ['Rescue 1', ['bariatric'], world.position])
  const { callSign: _, capabilities: __, version: ___, ...restBefore } = before
  assert.deepEqual(rest, restBefore)
})

test('a hole in a track changes nothing of what it does', () => {
  const { world } = given(...untilAssigned())
  const before = world.driver('A1')
  const hole = { type: 'FixHoleRecorded', v: 1, entity: 'driver/A1', unitId: 'A1' } as const
  world.record([{ ...hole, streamId: 's', fromSeq: 1, toSeq: 9 }])
  assert.deepEqual(world.driver('A1'), { ...before, version: world.position })
})
