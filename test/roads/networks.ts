/** Small random road networks, and what plain search and plain looking find in them; no code of `src/roads` is used to judge. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import type { RoadGraph, RoadPosition } from '../../src/roads/graph.ts'
import { type GivenArc, NetworkBuilder } from '../../src/roads/network-builder.ts'

/** Around a place in degrees; a ten-thousandth of a degree is some 10 m. */
const GRAIN_DEG = 1e-4

export const given = (tail: number, head: number, more: Partial<GivenArc> = {}): GivenArc => ({
  tail,
  head,
  seconds: [10],
  lengthM: 100,
  roadClass: 'street',
  name: '',
  isThrough: false,
  bends: [],
  source: 'here',
  ...more,
})

/** The graph of nodes at `points` (in grains) and these arcs. */
export function graphWith(points: readonly (readonly [number, number])[], arcs: readonly GivenArc[]): RoadGraph {
  const builder = new NetworkBuilder(['ordinary'])
  for (const [x, y] of points) builder.addNode(10 + x * GRAIN_DEG, 50 + y * GRAIN_DEG)
  for (const arc of arcs) builder.addArc(arc)
  const outcome = builder.build()
  assert.ok(outcome.ok)
  return outcome.graph
}

/**
 * Networks in which every node reaches every other one: a round trip through all, and arcs across, some of them two-way,
 * with times in seconds from few values, so that equal ways are frequent.
 */
export function networks(maxNodes = 24): fc.Arbitrary<RoadGraph> {
  return fc
    .integer({ min: 2, max: maxNodes })
    .chain(nodes => {
      const point = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
      const node = fc.integer({ min: 0, max: nodes - 1 })
      const seconds = fc.oneof(
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 4_000 }).map(ms => ms / 1_000),
      )
      return fc.record({
        points: fc.array(point, { minLength: nodes, maxLength: nodes }),
        round: fc.array(seconds, { minLength: nodes, maxLength: nodes }),
        across: fc.array(
          fc.record({ tail: node, head: node, seconds, isTwoWay: fc.boolean(), bend: fc.option(point) }),
          {
            maxLength: nodes * 2,
          },
        ),
      })
    })
    .map(({ points, round, across }) => {
      const arcs = round.map((each, index) =>
        given(index, (index + 1) % points.length, { seconds: [each], lengthM: 0, name: `round ${index}` }),
      )
      for (const { tail, head, seconds, isTwoWay, bend } of across) {
        const bends = bend === null ? [] : [{ lonDeg: 10 + bend[0] * GRAIN_DEG, latDeg: 50 + bend[1] * GRAIN_DEG }]
        // A length of 0 m has no speed that could be too high.
        const arc = given(tail, head, { seconds: [seconds], lengthM: 0, bends })
        arcs.push(arc)
        if (isTwoWay) arcs.push({ ...arc, tail: head, head: tail })
      }
      return graphWith(points, arcs)
    })
}

/** A place on some arc; the same share is frequent, so that places coincide. */
export function positionsOn(graph: RoadGraph): fc.Arbitrary<RoadPosition> {
  return fc
    .tuple(
      fc.integer({ min: 0, max: graph.arcCount - 1 }),
      fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
      fc.boolean(),
    )
    .map(([arc, share, isEitherWay]) => ({ arc, share, isEitherWay: isEitherWay && graph.arcTwin[arc]! >= 0 }))
}

/** A way and how long it is; of ways that take the same time the shortest and the longest. */
export interface PlainWay {
  readonly ms: number
  readonly leastCm: number
  readonly mostCm: number
}

const NO_WAY: PlainWay = { ms: Infinity, leastCm: Infinity, mostCm: -Infinity }

function quicker(a: PlainWay, b: PlainWay): PlainWay {
  if (a.ms !== b.ms) return a.ms < b.ms ? a : b
  return { ms: a.ms, leastCm: Math.min(a.leastCm, b.leastCm), mostCm: Math.max(a.mostCm, b.mostCm) }
}

const longer = (way: PlainWay, ms: number, cm: number): PlainWay => ({
  ms: way.ms + ms,
  leastCm: way.leastCm + cm,
  mostCm: way.mostCm + cm,
})

/** Times that a test made: of parts of arcs, and of whole ones, which are null where closed. */
export interface PlainTimes {
  readonly ms: readonly number[]
  readonly throughMs: readonly (number | null)[]
}

function plainTimes(graph: RoadGraph, way: string | PlainTimes): PlainTimes {
  if (typeof way !== 'string') return way
  const ms = [...graph.timesMs.get(way)!]
  return { ms, throughMs: ms }
}

/** From one node to all, by looking at every arc again and again until nothing changes. */
export function plainWays(graph: RoadGraph, fromNode: number, way: string | PlainTimes = 'ordinary'): PlainWay[] {
  const { throughMs } = plainTimes(graph, way)
  const ways = new Array<PlainWay>(graph.nodeCount).fill(NO_WAY)
  ways[fromNode] = { ms: 0, leastCm: 0, mostCm: 0 }
  for (let changed = true; changed; ) {
    changed = false
    for (let node = 0; node < graph.nodeCount; node++) {
      if (ways[node] === NO_WAY) continue
      for (let arc = graph.firstOut[node]!; arc < graph.firstOut[node + 1]!; arc++) {
        const head = graph.arcHead[arc]!
        const arcMs = throughMs[arc]!
        if (arcMs === null) continue
        const best = quicker(ways[head]!, longer(ways[node]!, arcMs, graph.arcLengthCm[arc]!))
        const { ms: atMs, leastCm, mostCm } = ways[head]!
        if (best.ms === atMs && best.leastCm === leastCm && best.mostCm === mostCm) continue
        ways[head] = best
        changed = true
      }
    }
  }
  return ways
}

/** From one place to another: along the arc itself, or over its head, by any of the arcs of either. */
export function plainWay(
  graph: RoadGraph,
  from: RoadPosition,
  to: RoadPosition,
  way: string | PlainTimes = 'ordinary',
): PlainWay {
  const { ms } = plainTimes(graph, way)
  const forms = ({ arc, share, isEitherWay }: RoadPosition) =>
    isEitherWay
      ? [
          { arc, share },
          { arc: graph.arcTwin[arc]!, share: 1 - share },
        ]
      : [{ arc, share }]
  let best = NO_WAY
  for (const start of forms(from)) {
    const [startMs, startCm] = [ms[start.arc]!, graph.arcLengthCm[start.arc]!]
    const beforeMs = Math.floor(startMs * start.share)
    const ways = plainWays(graph, graph.arcHead[start.arc]!, way)
    for (const end of forms(to)) {
      const partMs = Math.floor(ms[end.arc]! * end.share)
      const partCm = graph.arcLengthCm[end.arc]! * end.share
      const over = ways[graph.arcTail[end.arc]!]!
      best = quicker(best, longer(over, startMs - beforeMs + partMs, (1 - start.share) * startCm + partCm))
      if (start.arc !== end.arc || start.share > end.share) continue
      const cm = partCm - start.share * startCm
      best = quicker(best, { ms: partMs - beforeMs, leastCm: cm, mostCm: cm })
    }
  }
  return best
}

/** The points of an arc as they are stored. */
export function pointsOf(graph: RoadGraph, arc: number): Position[] {
  const node = (number: number) => ({ lonDeg: graph.lonDeg[number]!, latDeg: graph.latDeg[number]! })
  const bends = [...graph.bendLonDeg.keys()].slice(graph.firstBend[arc], graph.firstBend[arc + 1])
  return [
    node(graph.arcTail[arc]!),
    ...bends.map(bend => ({ lonDeg: graph.bendLonDeg[bend]!, latDeg: graph.bendLatDeg[bend]! })),
    node(graph.arcHead[arc]!),
  ]
}

export const between = (from: Position, to: Position, share: number): Position => ({
  lonDeg: from.lonDeg + share * (to.lonDeg - from.lonDeg),
  latDeg: from.latDeg + share * (to.latDeg - from.latDeg),
})

/** Where on its arc a position is, by measuring along the drawn line. */
export function placeOn(graph: RoadGraph, arc: number, share: number): Position {
  const points = pointsOf(graph, arc)
  const lengths = points.slice(1).map((point, index) => distanceM(points[index]!, point))
  let left = share * lengths.reduce((sum, length) => sum + length, 0)
  for (const [index, length] of lengths.entries()) {
    if (left <= length && length > 0) return between(points[index]!, points[index + 1]!, left / length)
    left -= length
  }
  return points.at(-1)!
}

/** The same network with classes of roads and times with siren and at peak, none of them in any relation to another. */
export function classed(graph: RoadGraph): fc.Arbitrary<RoadGraph> {
  const perArc = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: graph.arcCount, maxLength: graph.arcCount })
  const ms = perArc(fc.integer({ min: 1, max: 5_000 }))
  return fc
    .record({ arcClass: perArc(fc.nat(2)), siren: fc.option(ms), peak: fc.option(ms) })
    .map(({ arcClass, siren, peak }) => ({
      ...graph,
      classes: ['street', 'main', 'motorway'],
      arcClass: Uint8Array.from(arcClass),
      timesMs: new Map([
        ...graph.timesMs,
        ...(siren === null ? [] : [['siren', Uint32Array.from(siren)] as const]),
        ...(peak === null ? [] : [['peak', Uint32Array.from(peak)] as const]),
      ]),
    }))
}
