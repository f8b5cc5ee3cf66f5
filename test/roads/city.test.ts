import assert from 'node:assert/strict'
import test from 'node:test'
import { distanceM } from '../../src/domain/geo.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { seeded } from '../../tools/shared/random.ts'
import { plainWays } from './networks.ts'

function city(seed: number, columns = 40, rows = 34) {
  const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns, rows, random: seeded(seed) })
  assert.ok(outcome.ok)
  return outcome.graph
}
const CITY = city(1)
const nameOf = (arc: number): string => CITY.names[CITY.arcName[arc]!]!

test('the same chance makes the same city, and another chance another one', () => {
  assert.deepEqual(encodeGraph(city(1)), encodeGraph(CITY))
  assert.notDeepEqual(encodeGraph(city(2)), encodeGraph(CITY))
})

test('nearly all crossings hang together, with roads of every class and one-way streets', () => {
  assert.ok(CITY.nodeCount > 0.95 * 40 * 34)
  assert.deepEqual([...CITY.classes].sort(), ['main', 'motorway', 'ramp', 'ring', 'street'])
  const oneWay = CITY.arcTwin.filter(twin => twin === -1).length / CITY.arcCount
  assert.ok(oneWay > 0.1 && oneWay < 0.5, `${oneWay}`)
})

test('bridges are the only way over the river but for the motorway', () => {
  const south = new Set(
    Array.from({ length: CITY.nodeCount }, (_, node) => node).filter(node => CITY.latDeg[node]! < 51.0011),
  )
  const over = [...CITY.arcHead.keys()].filter(
    arc => south.has(CITY.arcTail[arc]!) !== south.has(CITY.arcHead[arc]!) && nameOf(arc) !== 'Motorway',
  )
  assert.deepEqual([...new Set(over.map(nameOf))].sort(), ['Bridge 1', 'Bridge 2'])
})

test('a siren is faster by the same share everywhere, and no road is shorter than the straight line', () => {
  const [ordinary, siren] = ['ordinary', 'siren'].map(way => CITY.timesMs.get(way)!)
  for (let arc = 0; arc < CITY.arcCount; arc++) {
    assert.ok(Math.abs(ordinary![arc]! / siren![arc]! - 4 / 3) < 0.01)
    const at = (node: number) => ({ lonDeg: CITY.lonDeg[node]!, latDeg: CITY.latDeg[node]! })
    assert.ok(CITY.arcLengthCm[arc]! / 100 > distanceM(at(CITY.arcTail[arc]!), at(CITY.arcHead[arc]!)) * 0.999)
  }
})

test('who is nearest by the straight line is often not who is first by road', () => {
  const random = seeded(5)
  const someNode = () => Math.floor(random() * CITY.nodeCount)
  let wrong = 0
  for (let round = 0; round < 40; round++) {
    const [from, to] = [plainWays(CITY, someNode()), Array.from({ length: 10 }, someNode)]
    const at = (node: number) => ({ lonDeg: CITY.lonDeg[node]!, latDeg: CITY.latDeg[node]! })
    const start = from.findIndex(({ ms }) => ms === 0)
    const straight = to.toSorted((a, b) => distanceM(at(start), at(a)) - distanceM(at(start), at(b)))[0]!
    if (from[straight]!.ms > Math.min(...to.map(node => from[node]!.ms))) wrong += 1
  }
  assert.ok(wrong >= 4, `${wrong} of 40`)
})
