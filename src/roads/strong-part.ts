/** The largest part of a network in which every node reaches every other one. */

/**
 * Marks the nodes of that part with 1; of parts of one size, the one with the first node.
 * Input: arcs by tail, as in a `RoadGraph`. Method: Tarjan's, without recursion, so that its depth has no bound to meet.
 */
export function largestStrongPart(firstOut: Uint32Array, arcHead: Uint32Array): Uint8Array {
  const { partOf, sizes } = strongParts(firstOut, arcHead)
  const first = new Map<number, number>()
  partOf.forEach((part, node) => {
    if (!first.has(part)) first.set(part, node)
  })
  const largest = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || first.get(a)! - first.get(b)!)[0]
  return Uint8Array.from(partOf, part => (part === largest ? 1 : 0))
}

function strongParts(firstOut: Uint32Array, arcHead: Uint32Array): { partOf: Uint32Array; sizes: number[] } {
  const nodeCount = firstOut.length - 1
  const partOf = new Uint32Array(nodeCount)
  const sizes: number[] = []
  // 0: not seen. `low` is the earliest node still open that the node reaches.
  const seenAs = new Uint32Array(nodeCount)
  const low = new Uint32Array(nodeCount)
  const isOpen = new Uint8Array(nodeCount)
  const open: number[] = []
  const nextArc = firstOut.slice(0, nodeCount)
  let seen = 0
  const way: number[] = []
  const enter = (node: number) => {
    seen += 1
    seenAs[node] = seen
    low[node] = seen
    isOpen[node] = 1
    open.push(node)
    way.push(node)
  }
  const close = (root: number) => {
    let size = 0
    for (let node = -1; node !== root; size++) {
      node = open.pop()!
      isOpen[node] = 0
      partOf[node] = sizes.length
    }
    sizes.push(size)
  }
  for (let start = 0; start < nodeCount; start++) {
    if (seenAs[start] === 0) enter(start)
    while (way.length > 0) {
      const node = way.at(-1)!
      if (nextArc[node]! < firstOut[node + 1]!) {
        const head = arcHead[nextArc[node]!++]!
        if (seenAs[head] === 0) enter(head)
        else if (isOpen[head] === 1) low[node] = Math.min(low[node]!, seenAs[head]!)
        continue
      }
      way.pop()
      const before = way.at(-1)
      if (before !== undefined) low[before] = Math.min(low[before]!, low[node]!)
      if (low[node] === seenAs[node]) close(node)
    }
  }
  return { partOf, sizes }
}
