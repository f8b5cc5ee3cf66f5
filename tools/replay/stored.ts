/** What the database holds of a region, read over a connection of its own: the judge's other half of the evidence. */
import type { DomainEvent } from '../../src/domain/events.ts'
import { toE7 } from '../../src/protocol/fix-frame.ts'
import { decodeSegment } from '../../src/store/location/segment-codec.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import type { SentFix } from './client-log.ts'

export interface StoredRecord {
  readonly position: number
  readonly recordedAtMs: number
  readonly epoch: number
  readonly principal: string
  readonly commandId: string | null
  readonly events: readonly DomainEvent[]
}

/** A row of `log.commands`. */
export interface StoredCommand {
  readonly principal: string
  readonly commandId: string
  readonly position: number
  readonly result: Readonly<Record<string, unknown>>
}

export interface Stored {
  /** In the order of their positions. */
  readonly records: readonly StoredRecord[]
  readonly commands: readonly StoredCommand[]
  /** In the order of the segments. */
  readonly fixes: readonly SentFix[]
}

const SEGMENTS_AT_ONCE = 500

/** Errors: those of pg; SegmentCorrupt. */
export async function readStored(databaseUrl: string, region: string): Promise<Stored> {
  const client = await openClient(databaseUrl, { applicationName: 'goldenhour replay judge' })
  try {
    const records = await client.query<StoredRecord>(
      `SELECT position, recorded_at_ms AS "recordedAtMs", epoch, principal, command_id AS "commandId", events
       FROM log.records WHERE region = $1 ORDER BY position`,
      [region],
    )
    const commands = await client.query<StoredCommand>(
      `SELECT principal, command_id AS "commandId", position, result FROM log.commands WHERE region = $1`,
      [region],
    )
    const fixes: SentFix[] = []
    for (let after = 0; ; ) {
      const { rows } = await client.query<{ segment_no: number; bytes: Uint8Array }>(
        `SELECT segment_no, bytes FROM location.segments WHERE region = $1 AND segment_no > $2
         ORDER BY segment_no LIMIT ${SEGMENTS_AT_ONCE}`,
        [region, after],
      )
      if (rows.length === 0) break
      for (const { bytes } of rows) {
        for (const { unitId, streamId, fix } of decodeSegment(bytes)) {
          const { seq, fixedAtMs, lonDeg, latDeg } = fix
          fixes.push({ unitId, streamId, seq, fixedAtMs, lonE7: toE7(lonDeg), latE7: toE7(latDeg) })
        }
      }
      after = rows.at(-1)!.segment_no
    }
    return { records: records.rows, commands: commands.rows, fixes }
  } finally {
    await client.end()
  }
}
