/** A network with all that searches need, made from its stored bytes: slow, so a thread does it and hands the arrays over. */
import { distanceM } from '../../domain/geo.ts'
import { lineOf } from '../arc-line.ts'
import { DamagedRoads, hashIn } from '../array-blob.ts'
import type { RoadGraph } from '../graph.ts'
import { decodeGraph } from '../graph-codec.ts'
import { type GridData, gridOf } from '../grid-data.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import { decodeHierarchy } from '../hierarchy/hierarchy-codec.ts'
import { type RoadTimes, timesOf, WAY_DRIVEN } from '../road-times.ts'

/** The bytes of a network, in memory that threads share, and the hash that they must have. */
export interface RoadsToPrepare {
  readonly graph: Uint8Array
  readonly hierarchy: Uint8Array
  readonly sha256: string
}

export interface PreparedRoads {
  /** Without its names: nobody reads them here, and to hand over thirty thousand texts takes time. */
  readonly graph: RoadGraph
  readonly times: RoadTimes
  readonly grid: GridData
  readonly hierarchy: Hierarchy
  /** No way brings anybody nearer faster. */
  readonly fastestMps: number
}

/** Errors: `DamagedRoads`, also for bytes of another network. */
export function preparedFrom({ graph: bytes, hierarchy, sha256 }: RoadsToPrepare): PreparedRoads {
  const graph = decodeGraph(bytes)
  if (hashIn(bytes) !== sha256) throw new DamagedRoads('These are other roads: their hash is not that of the version.')
  return prepared(graph, decodeHierarchy(hierarchy, bytes, WAY_DRIVEN))
}

export function prepared(graph: RoadGraph, hierarchy: Hierarchy): PreparedRoads {
  const times = timesOf(graph, WAY_DRIVEN)!
  return { graph: { ...graph, names: [] }, times, grid: gridOf(graph), hierarchy, fastestMps: fastestOf(graph, times) }
}

/** Along the drawn lines: a part of an arc is driven as fast as the whole. */
function fastestOf(graph: RoadGraph, { ms }: RoadTimes): number {
  let fastest = 0
  for (let arc = 0; arc < graph.arcCount; arc++) {
    const line = lineOf(graph, arc)
    let metres = 0
    for (let at = 1; at < line.length; at++) metres += distanceM(line[at - 1]!, line[at]!)
    fastest = Math.max(fastest, (metres / ms[arc]!) * 1_000)
  }
  return fastest
}
