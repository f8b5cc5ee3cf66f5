/** A vehicle that drives on roads while it has a trip, and goes by its trace while it has none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DemoCity } from '../../src/demo/demo-city.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { Streets } from '../../tools/replay/streets.ts'
import { Wheels } from '../../tools/replay/wheels.ts'
import { Dice } from '../fuzz/dice.ts'

/** A Thursday. */
const NOON_MS = 12 * 3_600_000
const city = new DemoCity()
const snapper = new RoadSnapper(city.graph)
const dice = new Dice(5)
const somewhere = () => city.somewhere(() => dice.below(1_000_000) / 1_000_000)
const offRoadM = (place: Position) =>
  snapper.snap({ ...place, isAddress: false, headingDeg: null, former: null })?.offRoadM ?? Number.POSITIVE_INFINITY
const far = (from: Position) => {
  for (;;) {
    const to = somewhere()
    if (distanceM(from, to) > 1_000) return to
  }
}

function standingAt(place: Position) {
  const streets = new Streets(city.graph, { hospitals: city.hospitals, timeZone: 'UTC' })
  const wheels = new Wheels(streets)
  wheels.recorded(place)
  wheels.stand(0)
  return { streets, wheels }
}

describe('a vehicle on wheels', () => {
  test('is on a road from its place to the scene, at the moments that the arcs take, and then stands there', () => {
    for (let drives = 0; drives < 10; drives++) {
      const from = somewhere()
      const scene = far(from)
      const { streets, wheels } = standingAt(from)
      const arrivesAtMs = wheels.driveTo(scene, 3, NOON_MS)!
      assert.equal(arrivesAtMs, NOON_MS + streets.back(from, scene, NOON_MS).atMs.at(-1)!)
      for (let nowMs = NOON_MS; nowMs < arrivesAtMs; nowMs += 5_000) {
        const placed = wheels.at(nowMs)!
        assert.ok(offRoadM(placed) < 1 && placed.speedMps > 0 && placed.speedMps < 40, JSON.stringify(placed))
        assert.ok(placed.headingDeg! >= 0 && placed.headingDeg! < 360)
        assert.ok(wheels.isMoving)
      }
      const there = wheels.at(arrivesAtMs)!
      assert.ok(distanceM(there, scene) < 0.01 && there.speedMps === 0)
      assert.deepEqual([wheels.isMoving, wheels.isOffTrace], [false, true])
      assert.deepEqual(streets.counts, { byRoad: 1, straight: 0 })
    }
  })

  test('with siren it is there sooner, as the engine predicts it, and at a peak later without one', () => {
    const from = somewhere()
    const scene = far(from)
    const takes = (priority: 1 | 3, atMs: number) => standingAt(from).wheels.driveTo(scene, priority, atMs)! - atMs
    const eightMs = NOON_MS - 4 * 3_600_000
    assert.ok(Math.abs(takes(1, NOON_MS) / takes(3, NOON_MS) - 0.75) < 0.01)
    assert.ok(takes(3, eightMs) > takes(3, NOON_MS) * 1.05)
    assert.ok(Math.abs(takes(1, eightMs) / takes(1, NOON_MS) - 1) < 0.01)
  })

  test('its speed is that of each arc, not one for the whole way', () => {
    const from = somewhere()
    const { wheels } = standingAt(from)
    const arrivesAtMs = wheels.driveTo(far(from), 3, 0)!
    const speeds = new Set<number>()
    for (let nowMs = 0; nowMs < arrivesAtMs; nowMs += 1_000) speeds.add(Math.round(wheels.at(nowMs)!.speedMps))
    assert.ok(speeds.size > 1, [...speeds].join())
  })

  test('its hospital is the one that it reaches first', () => {
    const scene = somewhere()
    const { streets, wheels } = standingAt(scene)
    const arrivesAtMs = wheels.driveToHospital(0)
    assert.equal(arrivesAtMs, Math.min(...city.hospitals.map(each => streets.back(scene, each, 0).atMs.at(-1)!)))
    wheels.at(arrivesAtMs!)
    const there = wheels.at(arrivesAtMs!)!
    assert.ok(city.hospitals.some(hospital => distanceM(hospital, there) < 0.01))
  })

  test('what its record says does not move it while it is off its trace', () => {
    const { wheels } = standingAt(somewhere())
    const place = wheels.at(0)
    assert.equal(wheels.recorded(somewhere()), false)
    assert.deepEqual(wheels.at(60_000), place)
  })

  test('after the trip it drives to where its trace is, and goes by it again', () => {
    const from = somewhere()
    const { wheels } = standingAt(from)
    const trace = far(from)
    wheels.recorded(trace)
    wheels.goBack(0)
    let nowMs = 0
    for (; wheels.isOffTrace; nowMs += 5_000) assert.ok(offRoadM(wheels.at(nowMs)!) < 1)
    assert.ok(distanceM(wheels.at(nowMs)!, trace) < 0.01)
    assert.equal(wheels.recorded(from), true)
  })

  test('a trace that keeps moving away is followed three times, then the vehicle jumps to it', () => {
    const from = somewhere()
    const { wheels } = standingAt(from)
    wheels.recorded(far(from))
    wheels.goBack(0)
    let ways = 1
    for (let nowMs = 0; wheels.isOffTrace; nowMs += 1_000) {
      const placed = wheels.at(nowMs)!
      if (placed.speedMps === 0 && wheels.isOffTrace) ways += 1
      wheels.recorded(far(placed))
    }
    assert.equal(ways, 3)
  })

  test('a place on no road is driven to in a straight line at 10 m/s, and counted', () => {
    const from = somewhere()
    const away = { lonDeg: from.lonDeg, latDeg: from.latDeg + 1 }
    const { streets, wheels } = standingAt(from)
    const arrivesAtMs = wheels.driveTo(away, 3, 0)!
    assert.ok(Math.abs(arrivesAtMs - distanceM(from, away) * 100) < 1)
    assert.deepEqual(streets.counts, { byRoad: 0, straight: 1 })
  })

  test('a vehicle that was never seen drives nowhere', () => {
    const wheels = new Wheels(new Streets(city.graph, { hospitals: city.hospitals, timeZone: 'UTC' }))
    wheels.stand(0)
    assert.deepEqual([wheels.driveTo(somewhere(), 3, 0), wheels.at(0)], [null, null])
  })
})
