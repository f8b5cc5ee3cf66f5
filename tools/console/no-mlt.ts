/** In place of a decoder of tiles that no engine of ours serves, a twentieth of all that the console's page loads. */
export const GEOMETRY_TYPE = {}

export function decodeTile(): never {
  throw new Error('This map reads Mapbox Vector Tiles only.')
}
