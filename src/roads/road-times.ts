/** How long the network takes one way to drive, in the two orders in which searches go through it. */
import type { RoadGraph } from './graph.ts'

/** The way to drive by which units are ranked. Every network knows it. */
export const WAY_DRIVEN = 'ordinary'

export interface RoadTimes {
  /** Milliseconds by arc. */
  readonly ms: Uint32Array
  /** The same in the order of the graph's `inArc`. */
  readonly inMs: Uint32Array
}

/** Null when the network does not know that way to drive. */
export function timesOf(graph: RoadGraph, way: string): RoadTimes | null {
  const ms = graph.timesMs.get(way)
  if (ms === undefined) return null
  return { ms, inMs: Uint32Array.from(graph.inArc, arc => ms[arc]!) }
}

/** From the arc's tail to a place on it. Whole milliseconds, so that sums are exact; to the head it is the rest. */
export const partMs = (times: RoadTimes, arc: number, share: number): number => Math.floor(times.ms[arc]! * share)
