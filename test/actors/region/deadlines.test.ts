/** What happens by itself: when it is due, from which moment its time counts, and that it comes again when it failed. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { callOf, type RecordingSession, RegionWorld, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const LONG_OFFER = { policy: { offerTimeoutMs: { 1: 120_000, 2: 0, 3: 0, 4: 0, 5: 0 } } } as const
const accept = (session: RecordingSession, happenedAtMs = world.nowMs) =>
  world.accepted(world.drive(session, { type: 'accept-offer', offerId: session.view.unit.offerId!, happenedAtMs }))
const count = async (...types: ('OfferTimedOut' | 'OfferRevoked' | 'TripAlarmRaised' | 'TripAlarmCleared')[]) =>
  (await Promise.all(types.map(type => world.events(type)))).flat().length
/** Nothing of these happens until the last millisecond, then one does. */
async function happensAfter(ms: number, type: Parameters<typeof count>[0]): Promise<void> {
  const before = await count(type)
  await world.advance(ms - 1)
  assert.equal(await count(type), before, `${type} came early`)
  await world.advance(1)
  assert.equal(await count(type), before + 1, `${type} did not come`)
}

describe("a crew's time to answer", () => {
  // Shorter, and longer, than the time itself.
  for (const stalledMs of [10_000, 20_000]) {
    test(`runs from when its offer was durable (${stalledMs} ms late)`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      world.journal.stall()
      world.dispatch(callOf())
      await world.advance(stalledMs)
      assert.equal(crew.all('unit-state').at(-1)?.[1].unit.status, 'available')
      world.journal.resume()
      await settle()
      assert.equal(crew.view.unit.status, 'offered')
      await happensAfter(15_000, 'OfferTimedOut')
    })
  }

  for (const stalledMs of [10_000, 30_000, 60_000]) {
    test(`runs from when its order was durable, the warning first (${stalledMs} ms late)`, async () => {
      await open({ mode: 'ordered' })
      await world.onDuty('A1', 100)
      world.journal.stall()
      world.dispatch(callOf())
      await world.advance(stalledMs)
      world.journal.resume()
      await happensAfter(20_000, 'TripAlarmRaised')
      assert.equal(await count('OfferTimedOut'), 0)
      await happensAfter(25_000, 'OfferTimedOut')
      assert.equal((await world.events('TripAlarmRaised')).filter(({ alarm }) => alarm === 'unacknowledged').length, 1)
    })
  }

  test('does not begin anew because the warning could not be written', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    const offeredAtMs = world.nowMs
    await world.advance(19_000)
    world.journal.stall()
    await world.advance(27_000)
    world.journal.resume()
    await settle()
    const late = (await world.log()).find(({ events }) => events[0]?.type === 'OfferTimedOut')
    assert.equal(late?.recordedAtMs, offeredAtMs + 45_000)
    assert.equal((await world.trip(tripId)).phase, 'pending')
  })

  test('goes on after a start: the warning comes before the timeout, at their own distance', async () => {
    await open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    await world.call()
    world.crash()
    await world.advance(60_000)
    await world.start()
    world.connect('A1')
    await happensAfter(15_000, 'TripAlarmRaised')
    assert.equal(await count('OfferTimedOut'), 0)
    await happensAfter(25_000, 'OfferTimedOut')
  })

  test('is not spent by a position that nobody could send while the engine was down', async () => {
    await open(LONG_OFFER)
    await world.onDuty('A1', 100)
    await world.advance(290_000)
    const tripId = await world.call()
    world.crash()
    await world.advance(60_000)
    await world.start()
    const back = world.connect('A1')
    await world.advance(14_999)
    assert.equal(await count('OfferRevoked'), 0)
    world.fixAt(back, 100)
    await world.advance(30_000)
    assert.equal((await world.trip(tripId)).offer?.unitId, 'A1')
  })
})

describe('a crew on its way that is disconnected', () => {
  const away = async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    await accept(crew)
    world.host.closed(crew)
    await happensAfter(30_000, 'TripAlarmRaised')
    const [raised] = await world.events('TripAlarmRaised')
    assert.deepEqual([raised!.tripId, raised!.alarm, raised!.unitId], [tripId, 'app-lost', 'A1'])
    const trip = await world.trip(tripId)
    assert.deepEqual([trip.phase, trip.unitId, trip.alarms], ['assigned', 'A1', ['app-lost']])
    return { crew, tripId }
  }

  test('raises app-lost once its grace is over, and its return clears it', async () => {
    const { tripId } = await away()
    const back = world.connect('A1')
    await settle()
    assert.deepEqual((await world.trip(tripId)).alarms, [])
    assert.deepEqual(back.view.trip?.alarms, [])
    const [cleared] = await world.events('TripAlarmCleared')
    assert.deepEqual([cleared?.tripId, cleared?.alarm, cleared?.unitId], [tripId, 'app-lost', 'A1'])
    // The next absence counts anew.
    world.host.closed(back)
    await happensAfter(30_000, 'TripAlarmRaised')
  })

  test('stands whatever the desk reports of the trip meanwhile', async () => {
    const { tripId } = await away()
    const report = { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs } as const
    await world.accepted(world.dispatch(report))
    assert.deepEqual((await world.trip(tripId)).alarms, ['app-lost'])
  })

  test('and is back in time raises nothing', async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    await world.call()
    await accept(crew)
    world.host.closed(crew)
    await world.advance(29_000)
    world.connect('A1')
    await world.advance(60_000)
    assert.equal(await count('TripAlarmRaised', 'TripAlarmCleared'), 0)
  })

  for (const how of ['crash', 'drain'] as const) {
    test(`by a ${how}, and does not come back, raises it a grace after the crews had time to`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      const tripId = await world.call()
      await accept(crew)
      await world.restart(how)
      await happensAfter(45_000, 'TripAlarmRaised')
      assert.deepEqual((await world.trip(tripId)).alarms, ['app-lost'])
    })
  }
})

describe('a crew on its way whose position grows old', () => {
  const onItsWay = async () => {
    await open()
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    await accept(crew)
    const report = { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(crew, report))
    return { crew, tripId }
  }
  const alarmsOf = async (tripId: string) => (await world.trip(tripId)).alarms

  test('raises position-lost though its app is there, and the next fix clears it', async () => {
    const { crew, tripId } = await onItsWay()
    await world.advance(298_000)
    assert.deepEqual(await alarmsOf(tripId), [])
    await world.advance(3_000)
    assert.deepEqual(await alarmsOf(tripId), ['position-lost'])
    world.fixAt(crew, 200, 300_000)
    await settle()
    assert.deepEqual(await alarmsOf(tripId), ['position-lost'], 'an old fix tells nothing of now')
    world.fixAt(crew, 300)
    await settle()
    assert.deepEqual(await alarmsOf(tripId), [])
    assert.equal(await count('TripAlarmCleared'), 1)
  })

  test('raises it once it has been old for so long since its last fix, and not while it reports', async () => {
    const { crew, tripId } = await onItsWay()
    for (let i = 0; i < 10; i += 1) {
      await world.advance(60_000)
      world.fixAt(crew, 100 * i)
    }
    await settle()
    assert.deepEqual(await alarmsOf(tripId), [])
    await happensAfter(300_000, 'TripAlarmRaised')
    assert.deepEqual(await alarmsOf(tripId), ['position-lost'])
  })

  test('ends with the trip', async () => {
    const { crew, tripId } = await onItsWay()
    await world.advance(301_000)
    const close = { type: 'close-trip', tripId, disposition: 'refused', happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(crew, close))
    assert.deepEqual(await alarmsOf(tripId), [])
  })
})

describe('the alarm for a crew that does not move', () => {
  for (const how of ['', 'crash', 'drain'] as const) {
    test(`counts from when the engine heard of the acceptance${how && `, also after a ${how}`}`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      await world.call()
      await accept(crew, world.nowMs - 600_000)
      if (how !== '') {
        const beforeMs = world.nowMs
        await world.restart(how)
        world.connect('A1')
        await happensAfter(120_000 - (world.nowMs - beforeMs), 'TripAlarmRaised')
      } else await happensAfter(120_000, 'TripAlarmRaised')
      assert.equal((await world.events('TripAlarmRaised'))[0]!.alarm, 'no-movement')
    })
  }
})

test('a deadline whose turn throws has changed nothing, and comes again', async () => {
  await open()
  const [first, second] = [await world.onDuty('A1', 100), await world.onDuty('A2', 200)]
  const tripId = await world.call()
  world.brokenIds = 1
  await world.advance(15_000)
  assert.deepEqual([world.brokenIds, first.view.unit.status, await count('OfferTimedOut')], [0, 'offered', 0])
  await world.advance(5_000)
  assert.deepEqual([await count('OfferTimedOut'), first.view.unit.status], [1, 'available'])
  assert.equal(second.view.trip?.tripId, tripId)
})

describe('a long wait', () => {
  const entered = (priority: 1 | 3 | 5, receivedBeforeMs = 0) =>
    world.call({ priority, receivedAtMs: world.nowMs - receivedBeforeMs })
  const alarms = async (tripId: string) => (await world.trip(tripId)).alarms.filter(alarm => alarm === 'waiting-long')

  test('is told by the response clock and the priority, once, and ends with an offer', async () => {
    await open()
    const tripId = await entered(3, 600_000)
    await happensAfter(1_200_000, 'TripAlarmRaised')
    assert.deepEqual(await alarms(tripId), ['waiting-long'])
    await world.advance(3_600_000)
    assert.deepEqual((await world.events('TripAlarmRaised')).filter(({ alarm }) => alarm === 'waiting-long').length, 1)
    await world.onDuty('A1', 100)
    assert.deepEqual([(await world.trip(tripId)).phase, (await world.trip(tripId)).alarms], ['offered', []])
  })

  test('is told again of a trip whose offer came to nothing', async () => {
    await open()
    const tripId = await entered(1)
    await world.advance(180_000)
    await world.onDuty('A1', 100)
    assert.deepEqual(await alarms(tripId), [])
    await world.advance(15_000)
    await settle()
    assert.deepEqual([(await world.trip(tripId)).phase, await alarms(tripId)], ['pending', ['waiting-long']])
  })

  test('counts for the new priority of an amended call, and by the numbers of a new policy', async () => {
    await open()
    const amended = await entered(5)
    const other = await entered(5)
    const { callId } = await world.trip(amended)
    await world.accepted(world.dispatch({ type: 'amend-call', callId, priority: 3 }))
    await world.advance(1_800_000)
    assert.deepEqual([await alarms(amended), await alarms(other)], [['waiting-long'], []])
    world.goBy({ waitAlarmMs: { 1: 180_000, 2: 600_000, 3: 1_800_000, 4: 3_600_000, 5: 1_900_000 } })
    await world.advance(100_000)
    assert.deepEqual(await alarms(other), ['waiting-long'])
  })

  test('is over when somebody has triaged the call anew, if only to the same priority, and is told again as long after that', async () => {
    await open()
    const tripId = await entered(1)
    const { callId } = await world.trip(tripId)
    await world.advance(180_000)
    const triage = { type: 'amend-call', callId, priority: 1 } as const
    await world.accepted(world.dispatch(triage))
    assert.deepEqual(await alarms(tripId), [])
    await world.advance(179_000)
    assert.deepEqual(await alarms(tripId), [])
    await world.advance(1_000)
    assert.deepEqual(await alarms(tripId), ['waiting-long'])
    // What else is put right of the call is no triage.
    await world.accepted(world.dispatch({ type: 'amend-call', callId, problem: '17D1' }))
    assert.deepEqual(await alarms(tripId), ['waiting-long'])
    await world.restart('crash')
    await world.accepted(world.dispatch(triage))
    await world.restart('drain')
    assert.deepEqual(await alarms(tripId), [])
  })

  test('that passed while nobody served is told once crews have had time to come back', async () => {
    await open()
    const tripId = await entered(1)
    world.crash()
    await world.advance(600_000)
    await world.start()
    await world.advance(14_999)
    assert.deepEqual(await alarms(tripId), [])
    await world.advance(1)
    assert.deepEqual(await alarms(tripId), ['waiting-long'])
  })
})
