/**
 * A contraction hierarchy: nodes in the order of their rank, and arcs with shortcuts that lead up or down in it.
 *
 * Between any two nodes a quickest way first climbs, then descends. So two small searches that only climb, one from either
 * end, meet at its top. It is of one graph and one way to drive; other times need another hierarchy.
 */

/** Edges of one direction by the lesser node. */
export interface ClimbingEdges {
  /** By node, and one more: where its edges begin. */
  readonly first: Uint32Array
  /** By edge: the node of higher rank, how long it takes, how long it is. */
  readonly other: Uint32Array
  readonly ms: Uint32Array
  readonly lengthCm: Uint32Array
}

export interface Hierarchy {
  /** From a node to one of higher rank. */
  readonly up: ClimbingEdges
  /** To a node from one of higher rank. */
  readonly down: ClimbingEdges
}
