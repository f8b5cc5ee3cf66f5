/** What a unit's wheels say, fix by fix: departures, arrivals, and whoever only passes by. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import {
  NO_WHEELS,
  stoodForMs,
  type WheelFix,
  type WheelGoals,
  type Wheels,
  wheelsAfter,
} from '../../../src/domain/unit/unit-wheels.ts'

const S = 1_000
const METRE_DEG = 1 / 111_195

/** On a street that runs north through the scene, which is at 0: so many metres south of it. */
const at = (seconds: number, metres: number, more: Partial<WheelFix> = {}): WheelFix => ({
  ...{ fixedAtMs: seconds * S, lonDeg: 10, latDeg: -metres * METRE_DEG, accuracyM: null, speedMps: null },
  ...more,
})
const SCENE: WheelGoals = { scene: { lonDeg: 10, latDeg: 0 }, isAtScene: false, destination: null }

const after = (fixes: readonly WheelFix[], goals = SCENE, from = NO_WHEELS): Wheels =>
  fixes.reduce((wheels, fix) => wheelsAfter(wheels, fix, goals, DEFAULT_POLICY), from)

/** Drives at 10 m/s, a fix every five seconds. */
const driven = (fromS: number, fromM: number, toM: number): WheelFix[] =>
  Array.from({ length: Math.abs(fromM - toM) / 50 + 1 }, (_, index) =>
    at(fromS + index * 5, fromM + Math.sign(toM - fromM) * index * 50, { speedMps: 10 }),
  )
const stands = (fromS: number, metres: number, seconds: number, more: Partial<WheelFix> = {}): WheelFix[] =>
  Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, index) =>
    at(fromS + index * 5, metres, { speedMps: 0, ...more }),
  )

describe('rolling', () => {
  test('a unit rolls once it is 50 m away and drives for ten seconds; the moment is its first fix away', () => {
    const wheels = after([...stands(0, 2_000, 60), ...driven(65, 1_950, 1_800)])
    assert.deepEqual(wheels.setOut?.seen, { atMs: 65 * S, provedAtMs: 75 * S, isSure: false, isAgain: false })
  })

  test('a vehicle that is moved in its yard, or thrown about by its receiver, does not roll', () => {
    const yard = after([...stands(0, 2_000, 60), at(65, 1_960, { speedMps: 4 }), ...stands(70, 1_965, 60)])
    assert.equal(yard.setOut?.seen, null)
    const thrown = after([...stands(0, 2_000, 60), at(65, 1_500), ...stands(70, 2_000, 60)])
    assert.equal(thrown.setOut?.seen, null, 'one fix far away, and back')
    const unsure = after([...stands(0, 2_000, 60), ...stands(65, 1_930, 60, { accuracyM: 40, speedMps: 5 })])
    assert.equal(unsure.setOut?.seen, null, 'no further away than its receiver is unsure')
  })

  test('who has come 200 m has driven, although it waits at a light at each of its fixes', () => {
    const wheels = after([at(0, 2_000), at(60, 1_900, { speedMps: 0 }), at(120, 1_700, { speedMps: 0 })])
    assert.equal(wheels.setOut?.seen?.atMs, 60 * S)
  })

  test('it is sure after thirty seconds without a contradiction', () => {
    const rolled = [...stands(0, 2_000, 30), ...driven(35, 1_950, 1_550)]
    assert.equal(after(rolled.slice(0, -1)).setOut?.seen?.isSure, false)
    assert.equal(after(rolled).setOut?.seen?.isSure, true)
  })
})

describe('arriving', () => {
  test('a unit has arrived once it has stood in the fence for the dwell; the moment is the first fix of it', () => {
    const arrived = after([...driven(0, 500, 50), ...stands(50, 30, 15)])
    assert.deepEqual(arrived.atScene.seen, { atMs: 50 * S, provedAtMs: 65 * S, isSure: false, isAgain: false })
    assert.equal(after([...driven(0, 500, 50), ...stands(50, 30, 10)]).atScene.seen, null, 'a dwell that is too short')
  })

  test('who drives past the scene has not arrived, nor who waits at a light before its fence', () => {
    assert.equal(after(driven(0, 500, -500)).atScene.seen, null)
    assert.equal(after([...driven(0, 500, 150), ...stands(45, 120, 90), ...driven(140, 70, -500)]).atScene.seen, null)
  })

  test('a short halt in the fence on the way past is no arrival', () => {
    assert.equal(after([...driven(0, 500, 50), ...stands(50, 40, 10), ...driven(65, 0, -500)]).atScene.seen, null)
  })

  test('the fence is grown by what the receiver does not know, and a fix that is unsure by more than 50 m proves nothing', () => {
    assert.equal(after(stands(0, 80, 30)).atScene.seen, null)
    assert.equal(after(stands(0, 80, 30, { accuracyM: 30 })).atScene.seen?.atMs, 0)
    assert.equal(after(stands(0, 10, 60, { accuracyM: 51 })).atScene.seen, null)
  })

  test('without a speed from the receiver, what lies between two fixes in the fence tells it', () => {
    const crawls = [at(0, 700), at(60, 70), at(80, 20), at(100, -60), at(160, -700)]
    assert.equal(after(crawls).atScene.seen, null)
    assert.equal(after([at(0, 700), at(60, 55), at(120, 40)]).atScene.seen?.atMs, 60 * S)
  })

  test('it takes more to leave than to come: a fix between the fence and one and a half times its radius ends no stay', () => {
    const wheels = after([...stands(0, 55, 10), at(12, 80, { speedMps: 0 }), ...stands(15, 55, 5)])
    assert.equal(wheels.atScene.seen?.atMs, 0)
    const left = after([at(100, 130, { speedMps: 8 })], SCENE, wheels)
    assert.deepEqual(left.atScene, { sinceMs: null, seen: null, isAgain: true })
    assert.equal(after(stands(200, 0, 20), SCENE, left).atScene.seen?.isAgain, true)
  })

  test('a signal that is lost for minutes proves no dwell: nobody knows where the unit was', () => {
    assert.equal(after([at(0, 20), at(400, 20)]).atScene.seen, null)
    assert.equal(after([at(0, 20), at(400, 20), at(420, 20)]).atScene.seen?.atMs, 400 * S)
  })

  test('at the destination a unit arrives in the fence of that, while it has a patient on board', () => {
    const goals = { ...SCENE, destination: { lonDeg: 10, latDeg: 1_000 * METRE_DEG } }
    assert.equal(after(stands(0, -880, 20), goals).atDestination.seen?.atMs, 0)
    assert.equal(after(stands(0, -880, 20), SCENE).atDestination.seen, null)
  })
})

describe('leaving', () => {
  test('a unit that has arrived has left once it rolls from where it stood', () => {
    const wheels = after([...driven(0, 500, 50), ...stands(50, 30, 60), ...driven(115, -20, -220)])
    assert.equal(wheels.atScene.seen, null)
    assert.equal(wheels.left?.seen?.atMs, 115 * S)
  })

  test('a crew that says a street before the scene that it is there has not left by driving on', () => {
    const early = { ...SCENE, isAtScene: true }
    assert.equal(after(driven(0, 500, 50), early).left, null)
    assert.equal(after([...stands(0, 300, 30), ...driven(35, 350, 600)], early).left?.seen?.atMs, 35 * S)
  })
})

test('how long a unit has stood is told by its own fixes, and how far it has turned away by the nearest that it was', () => {
  assert.equal(stoodForMs(NO_WHEELS), 0)
  assert.equal(stoodForMs(after([...driven(0, 1_000, 500), ...stands(55, 490, 100)])), 105 * S)
  const away = after([...driven(0, 1_000, 500), ...driven(60, 600, 1_700)])
  assert.deepEqual([Math.round(away.nearestM!), Math.round(away.awayM)], [500, 1_200])
})

test('a fix that is no newer than the last changes nothing', () => {
  const wheels = after(driven(0, 500, 300))
  assert.equal(after([at(3, 0), at(20, 0)], SCENE, wheels), wheels)
})
