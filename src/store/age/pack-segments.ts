/**
 * Packs segments of fixes that are old into a track for each unit, while engines run.
 *
 * A run of segments becomes its tracks in one transaction, which first counts that both have the same fixes and then takes the
 * segments out: whatever ends in between, each fix is in one of the two. It needs no fence: two that pack the same run wait for each
 * other, and the second finds the segments gone and changes nothing. An engine's lanes are not locked.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import { nextToLeave, type SegmentRun, segmentsOf } from '../location/archives.ts'
import { type Pack, packedEnd, putPack, putTracks, type TrackRow, trackOf } from '../location/packs.ts'
import { decodeSegment, SegmentCorrupt, SegmentEncoder, type SegmentFix } from '../location/segment-codec.ts'
import type { Database } from '../postgres/database.ts'
import { oneAtATime } from './age-work.ts'
import { startsBehind } from './archive-segments.ts'

export interface PackBounds {
  readonly segments: number
  /** Of the segments; while they are packed about twice as much is in memory. */
  readonly bytes: number
  /** In memory each takes about a kilobyte besides its bytes. A run ends with the segment that reaches it. */
  readonly units: number
}

/** An hour of a busy region, of 10,000 units about three quarters of one. */
const PACK_BOUNDS: PackBounds = { segments: 40_000, bytes: 32 * 1024 * 1024, units: 50_000 }
/** Others get their turn when the work has taken this long. */
const SLICE_MS = 2
/** Of one track, so that nobody inflates days for an hour of them: 17 hours at one each 15 s, and about 40 kB. */
const TRACK_FIXES_MAX = 4_096
const TRACKS_AT_ONCE = 500
const BYTES_AT_ONCE = 1024 * 1024

/**
 * Packs all that may be, run by run, each told once it is done. Input: what was measured before this moment, region time, is packed.
 * Errors: Error where another took the segments meanwhile, with nothing changed; those of pg.
 */
export async function* packSegments(
  database: Database,
  region: RegionId,
  beforeMs: number,
  bounds: PackBounds = PACK_BOUNDS,
): AsyncIterable<Pack> {
  const upToNo = await startsBehind(database, region)
  for (let afterNo = (await packedEnd(database, region)).toNo; ; ) {
    const run = await nextToLeave(database, { region, afterNo, upToNo, beforeMs, kept: [] }, bounds)
    if (run === null) return
    const gathered = await gather(database, run, bounds.units)
    // One that cannot be read stays where it is, and is told as damaged.
    afterNo = gathered.unreadableNo ?? gathered.toNo
    if (gathered.fixes > 0) yield await packRun(database, region, gathered)
  }
}

interface Gathered {
  readonly byUnit: ReadonlyMap<UnitId, SegmentEncoder>
  /** Of units that have more fixes than a track may. */
  readonly full: readonly TrackRow[]
  readonly fromNo: number
  readonly toNo: number
  readonly firstLogPosition: number
  readonly lastLogPosition: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly fixes: number
  readonly unreadableNo: number | null
}

/** The fixes of a run by their units, in the order of arrival; of less than the run where something stops it. */
async function gather(database: Database, run: SegmentRun, unitsMax: number): Promise<Gathered> {
  const byUnit = new Map<UnitId, SegmentEncoder>()
  const full: TrackRow[] = []
  const slice = new Slice()
  let [toNo, fixes, firstLogPosition, lastLogPosition] = [run.fromNo - 1, 0, 0, 0]
  let [firstFixedAtMs, lastFixedAtMs] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
  let unreadableNo: number | null = null
  for await (const segment of segmentsOf(database, run)) {
    const rows = readable(segment.bytes, segment.fixes)
    if (rows === null) {
      unreadableNo = segment.no
      break
    }
    for (const { unitId, streamId, fix, flags } of rows) {
      let encoder = byUnit.get(unitId)
      if (encoder === undefined) {
        encoder = new SegmentEncoder(64, 256)
        byUnit.set(unitId, encoder)
      }
      encoder.add(unitId, streamId, fix, flags)
      if (encoder.fixCount === TRACK_FIXES_MAX) full.push(trackOf(unitId, encoder.finish()))
    }
    if (fixes === 0) firstLogPosition = segment.logPosition
    lastLogPosition = segment.logPosition
    firstFixedAtMs = Math.min(firstFixedAtMs, segment.firstFixedAtMs)
    lastFixedAtMs = Math.max(lastFixedAtMs, segment.lastFixedAtMs)
    fixes += rows.length
    toNo = segment.no
    if (byUnit.size >= unitsMax) break
    await slice.end()
  }
  const span = { firstFixedAtMs, lastFixedAtMs, firstLogPosition, lastLogPosition }
  return { byUnit, full, fromNo: run.fromNo, toNo, ...span, fixes, unreadableNo }
}

function readable(bytes: Uint8Array, fixes: number): readonly SegmentFix[] | null {
  try {
    const rows = decodeSegment(bytes)
    return rows.length === fixes ? rows : null
  } catch (error) {
    if (error instanceof SegmentCorrupt) return null
    throw error
  }
}

function packRun(database: Database, region: RegionId, gathered: Gathered): Promise<Pack> {
  const { byUnit, full, unreadableNo: _, ...run } = gathered
  return database.transaction().execute(async transaction => {
    await oneAtATime(transaction, region)
    const firstTrackNo = (await packedEnd(transaction, region)).trackNo + 1
    let next = firstTrackNo
    for await (const tracks of tracksOf(byUnit, full)) {
      await putTracks(transaction, region, next, tracks)
      next += tracks.length
    }
    const pack = { region, ...run, firstTrackNo, lastTrackNo: next - 1 }
    await putPack(transaction, pack)
    return pack
  })
}

/** Some at a time; whoever takes the next ones has let go of those before. */
async function* tracksOf(
  byUnit: ReadonlyMap<UnitId, SegmentEncoder>,
  full: readonly TrackRow[],
): AsyncIterable<readonly TrackRow[]> {
  const slice = new Slice()
  let [tracks, bytes]: [TrackRow[], number] = [[], 0]
  for (const track of everyTrack(byUnit, full)) {
    tracks.push(track)
    bytes += track.bytes.length
    if (tracks.length >= TRACKS_AT_ONCE || bytes >= BYTES_AT_ONCE) {
      yield tracks
      tracks = []
      bytes = 0
    }
    await slice.end()
  }
  if (tracks.length > 0) yield tracks
}

/** In a unit's order of arrival. */
function* everyTrack(byUnit: Gathered['byUnit'], full: Gathered['full']): Iterable<TrackRow> {
  yield* full
  for (const [unitId, encoder] of byUnit) if (encoder.fixCount > 0) yield trackOf(unitId, encoder.finish())
}

/** Gives the event loop away when its time is up. */
class Slice {
  #sinceMs = performance.now()

  async end(): Promise<void> {
    if (performance.now() - this.#sinceMs < SLICE_MS) return
    await nextTurn()
    this.#sinceMs = performance.now()
  }
}
