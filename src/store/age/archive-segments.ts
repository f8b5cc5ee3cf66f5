/**
 * Moves segments of fixes that are old into files, and back, while engines run.
 *
 * A file is written, read back and on the disk before its segments leave the database; that, the row that says where they are and the
 * entry of the audit are one transaction. So whatever ends in between, each segment is in the database or in a file that it names:
 * a file that was written for nothing is written again under the same name.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { AuditChange } from '../audit/audit.ts'
import {
  type ArchivedSegment,
  archiveOf,
  forgetArchive,
  nextToLeave,
  putArchive,
  putSegmentsBack,
  type SegmentArchive,
  type SegmentRun,
  segmentsOf,
  type TimeSpan,
} from '../location/archives.ts'
import type { Database } from '../postgres/database.ts'
import { AgeRefused, oneAtATime } from './age-work.ts'
import { readArchiveFile, sha256OfFile, writeArchiveFile } from './archive-file.ts'
import { heldSpans } from './holds.ts'

interface ArchivePorts {
  /** As the owner of the tables. */
  readonly database: Database
  readonly audited: AuditChange
  /** Where the files go; it is made. */
  readonly directory: string
}

/** As many as are put back in one statement. */
const SEGMENTS_BACK_AT_ONCE = 200

/**
 * Files of all that may go, each once it is done. Input: what was measured before this moment, region time, may go. Errors:
 * AgeRefused; those of pg and of the file system.
 */
export async function* archiveSegments(
  ports: ArchivePorts,
  region: RegionId,
  beforeMs: number,
): AsyncIterable<SegmentArchive> {
  await mkdir(ports.directory, { recursive: true, mode: 0o700 })
  const upToNo = await startsBehind(ports.database, region)
  for (let afterNo = 0; ; ) {
    const kept = await heldSpans(ports.database, region)
    const run = await nextToLeave(ports.database, { region, afterNo, upToNo, beforeMs, kept })
    if (run === null) return
    yield await archiveRun(ports, run)
    afterNo = run.toNo
  }
}

/** The segment behind which an engine that starts reads on; 0 where it would read all of them. */
export async function startsBehind(database: Database, region: RegionId): Promise<number> {
  const { rows } = await sql<{ no: number }>`SELECT segment_no AS no FROM log.snapshots
    WHERE region = ${region} AND entity = 'region'`.execute(database)
  return rows[0]?.no ?? 0
}

async function archiveRun({ database, audited, directory }: ArchivePorts, run: SegmentRun): Promise<SegmentArchive> {
  const { region, fromNo, toNo } = run
  const file = `${region}-segments-${fromNo}-${toNo}.jsonl.gz`
  const name = path.join(directory, file)
  const written = await writeArchiveFile(name, region, segmentsOf(database, run))
  await readBack(name, run)
  const archive = { ...run, file, ...written }
  const { sha256 } = written
  await database.transaction().execute(async transaction => {
    await oneAtATime(transaction, region)
    const isHeld = (await heldSpans(transaction, region)).some(span => overlap(span, archive))
    if (isHeld)
      throw new AgeRefused(`A call of the time of ${file} is held by now, so its segments stay; run it again.`)
    await putArchive(transaction, archive)
    const details = { fromNo, toNo, file, sha256 }
    await audited(transaction, { action: 'segments-archived', region, subject: region, details })
  })
  return archive
}

/** Errors: Error for a file that does not have just these. */
async function readBack(file: string, { fromNo, toNo }: SegmentRun): Promise<void> {
  let next = fromNo
  for await (const { segment } of readArchiveFile(file)) {
    if (segment.no !== next)
      throw new Error(`${file} has segment ${segment.no} in the place of ${next}; nothing was let go.`)
    next += 1
  }
  if (next !== toNo + 1) throw new Error(`${file} ends before segment ${toNo}; nothing was let go.`)
}

const overlap = ({ fromMs, toMs }: TimeSpan, { firstFixedAtMs, lastFixedAtMs }: SegmentRun): boolean =>
  firstFixedAtMs <= toMs && lastFixedAtMs >= fromMs

/** Puts the segments of a file back into the database. Errors: AgeRefused for a file that is not what was let go; those of pg. */
export async function restoreSegments(
  { database, audited }: Pick<ArchivePorts, 'database' | 'audited'>,
  file: string,
): Promise<SegmentArchive> {
  const sha256 = await sha256OfFile(file)
  const first = await firstOf(file)
  return database.transaction().execute(async transaction => {
    await oneAtATime(transaction, first.region)
    const archive = await archiveOf(transaction, first.region, first.segment.no)
    if (archive === null)
      throw new AgeRefused(
        `Region ${first.region} has let go of no segments from ${first.segment.no} on: they are in the database, or were never there.`,
      )
    if (archive.sha256 !== sha256)
      throw new AgeRefused(`${file} is another file than ${archive.file} was, by its SHA-256; take that one.`)
    let some: ArchivedSegment[] = []
    const put = async () => {
      await putSegmentsBack(transaction, archive.region, some)
      some = []
    }
    for await (const { segment } of readArchiveFile(file)) if (some.push(segment) === SEGMENTS_BACK_AT_ONCE) await put()
    await put()
    await forgetArchive(transaction, archive)
    const { region, fromNo, toNo } = archive
    const details = { fromNo, toNo, file: archive.file, sha256 }
    await audited(transaction, { action: 'segments-restored', region, subject: region, details })
    return archive
  })
}

/** Errors: AgeRefused for a file without segments. */
async function firstOf(file: string) {
  for await (const first of readArchiveFile(file)) return first
  throw new AgeRefused(`${file} has no segments.`)
}

/** The time of the last record of each region: region time goes on from there. Errors: those of pg. */
export async function regionNowMs(database: Database): Promise<ReadonlyMap<RegionId, number>> {
  const { rows } = await sql<{ region: RegionId; ms: number }>`SELECT o.region, r.recorded_at_ms AS ms
    FROM log.region_owner o CROSS JOIN LATERAL (SELECT recorded_at_ms FROM log.records
      WHERE region = o.region ORDER BY position DESC LIMIT 1) r ORDER BY o.region`.execute(database)
  return new Map(rows.map(({ region, ms }) => [region, ms]))
}
