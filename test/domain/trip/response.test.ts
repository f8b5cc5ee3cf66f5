/** What each unit that was sent did, and when: a record for each, which outlives that the trip is taken from it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { RESPONSES_KEPT, type UnitResponse } from '../../../src/domain/trip/response.ts'
import { responsesOf } from '../../../src/domain/trip/response-fold.ts'
import { cancelTrip, overrideAssignment, withdrawUnit } from '../../../src/domain/trip/trip-desk.ts'
import type { ReportablePhase, ResponseTime } from '../../../src/domain/vocabulary.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  accepted,
  called,
  closed,
  declined,
  HAPPENED_MS,
  offered,
  onDuty,
  reached,
  timedOut,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const until = (phase: ReportablePhase): DomainEvent[][] => [...untilAssigned(), [reached('T-1', 'A1', phase)]]
const cancel = (world: World) =>
  cancelTrip(world.trip('T-1'), { type: 'cancel-trip', tripId: 'T-1', reason: 'caller-cancelled' })
const withdraw = (world: World) =>
  withdrawUnit(world.trip('T-1'), { type: 'withdraw-unit', tripId: 'T-1', reason: 'other' })
const override = (world: World) => overrideAssignment(world.trip('T-1'), 'A2', 'closer-unit', 'dana')
const cleared = (happenedAtMs: number): DomainEvent => ({
  ...{ type: 'UnitCleared', v: 1, entity: 'driver/A1', unitId: 'A1', fromTripId: 'T-1', happenedAtMs },
})
const notifiedOf = (offerId: string, notifiedAtMs: number): DomainEvent => ({
  ...{
    type: 'UnitNotified',
    v: 1,
    entity: 'trip/T-1',
    tripId: 'T-1',
    callId: 'C-1',
    offerId,
    unitId: 'A1',
    notifiedAtMs,
  },
})
const only = (world: World): UnitResponse => {
  const [response, ...others] = responsesOf(world.trip('T-1'))
  assert.deepEqual(others, [])
  return response!
}
const momentsOf = ({ times }: UnitResponse) =>
  Object.fromEntries(Object.entries(times).map(([time, { atMs }]) => [time as ResponseTime, atMs]))

describe('who was sent', () => {
  test('a unit is sent by an order, and by its own yes to an offer', () => {
    assert.equal(only(given(...untilOffered('ordered')).world).unitId, 'A1')
    assert.deepEqual(only(given(...untilOffered('offered')).world).times, {}, 'it is asked')
    assert.equal(only(given(...untilAssigned('offered')).world).unitId, 'A1')
  })

  test('a unit that declined, did not answer or lost its offer was not sent, and leaves nothing on the trip', () => {
    const revoked: DomainEvent = {
      ...{ type: 'OfferRevoked', v: 1, entity: 'trip/T-1', tripId: 'T-1', offerId: 'O-1', unitId: 'A1' },
      reason: 'position-lost',
    }
    for (const end of [declined('T-1', 'A1', 'O-1'), timedOut('T-1', 'A1', 'O-1'), revoked]) {
      const { times, responses } = given(...untilOffered('ordered'), end).world.trip('T-1')
      assert.deepEqual([Object.keys(times), responses], [['pending'], []])
    }
  })

  test('an offer that is taken back before its answer leaves nothing; an order that is taken back does', () => {
    const notified = notifiedOf('O-1', START_MS + 3_000)
    const after = (mode: 'ordered' | 'offered') => {
      const { world } = given(...untilOffered(mode), notified, onDuty('A2'))
      const decision = withdraw(world)
      return responsesOf(world.record(decision.ok ? decision.events : []).trip('T-1'))
    }
    assert.deepEqual(after('offered'), [])
    assert.deepEqual(
      after('ordered').map(({ unitId, end }) => [unitId, end]),
      [['A1', 'withdrawn']],
    )
  })

  test('each unit has a record of its own; that of a withdrawn one stays when another has the trip', () => {
    const { world } = given(...until('en-route'), onDuty('A2'))
    const decision = withdraw(world)
    world.record(decision.ok ? decision.events : [])
    const withdrawnAtMs = world.nowMs
    world.record([offered('T-1', 'A2', 'O-2')]).record([accepted('T-1', 'A2', 'O-2')])
    const [former, present] = responsesOf(world.trip('T-1'))
    assert.deepEqual([former!.unitId, former!.end], ['A1', 'withdrawn'])
    assert.equal(momentsOf(former!)['en-route'], HAPPENED_MS)
    assert.equal(momentsOf(former!)['back-in-service'], withdrawnAtMs)
    assert.deepEqual(
      [present!.unitId, present!.end, momentsOf(present!)],
      ['A2', undefined, { acknowledged: HAPPENED_MS }],
    )
  })

  test('a trip keeps its newest responses, as many as it may', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    for (let n = 1; n <= RESPONSES_KEPT + 3; n += 1) {
      world.record([offered('T-1', 'A1', `O-${n}`, 'ordered')])
      const decision = withdraw(world)
      world.record(decision.ok ? decision.events : [])
    }
    const { responses } = world.trip('T-1')
    assert.deepEqual([responses.length, responses[0]!.offerId], [RESPONSES_KEPT, 'O-4'])
  })
})

describe('its times', () => {
  test('each phase is the moment of its name, and who begins to transport has left the scene', () => {
    const { world } = given(...until('on-scene'), reached('T-1', 'A1', 'transporting'))
    assert.deepEqual(Object.keys(only(world).times), ['acknowledged', 'on-scene', 'left-scene'])
  })

  test('a unit that closes its trip is back in service then', () => {
    const { world } = given(...until('transporting'), closed('T-1', 'A1'))
    assert.equal(only(world).end, 'closed')
    assert.equal(momentsOf(only(world))['back-in-service'], HAPPENED_MS)
  })

  for (const [end, decide] of Object.entries({ cancelled: cancel, withdrawn: withdraw, overridden: override })) {
    test(`a unit that is ${end} before the scene is back in service at once`, () => {
      const { world } = given(...untilAssigned(), onDuty('A2'))
      const decision = decide(world)
      assert.ok(decision.ok)
      world.record(decision.events)
      assert.equal(only(world).end, end)
      assert.equal(momentsOf(only(world))['back-in-service'], world.nowMs)
    })

    test(`a unit that is ${end} at the scene is back in service when it is clear`, () => {
      const { world } = given(...until('on-scene'), onDuty('A2'))
      const decision = decide(world)
      assert.ok(decision.ok)
      world.record(decision.events)
      assert.equal(momentsOf(only(world))['back-in-service'], undefined)
      world.record([cleared(START_MS + 77_000)])
      assert.equal(momentsOf(only(world))['back-in-service'], START_MS + 77_000)
      assert.equal(world.trip('T-1').version, world.position)
    })

    test(`a unit that is ${end} has that moment only when it went en route and arrived neither at the scene nor at the patient`, () => {
      for (const phase of ['assigned', 'en-route', 'on-scene', 'at-patient'] as const) {
        const { world } = given(...(phase === 'assigned' ? untilAssigned() : until(phase)), onDuty('A2'))
        const decision = decide(world)
        assert.ok(decision.ok)
        world.record(decision.events)
        assert.equal(momentsOf(only(world)).cancelled, phase === 'en-route' ? world.nowMs : undefined, phase)
      }
    })
  }

  test('it keeps when its unit was notified, also where that is told behind its end', () => {
    const { world } = given(...until('transporting'), closed('T-1', 'A1'), notifiedOf('O-1', START_MS + 3_000))
    assert.equal(momentsOf(only(world)).notified, START_MS + 3_000)
    assert.equal(world.call('C-1').firstNotifiedAtMs, START_MS + 3_000)
  })

  test('the call keeps the first notification of its units, in whatever order they are told', () => {
    const { world } = given(
      ...untilOffered('ordered'),
      notifiedOf('O-1', START_MS + 9_000),
      notifiedOf('O-9', START_MS + 5_000),
    )
    assert.equal(world.call('C-1').firstNotifiedAtMs, START_MS + 5_000)
  })

  test('a trip that nobody was sent to has no response when it is cancelled', () => {
    const { world } = given(called(['T-1']))
    const decision = cancel(world)
    assert.deepEqual(world.record(decision.ok ? decision.events : []).trip('T-1').responses, [])
  })
})
