import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toE7 } from '../../../src/protocol/fix-frame.ts'
import type { TripView } from '../../../src/protocol/wire/situation-views.ts'
import { Dice } from '../../fuzz/dice.ts'
import { Loop } from '../core/loop.ts'
import { HOUR_MS } from './chance.ts'
import { City, type Point, positionOf, wayM } from './city.ts'
import type { Town } from './town.ts'
import { Vehicle } from './vehicle.ts'
import { Work } from './work.ts'

const HOME: Point = { xM: 5_000, yM: 5_000 }
const SCENE: Point = { xM: 8_000, yM: 1_000 }

function tripAt(point: Point, phase: TripView['phase']): TripView {
  const { lonDeg, latDeg } = positionOf(point)
  return { tripId: 'sim.trip', phase, lonE7: toE7(lonDeg), latE7: toE7(latDeg) } as TripView
}

function given(seed: number, phase: TripView['phase'] = 'assigned', forgetful = 0, carries = true) {
  const loop = new Loop(0)
  const city = new City(new Dice(seed))
  // Work needs no more of the town than this.
  const town = { loop, city, isCalm: false } as unknown as Town
  const vehicle = new Vehicle(HOME)
  const ends = new Set<string>()
  const pressed: { readonly what: string; readonly atMs: number }[] = []
  const work = new Work(tripAt(SCENE, phase), {
    town,
    dice: new Dice(seed),
    vehicle,
    forgetful,
    carries: () => carries,
    press: button => {
      if ('disposition' in button) ends.add(button.disposition)
      pressed.push({ what: 'phase' in button ? button.phase : 'close', atMs: loop.nowMs })
    },
  })
  return { loop, vehicle, pressed, ends, work, run: (untilMs: number) => loop.run(untilMs, () => {}) }
}

test('a crew presses the buttons of its trip in their order, and closes it', async () => {
  const order = ['en-route', 'on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred', 'close']
  for (let seed = 1; seed <= 30; seed += 1) {
    const { pressed, run } = given(seed)
    await run(4 * HOUR_MS)
    const places = pressed.map(({ what }) => order.indexOf(what))
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    )
    assert.equal(pressed[0]!.what, 'en-route')
    assert.equal(pressed.at(-1)!.what, 'close')
  }
})

test('on-scene is pressed at the scene, also when the call was moved on the way', async () => {
  const { loop, vehicle, pressed, work, run } = given(3)
  await run(200_000)
  const elsewhere: Point = { xM: 200, yM: 9_800 }
  work.see(tripAt(elsewhere, 'en-route'))
  while (pressed.at(-1)?.what !== 'on-scene') await run(loop.nowMs + 1_000)
  assert.ok(wayM(vehicle.pointAt(pressed.at(-1)!.atMs), elsewhere) < 0.01)
})

test('a trip that was taken over in the middle goes on from its phase', async () => {
  const { pressed, run } = given(4, 'transporting')
  await run(4 * HOUR_MS)
  assert.equal(pressed[0]!.what, 'at-destination')
})

test('a button that the engine has not heard of is missing, and the closing until the trip has ended', async () => {
  const { loop, work, pressed, run } = given(5)
  assert.equal(work.missing(tripAt(SCENE, 'assigned')), null)
  while (pressed.length === 0) await run(loop.nowMs + 1_000)
  assert.deepEqual(work.missing(tripAt(SCENE, 'assigned')), { phase: 'en-route' })
  await run(4 * HOUR_MS)
  assert.ok('disposition' in work.missing(tripAt(SCENE, 'at-destination'))!)
})

test('a crew that forgets every button still closes its trip', async () => {
  const { pressed, run } = given(6, 'assigned', 1)
  await run(4 * HOUR_MS)
  assert.deepEqual(
    pressed.map(({ what }) => what),
    ['close'],
  )
})

test('stopped work presses nothing any more', async () => {
  const { work, pressed, run } = given(7)
  await run(100_000)
  work.stop()
  const before = pressed.length
  await run(4 * HOUR_MS)
  assert.equal(pressed.length, before)
})

test('a crew closes as transported only with a vehicle that can carry', async () => {
  const endsOf = async (carries: boolean) => {
    const all = new Set<string>()
    for (let seed = 1; seed <= 60; seed += 1) {
      const { ends, run } = given(seed, 'assigned', 0, carries)
      await run(4 * HOUR_MS)
      for (const end of ends) all.add(end)
    }
    return all
  }
  assert.equal((await endsOf(true)).has('transported'), true)
  assert.equal((await endsOf(false)).has('transported'), false)
})
