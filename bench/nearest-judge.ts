/** Who really is first by road: Dijkstra's search over the whole network, as plain as it can be; no code of what it judges. */
import type { RoadGraph, RoadPosition } from '../src/roads/graph.ts'

export interface JudgedUnit {
  readonly unitId: string
  readonly position: RoadPosition
}

/** Milliseconds of every unit, the first to arrive first, of equal ones by id. */
export function judged(
  graph: RoadGraph,
  ms: Uint32Array,
  fleet: readonly JudgedUnit[],
  to: RoadPosition,
): { unitId: string; ms: number }[] {
  const ends = formsOf(graph, to)
  const onwards = timesTo(
    graph,
    ms,
    ends.map(({ arc, share }) => ({ node: graph.arcTail[arc]!, ms: Math.floor(ms[arc]! * share) })),
  )
  const all = fleet.map(({ unitId, position }) => {
    let best = Infinity
    for (const { arc, share } of formsOf(graph, position)) {
      const driven = Math.floor(ms[arc]! * share)
      best = Math.min(best, ms[arc]! - driven + onwards[graph.arcHead[arc]!]!)
      for (const end of ends)
        if (end.arc === arc && share <= end.share) best = Math.min(best, Math.floor(ms[arc]! * end.share) - driven)
    }
    return { unitId, ms: best }
  })
  return all
    .filter(unit => unit.ms < Infinity)
    .sort((a, b) => a.ms - b.ms || (a.unitId < b.unitId ? -1 : a.unitId > b.unitId ? 1 : 0))
}

/** The arcs by which one may come to a place or leave it. */
function formsOf(graph: RoadGraph, { arc, share, isEitherWay }: RoadPosition): { arc: number; share: number }[] {
  const twin = graph.arcTwin[arc]!
  return isEitherWay && twin >= 0
    ? [
        { arc, share },
        { arc: twin, share: 1 - share },
      ]
    : [{ arc, share }]
}

/** From every node to the ends. */
function timesTo(graph: RoadGraph, ms: Uint32Array, ends: readonly { node: number; ms: number }[]): Float64Array {
  const into: number[][] = Array.from({ length: graph.nodeCount }, () => [])
  for (let arc = 0; arc < graph.arcCount; arc++) into[graph.arcHead[arc]!]!.push(arc)
  const times = new Float64Array(graph.nodeCount).fill(Infinity)
  const waiting: { node: number; ms: number }[] = []
  const push = (entry: { node: number; ms: number }) => {
    let at = waiting.push(entry) - 1
    while (at > 0 && waiting[(at - 1) >> 1]!.ms > entry.ms) {
      waiting[at] = waiting[(at - 1) >> 1]!
      at = (at - 1) >> 1
    }
    waiting[at] = entry
  }
  const pop = () => {
    const first = waiting[0]!
    const last = waiting.pop()!
    if (waiting.length === 0) return first
    let at = 0
    for (let child = 1; child < waiting.length; child = 2 * at + 1) {
      if (child + 1 < waiting.length && waiting[child + 1]!.ms < waiting[child]!.ms) child += 1
      if (waiting[child]!.ms >= last.ms) break
      waiting[at] = waiting[child]!
      at = child
    }
    waiting[at] = last
    return first
  }
  for (const end of ends) push(end)
  while (waiting.length > 0) {
    const { node, ms: atMs } = pop()
    if (atMs >= times[node]!) continue
    times[node] = atMs
    for (const arc of into[node]!) push({ node: graph.arcTail[arc]!, ms: atMs + ms[arc]! })
  }
  return times
}
