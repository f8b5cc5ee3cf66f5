/** Tiny made-up roads for the bench of policies: places are corners, and every road may be driven both ways. */
import { BenchRoads, type Goal, WaysBack } from '../../bench/policy-roads.ts'
import { NetworkBuilder } from '../../src/roads/network-builder.ts'

export interface TinyRoad {
  readonly a: number
  readonly b: number
  readonly seconds: number
}

export interface TinyWorld {
  readonly roads: BenchRoads
  readonly back: WaysBack
  /** By corner. */
  readonly goals: readonly Goal[]
}

/** Input: where corners are, in steps of some 100 m east and north. */
export function tinyWorld(corners: readonly (readonly [number, number])[], given: readonly TinyRoad[]): TinyWorld {
  const builder = new NetworkBuilder(['ordinary'])
  const places = corners.map(([east, north]) => ({ lonDeg: 7 + east / 1_000, latDeg: 51 + north / 1_000 }))
  const nodes = places.map(({ lonDeg, latDeg }) => builder.addNode(lonDeg, latDeg))
  for (const { a, b, seconds } of given) {
    const arc = {
      seconds: [seconds],
      lengthM: 100,
      roadClass: 'street',
      name: '',
      isThrough: false,
      bends: [],
      source: '',
    }
    builder.addArc({ ...arc, tail: nodes[a]!, head: nodes[b]! })
    builder.addArc({ ...arc, tail: nodes[b]!, head: nodes[a]! })
  }
  const outcome = builder.build()
  if (!outcome.ok) throw new Error(outcome.message)
  const { graph } = outcome
  const roads = new BenchRoads(graph)
  const goals = places.map(({ lonDeg, latDeg }) => {
    const node = graph.lonDeg.findIndex((each, at) => each === lonDeg && graph.latDeg[at] === latDeg)
    return roads.goalAt({ arc: graph.firstOut[node]!, share: 0, isEitherWay: true })
  })
  return { roads, back: new WaysBack(roads), goals }
}
