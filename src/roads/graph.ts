/**
 * A road network as arrays: nodes where roads meet or end, directed arcs between them, and how long each arc takes.
 *
 * Arcs are numbered by the node that they leave, so those of node n are `firstOut[n]` to `firstOut[n + 1] - 1`. Nodes are
 * numbered along a Hilbert curve: neighbours on the ground are neighbours in memory, which makes searches a third faster.
 * Every node reaches every other one. Nothing here changes once it is made, and all arrays may lie in shared memory.
 */

/** What a version of a network is stored as. */
export interface StoredGraph {
  /** WGS 84 degrees, by node. */
  readonly lonDeg: Float64Array
  readonly latDeg: Float64Array
  /** By node, and one more: where its arcs begin. */
  readonly firstOut: Uint32Array
  /** By arc: the node that it leads to. */
  readonly arcHead: Uint32Array
  readonly arcLengthCm: Uint32Array
  /** By arc: its place in `classes`, and in `names`. */
  readonly arcClass: Uint8Array
  readonly arcName: Uint32Array
  /** By arc: the same road the other way; -1 where it is one-way. */
  readonly arcTwin: Int32Array
  /** By arc: 1 where nobody lives, as on a motorway. A place is put there only if no other road is near. */
  readonly arcThrough: Uint8Array
  /** By arc, and one more: where the points between its ends begin. */
  readonly firstBend: Uint32Array
  readonly bendLonDeg: Float64Array
  readonly bendLatDeg: Float64Array
  readonly classes: readonly string[]
  /** The first is empty: a road without a name. */
  readonly names: readonly string[]
  /** Milliseconds by arc, at least 1, for each way to drive: `ordinary` always, `siren` and `peak` where they are known. */
  readonly timesMs: ReadonlyMap<string, Uint32Array>
}

export interface RoadGraph extends StoredGraph {
  readonly nodeCount: number
  readonly arcCount: number
  /** By arc: the node that it leaves. */
  readonly arcTail: Uint32Array
  /** By node, and one more: where its arcs begin in `inArc`, which lists arcs by the node that they lead to. */
  readonly firstIn: Uint32Array
  readonly inArc: Uint32Array
  readonly inTail: Uint32Array
}

/** A place on the network: so far along an arc, and along its twin where it may be left or reached either way. */
export interface RoadPosition {
  readonly arc: number
  /** 0 at the arc's tail, 1 at its head. */
  readonly share: number
  readonly isEitherWay: boolean
}

/** Searches keep a node and a time in one number of 53 bits. */
export const MAX_NODES = 2 ** 22
export const MAX_ARCS = 2 ** 24
/** An arc that takes longer is a ferry or a mistake. */
export const MAX_ARC_MS = 3_600_000

/** Adds what follows from the stored arrays. They must be consistent: `decodeGraph` checks what comes from outside. */
export function graphOf(stored: StoredGraph): RoadGraph {
  const { firstOut, arcHead } = stored
  const nodeCount = firstOut.length - 1
  const arcCount = arcHead.length
  const arcTail = new Uint32Array(arcCount)
  const firstIn = new Uint32Array(nodeCount + 1)
  for (let node = 0; node < nodeCount; node++) arcTail.fill(node, firstOut[node], firstOut[node + 1])
  for (let arc = 0; arc < arcCount; arc++) firstIn[arcHead[arc]! + 1]! += 1
  for (let node = 0; node < nodeCount; node++) firstIn[node + 1]! += firstIn[node]!
  const inArc = new Uint32Array(arcCount)
  const inTail = new Uint32Array(arcCount)
  const filled = firstIn.slice(0, nodeCount)
  for (let arc = 0; arc < arcCount; arc++) {
    const at = filled[arcHead[arc]!]!++
    inArc[at] = arc
    inTail[at] = arcTail[arc]!
  }
  return { ...stored, nodeCount, arcCount, arcTail, firstIn, inArc, inTail }
}
