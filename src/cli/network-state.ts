/** Whether the bytes of a region's network are there, and are those that were stored. */
import type { RegionId } from '../domain/ids.ts'
import { DamagedRoads, hashIn } from '../roads/array-blob.ts'
import { decodeGraph } from '../roads/graph-codec.ts'
import { decodeHierarchy } from '../roads/hierarchy/hierarchy-codec.ts'
import { WAY_DRIVEN } from '../roads/road-times.ts'
import type { RoadStore, RoadsVersion } from '../store/roads/road-store.ts'

export type NetworkState = 'kept' | 'damaged' | 'not kept'

/** Reads all of it, as an engine would: a second for a large city. */
export async function networkState(
  store: RoadStore,
  region: RegionId,
  { sha256, isStored }: Pick<RoadsVersion, 'isStored'> & { readonly sha256: string },
): Promise<NetworkState> {
  if (!isStored) return 'not kept'
  const bytes = await store.read(region, sha256)
  if (bytes === null) return 'damaged'
  try {
    decodeGraph(bytes.graph)
    decodeHierarchy(bytes.hierarchy, bytes.graph, WAY_DRIVEN)
    return hashIn(bytes.graph) === sha256 ? 'kept' : 'damaged'
  } catch (error) {
    if (error instanceof DamagedRoads) return 'damaged'
    throw error
  }
}
