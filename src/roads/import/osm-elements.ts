/** What readers of OpenStreetMap files give: nodes and ways with their tags, one after another. */

export type OsmTags = ReadonlyMap<string, string>

export interface OsmSink {
  node(id: number, lonDeg: number, latDeg: number, tags: OsmTags): void
  way(id: number, nodeIds: readonly number[], tags: OsmTags): void
}

/** A file, from its beginning each time that it is asked for. */
export type OsmFile = () => AsyncIterable<Uint8Array>

/** The bytes are no such file, or a damaged one. */
export class UnreadableOsm extends Error {
  override readonly name = 'UnreadableOsm'
}
