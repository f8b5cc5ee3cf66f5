/** Roads made ready by a thread: the same as made here, shared and not copied, and refused where they are not what they should be. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hashIn } from '../../src/roads/array-blob.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { encodeHierarchy } from '../../src/roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import { prepareRoads } from '../../src/roads/travel/prepare-roads.ts'
import { preparedFrom } from '../../src/roads/travel/prepared-roads.ts'
import { seeded } from '../../tools/shared/random.ts'

const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 24, rows: 24, random: seeded(3) })
assert.ok(outcome.ok)
const graph = sharedBytes(encodeGraph(outcome.graph))
const hierarchy = sharedBytes(
  encodeHierarchy(buildHierarchy(outcome.graph, outcome.graph.timesMs.get(WAY_DRIVEN)!), graph, WAY_DRIVEN),
)
const sha256 = hashIn(graph)

test('a thread hands over what is made here, and the large arrays are those of the bytes themselves', async () => {
  const made = await prepareRoads({ graph, hierarchy, sha256 })
  assert.deepEqual(made, preparedFrom({ graph, hierarchy, sha256 }))
  assert.ok(
    made.graph.arcHead.buffer instanceof SharedArrayBuffer && made.hierarchy.up.ms.buffer instanceof SharedArrayBuffer,
  )
})

test('damaged, cut off and other roads are refused, and a hierarchy of others', async () => {
  const spoiled = sharedBytes(graph)
  spoiled[spoiled.length - 9]! ^= 1
  const refused = async (roads: Partial<Parameters<typeof prepareRoads>[0]>, why: RegExp) =>
    assert.rejects(prepareRoads({ graph, hierarchy, sha256, ...roads }), why)
  await refused({ graph: spoiled }, /damaged: their hash/)
  await refused({ graph: graph.slice(0, 400) }, /cut off|damaged/)
  await refused({ sha256: sha256.replace(/./g, '0') }, /These are other roads/)
  await refused({ hierarchy: graph }, /of kind graph, and not hierarchy/)
})

test('a signal ends the thread', async () => {
  const ending = new AbortController()
  const making = prepareRoads({ graph, hierarchy, sha256 }, ending.signal)
  ending.abort()
  await assert.rejects(making, { name: 'AbortError' })
})
