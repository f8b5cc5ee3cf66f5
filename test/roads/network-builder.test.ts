import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distanceM } from '../../src/domain/geo.ts'
import { hilbertOrder } from '../../src/roads/hilbert.ts'
import { NetworkBuilder } from '../../src/roads/network-builder.ts'
import { largestStrongPart } from '../../src/roads/strong-part.ts'
import { given, networks, plainWays } from './networks.ts'

const pair = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))

test('the largest part is the largest set in which each reaches each, by trying every pair', () => {
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 25 }), pairs => {
      const sorted = pairs.sort(([a], [b]) => a - b)
      const firstOut = Uint32Array.from({ length: 11 }, (_, node) => sorted.filter(([tail]) => tail < node).length)
      const reach = (from: number) => {
        const seen = new Set([from])
        for (const node of seen) for (const [tail, head] of sorted) if (tail === node) seen.add(head)
        return seen
      }
      const all = Array.from({ length: 10 }, (_, node) => reach(node))
      const parts = all.map((its, node) => [...its].filter(other => all[other]!.has(node)).sort((a, b) => a - b))
      const largest = parts.reduce((best, part) => (part.length > best.length ? part : best))
      const found = largestStrongPart(
        firstOut,
        Uint32Array.from(sorted, ([, head]) => head),
      )
      assert.deepEqual(
        [...found].flatMap((isIn, node) => (isIn === 1 ? [node] : [])),
        largest,
      )
    }),
  )
})

test('a part may be a chain as long as any, without a depth that ends it', () => {
  const count = 200_000
  const firstOut = Uint32Array.from({ length: count + 1 }, (_, node) => node)
  const part = largestStrongPart(
    firstOut,
    Uint32Array.from({ length: count }, (_, node) => (node + 1) % count),
  )
  assert.equal(
    part.reduce((sum, isIn) => sum + isIn, 0),
    count,
  )
})

test('in a network every node reaches every other one, and what belongs to an arc belongs to it after sorting', () => {
  fc.assert(
    fc.property(networks(), graph => {
      for (let node = 0; node < graph.nodeCount; node++) {
        assert.ok(plainWays(graph, node).every(({ ms }) => Number.isFinite(ms)))
        for (let arc = graph.firstOut[node]!; arc < graph.firstOut[node + 1]!; arc++)
          assert.equal(graph.arcTail[arc], node)
        for (let slot = graph.firstIn[node]!; slot < graph.firstIn[node + 1]!; slot++) {
          assert.equal(graph.arcHead[graph.inArc[slot]!], node)
          assert.equal(graph.arcTail[graph.inArc[slot]!], graph.inTail[slot])
        }
      }
      assert.deepEqual(
        [...graph.inArc].sort((a, b) => a - b),
        Array.from({ length: graph.arcCount }, (_, arc) => arc),
      )
    }),
  )
})

test('a twin is the same road the other way, with the same bends from its other end', () => {
  fc.assert(
    fc.property(networks(), graph => {
      const bendsOf = (arc: number) =>
        Array.from({ length: graph.firstBend[arc + 1]! - graph.firstBend[arc]! }, (_, index) => {
          const at = graph.firstBend[arc]! + index
          return [graph.bendLonDeg[at], graph.bendLatDeg[at]]
        })
      graph.arcTwin.forEach((twin, arc) => {
        const others = [...graph.arcTwin.keys()].filter(
          other =>
            graph.arcTail[other] === graph.arcHead[arc] &&
            graph.arcHead[other] === graph.arcTail[arc] &&
            JSON.stringify(bendsOf(other)) === JSON.stringify(bendsOf(arc).reverse()),
        )
        assert.deepEqual(others, twin === -1 ? [] : [twin])
      })
    }),
  )
})

test('an arc without a length has that of its drawn line', () => {
  const builder = new NetworkBuilder(['ordinary'])
  builder.addNode(10, 50)
  builder.addNode(10.002, 50)
  const bend = { lonDeg: 10.001, latDeg: 50.001 }
  builder.addArc(given(0, 1, { lengthM: 0, bends: [bend] }))
  builder.addArc(given(1, 0, { lengthM: 321 }))
  const outcome = builder.build()
  assert.ok(outcome.ok)
  const lengths = [...outcome.graph.arcLengthCm].sort((a, b) => a - b)
  const drawn = distanceM({ lonDeg: 10, latDeg: 50 }, bend) + distanceM(bend, { lonDeg: 10.002, latDeg: 50 })
  assert.deepEqual(lengths, [Math.round(drawn * 100), 32_100])
})

test('neighbours along the curve are neighbours on the ground, and each place stands once in the order', () => {
  const side = 32
  const x = Float64Array.from({ length: side * side }, (_, index) => index % side)
  const y = Float64Array.from({ length: side * side }, (_, index) => Math.floor(index / side))
  const order = hilbertOrder(x, y)
  assert.equal(new Set(order).size, side * side)
  const steps = [...order.keys()].slice(1).map(at => {
    const [from, to] = [order[at - 1]!, order[at]!]
    return Math.abs(x[from]! - x[to]!) + Math.abs(y[from]! - y[to]!)
  })
  assert.ok(steps.reduce((sum, step) => sum + step, 0) / steps.length < 1.5)
  assert.deepEqual([...hilbertOrder(Float64Array.of(5, 5), Float64Array.of(5, 5))], [0, 1])
})
