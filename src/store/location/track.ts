/**
 * The track of one unit, read back from its region's segments, and from the tracks that those were packed into, in bounded memory and
 * without holding the event loop.
 *
 * Time is walked in windows. Of each window every segment that overlaps it is read, because a late fix may lie in any of
 * them; only tables that name the unit are decoded further, and of what is found only the next page is kept. A segment
 * that is damaged or missing costs its own fixes alone, and the page says when those were measured.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Fix } from '../../domain/fix.ts'
import type { RegionId, StreamId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { archivedWithin, type TimeSpan } from './archives.ts'
import { fixesOfTrack, type StoredTrack, tracksWithin } from './packs.ts'
import { decodeSegment, FIX_FLAGS, SegmentCorrupt, type SegmentFix } from './segment-codec.ts'
import { type DamagedSpan, DamagedSpans, noteGaps } from './track-damage.ts'

export interface TrackFix extends Fix {
  readonly streamId: StreamId
  /** A byte of `FIX_FLAGS`. */
  readonly flags: number
}

/** A place in the order of a track: by `fixedAtMs`, then `seq`, then `streamId`. */
export type TrackCursor = Pick<TrackFix, 'fixedAtMs' | 'seq' | 'streamId'>

export interface TrackRequest {
  readonly region: RegionId
  readonly unitId: UnitId
  /** Region time, epoch ms: the fixes measured from `fromMs` on and before `toMs`. */
  readonly fromMs: number
  readonly toMs: number
  /** Only what comes after it; null: everything. */
  readonly after: TrackCursor | null
  readonly limit: number
}

export interface TrackPage {
  /** In the order of the track, at most `limit`; fewer than that, or none, also where the search took long. */
  readonly fixes: readonly TrackFix[]
  /** Where to go on; null when the range has no more. */
  readonly next: TrackCursor | null
  /** When fixes of segments were measured that are damaged or missing, as far as this page looked. */
  readonly damaged: readonly DamagedSpan[]
  /** When fixes were measured that are in files by now and no longer in the database, as far as this page looked. */
  readonly archived: readonly TimeSpan[]
}

const WINDOW_MS = 3_600_000
/** A segment that spans more than this has a backlog in it. The indexes of migration 0006 know the number too. */
const WIDE_MS = 3_600_000
const SEGMENTS_PER_PAGE = 500
/** Of one page of segments, besides its first: about half a megabyte. */
const FIXES_PER_PAGE = 20_000
/** A search that has gone on for this long ends with the window it is in. */
const SEARCH_MS = 2_000
/** Others get their turn when decoding has taken this long. */
const SLICE_MS = 2

/** As of one moment, so that what is packed meanwhile is found once. Errors: those of pg. */
export function readTrack(database: Database, request: TrackRequest): Promise<TrackPage> {
  if (database.isTransaction) return readPage(database, request)
  const moment = database.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return moment.execute(transaction => readPage(transaction, request))
}

async function readPage(database: Database, request: TrackRequest): Promise<TrackPage> {
  const { toMs, after, limit } = request
  const startedMs = performance.now()
  const found = new Earliest(limit + 1)
  const damaged = new DamagedSpans()
  const startMs = Math.max(request.fromMs, after?.fixedAtMs ?? request.fromMs)
  const pageOf = async (fixes: readonly TrackFix[], next: TrackCursor | null, endMs: number): Promise<TrackPage> => {
    await noteGaps(database, request.region, startMs, endMs, damaged)
    const archived = await archivedWithin(database, request.region, { fromMs: startMs, toMs: endMs - 1 })
    return { fixes, next, damaged: damaged.within(request.fromMs, endMs), archived }
  }
  let windowMs = startMs
  while (windowMs < toMs) {
    const endMs = Math.min(windowMs + WINDOW_MS, toMs)
    const window = { fromMs: windowMs, toMs: endMs }
    await readWindow(database, request, window, found, damaged)
    const fixes = found.sorted()
    if (fixes.length > limit) return pageOf(fixes.slice(0, limit), placeOf(fixes[limit - 1]!), endMs)
    // Before every fix of the next window: seq counts from 1.
    if (performance.now() - startedMs > SEARCH_MS && endMs < toMs) {
      return pageOf(fixes, { fixedAtMs: endMs, seq: 0, streamId: '' }, endMs)
    }
    windowMs = endMs
  }
  return pageOf(found.sorted(), null, toMs)
}

const placeOf = ({ fixedAtMs, seq, streamId }: TrackFix): TrackCursor => ({ fixedAtMs, seq, streamId })

async function readWindow(
  database: Database,
  { region, unitId, after }: TrackRequest,
  { fromMs, toMs }: TimeSpan,
  found: Earliest,
  damaged: DamagedSpans,
): Promise<void> {
  const take = ({ fix, streamId, flags }: SegmentFix): void => {
    if (fix.fixedAtMs < fromMs || fix.fixedAtMs >= toMs) return
    // It has no position.
    if ((flags & FIX_FLAGS.unusable) !== 0) return
    const trackFix = { ...fix, streamId, flags }
    if (after === null || compare(trackFix, after) > 0) found.add(trackFix)
  }
  let sliceMs = performance.now()
  for (const isWide of [false, true]) {
    for await (const segments of overlapping(database, region, fromMs, toMs, isWide)) {
      sliceMs = performance.now()
      for (const segment of segments) {
        for (const row of rowsOf(segment, unitId, damaged)) take(row)
        if (performance.now() - sliceMs > SLICE_MS) {
          await nextTurn()
          sliceMs = performance.now()
        }
      }
    }
  }
  for await (const tracks of tracksWithin(database, region, unitId, { fromMs, toMs: toMs - 1 })) {
    for (const track of tracks) for (const row of rowsOfTrack(track, damaged)) take(row)
    await nextTurn()
  }
}

/** The unit's fixes; none of a segment that is damaged, which is noted. */
function rowsOf(segment: PackedSegment, unitId: UnitId, damaged: DamagedSpans): readonly SegmentFix[] {
  try {
    if (segment.isSound) return decodeSegment(segment.bytes, unitId)
  } catch (error) {
    if (!(error instanceof SegmentCorrupt)) throw error
  }
  damaged.note(segment.segmentNo, segment.firstFixedAtMs, segment.lastFixedAtMs)
  return []
}

/** None of a track that is damaged, which is noted. */
function rowsOfTrack(track: StoredTrack, damaged: DamagedSpans): readonly SegmentFix[] {
  try {
    if (track.isSound) return fixesOfTrack(track)
  } catch (error) {
    if (!(error instanceof SegmentCorrupt)) throw error
  }
  // Numbers of segments are above 0.
  damaged.note(-track.trackNo, track.firstFixedAtMs, track.lastFixedAtMs)
  return []
}

interface SegmentPage {
  last_fixed_at_ms: number | null
  segment_no: number
  bytes: Buffer
}

/**
 * The segments that have a moment in common with a window, a page at a time. Each page is one value, every segment behind
 * its length in four bytes, whether its checksum is right in one, its number and its span in eight each: a row of its own
 * for each costs several times what reading it does.
 */
async function* overlapping(
  database: Database,
  region: RegionId,
  fromMs: number,
  toMs: number,
  isWide: boolean,
): AsyncIterable<readonly PackedSegment[]> {
  const span = sql`last_fixed_at_ms - first_fixed_at_ms`
  // One that is not wide and ends later than this has begun after the window.
  const fits = isWide
    ? sql`${span} > ${sql.lit(WIDE_MS)}`
    : sql`${span} <= ${sql.lit(WIDE_MS)} AND last_fixed_at_ms < ${toMs + WIDE_MS}`
  let after = [fromMs, 0]
  for (;;) {
    const { rows } = await sql<SegmentPage>`SELECT max(last_fixed_at_ms) AS last_fixed_at_ms,
        (array_agg(segment_no ORDER BY last_fixed_at_ms DESC, segment_no DESC))[1] AS segment_no,
        string_agg(int4send(octet_length(bytes))
          || CASE WHEN coalesce(checksum = location.segment_checksum(${region}, segment_no, log_position,
            first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version, bytes), true)
            THEN '\\x01'::bytea ELSE '\\x00'::bytea END
          || int8send(segment_no) || int8send(first_fixed_at_ms) || int8send(last_fixed_at_ms) || bytes, '') AS bytes
      FROM (
        SELECT *, sum(fix_count) OVER (ORDER BY last_fixed_at_ms, segment_no) - fix_count AS fixes_before FROM (
          SELECT segment_no, log_position, first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version, bytes,
            checksum FROM location.segments
          WHERE region = ${region} AND (last_fixed_at_ms, segment_no) > (${sql.join(after)})
            AND first_fixed_at_ms < ${toMs} AND ${fits}
          ORDER BY last_fixed_at_ms, segment_no LIMIT ${sql.lit(SEGMENTS_PER_PAGE)}) AS page) AS counted
      WHERE fixes_before < ${sql.lit(FIXES_PER_PAGE)}`.execute(database)
    const { last_fixed_at_ms, segment_no, bytes } = rows[0]!
    if (last_fixed_at_ms === null) return
    yield segmentsIn(bytes)
    after = [last_fixed_at_ms, segment_no]
  }
}

interface PackedSegment {
  readonly isSound: boolean
  readonly segmentNo: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly bytes: Buffer
}

function segmentsIn(page: Buffer): PackedSegment[] {
  const segments: PackedSegment[] = []
  for (let at = 0; at < page.length; ) {
    const number = (offset: number) => Number(page.readBigInt64BE(at + offset))
    const end = at + 29 + page.readUInt32BE(at)
    segments.push({
      isSound: page[at + 4] === 1,
      segmentNo: number(5),
      firstFixedAtMs: number(13),
      lastFixedAtMs: number(21),
      bytes: page.subarray(at + 29, end),
    })
    at = end
  }
  return segments
}

function compare(a: TrackCursor, b: TrackCursor): number {
  if (a.fixedAtMs !== b.fixedAtMs) return a.fixedAtMs - b.fixedAtMs
  if (a.seq !== b.seq) return a.seq - b.seq
  return a.streamId < b.streamId ? -1 : a.streamId > b.streamId ? 1 : 0
}

/** The first `max` fixes of all that were added; keeps at most twice as many. */
class Earliest {
  readonly #max: number
  #fixes: TrackFix[] = []

  constructor(max: number) {
    this.#max = max
  }

  add(fix: TrackFix): void {
    this.#fixes.push(fix)
    if (this.#fixes.length >= 2 * this.#max) this.#fixes = this.sorted()
  }

  sorted(): TrackFix[] {
    return this.#fixes.sort(compare).slice(0, this.#max)
  }
}
