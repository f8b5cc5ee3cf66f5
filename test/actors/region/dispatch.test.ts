/** A region from the call to the end of the trip: offers, answers, deadlines, rounds and the queue. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { alike, DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { DISPATCH_MODES } from '../../../src/domain/vocabulary.ts'
import type { NearestResult } from '../../../src/protocol/wire/answer-views.ts'
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

const offerOf = (session: RecordingSession) => session.view.unit.offerId ?? assert.fail('the unit holds no offer')
const accept = (session: RecordingSession) =>
  world.accepted(world.drive(session, { type: 'accept-offer', offerId: offerOf(session), happenedAtMs: world.nowMs }))
const decline = (session: RecordingSession) =>
  world.accepted(world.drive(session, { type: 'decline-offer', offerId: offerOf(session), reason: 'too-far' }))
const closeTrip = (session: RecordingSession) =>
  world.accepted(
    world.drive(session, {
      type: 'close-trip',
      tripId: session.view.trip!.tripId,
      disposition: 'transported',
      happenedAtMs: world.nowMs,
    }),
  )
/** Keeps units on the map while time passes. */
async function pass(ms: number, ...sessions: RecordingSession[]): Promise<void> {
  for (let left = ms; left > 0; left -= 60_000) {
    for (const session of sessions) world.fixAt(session, 100)
    await world.advance(Math.min(left, 60_000))
  }
}

describe('a trip from call to hospital', () => {
  for (const mode of DISPATCH_MODES) {
    test(`the nearest unit is asked, accepts, works and is free again (${mode})`, async () => {
      await open({ mode })
      const far = await world.onDuty('far', 4_000)
      const near = await world.onDuty('near', 500)
      const tripId = await world.call()
      assert.equal(near.view.unit.status, 'offered')
      assert.equal(far.view.unit.status, 'available')
      assert.equal((await world.trip(tripId)).unitId, mode === 'ordered' ? 'near' : null)

      assert.deepEqual(await accept(near), { tripId, phase: 'assigned' })
      for (const phase of ['en-route', 'on-scene', 'transporting', 'at-destination'] as const) {
        await world.advance(60_000)
        const report = { type: 'report-phase', tripId, phase, happenedAtMs: world.nowMs } as const
        assert.deepEqual(await world.accepted(world.drive(near, report)), { tripId, phase })
        assert.equal(near.view.unit.status, phase)
        assert.equal((await world.trip(tripId)).times[phase], world.nowMs)
      }
      await closeTrip(near)
      assert.equal(near.view.unit.status, 'available')
      assert.equal(near.view.trip, null)
      const trip = await world.trip(tripId)
      assert.deepEqual(
        [trip.phase, trip.disposition, trip.missed],
        ['closed', 'transported', ['at-patient', 'transferred']],
      )
      assert.equal((await world.events('CallClosed')).length, 1)
    })
  }

  test('call, trip and first offer are one record', async () => {
    await open()
    await world.onDuty('A1', 100)
    await world.call()
    const types = (await world.log()).at(-1)!.events.map(event => event.type)
    assert.deepEqual(types, ['CallEntered', 'TripCreated', 'OfferMade'])
  })

  test('a call for two units asks the two nearest, and ends with its last trip', async () => {
    await open()
    const first = await world.onDuty('A1', 100)
    const second = await world.onDuty('A2', 200)
    const need = { levelOfCare: 'bls', capabilities: [] } as const
    const { tripIds } = await world.accepted(world.dispatch(callOf({ needs: [need, need] })))
    assert.equal((tripIds as string[]).length, 2)
    assert.notEqual(first.view.trip!.tripId, second.view.trip!.tripId)
    await accept(first)
    await closeTrip(first)
    assert.deepEqual(await world.events('CallClosed'), [])
    const open2 = second.view.trip!.tripId
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId: open2, reason: 'other' }))
    assert.equal((await world.events('CallClosed')).length, 1)
    assert.equal(second.view.unit.status, 'available')
  })

  test('a crew sees who called once it is bound, and not while it may still decline', async () => {
    const details = { callerName: 'the caller', phone: null, address: '1 Queen St', notes: null }
    for (const mode of DISPATCH_MODES) {
      await open({ mode })
      const crew = await world.onDuty('A1', 100)
      await world.call({ details })
      assert.deepEqual(crew.view.trip!.details, mode === 'ordered' ? details : null)
      await accept(crew)
      assert.deepEqual(crew.view.trip!.details, details)
      assert.ok(!JSON.stringify(await world.log()).includes('Queen St'))
      if (mode === 'ordered') await world.close()
    }
  })

  test('another session of the unit sees nothing of who called until its crew has signed on', async () => {
    const details = { callerName: 'the caller', phone: null, address: '1 Queen St', notes: null }
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    await world.call({ details })
    const other = world.connect('A1', [], world.machine.wallMs(), 'the next crew')
    await settle()
    assert.equal(other.view.trip!.phase, 'offered')
    assert.equal(other.view.trip!.details, null)
    const by = { principal: 'the next crew', role: 'driver', unitId: 'A1' } as const
    await world.accepted(world.send(by, { type: 'sign-on', happenedAtMs: world.nowMs }))
    assert.deepEqual(other.view.trip!.details, details)
  })

  test('a driver bound to a trip is not asked for a second one', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.call()
    await accept(crew)
    const waiting = await world.trip(await world.call())
    assert.deepEqual([waiting.phase, waiting.alarms], ['pending', ['no-eligible-unit']])
  })
})

describe('an offer that is not taken goes on', () => {
  test('to the next unit at once when the crew declines', async () => {
    await open()
    const [first, second] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
    const tripId = await world.call()
    await decline(first)
    assert.equal(first.view.unit.status, 'available')
    assert.equal(second.view.trip!.tripId, tripId)
    const record = (await world.log()).at(-1)!
    assert.deepEqual(
      record.events.map(event => event.type),
      ['OfferDeclined', 'UnitNotified', 'OfferMade'],
    )
  })

  for (const mode of DISPATCH_MODES) {
    test(`to the next unit at its deadline (${mode})`, async () => {
      await open({ mode })
      const [first, second] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
      const tripId = await world.call()
      const offerId = offerOf(first)
      const timeoutMs = mode === 'ordered' ? 45_000 : 15_000
      await world.advance(timeoutMs - 1)
      assert.equal(first.view.unit.offerId, offerId)
      await world.advance(1)
      assert.equal(first.view.unit.status, 'available')
      assert.equal(second.view.trip!.tripId, tripId)
      const late = world.drive(first, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs })
      assert.equal(await world.refused(late), 'unknown-offer')
    })

    test(`to the next unit when the crew has been disconnected past its grace (${mode})`, async () => {
      await open({
        mode,
        policy: { offerTimeoutMs: { 1: 60_000, 2: 0, 3: 0, 4: 0, 5: 0 }, orderTimeoutMs: alike(60_000) },
      })
      const [first, second] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
      const tripId = await world.call()
      world.host.closed(first)
      await world.advance(29_999)
      assert.equal((await world.trip(tripId)).offer?.unitId, 'A1')
      await world.advance(1)
      assert.equal(second.view.trip?.tripId, tripId)
      assert.equal((await world.events('OfferRevoked'))[0]!.reason, 'unit-disconnected')
    })
  }

  test('a crew that is back within its grace keeps its offer, and its next absence counts anew', async () => {
    await open({ policy: { offerTimeoutMs: { 1: 120_000, 2: 0, 3: 0, 4: 0, 5: 0 } } })
    const first = await world.onDuty('A1', 100)
    const tripId = await world.call()
    world.host.closed(first)
    await world.advance(20_000)
    const back = world.connect('A1')
    await settle()
    assert.equal(back.view.trip!.tripId, tripId)
    await world.advance(5_000)
    world.host.closed(back)
    await world.advance(29_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    await world.advance(1)
    assert.equal((await world.trip(tripId)).phase, 'pending')
  })

  test('to the next unit when its position is lost', async () => {
    await open({ policy: { offerTimeoutMs: { 1: 120_000, 2: 0, 3: 0, 4: 0, 5: 0 } } })
    const first = await world.onDuty('A1', 100)
    await world.advance(290_000)
    const second = await world.onDuty('A2', 200)
    const tripId = await world.call()
    assert.equal(first.view.trip!.tripId, tripId)
    await world.advance(9_999)
    assert.equal(first.view.unit.status, 'offered')
    await world.advance(1)
    assert.equal(second.view.trip?.tripId, tripId)
    assert.equal((await world.events('OfferRevoked'))[0]!.reason, 'position-lost')
  })

  test('a unit that is seen again, however late its fix, is watched on', async () => {
    await open({ policy: { offerTimeoutMs: { 1: 120_000, 2: 0, 3: 0, 4: 0, 5: 0 } } })
    const first = await world.onDuty('A1', 100)
    await world.advance(290_000)
    const tripId = await world.call()
    // A backlog: newer than what placed the unit, and itself nearly lost.
    world.fixAt(first, 150, 280_000)
    await world.advance(19_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    await world.advance(1)
    assert.equal((await world.events('OfferRevoked'))[0]?.reason, 'position-lost')
  })

  test('a unit that goes out of service, or off duty, gives its offer to the next', async () => {
    await open()
    const crews = [await world.onDuty('A1', 100), await world.onDuty('A2', 200), await world.onDuty('A3', 300)] as const
    const tripId = await world.call()
    const out = { type: 'set-status', status: 'unavailable', reason: 'refuel', happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(crews[0], out))
    assert.equal(crews[1].view.trip!.tripId, tripId)
    await world.accepted(world.drive(crews[1], { type: 'sign-off', happenedAtMs: world.nowMs }))
    assert.equal(crews[2].view.trip!.tripId, tripId)
  })
})

describe('rounds', () => {
  test('no unit is asked twice in a round; the next round begins after the pause', async () => {
    await open()
    const [first, second] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
    const tripId = await world.call()
    await decline(first)
    await decline(second)
    const exhausted = await world.trip(tripId)
    assert.deepEqual([exhausted.phase, exhausted.round, exhausted.alarms], ['pending', 1, ['round-exhausted']])
    await world.advance(14_999)
    assert.equal((await world.trip(tripId)).phase, 'pending')
    await world.advance(1)
    const again = await world.trip(tripId)
    assert.deepEqual([again.offer?.unitId, again.round, again.alarms], ['A1', 2, []])
    const asked = (await world.events('OfferMade')).map(offer => `${offer.round}:${offer.unitId}`)
    assert.deepEqual(asked, ['1:A1', '1:A2', '2:A1'])
  })

  test('a unit that comes free in the pause is asked in the same round', async () => {
    await open()
    const first = await world.onDuty('A1', 100)
    const tripId = await world.call()
    await decline(first)
    await world.advance(5_000)
    const second = await world.onDuty('A2', 900)
    assert.equal(second.view.trip?.tripId, tripId)
    assert.equal(second.view.trip.round, 1)
  })

  test('a trip nobody can take is raised once, and offered when somebody can', async () => {
    await open()
    const tripId = await world.call()
    assert.deepEqual((await world.trip(tripId)).alarms, ['no-eligible-unit'])
    await world.call()
    await world.advance(60_000)
    assert.equal((await world.events('TripAlarmRaised')).filter(event => event.tripId === tripId).length, 1)
    const crew = await world.onDuty('A1', 100)
    assert.equal(crew.view.trip?.tripId, tripId)
    assert.deepEqual((await world.trip(tripId)).alarms, [])
  })
})

describe('alarms', () => {
  test('an order that is not acknowledged raises its alarm at 20 s, once', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    await world.advance(19_999)
    assert.deepEqual((await world.trip(tripId)).alarms, [])
    await world.advance(1)
    assert.deepEqual((await world.trip(tripId)).alarms, ['unacknowledged'])
    await world.advance(20_000)
    assert.equal((await world.events('TripAlarmRaised')).length, 1)
  })

  test('an acknowledged order raises no alarm', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    await world.call()
    await accept(crew)
    await world.advance(60_000)
    assert.deepEqual(await world.events('TripAlarmRaised'), [])
    assert.deepEqual(await world.events('OfferTimedOut'), [])
  })

  test('a crew that does not move for 120 s raises an alarm; one that drives does not', async () => {
    await open()
    const [slow, quick] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
    const [slowTrip, quickTrip] = [await world.call(), await world.call()]
    await accept(slow)
    await accept(quick)
    const report = { type: 'report-phase', tripId: quickTrip, phase: 'en-route', happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(quick, report))
    await world.advance(120_000)
    const raised = await world.events('TripAlarmRaised')
    assert.deepEqual(
      raised.map(event => [event.tripId, event.alarm, event.unitId]),
      [[slowTrip, 'no-movement', 'A1']],
    )
    assert.deepEqual(slow.view.trip!.alarms, ['no-movement'])
  })
})

describe('the queue', () => {
  const freed: [string, (session: RecordingSession) => Promise<unknown>][] = [
    ['closes its trip', closeTrip],
    [
      'has its trip cancelled',
      session =>
        world.accepted(
          world.dispatch({ type: 'cancel-trip', tripId: session.view.trip!.tripId, reason: 'duplicate-call' }),
        ),
    ],
  ]
  for (const [how, free] of freed) {
    test(`a unit that ${how} gets the next trip in the same record`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      await world.call()
      await accept(crew)
      const next = await world.call()
      await free(crew)
      assert.equal(crew.view.trip?.tripId, next)
      assert.ok((await world.log()).at(-1)!.events.some(event => event.type === 'OfferMade'))
    })
  }

  test('a unit whose offer timed out gets the next trip that waits', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.call()
    const next = await world.call()
    await world.advance(15_000)
    assert.equal(crew.view.trip?.tripId, next)
  })

  test('a unit that comes back from a rest, or on duty, gets the trip that waits', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const at = () => world.nowMs
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: at() }),
    )
    const tripId = await world.call()
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: at() }),
    )
    assert.equal(crew.view.trip?.tripId, tripId)
  })

  test('a free unit goes to the more urgent call, and among equals to the older', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.call()
    await accept(crew)
    const waiting: Record<string, string> = {}
    for (const [name, priority] of [
      ['older minor', 3],
      ['urgent', 1],
      ['newer minor', 3],
    ] as const) {
      await world.advance(1_000)
      waiting[name] = await world.call({ priority })
    }
    const served: string[] = []
    for (let i = 0; i < 3; i++) {
      await closeTrip(crew)
      const tripId = crew.view.trip!.tripId
      served.push(Object.keys(waiting).find(name => waiting[name] === tripId)!)
      await accept(crew)
    }
    assert.deepEqual(served, ['urgent', 'older minor', 'newer minor'])
  })

  for (const { waits, comes, goesFirst } of [
    { waits: 4, comes: 3, goesFirst: 'what has waited' },
    { waits: 2, comes: 1, goesFirst: 'what is more urgent' },
    { waits: 5, comes: 2, goesFirst: 'what is more urgent' },
  ] as const) {
    test(`a call of priority ${waits} that has waited longer than one of priority ${comes}: first goes ${goesFirst}`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      await world.call()
      await accept(crew)
      const waiting = await world.call({ priority: waits })
      await pass(16 * 60_000, crew)
      const urgent = await world.call({ priority: comes })
      await closeTrip(crew)
      assert.equal(crew.view.trip?.tripId, goesFirst === 'what has waited' ? waiting : urgent)
    })
  }

  test('a trip that only one kind of unit can take does not hold up those behind it', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.call()
    await accept(crew)
    await world.call({ needs: [{ levelOfCare: 'cct', capabilities: [] }] })
    const next = await world.call({ priority: 5 })
    await closeTrip(crew)
    assert.equal(crew.view.trip?.tripId, next)
  })
})

test('after the last round a person gives the trip, and a unit that was not asked in it still gets it by itself', async () => {
  await open({ policy: { roundsMax: 2 } })
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  await decline(crew)
  await world.advance(16_000)
  assert.equal((await world.trip(tripId)).round, 2)
  await decline(crew)
  await world.advance(3_600_000)
  world.fixAt(crew, 100)
  await world.advance(1_000)
  const left = await world.trip(tripId)
  assert.deepEqual([left.phase, left.round, left.alarms.includes('rounds-over')], ['pending', 2, true])
  const other = await world.onDuty('A2', 5_000)
  assert.equal(other.view.trip?.tripId, tripId)
  await decline(other)
  await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'A1', reason: 'other' }))
  const given = await world.trip(tripId)
  assert.deepEqual([given.offer?.unitId, given.alarms.includes('rounds-over')], ['A1', false])
})

describe('who can be sent', () => {
  test('only units of the level and with the capabilities that the call needs', async () => {
    await open()
    await world.onDuty('basic', 100, { levelOfCare: 'bls', capabilities: ['bariatric'] })
    await world.onDuty('plain', 200, { levelOfCare: 'als' })
    const right = await world.onDuty('right', 900, { levelOfCare: 'cct', capabilities: ['neonatal', 'bariatric'] })
    const tripId = await world.call({ needs: [{ levelOfCare: 'als', capabilities: ['bariatric'] }] })
    assert.equal(right.view.trip?.tripId, tripId)
  })

  test('a unit of which nobody knows where it is is asked once it has a position', async () => {
    await open()
    await world.import(['blind'])
    const blind = world.connect('blind')
    await settle()
    await world.accepted(world.drive(blind, { type: 'sign-on', happenedAtMs: world.nowMs }))
    const tripId = await world.call()
    assert.deepEqual((await world.trip(tripId)).alarms, ['no-eligible-unit'])
    world.fixAt(blind, 100)
    await settle()
    assert.equal(blind.view.trip?.tripId, tripId)
  })

  /** How a unit becomes one that goes only where nobody else is left. */
  const worse: Readonly<Record<'disconnected' | 'position-lost', (crew: RecordingSession) => Promise<void>>> = {
    disconnected: async crew => {
      world.host.closed(crew)
      await world.advance(30_000)
    },
    'position-lost': () => world.advance(300_000),
  }

  for (const despite of ['disconnected', 'position-lost'] as const) {
    test(`a unit that is ${despite} goes only where nobody else is left, and its record says so`, async () => {
      await open({ mode: 'ordered' })
      const near = await world.onDuty('near', 100)
      await worse[despite](near)
      await world.onDuty('far', 5_000)
      const [first, second] = [await world.call(), await world.call()]
      const offers = await world.events('OfferMade')
      assert.deepEqual(
        offers.map(({ tripId, unitId, decision }) => [tripId, unitId, decision.despite ?? null]),
        [
          [first, 'far', null],
          [second, 'near', despite],
        ],
      )
      assert.equal(offers[1]!.decision.eligible, 0)
    })
  }

  test('of two that go only where nobody else is left a crew that can be called goes before one that was seen somewhere', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('seen', 100)
    await worse['position-lost'](await world.onDuty('other', 90_000))
    const called = await world.onDuty('called', 5_000)
    await worse.disconnected(called)
    await world.call()
    const [offer] = await world.events('OfferMade')
    assert.deepEqual([offer?.unitId, offer?.byVoice], ['called', true])
  })

  describe('an order by voice', () => {
    const byVoice = async (mode: 'ordered' | 'offered') => {
      await open({ mode })
      const crew = await world.onDuty('A1', 100)
      await worse.disconnected(crew)
      const tripId = await world.call({ priority: 1 })
      return { crew, tripId }
    }

    for (const mode of ['ordered', 'offered'] as const) {
      test(`is one in every mode, and asks a dispatcher to tell the crew (${mode})`, async () => {
        const { tripId } = await byVoice(mode)
        const trip = await world.trip(tripId)
        assert.deepEqual([trip.phase, trip.unitId, trip.offer?.byVoice], ['offered', 'A1', true])
        assert.deepEqual(trip.alarms, ['voice-order'])
      })
    }

    test('is taken by the crew when the dispatcher says so, who told it at that moment at the latest', async () => {
      const { tripId } = await byVoice('ordered')
      await world.advance(20_000)
      const happenedAtMs = world.nowMs - 5_000
      const said = await world.accepted(world.dispatch({ type: 'confirm-order', tripId, happenedAtMs }))
      assert.deepEqual(said, { tripId, unitId: 'A1', phase: 'assigned' })
      const { alarms, responses, times } = await world.trip(tripId)
      assert.deepEqual([alarms, times.assigned], [[], happenedAtMs])
      assert.deepEqual(responses[0]?.times, {
        notified: { atMs: happenedAtMs, cause: 'dispatcher' },
        acknowledged: { atMs: happenedAtMs, cause: 'dispatcher' },
      })
      await world.accepted(world.dispatch({ type: 'confirm-order', tripId, happenedAtMs }))
      assert.equal((await world.events('OfferAccepted')).length, 1, 'said again it changes nothing')
    })

    test('ends when nobody has said so in time, and the crew has no contact', async () => {
      const { tripId } = await byVoice('ordered')
      await world.advance(119_000)
      assert.equal((await world.trip(tripId)).phase, 'offered')
      await world.advance(1_000)
      const { phase, alarms } = await world.trip(tripId)
      assert.deepEqual([phase, alarms], ['pending', ['round-exhausted']])
      assert.equal((await world.events('OfferTimedOut'))[0]?.noContact, true)
    })

    test('is heard by the app that comes back, and can be taken there', async () => {
      const { tripId } = await byVoice('ordered')
      const back = world.connect('A1')
      await settle()
      const { offerId } = back.view.trip!.offer!
      await world.accepted(world.drive(back, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
      assert.deepEqual((await world.trip(tripId)).alarms, [])
    })

    test('ends as soon as a unit comes free that could go, which gets the trip', async () => {
      const { tripId } = await byVoice('ordered')
      await world.advance(5_000)
      await world.onDuty('A2', 3_000)
      const { unitId, offer, alarms } = await world.trip(tripId)
      assert.deepEqual([unitId, offer?.byVoice, alarms], ['A2', undefined, []])
      assert.equal((await world.events('OfferRevoked'))[0]?.reason, 'fitter-unit')
    })

    test('ends as soon as the app of a unit is back that could go', async () => {
      await open({ mode: 'ordered' })
      for (const [unitId, north] of [
        ['A1', 100],
        ['A2', 3_000],
      ] as const)
        world.host.closed(await world.onDuty(unitId, north))
      await world.advance(30_000)
      const tripId = await world.call({ priority: 1 })
      assert.equal((await world.trip(tripId)).unitId, 'A1')
      const back = world.connect('A2')
      await settle()
      assert.equal(back.view.trip?.tripId, tripId)
      assert.equal((await world.trip(tripId)).unitId, 'A2')
    })

    test('goes on where what comes free goes to a trip that is more urgent', async () => {
      await open({ mode: 'ordered' })
      await worse.disconnected(await world.onDuty('A1', 100))
      const minor = await world.call({ priority: 3 })
      const urgent = await world.call({ priority: 1 })
      await world.onDuty('A2', 3_000)
      const [a, b] = [await world.trip(minor), await world.trip(urgent)]
      assert.deepEqual([a.unitId, b.unitId, a.alarms], ['A1', 'A2', ['voice-order']])
    })

    test('that a dispatcher has given is one, too', async () => {
      await open({ mode: 'ordered' })
      const near = await world.onDuty('near', 100)
      const tripId = await world.call()
      const gone = await world.onDuty('gone', 300)
      await worse.disconnected(gone)
      await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'gone', reason: 'other' }))
      const trip = await world.trip(tripId)
      assert.deepEqual([trip.offer?.byVoice, trip.alarms], [true, ['voice-order']])
      assert.equal(near.view.trip, null)
    })

    test('is not taken back because the app or the position stays away', async () => {
      const { tripId } = await byVoice('ordered')
      await world.advance(100_000)
      assert.equal((await world.trip(tripId)).unitId, 'A1')
      assert.deepEqual(await world.events('OfferRevoked'), [])
    })
  })

  describe('a unit that a dispatcher has withdrawn', () => {
    const withdrawn = async (withdrawPauseMs: number) => {
      await open({ mode: 'ordered', policy: { withdrawPauseMs } })
      const near = await world.onDuty('near', 100)
      const first = await world.call()
      await world.onDuty('far', 5_000)
      const waiting = await world.call({ needs: [{ levelOfCare: 'als', capabilities: [] }] })
      assert.equal((await world.trip(waiting)).unitId, 'far')
      const late = await world.call()
      await world.accepted(world.dispatch({ type: 'withdraw-unit', tripId: first, reason: 'other' }))
      await world.accepted(world.dispatch({ type: 'cancel-trip', tripId: first, reason: 'other' }))
      return { near, first, late }
    }

    test('is left to the dispatcher for a while, and then gets what waits, without a word more', async () => {
      const { near, late } = await withdrawn(15_000)
      const { phase, alarms } = await world.trip(late)
      assert.deepEqual([phase, alarms], ['pending', ['no-eligible-unit']])
      await world.advance(14_000)
      assert.equal((await world.trip(late)).phase, 'pending')
      await world.advance(1_000)
      assert.equal((await world.trip(late)).unitId, 'near')
      assert.equal(near.view.trip?.tripId, late)
    })

    test('goes at once where the policy has no pause, and where the dispatcher says where to', async () => {
      const { late } = await withdrawn(0)
      assert.equal((await world.trip(late)).unitId, 'near')
    })

    test('is the one that a dispatcher may give to another trip meanwhile, and nothing speaks against it', async () => {
      const { late } = await withdrawn(15_000)
      await world.accepted(world.dispatch({ type: 'assign-unit', tripId: late, unitId: 'near', reason: 'closer-unit' }))
      const offer = (await world.events('OfferMade')).at(-1)!
      assert.deepEqual([offer.unitId, offer.decision.despite], ['near', undefined])
    })

    test('is left alone after a crash, too', async () => {
      await withdrawn(60_000)
      const withdrawnAtMs = world.nowMs
      await world.restart('crash')
      await world.advance(65_000)
      const last = (await world.events('OfferMade')).at(-1)
      assert.deepEqual([last?.unitId, last?.offeredAtMs], ['near', withdrawnAtMs + 60_000])
    })
  })

  describe('a crew without an app', () => {
    test('is signed on and off by a dispatcher, and gets its orders by voice', async () => {
      await open({ mode: 'offered' })
      await world.import(['A1'])
      const set = (status: 'available' | 'off-duty') => ({
        ...({ type: 'set-unit-status', unitId: 'A1', status, reason: null, happenedAtMs: world.nowMs } as const),
      })
      await world.accepted(world.dispatch(set('available')))
      const [on] = await world.events('CrewSignedOn')
      assert.deepEqual([on?.principal, on?.cause], ['-voice', 'dispatcher'])
      const tripId = await world.call()
      // Nobody knows where it is, so the desk does not choose it, and a dispatcher may.
      assert.equal((await world.trip(tripId)).phase, 'pending')
      await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'A1', reason: 'better-suited' }))
      assert.equal((await world.trip(tripId)).offer?.byVoice, true)
      await world.accepted(world.dispatch({ type: 'confirm-order', tripId, happenedAtMs: world.nowMs }))
      await world.advance(60_000)
      assert.deepEqual((await world.trip(tripId)).alarms, [])
    })

    test('whose vehicle is fed by a modem is chosen by where it is', async () => {
      await open({ mode: 'ordered' })
      const crew = await world.onDuty('A1', 100)
      await world.accepted(world.drive(crew, { type: 'sign-off', happenedAtMs: world.nowMs }))
      const status = { type: 'set-unit-status', unitId: 'A1', status: 'available', reason: null } as const
      await world.accepted(world.dispatch({ ...status, happenedAtMs: world.nowMs }))
      const tripId = await world.call()
      const { offer, alarms } = await world.trip(tripId)
      assert.deepEqual([offer?.unitId, offer?.byVoice, alarms], ['A1', true, ['voice-order']])
    })
  })

  // It becomes the first choice again outside any turn, and the call is decided before the desk is asked again.
  test('a unit that has its first position goes to the trip that waits, not to a minor call that comes in just then', async () => {
    await open()
    await world.import(['A1'])
    const crew = world.connect('A1')
    await settle()
    await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
    const first = await world.call({ priority: 2 })
    world.fixAt(crew, 100)
    const minor = world.dispatch(callOf({ priority: 5 }))
    await world.accepted(minor)
    assert.equal((await world.trip(first)).offer?.unitId, 'A1')
  })

  test('nearest names available units with the age of their fix, nearest first', async () => {
    await open()
    await world.onDuty('far', 2_000)
    await world.onDuty('near', 300)
    await world.advance(50_000)
    const asked = { type: 'nearest', lonDeg: 174.76, latDeg: -36.85, k: 5, levelOfCare: null } as const
    const { units } = await world.query<{ basis: 'straight-line'; units: never[] }>(asked)
    assert.deepEqual(
      units.map(
        ({
          unitId,
          distanceM,
          fix,
        }: {
          unitId: string
          distanceM: number
          fix: { ageMs: number; freshness: string }
        }) => [unitId, distanceM, fix.ageMs, fix.freshness],
      ),
      [
        ['near', 300, 50_000, 'stale'],
        ['far', 2_000, 50_000, 'stale'],
      ],
    )
  })

  test('a decision says who was passed over and why', async () => {
    await open()
    const busy = await world.onDuty('busy', 10)
    await world.call()
    await accept(busy)
    const decliner = await world.onDuty('decliner', 20)
    await world.onDuty('small', 30, { levelOfCare: 'first-responder' })
    const resting = await world.onDuty('resting', 40)
    const rest = { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(resting, rest))
    const gone = await world.onDuty('gone', 50)
    world.host.closed(gone)
    await world.advance(30_000)
    world.fixAt(decliner, 20)
    const able = { capabilities: ['bariatric'] }
    await world.onDuty('taker', 60, able)
    await world.import(['decliner', able])
    const tripId = await world.call({ needs: [{ levelOfCare: 'bls', capabilities: ['bariatric'] }] })
    assert.equal((await world.trip(tripId)).offer?.unitId, 'decliner')
    await decline(decliner)
    const made = (await world.events('OfferMade')).at(-1)!
    assert.equal(made.unitId, 'taker')
    assert.deepEqual(made.decision.excluded, {
      busy: 1,
      unavailable: 1,
      'level-of-care': 1,
      'asked-this-round': 1,
      capability: 1,
    })
    assert.deepEqual(made.decision.candidates, [{ unitId: 'taker', distanceM: 60, fixAgeMs: 0, levelOfCare: 'als' }])
  })
})

describe('a moment that no clock that is right can have told is taken as now, and the event keeps what was sent', () => {
  const DAY = 24 * 3_600_000
  const HOUR = 3_600_000
  for (const [offMs, isTaken] of [
    [5_001, false],
    [5_000, true],
    [0, true],
    [-DAY, true],
    [-DAY - 1, false],
  ] as const) {
    test(`a call ${offMs} ms off`, async () => {
      await open()
      const { nowMs } = world
      const sentAtMs = nowMs + offMs
      await world.accepted(world.dispatch(callOf({ receivedAtMs: sentAtMs })))
      const [entered] = await world.events('CallEntered')
      const [created] = await world.events('TripCreated')
      const right = isTaken ? { receivedAtMs: sentAtMs } : { receivedAtMs: nowMs, sentAtMs }
      const { receivedAtMs, sentAtMs: kept } = entered!
      assert.deepEqual(kept === undefined ? { receivedAtMs } : { receivedAtMs, sentAtMs: kept }, right)
      assert.equal(created!.receivedAtMs, right.receivedAtMs)
    })
  }

  for (const [offMs, isTaken] of [
    [5_001, false],
    [5_000, true],
    [-60_000, true],
    [-60_001, false],
    [-7 * HOUR, false],
    [1_700_000_000 - 1_700_000_000_000, false],
  ] as const) {
    test(`a crew's and a desk's button about a unit, ${offMs} ms off`, async () => {
      await open()
      await world.import(['A1'])
      const crew = world.connect('A1')
      await settle()
      const { nowMs } = world
      const happenedAtMs = nowMs + offMs
      const status = { unitId: 'A1', reason: 'break', happenedAtMs } as const
      await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs }))
      await world.accepted(
        world.drive(crew, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs }),
      )
      await world.accepted(world.dispatch({ type: 'set-unit-status', ...status, status: 'available' }))
      await world.accepted(world.drive(crew, { type: 'sign-off', happenedAtMs }))
      const events = [
        ...(await world.events('CrewSignedOn')),
        ...(await world.events('UnitBecameUnavailable')),
        ...(await world.events('UnitBecameAvailable')),
        ...(await world.events('CrewSignedOff')),
      ]
      assert.equal(events.length, 4)
      for (const event of events) {
        const { happenedAtMs: taken, sentAtMs } = event
        assert.deepEqual([taken, sentAtMs], isTaken ? [happenedAtMs, undefined] : [nowMs, happenedAtMs], event.type)
      }
    })
  }

  test('a phone that sends local time as UTC is kept by its word, and every moment that cannot be is flagged', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    const offerId = crew.view.trip!.offer!.offerId
    const start = world.nowMs
    await world.advance(10_000)
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs - 7 * HOUR }))
    await world.advance(10_000)
    await world.accepted(
      world.drive(crew, { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs }),
    )
    await world.advance(10_000)
    const late = { happenedAtMs: world.nowMs - 7 * HOUR } as const
    await world.accepted(world.drive(crew, { type: 'report-phase', tripId, phase: 'on-scene', ...late }))
    await world.advance(10_000)
    const closed = { disposition: 'transported', happenedAtMs: world.nowMs - 8 * HOUR } as const
    await world.accepted(world.drive(crew, { type: 'close-trip', tripId, ...closed }))
    const { times } = await world.trip(tripId)
    const passed = Object.fromEntries(Object.entries(times).map(([phase, ms]) => [phase, ms! - start]))
    const [acceptedMs, onSceneMs, closedMs] = [10_000 - 7 * HOUR, 30_000 - 7 * HOUR, 40_000 - 8 * HOUR]
    const said = { assigned: acceptedMs, 'en-route': 20_000, 'on-scene': onSceneMs, closed: closedMs }
    assert.deepEqual(passed, { pending: 0, offered: 0, ...said })
    const events = (await world.log()).flatMap(record => record.events)
    const doubted = events.filter(event => 'happenedAtMs' in event && 'implausible' in event).map(({ type }) => type)
    assert.deepEqual(doubted, ['OfferAccepted', 'TripPhaseReached', 'TripClosed'])
    assert.ok(events.every(event => !('sentAtMs' in event)))
  })

  test('a button from a dead zone is taken at its own time', async () => {
    await open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    const offerId = crew.view.trip!.offer!.offerId
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
    const happenedAtMs = world.nowMs + 60_000
    await world.advance(20 * 60_000)
    await world.accepted(world.drive(crew, { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs }))
    assert.equal((await world.trip(tripId)).times['en-route'], happenedAtMs)
  })

  test('a desk that reports by radio of before the order is kept by its word and flagged, too', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    const happenedAtMs = world.nowMs - HOUR
    await world.accepted(world.dispatch({ type: 'report-phase', tripId, phase: 'on-scene', happenedAtMs }))
    const { times } = await world.trip(tripId)
    assert.deepEqual([times.assigned, times['on-scene']], [undefined, happenedAtMs])
    assert.equal((await world.events('TripPhaseReached'))[0]!.implausible, true)
  })
})

test('a crew that is not signed on to the unit may do nothing with it but sign on', async () => {
  await open()
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const offerId = offerOf(crew)
  const log = await world.log()
  const other = { principal: 'another crew', role: 'driver', unitId: 'A1' } as const
  const happenedAtMs = world.nowMs
  for (const command of [
    { type: 'sign-off', happenedAtMs },
    { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs },
    { type: 'set-status', status: 'available', reason: null, happenedAtMs },
    { type: 'accept-offer', offerId, happenedAtMs },
    { type: 'decline-offer', offerId, reason: 'other' },
    { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs },
    { type: 'close-trip', tripId, disposition: 'transported', happenedAtMs },
  ] as const) {
    assert.equal(await world.refused(world.send(other, command)), 'not-signed-on', command.type)
  }
  assert.deepEqual(await world.log(), log)
  await world.accepted(world.send(other, { type: 'sign-on', happenedAtMs }))
  await world.accepted(world.send(other, { type: 'accept-offer', offerId, happenedAtMs }))
  assert.equal(await world.refused(world.drive(crew, { type: 'sign-off', happenedAtMs })), 'not-signed-on')
})

test('a crew that is relieved with a trip open raises an alarm, and one without a trip none', async () => {
  await open({ mode: 'ordered' })
  await world.onDuty('A1', 100)
  const relieve = async (principal: string) => {
    const by = { principal, role: 'driver', unitId: 'A1' } as const
    await world.accepted(world.send(by, { type: 'sign-on', happenedAtMs: world.nowMs }))
  }
  await relieve('the second crew')
  assert.deepEqual(await world.events('TripAlarmRaised'), [])
  const tripId = await world.call()
  await relieve('the third crew')
  assert.deepEqual((await world.trip(tripId)).alarms, ['crew-relieved'])
  await relieve('the third crew')
  await world.accepted(
    world.dispatch({ type: 'report-phase', tripId, phase: 'transporting', happenedAtMs: world.nowMs }),
  )
  assert.deepEqual((await world.trip(tripId)).alarms, ['crew-relieved'])
  assert.equal((await world.events('TripAlarmRaised')).length, 1)
})

test('units and trips that the region does not have are unknown', async () => {
  await open()
  const nobody = { principal: 'nobody', role: 'driver', unitId: 'A9' } as const
  const signOn = world.send(nobody, { type: 'sign-on', happenedAtMs: 0 })
  assert.equal(await world.refused(signOn), 'unknown-unit')
  const cancel = world.dispatch({ type: 'cancel-trip', tripId: 'akl.nope', reason: 'other' })
  assert.equal(await world.refused(cancel), 'unknown-trip')
  const session = world.connect('A9')
  await settle()
  assert.deepEqual([session.last('error')[1], session.closes], ['unknown-unit', [4401]])
})

test('nearest and the desk have one verdict on a unit: lost, disconnected past its grace, or stale and sent', async () => {
  await open({ mode: 'ordered' })
  const lost = await world.onDuty('lost', 100)
  await world.advance(DEFAULT_POLICY.lostAfterMs - 60_000)
  const gone = await world.onDuty('gone', 200)
  await world.onDuty('stale', 300)
  const nearest = async () =>
    (await world.query<NearestResult>({ type: 'nearest', ...SCENE, k: 9, levelOfCare: null })).units.map(unit => [
      unit.unitId,
      unit.connected,
      unit.passedOverFor,
      unit.fix.freshness,
    ])
  world.host.closed(gone)
  assert.deepEqual((await nearest())[1], ['gone', false, null, 'fresh'])
  await world.advance(60_000)
  assert.deepEqual(await nearest(), [
    ['lost', true, 'position-lost', 'lost'],
    ['gone', false, 'disconnected', 'stale'],
    ['stale', true, null, 'stale'],
  ])
  assert.equal((await world.trip(await world.call())).unitId, 'stale')
  const [offer] = await world.events('OfferMade')
  assert.deepEqual(offer!.decision.excluded, { 'position-lost': 1, disconnected: 1 })
  world.fixAt(lost, 100)
  await settle()
  assert.deepEqual((await nearest())[0], ['lost', true, null, 'fresh'])
})
