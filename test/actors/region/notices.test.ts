/** When units could be told of their offers: the engine's word, which goes along with the next record of the trip. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { responsesOf } from '../../../src/domain/trip/response-fold.ts'
import { callOf, type RecordingSession, RegionWorld, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const accept = (session: RecordingSession) =>
  world.accepted(
    world.drive(session, {
      type: 'accept-offer',
      offerId: session.view.unit.offerId!,
      happenedAtMs: world.nowMs,
    }),
  )
const notices = async () =>
  (await world.events('UnitNotified')).map(({ unitId, notifiedAtMs }) => [unitId, notifiedAtMs])
const firstNotifiedAtMs = (tripId: string) => {
  const { callId } = world.region.states.trip(tripId)!
  return world.region.states.call(callId)!.firstNotifiedAtMs
}

test('a unit is notified when the record of its order is stored, not when the desk decides', async () => {
  await open({ mode: 'ordered' })
  const crew = await world.onDuty('A1', 100)
  world.journal.stall()
  world.dispatch(callOf())
  const decidedAtMs = world.nowMs
  await world.advance(7_000)
  world.journal.resume()
  await settle()
  await world.advance(4_000)
  await accept(crew)
  assert.deepEqual(await notices(), [['A1', decidedAtMs + 7_000]])
  const [trip] = [...world.region.states.tripStates()]
  assert.equal(trip!.responses[0]!.offeredAtMs, decidedAtMs)
  assert.equal(trip!.responses[0]!.times.notified!.atMs, decidedAtMs + 7_000)
})

test('the moment goes along with the next record of the trip, and has none of its own', async () => {
  await open({ mode: 'ordered' })
  const crew = await world.onDuty('A1', 100)
  await world.call()
  const before = (await world.log()).length
  await world.advance(5_000)
  assert.equal((await world.log()).length, before)
  await accept(crew)
  const types = (await world.log()).slice(before).map(({ events }) => events.map(({ type }) => type))
  assert.deepEqual(types, [['OfferAccepted', 'UnitNotified']])
  await world.accepted(
    world.drive(crew, {
      type: 'report-phase',
      tripId: crew.view.unit.tripId!,
      phase: 'en-route',
      happenedAtMs: world.nowMs,
    }),
  )
  assert.equal((await notices()).length, 1)
})

test('an offer that is declined leaves no moment on the trip, and the call keeps it as its first notification', async () => {
  await open({ mode: 'offered' })
  const near = await world.onDuty('A1', 100)
  const far = await world.onDuty('A2', 900)
  const tripId = await world.call()
  const toldAtMs = world.nowMs
  await world.advance(3_000)
  const { offerId } = near.view.unit
  await world.accepted(world.drive(near, { type: 'decline-offer', offerId: offerId!, reason: 'too-far' }))
  await world.advance(2_000)
  await accept(far)
  assert.deepEqual(await notices(), [
    ['A1', toldAtMs],
    ['A2', toldAtMs + 3_000],
  ])
  const { responses } = world.region.states.trip(tripId)!
  assert.deepEqual(
    responses.map(({ unitId, times }) => [unitId, times.notified!.atMs]),
    [['A2', toldAtMs + 3_000]],
  )
  assert.equal(firstNotifiedAtMs(tripId), toldAtMs)
})

test('an offer that nobody answers counts as a notification, too', async () => {
  await open({ mode: 'ordered' })
  await world.onDuty('A1', 100)
  const tripId = await world.call()
  const toldAtMs = world.nowMs
  await world.advance(45_000)
  assert.deepEqual(await notices(), [['A1', toldAtMs]])
  assert.deepEqual(world.region.states.trip(tripId)!.responses, [])
  assert.equal(firstNotifiedAtMs(tripId), toldAtMs)
})

test('an order that is taken back before its record is stored was told to nobody', async () => {
  await open({ mode: 'ordered' })
  await world.onDuty('A1', 100)
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  const [trip] = [...world.region.states.tripStates()]
  world.dispatch({ type: 'cancel-trip', tripId: trip!.tripId, reason: 'entered-in-error' })
  await settle()
  world.journal.resume()
  await world.advance(1_000)
  assert.deepEqual(await notices(), [])
  const [response] = world.region.states.trip(trip!.tripId)!.responses
  assert.deepEqual([response!.end, response!.times.notified], ['cancelled', undefined])
  assert.deepEqual(responsesOf(world.region.states.trip(trip!.tripId)!), [])
})

test('a start does not know when a crew was told, and says so instead of taking another moment', async () => {
  await open({ mode: 'ordered' })
  await world.onDuty('A1', 100)
  const tripId = await world.call()
  await world.advance(2_000)
  world.crash()
  await world.start()
  const crew = world.connect('A1')
  await world.advance(1_000)
  await accept(crew)
  assert.deepEqual(await notices(), [['A1', null]])
  const { notified } = world.region.states.trip(tripId)!.responses[0]!.times
  assert.deepEqual(notified, { atMs: null, cause: 'system', why: 'restarted' })
  assert.equal(firstNotifiedAtMs(tripId), undefined)
})
