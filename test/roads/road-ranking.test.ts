import assert from 'node:assert/strict'
import test from 'node:test'
import { generatedCity } from '../../src/roads/city.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { RoadRanking } from '../../src/roads/nearest/road-ranking.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { seeded } from '../../tools/shared/random.ts'

const random = seeded(11)
const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 32, rows: 32, random })
assert.ok(outcome.ok)
const { graph } = outcome
const [ordinary, siren] = ['ordinary', 'siren'].map(way => timesOf(graph, way)!)
const somewhere = () => ({ arc: Math.floor(random() * graph.arcCount), share: random(), isEitherWay: true })
const whole = (to = somewhere()) => ({ to, k: 3, addedTo: () => 0, maxNodes: Number.MAX_SAFE_INTEGER })

/** The same answer as a ranking without a hierarchy has, and by which way. */
function answers(ranking: RoadRanking, plain: RoadRanking): string {
  const query = whole()
  const { by, units, certain } = ranking.nearest(query)
  const right = plain.nearest(query)
  const timesFound = (all: typeof units) => all.map(({ unitId, driveMs }) => `${unitId} ${driveMs}`)
  assert.deepEqual(timesFound(units), timesFound(right.units))
  assert.deepEqual([certain, right.by], [right.units.length, 'search'])
  return by
}

test('a hierarchy answers for a sparse fleet, the search for a dense one and while there is no hierarchy, and both the same', () => {
  const [ranking, plain] = [new RoadRanking(graph, ordinary!), new RoadRanking(graph, ordinary!)]
  const place = (unitId: string) => {
    const position = somewhere()
    ranking.place(unitId, position)
    plain.place(unitId, position)
  }
  for (let index = 0; index < 4; index++) place(`M${index}`)
  assert.equal(answers(ranking, plain), 'search')
  ranking.useHierarchy(buildHierarchy(graph, ordinary!.ms))
  assert.equal(answers(ranking, plain), 'hierarchy')
  place('M3')
  assert.equal(answers(ranking, plain), 'hierarchy')
  const seen: string[] = []
  for (let index = 4; index < 60; index++) {
    place(`M${index}`)
    seen.push(answers(ranking, plain))
  }
  assert.equal(ranking.size, 60)
  // Once, and not back and forth.
  assert.deepEqual([...seen].sort(), seen)
  assert.deepEqual([seen.at(0), seen.at(-1)], ['hierarchy', 'search'])
  for (let index = 59; index >= 4; index--) {
    assert.equal(ranking.remove(`M${index}`), plain.remove(`M${index}`))
    answers(ranking, plain)
  }
  assert.equal(answers(ranking, plain), 'hierarchy')
  assert.equal(ranking.remove('M59'), false)
})

test('other times drop the hierarchy of the former ones', () => {
  const [ranking, plain] = [new RoadRanking(graph, ordinary!), new RoadRanking(graph, siren!)]
  for (const unitId of ['M1', 'M2', 'M3', 'M4']) {
    const position = somewhere()
    ranking.place(unitId, position)
    plain.place(unitId, position)
  }
  ranking.useHierarchy(buildHierarchy(graph, ordinary!.ms))
  assert.equal(ranking.nearest(whole()).by, 'hierarchy')
  ranking.useTimes(siren!)
  assert.equal(answers(ranking, plain), 'search')
  ranking.useHierarchy(buildHierarchy(graph, siren!.ms))
  assert.equal(answers(ranking, plain), 'hierarchy')
})

test('a question by other times than those in use is answered by the search, while the hierarchy stays', () => {
  const [ranking, plain] = [new RoadRanking(graph, ordinary!), new RoadRanking(graph, siren!)]
  for (const unitId of ['M1', 'M2', 'M3', 'M4']) {
    const position = somewhere()
    ranking.place(unitId, position)
    plain.place(unitId, position)
  }
  ranking.useHierarchy(buildHierarchy(graph, ordinary!.ms))
  for (let round = 0; round < 5; round++) {
    const query = whole()
    assert.equal(ranking.nearest(query).by, 'hierarchy')
    assert.deepEqual(ranking.nearest(query, siren!), plain.nearest(query))
    assert.deepEqual(ranking.nearest(query, ordinary!), ranking.nearest(query))
  }
})
