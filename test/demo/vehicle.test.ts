/** A made-up ambulance in the demo's city. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DemoCity } from '../../src/demo/demo-city.ts'
import { Vehicle } from '../../src/demo/vehicle.ts'
import { distanceM } from '../../src/domain/geo.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { Dice } from '../fuzz/dice.ts'

const city = new DemoCity()
const snapper = new RoadSnapper(city.graph)
const offRoadM = (place: { lonDeg: number; latDeg: number }) =>
  snapper.snap({ ...place, isAddress: false, headingDeg: null, former: null })?.offRoadM ?? Number.POSITIVE_INFINITY

describe('a vehicle of the demo', () => {
  test('is on a road all the way, and there when the way says so', () => {
    const dice = new Dice(1)
    const random = () => dice.below(1_000_000) / 1_000_000
    let nowMs = 0
    const vehicle = new Vehicle(city, random, nowMs)
    for (let drives = 0; drives < 20; drives++) {
      const to = city.somewhere(random)
      const driveMs = city.way(vehicle.place, to).atMs.at(-1)!
      vehicle.driveTo(to)
      const arrivesAtMs = nowMs + driveMs
      while (!vehicle.hasArrived) {
        nowMs += 1_000
        vehicle.move(nowMs)
        assert.ok(offRoadM(vehicle.place) < 1, `${offRoadM(vehicle.place)} m off the road`)
        const { speedMps, headingDeg } = vehicle.fix
        if (!vehicle.hasArrived) assert.ok(speedMps > 1 && headingDeg !== null, 'it tells how it drives')
        assert.ok(nowMs <= arrivesAtMs + 2_000, 'it drives for longer than its way takes')
      }
      assert.ok(nowMs >= arrivesAtMs - 2_000, `it is there ${arrivesAtMs - nowMs} ms too early`)
      assert.ok(distanceM(vehicle.place, to) < 0.01)
      assert.deepEqual([vehicle.fix.speedMps, vehicle.fix.headingDeg], [0, null])
    }
  })

  test('stands where it is stopped, and drives on from there', () => {
    const dice = new Dice(2)
    const random = () => dice.below(1_000_000) / 1_000_000
    const vehicle = new Vehicle(city, random, 0)
    vehicle.roam()
    vehicle.move(20_000)
    vehicle.stop()
    const { place } = vehicle
    vehicle.move(60_000)
    assert.deepEqual(vehicle.place, place)
    vehicle.driveTo(city.hospitalFrom(place))
    vehicle.move(61_000)
    assert.notDeepEqual(vehicle.place, place)
  })
})

test('a place far from all roads, as a guest may name one, is driven to as near as a road leads', () => {
  const away = { lonDeg: 176.2, latDeg: -36.9 }
  const vehicle = new Vehicle(city, () => 0.5, 0)
  vehicle.driveTo(away)
  for (let nowMs = 0; !vehicle.hasArrived; nowMs += 1_000) {
    vehicle.move(nowMs)
    assert.ok(nowMs < 60 * 60_000)
  }
  assert.ok(offRoadM(vehicle.place) < 1)
  const [closest] = Array.from({ length: city.graph.nodeCount }, (_, node) =>
    distanceM(away, { lonDeg: city.graph.lonDeg[node]!, latDeg: city.graph.latDeg[node]! }),
  ).sort((a, b) => a - b)
  assert.ok(Math.abs(distanceM(vehicle.place, away) - closest!) < 1)
  // It is there already.
  vehicle.driveTo(away)
  vehicle.move(4_000_000)
  assert.ok(vehicle.hasArrived)
  assert.ok(city.hospitals.includes(city.hospitalFrom(away)))
})

test('the city of the demo is always the same one, with two hospitals that any place is led to', () => {
  assert.deepEqual(encodeGraph(new DemoCity().graph), encodeGraph(city.graph))
  const dice = new Dice(3)
  for (let places = 0; places < 50; places++) {
    const from = city.somewhere(() => dice.below(1_000_000) / 1_000_000)
    const nearest = city.hospitalFrom(from)
    const ms = city.hospitals.map(hospital => city.way(from, hospital).atMs.at(-1)!)
    assert.equal(city.way(from, nearest).atMs.at(-1)!, Math.min(...ms))
    assert.ok(Math.max(...ms) < 30 * 60_000)
  }
})
