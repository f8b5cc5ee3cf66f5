import assert from 'node:assert/strict'
import test from 'node:test'
import { DamagedRoads } from '../../src/roads/array-blob.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { decodeHierarchy, encodeHierarchy } from '../../src/roads/hierarchy/hierarchy-codec.ts'
import { prepareHierarchy } from '../../src/roads/hierarchy/prepare.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import { seeded } from '../../tools/shared/random.ts'

const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 24, rows: 24, random: seeded(1) })
assert.ok(outcome.ok)
const { graph } = outcome
const GRAPH = encodeGraph(graph)
const SIREN = buildHierarchy(graph, graph.timesMs.get('siren')!)

test('a thread makes the hierarchy that this one would make, in memory that both share', async () => {
  const made = await prepareHierarchy({ graphBytes: sharedBytes(GRAPH), way: 'siren' })
  assert.deepEqual(made, SIREN)
  assert.ok(made.up.ms.buffer instanceof SharedArrayBuffer)
})

test('what a thread cannot do is told by it, and one that is no longer wanted ends', async () => {
  const graphBytes = sharedBytes(GRAPH)
  await assert.rejects(prepareHierarchy({ graphBytes, way: 'sail' }), /no times for driving sail/)
  await assert.rejects(
    prepareHierarchy({ graphBytes: sharedBytes(GRAPH.slice(0, -8)), way: 'siren' }),
    /damaged|cut off/,
  )
  const stop = new AbortController()
  const prepared = prepareHierarchy({ graphBytes, way: 'siren' }, stop.signal)
  stop.abort(new Error('other roads are in force'))
  await assert.rejects(prepared, /other roads are in force/)
  await assert.rejects(prepareHierarchy({ graphBytes, way: 'siren' }, stop.signal), /other roads are in force/)
})

test('a hierarchy is read back as it was, and not for other roads, another way to drive, or damaged', () => {
  const bytes = encodeHierarchy(SIREN, GRAPH, 'siren')
  assert.deepEqual(decodeHierarchy(bytes, GRAPH, 'siren'), SIREN)
  const other = encodeGraph({ ...graph, names: [...graph.names, 'New Road'] })
  assert.throws(() => decodeHierarchy(bytes, other, 'siren'), /of other roads/)
  assert.throws(() => decodeHierarchy(bytes, GRAPH, 'ordinary'), /of another way to drive/)
  assert.throws(() => decodeHierarchy(GRAPH, GRAPH, 'siren'), /kind graph, and not hierarchy/)
  for (let at = 0; at < bytes.length; at += 97) {
    const changed = bytes.slice()
    changed[at]! ^= 16
    assert.throws(() => decodeHierarchy(changed, GRAPH, 'siren'), DamagedRoads)
  }
  const { up, down } = SIREN
  const wrong = [
    { up: { ...up, other: up.other.map(() => graph.nodeCount) }, down },
    { up, down: { ...down, ms: down.ms.map(() => 0) } },
    { up: { ...up, first: up.first.toReversed() }, down },
    { up, down: { ...down, first: down.first.slice(1) } },
    { up: { ...up, lengthCm: up.lengthCm.slice(1) }, down },
  ]
  for (const each of wrong) {
    assert.throws(() => decodeHierarchy(encodeHierarchy(each, GRAPH, 'siren'), GRAPH, 'siren'), /does not fit together/)
  }
})
