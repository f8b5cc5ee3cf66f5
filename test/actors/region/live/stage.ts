/** What the tests of the live view share: consoles that look at tiles of a region world, and the picture that they have. */
import assert from 'node:assert/strict'
import { tileAt } from '../../../../src/protocol/tiles.ts'
import type { TileUnit, TileWatch } from '../../../../src/protocol/wire/tile-tuples.ts'
import { type RecordingSession, type RegionWorld, SCENE, settle } from '../../../support/region-world.ts'

/** From one round to the next, with time to gather. */
export const ROUND_MS = 300

/** The tile of the scene at each zoom, and the one to its north at zoom 12. */
export const [WIDE, MIDDLE, HERE] = [6, 9, 12].map(zoom => tileAt(zoom, SCENE.lonDeg, SCENE.latDeg)) as [
  string,
  string,
  string,
]
/** A unit so far north of the scene is on the tile `NORTH`. */
export const NORTH_M = 8_000
export const NORTH = tileAt(12, SCENE.lonDeg, SCENE.latDeg + NORTH_M / 111_195)
assert.notEqual(NORTH, HERE)

let requests = 0

/** Sets what a session looks at; tiles by name ask for snapshots. */
export async function look(
  world: RegionWorld,
  session: RecordingSession,
  ...tiles: readonly (string | TileWatch)[]
): Promise<void> {
  const watches = tiles.map((tile): TileWatch => (typeof tile === 'string' ? [tile, null, null] : tile))
  world.host.tell(session, { type: 'watch-tiles', id: `look-${++requests}`, tiles: watches })
  await settle()
}

interface Picture {
  readonly streamId: string
  seq: number
  readonly units: Map<string, TileUnit>
}

/** What a client that follows the protocol has on its map after all that it was sent. Fails on a gap. */
export function pictureOf(session: RecordingSession): Map<string, Picture> {
  const tiles = new Map<string, Picture>()
  for (const message of session.messages) {
    if (message[0] === 'tile') {
      const [, name, streamId, seq, , units] = message
      tiles.set(name, { streamId, seq, units: new Map(units.map(unit => [unit[0], unit])) })
    } else if (message[0] === 'tile-moves') {
      const [, name, seq, , units, gone] = message
      const picture = tiles.get(name) ?? assert.fail(`moves of ${name} came before its snapshot`)
      assert.equal(seq, picture.seq + 1, `frame of ${name}`)
      picture.seq = seq
      for (const unitId of gone) picture.units.delete(unitId)
      for (const unit of units) picture.units.set(unit[0], unit)
    }
  }
  return tiles
}

/** The units that a session's map shows on a tile, with their status, by id. */
export function shown(session: RecordingSession, tile: string): string[] {
  const { units } = pictureOf(session).get(tile) ?? assert.fail(`nothing was shown of ${tile}`)
  return [...units.values()].map(unit => `${unit[0]} ${unit[6]}`).sort()
}
