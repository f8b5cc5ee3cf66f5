/**
 * Tracks: the fixes of one unit from a run of segments, in one row, so that a unit's day is some dozens of rows.
 *
 * The bytes of a track are those of a segment with one unit in it, in the order of arrival, compressed where that is shorter.
 * A run that was packed is in `location.packs`, and no longer among the segments. Fixes that come late for its time are in later
 * segments, and so in later runs: whoever reads takes all runs that have a moment in common with what is asked for.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { sql } from 'kysely'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { type SegmentRun, type TimeSpan, takeOutRun } from './archives.ts'
import { decodeSegment, type EncodedSegment, SegmentCorrupt, type SegmentFix } from './segment-codec.ts'

/** The bytes as a segment has them. */
const PLAIN = 1
/** The same behind raw DEFLATE (RFC 1951). */
const DEFLATED = 2
/** More than a run's segments have, so no row that is read grows beyond it. */
const PLAIN_BYTES_MAX = 128 * 1024 * 1024
const ROWS_AT_ONCE = 50

/** A run of segments, and where its tracks are. */
export interface Pack extends SegmentRun {
  /** Of its first and its last segment. */
  readonly firstLogPosition: number
  readonly lastLogPosition: number
  readonly firstTrackNo: number
  readonly lastTrackNo: number
}

export interface TrackRow {
  readonly unitId: UnitId
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly fixCount: number
  readonly codec: number
  readonly bytes: Uint8Array
}

export interface StoredTrack extends TrackRow {
  readonly trackNo: number
  readonly isSound: boolean
}

export function trackOf(unitId: UnitId, encoded: EncodedSegment): TrackRow {
  const { firstFixedAtMs, lastFixedAtMs, fixCount } = encoded
  const deflated = deflateRawSync(encoded.bytes, { level: 9 })
  const isShorter = deflated.length < encoded.bytes.length
  const bytes = isShorter ? deflated : encoded.bytes
  return { unitId, firstFixedAtMs, lastFixedAtMs, fixCount, codec: isShorter ? DEFLATED : PLAIN, bytes }
}

/** In the order of arrival. Errors: SegmentCorrupt for bytes that are no track. */
export function fixesOfTrack({ unitId, codec, bytes, fixCount }: TrackRow): readonly SegmentFix[] {
  if (codec !== PLAIN && codec !== DEFLATED) throw new SegmentCorrupt(`A track has codec ${codec}, which is not known.`)
  const fixes = decodeSegment(codec === PLAIN ? bytes : inflated(bytes), unitId)
  if (fixes.length !== fixCount)
    throw new SegmentCorrupt(`A track of ${unitId} has ${fixes.length} fixes, and had ${fixCount}.`)
  return fixes
}

function inflated(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: PLAIN_BYTES_MAX })
  } catch (error) {
    throw new SegmentCorrupt('A track is not whole: its bytes cannot be inflated.', { cause: error })
  }
}

/** Where packing goes on in a region: behind these numbers; 0 where nothing is packed. Errors: those of pg. */
export async function packedEnd(
  database: Database,
  region: RegionId,
): Promise<{ readonly toNo: number; readonly trackNo: number }> {
  const { rows } = await sql<{ toNo: number; trackNo: number }>`SELECT coalesce(max(to_no), 0)::bigint AS "toNo",
    coalesce(max(last_track_no), 0)::bigint AS "trackNo" FROM location.packs WHERE region = ${region}`.execute(database)
  return rows[0]!
}

/** Adds tracks with the numbers from one on. Errors: those of pg. */
export async function putTracks(
  transaction: Database,
  region: RegionId,
  firstTrackNo: number,
  tracks: readonly TrackRow[],
): Promise<void> {
  const column = <Key extends keyof TrackRow>(key: Key) => tracks.map(track => track[key])
  const numbers = tracks.map((_track, index) => firstTrackNo + index)
  await sql`INSERT INTO location.tracks (region, track_no, unit_id, first_fixed_at_ms, last_fixed_at_ms, fix_count,
      codec_version, bytes, checksum)
    SELECT ${region}, t.*, location.track_checksum(${region}, t.unit_id, t.no, t.first_ms, t.last_ms, t.fixes, t.codec, t.bytes)
    FROM unnest(${numbers}::bigint[], ${column('unitId')}::text[], ${column('firstFixedAtMs')}::bigint[],
      ${column('lastFixedAtMs')}::bigint[], ${column('fixCount')}::integer[], ${column('codec')}::smallint[],
      ${column('bytes')}::bytea[]) AS t (no, unit_id, first_ms, last_ms, fixes, codec, bytes)`.execute(transaction)
}

/**
 * Takes the segments of a run out, whose tracks are put. Errors: Error where the segments are not just those that are there, or
 * the tracks have another count of fixes, so that nothing is lost; those of pg.
 */
export async function putPack(transaction: Database, pack: Pack): Promise<void> {
  const { region, fromNo, toNo, firstTrackNo, lastTrackNo, fixes } = pack
  const { rows } = await sql<{ inSegments: number; inTracks: number }>`SELECT
      (SELECT sum(fix_count) FROM location.segments WHERE region = ${region}
        AND segment_no BETWEEN ${fromNo} AND ${toNo})::bigint AS "inSegments",
      (SELECT sum(fix_count) FROM location.tracks WHERE region = ${region}
        AND track_no BETWEEN ${firstTrackNo} AND ${lastTrackNo})::bigint AS "inTracks"`.execute(transaction)
  const { inSegments, inTracks } = rows[0]!
  if (inSegments !== fixes || inTracks !== fixes)
    throw new Error(
      `Segments ${fromNo} to ${toNo} of region ${region} have ${inSegments} fixes, their tracks ${inTracks}; nothing was packed.`,
    )
  await takeOutRun(transaction, pack)
  await sql`INSERT INTO location.packs (region, from_no, to_no, first_log_position, last_log_position, first_fixed_at_ms,
      last_fixed_at_ms, fixes, first_track_no, last_track_no)
    VALUES (${region}, ${fromNo}, ${toNo}, ${pack.firstLogPosition}, ${pack.lastLogPosition}, ${pack.firstFixedAtMs},
      ${pack.lastFixedAtMs}, ${fixes}, ${firstTrackNo}, ${lastTrackNo})`.execute(transaction)
}

/** A unit's tracks that have a moment in common with a window; a page at a time. Errors: those of pg. */
export async function* tracksWithin(
  database: Database,
  region: RegionId,
  unitId: UnitId,
  { fromMs, toMs }: TimeSpan,
): AsyncIterable<readonly StoredTrack[]> {
  for (let after = 0; ; ) {
    const { rows } = await sql<StoredTrack>`SELECT t.track_no AS "trackNo", t.unit_id AS "unitId",
        t.first_fixed_at_ms AS "firstFixedAtMs", t.last_fixed_at_ms AS "lastFixedAtMs", t.fix_count AS "fixCount",
        t.codec_version AS codec, t.bytes, t.checksum = location.track_checksum(t.region, t.unit_id, t.track_no,
          t.first_fixed_at_ms, t.last_fixed_at_ms, t.fix_count, t.codec_version, t.bytes) AS "isSound"
      FROM location.packs p JOIN location.tracks t ON t.region = p.region AND t.unit_id = ${unitId}
        AND t.track_no BETWEEN p.first_track_no AND p.last_track_no
      WHERE p.region = ${region} AND p.last_fixed_at_ms >= ${fromMs} AND p.first_fixed_at_ms <= ${toMs}
        AND t.last_fixed_at_ms >= ${fromMs} AND t.first_fixed_at_ms <= ${toMs} AND t.track_no > ${after}
      ORDER BY t.track_no LIMIT ${sql.lit(ROWS_AT_ONCE)}`.execute(database)
    if (rows.length === 0) return
    yield rows
    if (rows.length < ROWS_AT_ONCE) return
    after = rows.at(-1)!.trackNo
  }
}
