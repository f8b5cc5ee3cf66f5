/**
 * What a track lacks because segments are damaged: the spans of time in which fixes may be missing.
 *
 * Nobody knows whether the unit had fixes in a segment that cannot be read, so a span is told to whoever asks for any unit
 * of its region. Spans that meet become one, and their number is bounded: the last one then covers all that follow.
 */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface DamagedSpan {
  readonly fromMs: number
  readonly toMs: number
  /** Segments that are damaged or missing in it. */
  readonly segments: number
}

const SPANS_MAX = 100
const GAPS_MAX = 1_000
/** Segments looked through for a gap, at one each second about two days of them. */
const NUMBERS_MAX = 200_000

export class DamagedSpans {
  readonly #found = new Map<number, DamagedSpan>()

  /** Notes a segment once, however often a search meets it. */
  note(segmentNo: number, fromMs: number, toMs: number, segments = 1): void {
    this.#found.set(segmentNo, { fromMs: Math.min(fromMs, toMs), toMs: Math.max(fromMs, toMs), segments })
  }

  /** In order of time, cut to the range that was asked for. */
  within(fromMs: number, toMs: number): DamagedSpan[] {
    const spans: DamagedSpan[] = []
    for (const span of [...this.#found.values()].sort((a, b) => a.fromMs - b.fromMs)) {
      const next = { ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }
      if (next.fromMs > next.toMs) continue
      const last = spans.at(-1)
      if (last === undefined || (next.fromMs > last.toMs && spans.length < SPANS_MAX)) spans.push(next)
      else {
        const segments = last.segments + next.segments
        spans[spans.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, next.toMs), segments }
      }
    }
    return spans
  }
}

interface Gap {
  readonly from_no: number
  readonly segments: number
  readonly from_ms: number
  readonly to_ms: number
}

/**
 * Notes the numbers that are missing among the segments of a range of time: from the last one before it to the first one
 * after it. What the missing ones held was measured about when their neighbours' fixes were.
 */
export async function noteGaps(
  database: Database,
  region: RegionId,
  fromMs: number,
  toMs: number,
  damaged: DamagedSpans,
): Promise<void> {
  // One that is wide has a backlog in it, and says nothing of when it was written.
  const narrow = sql`region = ${region} AND last_fixed_at_ms - first_fixed_at_ms <= 3600000`
  const { rows } = await sql<Gap>`WITH bounds AS MATERIALIZED (
      SELECT least(a.lowest, a.highest) AS lowest, least(greatest(a.lowest, a.highest),
        least(a.lowest, a.highest) + ${sql.lit(NUMBERS_MAX)}) AS highest
      FROM (SELECT coalesce((SELECT segment_no FROM location.segments WHERE ${narrow} AND last_fixed_at_ms < ${fromMs}
          ORDER BY last_fixed_at_ms DESC, segment_no DESC LIMIT 1), 0) AS lowest,
        coalesce((SELECT segment_no FROM location.segments WHERE ${narrow} AND last_fixed_at_ms >= ${toMs}
          ORDER BY last_fixed_at_ms, segment_no LIMIT 1), location.segment_end(${region})) AS highest) a)
    SELECT before_no + 1 AS from_no, missing AS segments, from_ms, to_ms FROM (
      SELECT * FROM (
        SELECT segment_no, lag(segment_no, 1, b.lowest) OVER numbers AS before_no,
          lag(first_fixed_at_ms, 1, first_fixed_at_ms) OVER numbers AS from_ms, last_fixed_at_ms AS to_ms
        FROM bounds b, location.segments
        WHERE region = ${region} AND segment_no BETWEEN b.lowest AND b.highest
        WINDOW numbers AS (ORDER BY segment_no)) AS follows
      WHERE segment_no > before_no + 1 OFFSET 0) AS gap
    CROSS JOIN LATERAL (
      -- What was moved into files, or packed into tracks, is not missing.
      SELECT (segment_no - before_no - 1 - coalesce(sum(least(to_no, segment_no - 1) - greatest(from_no, before_no + 1) + 1),
        0))::bigint AS missing
      FROM (SELECT region, from_no, to_no FROM location.archives
        UNION ALL SELECT region, from_no, to_no FROM location.packs) a WHERE a.region = ${region} AND a.to_no > before_no AND a.from_no < segment_no) AS left_out
    WHERE missing > 0 ORDER BY segment_no LIMIT ${sql.lit(GAPS_MAX)}`.execute(database)
  for (const { from_no, segments, from_ms, to_ms } of rows) damaged.note(from_no, from_ms, to_ms, segments)
}
