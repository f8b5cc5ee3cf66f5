/** Segments that are in files and no longer in the database: which, and moving them out and back in. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

/** One file, with every segment from the first number to the last. */
export interface SegmentArchive {
  readonly region: RegionId
  readonly fromNo: number
  readonly toNo: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly fixes: number
  /** The name of the file, without its directory. */
  readonly file: string
  readonly fileBytes: number
  readonly sha256: string
}

/** A segment as a file has it: all columns of its row. */
export interface ArchivedSegment {
  readonly no: number
  readonly logPosition: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly fixes: number
  readonly codec: number
  /** Of the row; null in rows of before. */
  readonly checksum: string | null
  readonly bytes: Buffer
}

/** A span of time; both ends are in it. */
export interface TimeSpan {
  readonly fromMs: number
  readonly toMs: number
}

const ROWS_AT_ONCE = 100
/** Some hours of a busy region. */
const SEGMENTS_PER_FILE = 20_000
const BYTES_PER_FILE = 256 * 1024 * 1024
const COLUMNS = sql`region, from_no AS "fromNo", to_no AS "toNo", first_fixed_at_ms AS "firstFixedAtMs",
  last_fixed_at_ms AS "lastFixedAtMs", fixes, file, file_bytes AS "fileBytes", sha256`

/** Those of a region, or of all, by their numbers. Errors: those of pg. */
export async function listArchives(database: Database, region: RegionId | null): Promise<readonly SegmentArchive[]> {
  const { rows } = await sql<SegmentArchive>`SELECT ${COLUMNS} FROM location.archives
    WHERE ${region === null ? sql`true` : sql`region = ${region}`} ORDER BY region, from_no`.execute(database)
  return rows
}

/** When fixes of a range of time were measured that are in files, cut to the range, in order; spans that meet are one. */
export async function archivedWithin(
  database: Database,
  region: RegionId,
  { fromMs, toMs }: TimeSpan,
): Promise<readonly TimeSpan[]> {
  const { rows } = await sql<TimeSpan>`SELECT lower(span) AS "fromMs", upper(span) - 1 AS "toMs" FROM (
      SELECT unnest(range_agg(int8range(greatest(first_fixed_at_ms, ${fromMs}::bigint),
        least(last_fixed_at_ms, ${toMs}::bigint), '[]'))) AS span
      FROM location.archives
      WHERE region = ${region} AND last_fixed_at_ms >= ${fromMs} AND first_fixed_at_ms <= ${toMs}) a
    ORDER BY 1`.execute(database)
  return rows
}

/** How much a run may have. */
export interface RunBounds {
  readonly segments: number
  readonly bytes: number
}

const FILE_BOUNDS: RunBounds = { segments: SEGMENTS_PER_FILE, bytes: BYTES_PER_FILE }

/** Which segments may go: behind a number and up to another, sound, older than a moment, and with nothing of the spans that are kept. */
export interface Leaving {
  readonly region: RegionId
  readonly afterNo: number
  readonly upToNo: number
  readonly beforeMs: number
  readonly kept: readonly TimeSpan[]
}

/** Consecutive segments. */
export type SegmentRun = Pick<
  SegmentArchive,
  'region' | 'fromNo' | 'toNo' | 'firstFixedAtMs' | 'lastFixedAtMs' | 'fixes'
>

/**
 * The first consecutive segments that may go, as many as a file holds; null where there are none. The newest of all is none of them:
 * by it numbers go on. Errors: those of pg.
 */
export async function nextToLeave(
  database: Database,
  leaving: Leaving,
  bounds: RunBounds = FILE_BOUNDS,
): Promise<SegmentRun | null> {
  const { region, afterNo, beforeMs, kept } = leaving
  const end = await firstThatStays(database, leaving)
  const isKept = sql.join(
    [sql`false`, ...kept.map(span => sql`first_fixed_at_ms <= ${span.toMs} AND last_fixed_at_ms >= ${span.fromMs}`)],
    sql` OR `,
  )
  const { rows } = await sql<SegmentRun>`WITH leaving_rows AS (
      SELECT segment_no AS no, first_fixed_at_ms, last_fixed_at_ms, fix_count,
        segment_no - row_number() OVER (ORDER BY segment_no) AS run,
        sum(octet_length(bytes)) OVER (ORDER BY segment_no) - octet_length(bytes) AS bytes_before
      FROM location.segments
      WHERE region = ${region} AND segment_no > ${afterNo} AND segment_no < ${end}
        AND last_fixed_at_ms < ${beforeMs} AND NOT (${isKept})
        AND coalesce(checksum = location.segment_checksum(region, segment_no, log_position, first_fixed_at_ms,
          last_fixed_at_ms, fix_count, codec_version, bytes), true)
      ORDER BY segment_no LIMIT ${sql.lit(bounds.segments)})
    SELECT ${region} AS region, min(no) AS "fromNo", max(no) AS "toNo", min(first_fixed_at_ms) AS "firstFixedAtMs",
      max(last_fixed_at_ms) AS "lastFixedAtMs", sum(fix_count)::bigint AS fixes
    FROM leaving_rows WHERE run = (SELECT run FROM leaving_rows ORDER BY no LIMIT 1) AND bytes_before < ${sql.lit(bounds.bytes)}
    HAVING count(*) > 0`.execute(database)
  return rows[0] ?? null
}

/** The number from which on segments stay, whatever their age. */
async function firstThatStays(database: Database, { region, upToNo, beforeMs }: Leaving): Promise<number> {
  // By an index: of what is younger than that nothing is looked at.
  const { rows } = await sql<{ end: number }>`SELECT least(${upToNo} + 1,
      (SELECT max(segment_no) FROM location.segments WHERE region = ${region}),
      coalesce((SELECT segment_no FROM location.segments WHERE region = ${region} AND last_fixed_at_ms < ${beforeMs}
          AND last_fixed_at_ms - first_fixed_at_ms <= 3600000
        ORDER BY last_fixed_at_ms DESC, segment_no DESC LIMIT 1) + 1, 0))::bigint AS "end"`.execute(database)
  return rows[0]!.end
}

/** Row by row. Errors: those of pg. */
export async function* segmentsOf(
  database: Database,
  { region, fromNo, toNo }: Pick<SegmentRun, 'region' | 'fromNo' | 'toNo'>,
): AsyncIterable<ArchivedSegment> {
  for (let next = fromNo; next <= toNo; next += ROWS_AT_ONCE) {
    const { rows } = await sql<ArchivedSegment>`SELECT segment_no AS no, log_position AS "logPosition",
        first_fixed_at_ms AS "firstFixedAtMs", last_fixed_at_ms AS "lastFixedAtMs", fix_count AS fixes,
        codec_version AS codec, checksum::text AS checksum, bytes
      FROM location.segments
      WHERE region = ${region} AND segment_no BETWEEN ${next} AND ${Math.min(toNo, next + ROWS_AT_ONCE - 1)}
      ORDER BY segment_no`.execute(database)
    yield* rows
  }
}

/**
 * Takes the segments of a file out of the database. Errors: Error where they are not just those that are there, so that
 * nothing is lost; those of pg.
 */
export async function putArchive(transaction: Database, archive: SegmentArchive): Promise<void> {
  const { region, fromNo, toNo, firstFixedAtMs, lastFixedAtMs, fixes, file, fileBytes, sha256 } = archive
  await takeOutRun(transaction, archive)
  await sql`INSERT INTO location.archives
      (region, from_no, to_no, first_fixed_at_ms, last_fixed_at_ms, fixes, file, file_bytes, sha256)
    VALUES (${region}, ${fromNo}, ${toNo}, ${firstFixedAtMs}, ${lastFixedAtMs}, ${fixes}, ${file}, ${fileBytes},
      ${sha256})`.execute(transaction)
}

/** Errors: Error where they are not just those that are there. */
export async function takeOutRun(
  transaction: Database,
  { region, fromNo, toNo }: Pick<SegmentRun, 'region' | 'fromNo' | 'toNo'>,
): Promise<void> {
  const { numAffectedRows = 0n } = await sql`DELETE FROM location.segments
    WHERE region = ${region} AND segment_no BETWEEN ${fromNo} AND ${toNo}`.execute(transaction)
  if (numAffectedRows !== BigInt(toNo - fromNo + 1))
    throw new Error(
      `Of segments ${fromNo} to ${toNo} of region ${region} ${numAffectedRows} are there; none was let go.`,
    )
}

/** Whether a file with these segments is what the database let go; the row is locked. Errors: those of pg. */
export async function archiveOf(
  transaction: Database,
  region: RegionId,
  fromNo: number,
): Promise<SegmentArchive | null> {
  const { rows } = await sql<SegmentArchive>`SELECT ${COLUMNS} FROM location.archives
    WHERE region = ${region} AND from_no = ${fromNo} FOR UPDATE`.execute(transaction)
  return rows[0] ?? null
}

/** Puts segments back. Errors: Error for one whose checksum is not its own; those of pg, also for one that is there. */
export async function putSegmentsBack(
  transaction: Database,
  region: RegionId,
  segments: readonly ArchivedSegment[],
): Promise<void> {
  const column = <Key extends keyof ArchivedSegment>(key: Key) => segments.map(segment => segment[key])
  const { rows } = await sql<{ no: number }>`INSERT INTO location.segments (region, segment_no, log_position,
      first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version, bytes, checksum)
    SELECT ${region}, s.* FROM unnest(${column('no')}::bigint[], ${column('logPosition')}::bigint[],
      ${column('firstFixedAtMs')}::bigint[], ${column('lastFixedAtMs')}::bigint[], ${column('fixes')}::integer[],
      ${column('codec')}::smallint[], ${column('bytes')}::bytea[], ${column('checksum')}::bigint[])
      AS s (no, log_position, first_ms, last_ms, fixes, codec, bytes, checksum)
    WHERE coalesce(s.checksum = location.segment_checksum(${region}, s.no, s.log_position, s.first_ms, s.last_ms, s.fixes,
      s.codec, s.bytes), true)
    RETURNING segment_no AS no`.execute(transaction)
  if (rows.length !== segments.length) throw new Error('A segment of the file is not what its checksum says.')
}

/** They are in the database again. Errors: those of pg. */
export async function forgetArchive(
  transaction: Database,
  { region, fromNo }: Pick<SegmentArchive, 'region' | 'fromNo'>,
): Promise<void> {
  await sql`DELETE FROM location.archives WHERE region = ${region} AND from_no = ${fromNo}`.execute(transaction)
}
