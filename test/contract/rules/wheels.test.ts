/** `docs/protocol/wheels.md`: what a unit's fixes say of its trip, over a region whose clock the test moves. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { TripView } from '../../../src/protocol/wire/situation-views.ts'
import { type RecordingSession, RegionWorld, SCENE, settle, wireFix } from '../../support/region-world.ts'

const S = 1_000
let world: RegionWorld
afterEach(() => world.close())

interface Trip {
  readonly crew: RecordingSession
  readonly tripId: string
}

/** A crew that has taken its trip; the scene is 0 m north, the unit so far from it. */
async function taken(
  policy: NonNullable<Parameters<typeof RegionWorld.open>[0]>['policy'],
  northM = 2_000,
): Promise<Trip> {
  world = await RegionWorld.open({ mode: 'ordered', policy })
  const crew = await world.onDuty('A1', northM)
  const tripId = await world.call()
  await settle()
  const { offerId } = crew.view.unit
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId: offerId!, happenedAtMs: world.nowMs }))
  return { crew, tripId }
}
const press = (crew: RecordingSession, tripId: string, phase: 'en-route' | 'on-scene' | 'transporting', ageMs = 0) =>
  world.accepted(world.drive(crew, { type: 'report-phase', tripId, phase, happenedAtMs: world.nowMs - ageMs }))

/** A fix every five seconds, from one place to the other at 10 m/s. */
async function drive(crew: RecordingSession, fromM: number, toM: number): Promise<void> {
  const step = Math.sign(toM - fromM) * 50
  for (let m = fromM + step; step < 0 ? m >= toM : m <= toM; m += step) {
    await world.advance(5 * S)
    world.fixAt(crew, m)
  }
  await settle()
}
async function stand(crew: RecordingSession, northM: number, seconds: number): Promise<void> {
  for (let s = 0; s < seconds; s += 5) {
    await world.advance(5 * S)
    world.fixAt(crew, northM)
  }
  await settle()
}
const trip = (tripId: string) => world.trip(tripId) as Promise<TripView>
const times = async (tripId: string) => (await trip(tripId)).responses[0]!.times

test('[WH-1] suggest notes a time beside and moves nothing; automatic takes the phase as well when nothing contradicts it', async () => {
  for (const arrivals of ['off', 'suggest', 'automatic'] as const) {
    const { crew, tripId } = await taken({ arrivals })
    await drive(crew, 2_000, 50)
    await stand(crew, 50, 20)
    const first = await times(tripId)
    const told = arrivals === 'off' ? undefined : 'geofence'
    assert.deepEqual([first['en-route']?.cause, first['on-scene']?.cause], [told, told], arrivals)
    assert.equal((await trip(tripId)).phase, arrivals === 'automatic' ? 'en-route' : 'assigned', arrivals)
    await stand(crew, 50, 40)
    assert.equal((await trip(tripId)).phase, arrivals === 'automatic' ? 'on-scene' : 'assigned', arrivals)
    if (arrivals === 'automatic') {
      assert.deepEqual((await trip(tripId)).missed, [])
      assert.equal(crew.view.unit.status, 'on-scene', 'the crew hears of it')
    }
    const wheelsAtMs = first['on-scene']?.wheelsAtMs
    await press(crew, tripId, 'on-scene')
    const said = (await times(tripId))['on-scene']!
    assert.deepEqual([said.cause, said.wheelsAtMs], ['driver', wheelsAtMs], 'the crew wins, and both are kept')
    assert.equal((await trip(tripId)).times['on-scene'], said.atMs)
    await world.close()
  }
  world = await RegionWorld.open()
})

test('[WH-2] a unit arrives by standing within the fence, never by passing or by waiting before it', async () => {
  const { crew, tripId } = await taken({ arrivals: 'suggest' })
  await drive(crew, 2_000, 150)
  await stand(crew, 150, 60)
  await drive(crew, 150, -300)
  assert.equal((await times(tripId))['on-scene'], undefined)
  await drive(crew, -300, -50)
  const arrivedMs = world.nowMs
  await stand(crew, -50, 30)
  assert.equal((await times(tripId))['on-scene']?.atMs, arrivedMs)
})

test('[WH-2] a fix that is dated by its age alone proves an arrival, one that is not believed proves none', async () => {
  const { crew, tripId } = await taken({ arrivals: 'suggest', fixSpeedMaxMps: 70 })
  // At the scene twice, 20 s apart, and nothing is that fast.
  await world.advance(5 * S)
  world.fixAt(crew, 0)
  await world.advance(20 * S)
  world.fixAt(crew, 0)
  await settle()
  assert.equal((await times(tripId))['on-scene'], undefined)
  const phone = world.connect('A1', [['phone', 'device', 1]])
  await settle()
  await drive(phone, 2_000, 50)
  await stand(phone, 50, 30)
  assert.equal((await times(tripId))['on-scene']?.cause, 'geofence')
})

test('[WH-3] a unit that rolls is en route, and one that rolls from the scene has left it, with no phase', async () => {
  const { crew, tripId } = await taken({ arrivals: 'automatic' })
  const fromMs = world.nowMs
  await drive(crew, 2_000, 0)
  assert.equal((await times(tripId))['en-route']?.atMs, fromMs + 10 * S, 'its first fix away from there')
  await stand(crew, 0, 60)
  const leavesMs = world.nowMs
  await drive(crew, 0, 600)
  assert.equal((await times(tripId))['left-scene']?.atMs, leavesMs + 5 * S)
  assert.equal((await trip(tripId)).phase, 'on-scene')
})

test('[WH-4] a backlog proves an arrival with the moment of its fixes, marked, and takes no trip back', async () => {
  const { crew, tripId } = await taken({ arrivals: 'automatic' })
  await world.advance(300 * S)
  await press(crew, tripId, 'transporting')
  // In the hospital's street by now; the fixes of before come only then, behind a hint.
  world.hint(crew, wireFix(99, 5_000, 0))
  world.fixAt(crew, 30, 200 * S)
  world.fixAt(crew, 30, 180 * S)
  world.fixAt(crew, 30, 120 * S)
  await settle()
  const { 'on-scene': arrived } = await times(tripId)
  assert.equal(arrived?.lateEvidence, true)
  assert.equal(arrived.atMs, world.nowMs - 200 * S)
  assert.equal((await trip(tripId)).phase, 'transporting')
  await world.advance(1_900 * S)
  world.fixAt(crew, 5_000, 1_895 * S)
  await settle()
  assert.equal((await times(tripId))['left-scene']?.cause, 'driver', 'proved too long ago to count')
})

test('[WH-5] no-movement counts from when the crew was told, and the wheels decide', async () => {
  const alarms = async (tripId: string) => (await trip(tripId)).alarms
  const { crew, tripId } = await taken({ noMovementMs: 60 * S })
  await world.advance(59 * S)
  assert.deepEqual(await alarms(tripId), [])
  await world.advance(2 * S)
  assert.deepEqual(await alarms(tripId), ['no-movement'])
  await drive(crew, 2_000, 1_700)
  assert.deepEqual(await alarms(tripId), [], 'it rolls, and nobody pressed a button')
  await world.close()

  const other = await taken({ noMovementMs: 60 * S })
  await drive(other.crew, 2_000, 1_200)
  assert.deepEqual(await alarms(other.tripId), [])
})

test('[WH-6] a unit on its way that stands, turns away or is late raises an alarm, and ends it by its wheels', async () => {
  const { crew, tripId } = await taken({ standingMs: 60 * S, turnedAwayM: 500 })
  const alarms = async () => (await trip(tripId)).alarms
  await press(crew, tripId, 'en-route')
  await drive(crew, 2_000, 1_500)
  await stand(crew, 1_500, 65)
  assert.deepEqual(await alarms(), ['standing'])
  await drive(crew, 1_500, 1_300)
  assert.deepEqual(await alarms(), [])
  await drive(crew, 1_300, 1_850)
  assert.deepEqual(await alarms(), ['turned-away'])
  await drive(crew, 1_850, 1_500)
  assert.deepEqual(await alarms(), [])
})

test('[WH-7] a unit is back when it stands at a station behind its trip, and not before it has left', async () => {
  const { crew, tripId } = await taken({ arrivals: 'suggest' })
  world.host.stationsAre([{ lonDeg: SCENE.lonDeg, latDeg: SCENE.latDeg + 2_000 / 111_195 }])
  await stand(crew, 2_000, 30)
  await drive(crew, 2_000, 500)
  await press(crew, tripId, 'on-scene')
  await world.accepted(
    world.drive(crew, { type: 'close-trip', tripId, disposition: 'treated-on-scene', happenedAtMs: world.nowMs }),
  )
  await drive(crew, 500, 2_000)
  assert.equal((await times(tripId))['at-station'], undefined)
  const backMs = world.nowMs
  await stand(crew, 2_000, 30)
  const { cause, atMs } = (await times(tripId))['at-station']!
  assert.equal(cause, 'geofence')
  assert.ok(Math.abs(atMs! - backMs) <= 5 * S)
  assert.equal(crew.view.unit.status, 'available')
})
