/** A unit that the reference data gave up, in a running region: when it goes, what it may still do, and its return. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { UnitView } from '../../../src/protocol/wire/situation-views.ts'
import { RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
})
afterEach(() => world.close())

async function told(units: readonly string[], retired: readonly string[]): Promise<void> {
  const rows = units.map(
    (unitId): UnitReference => ({
      unitId,
      callSign: `Medic ${unitId}`,
      levelOfCare: 'als',
      capabilities: [],
      homeStation: null,
    }),
  )
  world.region.ref.tell({ type: 'units', units: rows, retired })
  await settle()
}
const unitsOnBoard = async () => (await world.board()).units.map(({ unitId }) => unitId)
const retirements = async () => (await world.events('UnitRetired')).map(({ unitId }) => unitId)

test('an idle unit is retired at once: its crew is signed off, it is off the board, and it is not sent', async () => {
  const crew = await world.onDuty('A1', 100)
  await world.onDuty('A2', 900)
  await told(['A2'], ['A1'])
  assert.deepEqual(await retirements(), ['A1'])
  assert.equal(crew.view.unit.status, 'off-duty')
  assert.deepEqual(await unitsOnBoard(), ['A2'])
  assert.equal((await world.trip(await world.call())).unitId, 'A2')
  assert.equal(await world.refused(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs })), 'unit-retired')
})

test('a retired unit says so to whoever reads or watches it, and no more once it is back', async () => {
  await world.onDuty('A1', 100)
  const console = world.dispatcher()
  world.host.tell(console, { type: 'watch-unit', id: 'w', unitId: 'A1' })
  await settle()
  const read = async () => (await world.query<UnitView>({ type: 'read-unit', unitId: 'A1' })).retired
  assert.deepEqual([await read(), console.last('unit')[1].retired], [false, false])
  await told([], ['A1'])
  await world.advance(1_000)
  assert.deepEqual([await read(), console.last('unit')[1].retired], [true, true])
  const late = world.dispatcher()
  world.host.tell(late, { type: 'watch-unit', id: 'w', unitId: 'A1' })
  await settle()
  assert.equal(late.last('unit')[1].retired, true)
  await told(['A1'], [])
  await world.advance(1_000)
  assert.deepEqual([await read(), console.last('unit')[1].retired], [false, false])
})

test('a unit with a trip ends it first, gets no other one, and is retired in the turn that frees it', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const { offerId } = (await world.trip(tripId)).offer!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  const waiting = await world.call()
  await told([], ['A1'])
  assert.deepEqual([await retirements(), await unitsOnBoard()], [[], ['A1']])
  const closed = world.drive(crew, { type: 'close-trip', tripId, disposition: 'refused', happenedAtMs: world.nowMs })
  await world.accepted(closed)
  const last = (await world.log()).at(-1)!.events.map(({ type }) => type)
  assert.deepEqual(
    last.filter(type => /Trip(Closed)|Crew|Unit|Offer/.test(type)),
    ['TripClosed', 'CrewSignedOff', 'UnitRetired'],
  )
  assert.equal((await world.trip(waiting)).phase, 'pending')
})

test('an order that nobody answers ends by its deadline, and the unit is then retired', async () => {
  await world.onDuty('A1', 100)
  const tripId = await world.call()
  await told([], ['A1'])
  assert.deepEqual(await retirements(), [])
  await world.advance(60_000)
  assert.deepEqual(await retirements(), ['A1'])
  assert.equal((await world.trip(tripId)).phase, 'pending')
})

test('a unit that waited for the end of its trip is retired after a restart too, and only once', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const { offerId } = (await world.trip(tripId)).offer!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  await told([], ['A1'])
  await world.restart('crash')
  await told([], ['A1'])
  assert.deepEqual(await retirements(), [])
  const again = world.connect('A1')
  await settle()
  await world.accepted(
    world.drive(again, { type: 'close-trip', tripId, disposition: 'refused', happenedAtMs: world.nowMs }),
  )
  await told([], ['A1'])
  await world.restart('drain')
  await told([], ['A1'])
  assert.deepEqual(await retirements(), ['A1'])
  assert.deepEqual(await unitsOnBoard(), [])
})

test('a unit whose deletion was taken back before its trip ended stays', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const { offerId } = (await world.trip(tripId)).offer!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  await told([], ['A1'])
  await told(['A1'], [])
  await world.accepted(
    world.drive(crew, { type: 'close-trip', tripId, disposition: 'refused', happenedAtMs: world.nowMs }),
  )
  assert.deepEqual(await retirements(), [])
  assert.equal(crew.view.unit.status, 'available')
})

test('a retired unit that is registered again is on the board, and takes a crew', async () => {
  await world.import(['A1'])
  await told([], ['A1'])
  await told(['A1'], [])
  assert.deepEqual(await unitsOnBoard(), ['A1'])
  const crew = world.connect('A1')
  await settle()
  await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
  assert.equal(crew.view.unit.status, 'available')
})

test('a unit that the region never knew is not made to be retired', async () => {
  await told([], ['Z9'])
  assert.deepEqual([await retirements(), await unitsOnBoard()], [[], []])
})

test('a unit that is about to be retired is given nothing new, not even by a dispatcher', async () => {
  await world.onDuty('A1', 100)
  await world.call()
  await told([], ['A1'])
  const waiting = await world.call()
  const order = { type: 'assign-unit', tripId: waiting, unitId: 'A1', reason: 'closer-unit' } as const
  assert.equal(await world.refused(world.dispatch(order)), 'unit-retired')
  assert.deepEqual(await retirements(), [])
})

test('a large import is taken in parts, and what is asked meanwhile does not wait for all of it', async () => {
  const units = Array.from({ length: 1_000 }, (_, i): UnitReference => {
    return { unitId: `U${i}`, callSign: `U${i}`, levelOfCare: 'als', capabilities: [], homeStation: null }
  })
  const headBefore = world.region.logHead
  let headWhenAsked = -1
  world.region.ref.tell({ type: 'units', units })
  world.region.ref.tell({
    type: 'query',
    query: { type: 'nearest', lonDeg: 0, latDeg: 0, k: 1, levelOfCare: null },
    answer: answer => {
      if (answer.ok) headWhenAsked = answer.position
    },
  })
  await settle()
  assert.equal(headWhenAsked - headBefore, 1)
  assert.equal(world.region.logHead - headBefore, 4)
})

test('an import waits for the store, so that the records of others do not stand behind all of it', async () => {
  const units = Array.from({ length: 5_000 }, (_, i): UnitReference => {
    return { unitId: `U${i}`, callSign: `U${i}`, levelOfCare: 'als', capabilities: [], homeStation: null }
  })
  world.journal.stall()
  world.region.ref.tell({ type: 'units', units })
  await world.advance(100)
  assert.equal(world.region.logHead - world.region.logDurable, 8)
  world.journal.resume()
  await world.advance(10_000)
  assert.equal([...world.region.states.driverActors()].length, 5_000)
})

test('changes of units that come while others are being taken are taken after them, and none is left out', async () => {
  const units = (callSign: string) =>
    Array.from({ length: 3_000 }, (_, i): UnitReference => {
      return { unitId: `U${i}`, callSign, levelOfCare: 'als', capabilities: [], homeStation: null }
    })
  let taken = 0
  const onTaken = () => {
    taken += 1
  }
  world.region.ref.tell({ type: 'units', units: units('old'), onTaken })
  world.region.ref.tell({ type: 'units', units: units('new').slice(0, 1_000), retired: ['U2500'], onTaken })
  await world.advance(10_000)
  const live = [...world.region.states.driverActors()].filter(({ state }) => state.retired !== true)
  const called = (callSign: string) => live.filter(({ state }) => state.callSign === callSign).length
  assert.deepEqual([called('new'), called('old'), taken], [1_000, 1_999, 2])
})

test('a whole fleet is given up in parts, each unit once', async () => {
  await world.import(...Array.from({ length: 1_500 }, (_, i) => [`U${i}`] as const))
  const headBefore = world.region.logHead
  await told(
    [],
    Array.from({ length: 1_500 }, (_, i) => `U${i}`),
  )
  await world.advance(1_000)
  assert.equal(new Set(await retirements()).size, 1_500)
  assert.equal((await retirements()).length, 1_500)
  assert.equal(world.region.logHead - headBefore, 6)
})
