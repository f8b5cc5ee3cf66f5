/** The desk's own commands through a region: amended and cancelled calls, chosen and withdrawn units, crews on the radio. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { AmendCall, AssignUnit, Command, WithdrawUnit } from '../../../src/domain/commands.ts'
import { alike } from '../../../src/domain/policy.ts'
import { DISPATCH_MODES } from '../../../src/domain/vocabulary.ts'
import type { CallView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import {
  callOf,
  type RecordingSession,
  RegionWorld,
  SCENE,
  settle,
  type WorldOptions,
} from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
  return world
}
afterEach(() => world.close())

const DETAILS = { callerName: 'the caller', phone: '021 555', address: '1 Queen St', notes: 'gate is locked' }
const accept = (session: RecordingSession) => {
  const offerId = session.view.unit.offerId ?? assert.fail('the unit holds no offer')
  return world.accepted(world.drive(session, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
}
const told = (command: Command) => world.accepted(world.dispatch(command))
const refused = (command: Command) => world.refused(world.dispatch(command))
const amend = (callId: string, changes: Omit<AmendCall, 'type' | 'callId'>): AmendCall => ({
  type: 'amend-call',
  callId,
  ...changes,
})
const assign = (tripId: string, unitId: string): AssignUnit => ({
  type: 'assign-unit',
  tripId,
  unitId,
  reason: 'better-suited',
})
const withdraw = (tripId: string): WithdrawUnit => ({ type: 'withdraw-unit', tripId, reason: 'crew-request' })
const enter = async (changes: Parameters<typeof callOf>[0] = {}) => {
  const { callId, tripIds } = await told(callOf(changes))
  return { callId: callId as string, tripIds: tripIds as string[], tripId: (tripIds as string[])[0]! }
}
const callView = (callId: string) => world.query<CallView>({ type: 'read-call', callId })
const unitView = (unitId: string) => world.query<UnitView>({ type: 'read-unit', unitId })
const lastTypes = async () => (await world.log()).at(-1)!.events.map(event => event.type)

describe('amend-call', () => {
  test('the call, its trips, and the crew that works on it see the new place and personal data at once', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { callId, tripId } = await enter({ details: DETAILS, priority: 2 })
    await accept(crew)
    const before = crew.all('unit-state').length
    const changed = { ...DETAILS, address: '2 Queen St' }
    assert.deepEqual(await told(amend(callId, { lonDeg: 175, latDeg: -37, priority: 1, details: changed })), { callId })
    assert.deepEqual(await lastTypes(), ['CallAmended'])
    const call = await callView(callId)
    assert.deepEqual([call.lonE7, call.latE7, call.priority, call.details], [1_750_000_000, -370_000_000, 1, changed])
    assert.deepEqual(call.trips, [await world.trip(tripId)])
    assert.equal(crew.all('unit-state').length, before + 1)
    const { trip } = crew.view
    assert.deepEqual([trip?.lonE7, trip?.priority, trip?.details], [1_750_000_000, 1, changed])
    assert.ok(!JSON.stringify(await world.log()).includes('Queen'), 'no personal data in the log')
  })

  test('a crew that is only asked hears of it, too, without the personal data', async () => {
    await open({ mode: 'offered' })
    const crew = await world.onDuty('A1', 100)
    const { callId } = await enter({ details: DETAILS })
    await told(amend(callId, { priority: 4 }))
    assert.deepEqual([crew.view.trip?.priority, crew.view.trip?.details], [4, null])
  })

  test('personal data is replaced as a whole or taken away, also over a restart', async () => {
    await open()
    const { callId } = await enter({ details: DETAILS })
    const other = { callerName: null, phone: '09 555', address: null, notes: null }
    await told(amend(callId, { details: other }))
    assert.deepEqual((await callView(callId)).details, other)
    await world.restart()
    assert.deepEqual((await callView(callId)).details, other)
    await told(amend(callId, { details: null }))
    assert.equal((await callView(callId)).details, null)
    await world.restart()
    assert.equal((await callView(callId)).details, null)
    await told(amend(callId, { details: DETAILS }))
    assert.deepEqual((await callView(callId)).details, DETAILS)
  })

  test('a call that became urgent is served first', async () => {
    await open({ mode: 'ordered' })
    const older = await enter({ priority: 3 })
    const newer = await enter({ priority: 3 })
    await told(amend(newer.callId, { priority: 1 }))
    const crew = await world.onDuty('A1', 100)
    assert.equal(crew.view.unit.tripId, newer.tripId)
    assert.equal((await world.trip(older.tripId)).phase, 'pending')
    assert.deepEqual(world.region.pendingByPriority(), [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 0],
      [5, 0],
    ])
  })

  test('an amendment that changes nothing is answered and recorded without events, and repeated like any command', async () => {
    await open()
    const { callId } = await enter({ problem: '17D1' })
    const first = world.dispatch(amend(callId, { problem: '17D1' }), 'c-same')
    assert.deepEqual(await world.accepted(first), { callId })
    assert.deepEqual(await lastTypes(), [])
    const records = (await world.log()).length
    assert.deepEqual(await world.accepted(world.dispatch(amend(callId, { problem: '17D1' }), 'c-same')), { callId })
    assert.equal(await world.refused(world.dispatch(amend(callId, { problem: '9E1' }), 'c-same')), 'conflict')
    assert.equal((await world.log()).length, records)
  })

  test('an unknown call is refused, and one that has ended', async () => {
    await open()
    assert.equal(await refused(amend('akl.nnnnnnnnnnnnnnnnnnnnn', { priority: 2 })), 'unknown-call')
    const { callId } = await enter()
    assert.deepEqual((await told({ type: 'cancel-call', callId, reason: 'other' })).state, 'cancelled')
    assert.equal(await refused(amend(callId, { priority: 2 })), 'wrong-phase')
  })
})

describe('cancel-call', () => {
  test('all its open trips end in one record with it, and their units serve who waits', async () => {
    await open({ mode: 'ordered' })
    const crews = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
    const need = { levelOfCare: 'bls', capabilities: [] } as const
    const { callId, tripIds } = await enter({ needs: [need, need, need] })
    await accept(crews[0]!)
    const waiting = await enter({ priority: 5 })
    const result = await told({ type: 'cancel-call', callId, reason: 'duplicate-call' })
    assert.deepEqual(result, { callId, state: 'cancelled', tripIds })
    assert.deepEqual(await lastTypes(), [
      'TripCancelled',
      'TripCancelled',
      'TripCancelled',
      'CallCancelled',
      'UnitNotified',
      'OfferMade',
    ])
    assert.equal((await world.trip(waiting.tripId)).unitId, 'A1')
    assert.equal(crews[1]!.view.unit.status, 'available')
    assert.equal(await refused({ type: 'cancel-call', callId, reason: 'duplicate-call' }), 'wrong-phase')
  })

  test('a call of which a trip was closed before ends as closed', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const need = { levelOfCare: 'bls', capabilities: [] } as const
    const { callId, tripIds } = await enter({ needs: [need, need] })
    await accept(crew)
    const close = { type: 'close-trip', disposition: 'transported' } as const
    await world.accepted(world.drive(crew, { ...close, tripId: crew.view.trip!.tripId, happenedAtMs: world.nowMs }))
    const result = await told({ type: 'cancel-call', callId, reason: 'no-longer-needed' })
    assert.deepEqual([result.state, (result.tripIds as string[]).length], ['closed', 1])
    assert.equal(tripIds.length, 2)
  })
})

describe('assign-unit', () => {
  for (const mode of DISPATCH_MODES) {
    test(`the dispatcher's unit gets an order, whatever the desk would have chosen (${mode})`, async () => {
      await open({ mode })
      const near = await world.onDuty('near', 100)
      const far = await world.onDuty('far', 9_000, { levelOfCare: 'first-responder' })
      const { tripId } = await enter({ needs: [{ levelOfCare: 'als', capabilities: ['neonatal'] }] })
      assert.equal((await world.trip(tripId)).phase, 'pending')
      const result = await told(assign(tripId, 'far'))
      assert.deepEqual([result.tripId, result.unitId, result.phase], [tripId, 'far', 'offered'])
      assert.deepEqual(await lastTypes(), ['AssignmentOverridden', 'OfferMade'])
      assert.equal(result.offerId, far.view.unit.offerId)
      assert.equal(far.view.trip?.offer?.mode, 'ordered')
      assert.equal(near.view.unit.status, 'available')
      const offerId = far.view.unit.offerId!
      const decline = { type: 'decline-offer', offerId, reason: 'too-far' } as const
      assert.equal(await world.refused(world.drive(far, decline)), 'not-declinable')
      await accept(far)
      assert.equal((await world.trip(tripId)).unitId, 'far')
    })

    test(`a trip that another unit has is taken from it, and that one serves who waits (${mode})`, async () => {
      await open({ mode })
      const first = await world.onDuty('A1', 100, { capabilities: ['neonatal'] })
      const { tripId } = await enter()
      await accept(first)
      await world.accepted(
        world.drive(first, { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs }),
      )
      const second = await world.onDuty('A2', 300)
      const waiting = await enter({ needs: [{ levelOfCare: 'bls', capabilities: ['neonatal'] }] })
      assert.equal((await world.trip(waiting.tripId)).phase, 'pending')
      await told(assign(tripId, 'A2'))
      assert.deepEqual(await lastTypes(), ['AssignmentOverridden', 'OfferMade', 'OfferMade'])
      assert.deepEqual([first.view.unit.tripId, second.view.unit.tripId], [waiting.tripId, tripId])
      await accept(second)
      await accept(first)
      assert.deepEqual([first.view.unit.status, second.view.unit.status], ['assigned', 'assigned'])
    })
  }

  test('a unit whose position is lost and whose crew is not connected may be chosen, and keeps its order until its time is up', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('near', 50)
    const crew = await world.onDuty('A1', 100)
    world.host.closed(crew)
    await world.advance(400_000)
    const { tripId } = await enter()
    await told(assign(tripId, 'A1'))
    await world.advance(118_000)
    assert.equal((await world.trip(tripId)).unitId, 'A1')
    assert.deepEqual((await world.trip(tripId)).alarms, ['voice-order'])
    await world.advance(3_000)
    assert.equal((await world.trip(tripId)).phase, 'pending')
    assert.equal((await world.events('OfferRevoked')).length, 0)
    assert.equal((await world.events('OfferTimedOut')).length, 1)
  })

  test('a crew that loses its connection keeps the order that a dispatcher insists on', async () => {
    await open({ mode: 'ordered', policy: { orderTimeoutMs: alike(120_000) } })
    const crew = await world.onDuty('A1', 200)
    await world.onDuty('A2', 100)
    const { tripId } = await enter()
    await told(assign(tripId, 'A1'))
    world.host.closed(crew)
    await world.advance(60_000)
    assert.equal((await world.trip(tripId)).unitId, 'A1')
  })

  test('a unit that was never placed may be chosen; the record then knows no distance', async () => {
    await open({ mode: 'ordered' })
    await world.import(['A1'])
    const crew = world.connect('A1')
    await settle()
    await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
    const { tripId } = await enter()
    await told(assign(tripId, 'A1'))
    const made = (await world.events('OfferMade')).at(-1)!
    assert.deepEqual(
      [made.tripId, made.decision],
      [
        tripId,
        {
          ...{ basis: 'straight-line', candidates: [], excluded: { 'no-position': 1 }, eligible: 0, passedOver: [] },
          ...{ despite: 'no-position', policyVersion: 1 },
        },
      ],
    )
  })

  test('the record says who else could have gone, and why each of the others could not', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    await world.onDuty('A3', 300)
    await world.onDuty('A4', 400)
    const first = await enter()
    assert.equal((await world.trip(first.tripId)).unitId, 'A1')
    const { tripId } = await enter()
    assert.equal((await world.trip(tripId)).unitId, 'A2')
    await told(assign(tripId, 'A4'))
    const { decision } = (await world.events('OfferMade')).at(-1)!
    assert.deepEqual(
      decision.candidates.map(({ unitId, distanceM }) => [unitId, Math.round(distanceM / 100)]),
      [
        ['A4', 4],
        ['A3', 3],
      ],
    )
    assert.deepEqual(
      [decision.eligible, decision.excluded, decision.despite],
      [2, { busy: 1, 'asked-this-round': 1 }, undefined],
    )
    assert.deepEqual(
      decision.passedOver!.map(({ unitId, reason }) => [unitId, reason]),
      [
        ['A1', 'busy'],
        ['A2', 'asked-this-round'],
      ],
    )
  })

  test('an unanswered offer of another trip yields, and that trip goes to the next unit', async () => {
    await open({ mode: 'offered' })
    const near = await world.onDuty('A1', 100)
    const other = await world.onDuty('A2', 200)
    const asked = await enter()
    assert.equal(near.view.unit.tripId, asked.tripId)
    await told({
      type: 'set-unit-status',
      unitId: 'A2',
      status: 'unavailable',
      reason: 'break',
      happenedAtMs: world.nowMs,
    })
    const urgent = await enter()
    assert.equal((await world.trip(urgent.tripId)).phase, 'pending')
    await told({
      type: 'set-unit-status',
      unitId: 'A2',
      status: 'unavailable',
      reason: 'refuel',
      happenedAtMs: world.nowMs,
    })
    await told(assign(urgent.tripId, 'A1'))
    assert.deepEqual(await lastTypes(), [
      'OfferRevoked',
      'AssignmentOverridden',
      'OfferMade',
      'UnitNotified',
      'TripAlarmRaised',
    ])
    assert.equal((await world.events('OfferRevoked'))[0]!.reason, 'overridden')
    assert.equal(near.view.unit.tripId, urgent.tripId)
    assert.equal(other.view.unit.status, 'unavailable')
    assert.equal((await world.trip(asked.tripId)).phase, 'pending')
  })

  test('a unit that is off duty, at rest, bound to another trip or unknown is refused, and nothing changes', async () => {
    await open({ mode: 'ordered' })
    await world.import(['off'])
    await world.onDuty('busy', 100)
    const bound = await enter()
    const crew = await world.onDuty('rest', 100)
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs }),
    )
    const { tripId } = await enter()
    const records = (await world.log()).length
    for (const unitId of ['off', 'busy', 'rest'])
      assert.equal(await refused(assign(tripId, unitId)), 'unit-not-fit', unitId)
    assert.equal(await refused(assign(tripId, 'ghost')), 'unknown-unit')
    assert.equal(await refused(assign('akl.nnnnnnnnnnnnnnnnnnnnn', 'busy')), 'unknown-trip')
    assert.equal((await world.log()).length, records)
    assert.equal((await world.trip(bound.tripId)).unitId, 'busy')
  })

  test('assigning a unit its own trip changes nothing', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { tripId } = await enter()
    const offerId = crew.view.unit.offerId
    assert.deepEqual(await told(assign(tripId, 'A1')), { tripId, unitId: 'A1', phase: 'offered', offerId })
    assert.deepEqual(await lastTypes(), [])
  })
})

describe('withdraw-unit', () => {
  for (const mode of DISPATCH_MODES) {
    test(`the trip goes to another unit, and not to the same one in this round (${mode})`, async () => {
      await open({ mode })
      const first = await world.onDuty('A1', 100)
      const { tripId } = await enter()
      await accept(first)
      assert.deepEqual(await told(withdraw(tripId)), { tripId, unitId: 'A1', phase: 'pending' })
      assert.deepEqual((await lastTypes()).slice(0, 1), ['UnitWithdrawn'])
      assert.equal(first.view.unit.status, 'available')
      assert.deepEqual((await world.trip(tripId)).alarms, ['round-exhausted'])
      const second = await world.onDuty('A2', 500)
      assert.equal(second.view.unit.tripId, tripId)
    })
  }

  test('when nobody else comes, the same unit is asked in the next round', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { tripId } = await enter()
    await told(withdraw(tripId))
    await world.advance(14_000)
    assert.equal(crew.view.unit.tripId, null)
    await world.advance(2_000)
    assert.equal(crew.view.unit.tripId, tripId)
    assert.equal((await world.trip(tripId)).round, 2)
  })

  test('a unit that is withdrawn for its vehicle gets no other trip, nor this one, before it is said to be available', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { tripId } = await enter()
    await enter()
    await told({ ...withdraw(tripId), reason: 'vehicle-fault' })
    assert.deepEqual(await lastTypes(), ['UnitWithdrawn', 'UnitBecameUnavailable', 'UnitNotified', 'TripAlarmRaised'])
    assert.deepEqual([crew.view.unit.status, crew.view.unit.unavailableReason], ['unavailable', 'vehicle-fault'])
    assert.deepEqual(
      [(await unitView('A1')).status, (await unitView('A1')).unavailableReason],
      ['unavailable', 'vehicle-fault'],
    )
    await world.advance(60_000)
    assert.equal(crew.view.unit.tripId, null)
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs }),
    )
    assert.equal(crew.view.unit.tripId, tripId)
  })

  test('a pending trip has no unit to withdraw', async () => {
    await open()
    const { tripId } = await enter()
    assert.equal(await refused(withdraw(tripId)), 'wrong-phase')
  })
})

describe('crews on the radio', () => {
  test('the desk sets a status, which the crew sees, and signs a crew off', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const set = (status: 'available' | 'unavailable' | 'off-duty') =>
      ({
        type: 'set-unit-status',
        unitId: 'A1',
        status,
        reason: status === 'unavailable' ? 'breakdown' : null,
        happenedAtMs: world.nowMs,
      }) as const
    assert.deepEqual(await told(set('unavailable')), { unitId: 'A1', status: 'unavailable' })
    assert.equal(crew.view.unit.unavailableReason, 'vehicle-fault')
    assert.equal((await world.events('UnitBecameUnavailable'))[0]!.cause, 'dispatcher')
    const { tripId } = await enter()
    assert.equal((await world.trip(tripId)).phase, 'pending')
    await told(set('available'))
    assert.equal((await world.trip(tripId)).unitId, 'A1', 'a unit that came free is given to who waits')
    assert.equal(await refused(set('off-duty')), 'unit-has-trip')
    await told(withdraw(tripId))
    await told(set('off-duty'))
    assert.deepEqual([(await unitView('A1')).status, (await unitView('A1')).crew], ['off-duty', null])
    await told(set('unavailable'))
    assert.deepEqual([(await unitView('A1')).status, (await unitView('A1')).crew], ['unavailable', '-voice'])
    assert.deepEqual((await unitView('A1')).reach, 'voice')
    assert.equal(await refused({ ...set('available'), unitId: 'ghost' }), 'unknown-unit')
    const ahead = { ...set('available'), happenedAtMs: world.nowMs + 6_000 }
    assert.equal(await refused(ahead), 'accepted', 'a moment ahead is put right')
    await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
    const { crew: own, reach, unavailableReason } = await unitView('A1')
    assert.deepEqual([own, reach, unavailableReason], [crew.principal, 'app', null])
    assert.ok((await world.events('TripAlarmRaised')).every(({ alarm }) => alarm !== 'crew-relieved'))
  })

  test('the desk takes a trip through its phases for a crew whose app is gone', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { tripId, callId } = await enter()
    world.host.closed(crew)
    await settle()
    const report = (phase: 'en-route' | 'on-scene' | 'transporting') =>
      told({ type: 'report-phase', tripId, phase, happenedAtMs: world.nowMs })
    assert.deepEqual(await report('en-route'), { tripId, phase: 'en-route' })
    assert.deepEqual(await lastTypes(), ['OfferAccepted', 'TripPhaseReached', 'UnitNotified'])
    await report('on-scene')
    await world.advance(1_000)
    assert.deepEqual(await report('en-route'), { tripId, phase: 'on-scene' })
    await report('transporting')
    assert.equal(await refused(withdraw(tripId)), 'wrong-phase')
    const close = { type: 'close-trip', tripId, disposition: 'transported', happenedAtMs: world.nowMs } as const
    assert.deepEqual(await told(close), { tripId, phase: 'closed' })
    assert.equal((await callView(callId)).state, 'closed')
    assert.equal((await world.events('TripClosed'))[0]!.cause, 'dispatcher')
    for (const event of await world.events('TripPhaseReached')) assert.equal(event.cause, 'dispatcher')
  })

  test('the region is the same after a restart as after all these commands', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    const first = await enter({ details: DETAILS })
    const second = await enter()
    await told(amend(first.callId, { ...SCENE, priority: 3, details: null }))
    await told(withdraw(first.tripId))
    await told({ type: 'report-phase', tripId: second.tripId, phase: 'on-scene', happenedAtMs: world.nowMs })
    await told(assign(second.tripId, 'A1'))
    const durable = async () => {
      const { trips, units } = await world.board()
      const calls = [await callView(first.callId), await callView(second.callId)]
      return { trips, calls, units: units.map(({ connected, awaySinceMs, reach, fix, ...unit }) => unit) }
    }
    const before = await durable()
    for (const how of ['crash', 'drain', 'crash'] as const) {
      await world.restart(how)
      assert.deepEqual(await durable(), before, how)
    }
  })
})
