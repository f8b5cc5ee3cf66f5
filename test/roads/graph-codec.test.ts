import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { DamagedRoads, packArrays } from '../../src/roads/array-blob.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { decodeGraph, encodeGraph } from '../../src/roads/graph-codec.ts'
import { given, graphWith, networks } from './networks.ts'

const TWO_WAY = graphWith(
  [
    [0, 0],
    [10, 0],
  ],
  [given(0, 1, { name: 'Côte', bends: [{ lonDeg: 10.0005, latDeg: 50.0001 }] }), given(1, 0)],
)

const damaged = (bytes: Uint8Array): boolean => {
  try {
    decodeGraph(bytes)
    return false
  } catch (error) {
    assert.ok(error instanceof DamagedRoads)
    return true
  }
}

test('a network is read back as it was, and as the same bytes', () => {
  fc.assert(
    fc.property(networks(), graph => {
      const bytes = encodeGraph(graph)
      assert.deepEqual(decodeGraph(bytes), graph)
      assert.deepEqual(encodeGraph(decodeGraph(bytes)), bytes)
    }),
  )
})

test('what is read shares the memory that it is read from, wherever that begins', () => {
  const bytes = encodeGraph(TWO_WAY)
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  assert.equal(decodeGraph(shared).arcHead.buffer, shared.buffer)
  const askew = new Uint8Array(bytes.length + 1)
  askew.set(bytes, 1)
  assert.deepEqual(decodeGraph(askew.subarray(1)), TWO_WAY)
})

test('bytes that were cut, lengthened or changed anywhere are told as damaged', () => {
  const bytes = encodeGraph(TWO_WAY)
  for (let length = 0; length < bytes.length; length++) assert.ok(damaged(bytes.slice(0, length)), `${length} bytes`)
  assert.ok(damaged(Uint8Array.of(...bytes, 0, 0, 0, 0, 0, 0, 0, 0)))
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice()
    changed[at]! ^= 1
    assert.ok(damaged(changed), `byte ${at}`)
  }
})

test('no bytes of a stranger are taken for roads', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => damaged(bytes)))
})

/** The bytes of a graph that is wrong, with a hash that is right. */
const packed = (change: Partial<RoadGraph>): Uint8Array => encodeGraph({ ...TWO_WAY, ...change })

const WRONG: readonly (readonly [string, Partial<RoadGraph>, RegExp])[] = [
  ['an arc to no node', { arcHead: Uint32Array.of(1, 7) }, /leads to no node/],
  ['arcs out of order', { firstOut: Uint32Array.of(0, 3, 2) }, /out of order/],
  ['bends out of order', { firstBend: Uint32Array.of(0, 9, 1) }, /out of order/],
  ['too few classes', { classes: [] }, /no class/],
  ['too few names', { names: [''] }, /no name/],
  ['a twin that is none', { arcTwin: Int32Array.of(1, 1) }, /no twin/],
  ['a node off the globe', { lonDeg: Float64Array.of(10, Number.NaN) }, /outside the globe/],
  ['a bend off the globe', { bendLatDeg: Float64Array.of(91) }, /outside the globe/],
  ['another number of nodes', { latDeg: Float64Array.of(1) }, /number of nodes/],
  ['another number of arcs', { arcClass: Uint8Array.of(0) }, /number of arcs/],
  ['a time of nothing', { timesMs: new Map([['ordinary', Uint32Array.of(0, 1)]]) }, /has no time/],
  ['a time without end', { timesMs: new Map([['ordinary', Uint32Array.of(1, 2 ** 32 - 1)]]) }, /has no time/],
  ['no ordinary times', { timesMs: new Map() }, /no ordinary times/],
]
for (const [what, change, told] of WRONG) {
  test(`a network with ${what} is refused, though its hash is right`, () => {
    assert.throws(() => decodeGraph(packed(change)), told)
  })
}

test('bytes of another kind, of another form, or with arrays missing are refused by what they are', () => {
  assert.throws(() => decodeGraph(packArrays('hierarchy', {}, {})), /kind hierarchy/)
  const facts = { classes: [], names: [''], ways: [] }
  assert.throws(() => decodeGraph(packArrays('graph', facts, { lonDeg: Float64Array.of(1) })), /no `latDeg`/)
  assert.throws(() => decodeGraph(packArrays('graph', null, {})), /head of these roads/)
  const later = encodeGraph(TWO_WAY)
  later[4] = 2
  assert.throws(() => decodeGraph(later), /form 2.*reads form 1: import them again/)
})
