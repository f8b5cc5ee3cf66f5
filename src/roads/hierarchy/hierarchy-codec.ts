/** A hierarchy as bytes, with the hash of the graph that it is of: to be stored, and to come out of the thread that makes it. */
import { z } from 'zod'
import { DamagedRoads, hashIn, PackedArrays, packArrays } from '../array-blob.ts'
import { MAX_WAY_MS } from '../search-queue.ts'
import type { ClimbingEdges, Hierarchy } from './hierarchy.ts'

const KIND = 'hierarchy'
const factsSchema = z.object({ way: z.string(), graph: z.string() })

/** Input: the bytes of the graph, and the way to drive. */
export function encodeHierarchy({ up, down }: Hierarchy, graphBytes: Uint8Array, way: string): Uint8Array {
  const facts: z.infer<typeof factsSchema> = { way, graph: hashIn(graphBytes) }
  return packArrays(KIND, facts, { ...named('up', up), ...named('down', down) })
}

/** Errors: `DamagedRoads`, also for a hierarchy of another graph or another way to drive. */
export function decodeHierarchy(bytes: Uint8Array, graphBytes: Uint8Array, way: string): Hierarchy {
  const packed = new PackedArrays(bytes, KIND)
  const facts = factsSchema.safeParse(packed.facts)
  if (!facts.success) throw new DamagedRoads('The head of this hierarchy cannot be read.')
  if (facts.data.way !== way || facts.data.graph !== hashIn(graphBytes))
    throw new DamagedRoads('This hierarchy is of other roads, or of another way to drive: prepare it again.')
  const edges = (name: string): ClimbingEdges => ({
    first: packed.u32(`${name}.first`),
    other: packed.u32(`${name}.other`),
    ms: packed.u32(`${name}.ms`),
    lengthCm: packed.u32(`${name}.lengthCm`),
  })
  const [up, down] = [edges('up'), edges('down')]
  if (up.first.length !== down.first.length || !isSound(up) || !isSound(down))
    throw new DamagedRoads('This hierarchy does not fit together: prepare it again.')
  return { up, down }
}

const named = (name: string, { first, other, ms, lengthCm }: ClimbingEdges) => ({
  [`${name}.first`]: first,
  [`${name}.other`]: other,
  [`${name}.ms`]: ms,
  [`${name}.lengthCm`]: lengthCm,
})

function isSound({ first, other, ms, lengthCm }: ClimbingEdges): boolean {
  const nodes = first.length - 1
  return (
    nodes >= 1 &&
    ms.length === other.length &&
    lengthCm.length === other.length &&
    first[0] === 0 &&
    first[nodes] === other.length &&
    first.every((value, index) => index === 0 || value >= first[index - 1]!) &&
    other.every(node => node < nodes) &&
    ms.every(each => each >= 1 && each <= MAX_WAY_MS)
  )
}
