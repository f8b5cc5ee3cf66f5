/** What opens a session, and what it watches and carries: streams, tiles, a feed's channels. */
import { z } from 'zod'
import { STREAM_ID, UNIT_ID } from '../domain/ids.ts'
import { integer, isMatch, longList, matching, oneOf } from './fields.ts'
import { inRange, noMinusZero } from './fix-frame.ts'
import { LIMITS, RANGES } from './limits.ts'
import { orNull } from './nullable.ts'
import { parseTile } from './tiles.ts'
import type { FeedChannel, StreamDeclaration } from './wire/fix-tuples.ts'
import { TILE_ZOOMS, type TileWatch } from './wire/tile-tuples.ts'

const TILE_PROBLEM = `must be z/x/y of the Web Mercator grid with z one of ${TILE_ZOOMS.join(', ')}`

export const token = (() => {
  const error = `must be a string of 1 to ${LIMITS.tokenChars} characters`
  return z.string({ error }).refine(({ length }) => length >= 1 && length <= LIMITS.tokenChars, { error })
})()
export const stream = z
  .tuple([matching(STREAM_ID), oneOf(['gnss', 'device']), integer(RANGES.seq)], {
    error: 'must be [streamId, clock, lowestSeq]',
  })
  .rest(z.unknown())
  .transform(([streamId, clock, lowestSeq]): StreamDeclaration => [streamId, clock, lowestSeq])

const tileWatch = z
  .tuple(
    [
      z.string({ error: TILE_PROBLEM }).refine(tile => parseTile(tile) !== null, { error: TILE_PROBLEM }),
      orNull(matching(STREAM_ID)),
      orNull(integer(RANGES.position)),
    ],
    { error: 'must be [tile, epoch, frameNo]' },
  )
  .rest(z.unknown())
  .refine(([, epoch, frameNo]) => (epoch === null) === (frameNo === null), {
    error: 'must give both epoch and frameNo, or neither',
  })
  .transform(([tile, epoch, frameNo]): TileWatch => [tile, epoch, frameNo])
const feedChannel = z
  .tuple(
    [integer(RANGES.channel), matching(UNIT_ID), matching(STREAM_ID), oneOf(['gnss', 'device']), integer(RANGES.seq)],
    { error: 'must be [channel, unitId, streamId, clock, lowestSeq]' },
  )
  .rest(z.unknown())
  .transform(
    ([channel, unitId, streamId, clock, lowestSeq]): FeedChannel => [channel, unitId, streamId, clock, lowestSeq],
  )
function quickTileWatch(given: unknown): TileWatch | null {
  if (!Array.isArray(given)) return null
  const [tile, stream, seq] = given
  if (typeof tile !== 'string' || parseTile(tile) === null) return null
  if (stream === null && seq === null) return [tile, null, null]
  return isMatch(stream, STREAM_ID) && inRange(seq, RANGES.position) ? [tile, stream, noMinusZero(seq)] : null
}
function quickFeedChannel(given: unknown): FeedChannel | null {
  if (!Array.isArray(given)) return null
  const [channel, unitId, streamId, clock, lowestSeq] = given
  if (!inRange(channel, RANGES.channel) || !inRange(lowestSeq, RANGES.seq)) return null
  if (!isMatch(unitId, UNIT_ID) || !isMatch(streamId, STREAM_ID)) return null
  return clock === 'gnss' || clock === 'device' ? [noMinusZero(channel), unitId, streamId, clock, lowestSeq] : null
}
const quickChannel = (given: unknown): number | null => (inRange(given, RANGES.channel) ? noMinusZero(given) : null)

/** The tiles of `watch-tiles`. */
export const tileWatches = longList(tileWatch, 0, LIMITS.tilesPerWatch, quickTileWatch)
/** The units of `attach`. */
export const feedChannels = longList(feedChannel, 1, LIMITS.channelsPerAttach, quickFeedChannel)
/** The channels of `detach`. */
export const channels = longList(integer(RANGES.channel), 1, LIMITS.channelsPerAttach, quickChannel)
