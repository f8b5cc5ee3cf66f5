/** How long the network takes one way to drive, in the two orders in which searches go through it. */
import type { RoadGraph } from './graph.ts'
import { MAX_WAY_MS } from './search-queue.ts'

/** The way to drive by which units are ranked. Every network knows it. */
export const WAY_DRIVEN = 'ordinary'

/** Nothing changes in it once it is made: other times are another object. Arrays may lie in shared memory. */
export interface RoadTimes {
  /**
   * Milliseconds by arc for who is on it, or goes to a place on it. Of a closed arc too: who stands on it drives off, and
   * a place on it is reached.
   */
  readonly ms: Uint32Array
  /** By arc, from its tail to its head: the same array where nothing is closed, `CLOSED_MS` where an arc is. */
  readonly throughMs: Uint32Array
  /** `throughMs` in the order of the graph's `inArc`. */
  readonly inMs: Uint32Array
}

/** More than any way may take, so no way leads through the arc. */
export const CLOSED_MS = MAX_WAY_MS + 1

/** Null when the network does not know that way to drive. */
export function timesOf(graph: RoadGraph, way: string): RoadTimes | null {
  const ms = graph.timesMs.get(way)
  return ms === undefined ? null : roadTimes(graph, ms, ms)
}

export function roadTimes(graph: RoadGraph, ms: Uint32Array, throughMs: Uint32Array): RoadTimes {
  const inMs = sharedNumbers(graph.arcCount)
  for (let slot = 0; slot < inMs.length; slot++) inMs[slot] = throughMs[graph.inArc[slot]!]!
  return { ms, throughMs, inMs }
}

/** Room for so many numbers that threads share. */
export const sharedNumbers = (count: number): Uint32Array =>
  new Uint32Array(new SharedArrayBuffer(count * Uint32Array.BYTES_PER_ELEMENT))

/** From the arc's tail to a place on it. Whole milliseconds, so that sums are exact; to the head it is the rest. */
export const partMs = (times: RoadTimes, arc: number, share: number): number => Math.floor(times.ms[arc]! * share)
