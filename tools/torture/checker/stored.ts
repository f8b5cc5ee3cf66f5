/** What the database holds since the last look, read in one snapshot over a connection of the checker's own. */
import type pg from 'pg'

/** An event as the log has it; which fields there are depends on its type. */
export interface StoredEvent {
  readonly type: string
  readonly tripId?: string
  readonly unitId?: string | null
  readonly fromUnitId?: string | null
  readonly offerId?: string
  readonly phase?: string
}

export interface StoredRecord {
  readonly position: number
  readonly epoch: number
  readonly recordedAtMs: number
  readonly principal: string
  readonly commandId: string | null
  readonly events: readonly StoredEvent[]
}

export interface StoredCommand {
  readonly principal: string
  readonly commandId: string
  readonly position: number
  readonly result: Readonly<Record<string, unknown>>
}

export interface StoredSegment {
  readonly segmentNo: number
  readonly fixCount: number
  readonly bytes: Buffer
}

/** Up to where was read: positions, numbers, and a sum over what was there. */
export interface Cursor {
  readonly position: number
  readonly segmentNo: number
  readonly recordsSum: bigint
  readonly segmentsSum: bigint
}

export const START: Cursor = { position: 0, segmentNo: 0, recordsSum: 0n, segmentsSum: 0n }

export interface Delta {
  readonly records: readonly StoredRecord[]
  /** Those of the new records, and those that were asked for by name. */
  readonly commands: readonly StoredCommand[]
  readonly segments: readonly StoredSegment[]
  readonly ownerEpoch: number | null
  /** `unit trip` of each row of `log.open_trip`. */
  readonly openTrips: readonly string[]
  readonly cursor: Cursor
}

export interface Named {
  readonly principal: string
  readonly id: string
}

const RECORD_SUM = `hashtextextended(concat_ws(' ', position, epoch, principal, command_id, events::text), 0)`
const SEGMENT_SUM = `hashtextextended(concat_ws(' ', segment_no, encode(bytes, 'hex')), 0)`

/** Errors: those of pg. */
export async function readDelta(
  client: pg.Client,
  region: string,
  since: Cursor,
  named: readonly Named[],
): Promise<Delta> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    const records = await client.query(
      `SELECT position, epoch, recorded_at_ms, principal, command_id, events, ${RECORD_SUM} AS sum
       FROM log.records WHERE region = $1 AND position > $2 ORDER BY position`,
      [region, since.position],
    )
    const commands = await client.query(
      `SELECT principal, command_id, position, result FROM log.commands WHERE region = $1 AND (position > $2
         OR (principal, command_id) IN (SELECT * FROM unnest($3::text[], $4::text[])))`,
      [region, since.position, named.map(({ principal }) => principal), named.map(({ id }) => id)],
    )
    const segments = await client.query(
      `SELECT segment_no, fix_count, bytes, ${SEGMENT_SUM} AS sum
       FROM location.segments WHERE region = $1 AND segment_no > $2 ORDER BY segment_no`,
      [region, since.segmentNo],
    )
    const owner = await client.query('SELECT epoch FROM log.region_owner WHERE region = $1', [region])
    const open = await client.query('SELECT unit_id, trip_id FROM log.open_trip WHERE region = $1', [region])
    const sum = (rows: readonly { readonly sum: string }[]) => rows.reduce((all, row) => all + BigInt(row.sum), 0n)
    return {
      records: records.rows.map(row => ({
        position: Number(row.position),
        epoch: Number(row.epoch),
        recordedAtMs: Number(row.recorded_at_ms),
        principal: row.principal,
        commandId: row.command_id,
        events: row.events,
      })),
      commands: commands.rows.map(row => ({
        principal: row.principal,
        commandId: row.command_id,
        position: Number(row.position),
        result: row.result,
      })),
      segments: segments.rows.map(row => ({
        segmentNo: Number(row.segment_no),
        fixCount: row.fix_count,
        bytes: row.bytes,
      })),
      ownerEpoch: owner.rows[0] === undefined ? null : Number(owner.rows[0].epoch),
      openTrips: open.rows.map(row => `${row.unit_id} ${row.trip_id}`),
      cursor: {
        position: Number(records.rows.at(-1)?.position ?? since.position),
        segmentNo: Number(segments.rows.at(-1)?.segment_no ?? since.segmentNo),
        recordsSum: since.recordsSum + sum(records.rows),
        segmentsSum: since.segmentsSum + sum(segments.rows),
      },
    }
  } finally {
    await client.query('ROLLBACK')
  }
}

/** Reads all of it once more. Output: what is not as it was when it was read first. Errors: those of pg. */
export async function changedSince(client: pg.Client, region: string, cursor: Cursor): Promise<string[]> {
  const changed: string[] = []
  for (const [table, column, last, expression, sum] of [
    ['log.records', 'position', cursor.position, RECORD_SUM, cursor.recordsSum],
    ['location.segments', 'segment_no', cursor.segmentNo, SEGMENT_SUM, cursor.segmentsSum],
  ] as const) {
    const { rows } = await client.query(
      `SELECT count(*)::int AS count, coalesce(sum(${expression}), 0)::text AS sum
       FROM ${table} WHERE region = $1 AND ${column} <= $2`,
      [region, last],
    )
    if (rows[0].count !== last) changed.push(`${table} has ${rows[0].count} rows up to ${last}`)
    else if (BigInt(rows[0].sum) !== sum) changed.push(`${table} is not what it was when it was first read`)
  }
  return changed
}
