/** A recorded fleet: the positions of many vehicles, in the order of time. */
import { UNIT_ID } from '../../src/domain/ids.ts'
import { InvalidInput, readTable } from './input.ts'

export interface TraceFix {
  /** Index in `Trace.vehicles`. */
  readonly vehicle: number
  /** Since the start of the trace. */
  readonly offsetMs: number
  readonly lonDeg: number
  readonly latDeg: number
}

export interface Trace {
  /** In the order in which they first report. */
  readonly vehicles: readonly string[]
  /** In the order of time. */
  readonly fixes: readonly TraceFix[]
  /** When the first fix of the file was measured. */
  readonly startMs: number
  /** From the first to the last fix of the file, also where only some of its vehicles are kept. */
  readonly durationMs: number
}

const COLUMNS = ['unix_s', 'cab_id', 'lon', 'lat'] as const

/**
 * Reads `unix_s,cab_id,lon,lat`; other columns are left alone.
 * Input: with `unitsMax` only the vehicles that report first are kept, so many of them. Errors: InvalidInput.
 */
export async function readTrace(file: string, unitsMax: number | null): Promise<Trace> {
  const rows = (await readTable(file, COLUMNS)).map(row => ({
    vehicle: row.text('cab_id'),
    atMs: Math.round(row.number('unix_s') * 1_000),
    lonDeg: row.number('lon'),
    latDeg: row.number('lat'),
  }))
  if (rows.length === 0) throw new InvalidInput(`${file}: there is no fix in it.`)
  // Stable, so fixes of one moment keep the order of the file.
  rows.sort((a, b) => a.atMs - b.atMs)
  const odd = rows.find(row => Math.abs(row.lonDeg) > 180 || Math.abs(row.latDeg) > 90)
  if (odd !== undefined) throw new InvalidInput(`${file}: ${odd.lonDeg}, ${odd.latDeg} lies outside the globe.`)

  const startMs = rows[0]!.atMs
  const indexes = new Map<string, number>()
  for (const { vehicle } of rows) {
    if (!UNIT_ID.test(vehicle)) {
      throw new InvalidInput(`${file}: cab_id ${JSON.stringify(vehicle)} must be 1 to 32 of A-Z a-z 0-9 . _ -`)
    }
    if (!indexes.has(vehicle) && indexes.size < (unitsMax ?? Number.POSITIVE_INFINITY)) {
      indexes.set(vehicle, indexes.size)
    }
  }
  const fixes = rows.flatMap(({ vehicle, atMs, lonDeg, latDeg }) => {
    const index = indexes.get(vehicle)
    return index === undefined ? [] : [{ vehicle: index, offsetMs: atMs - startMs, lonDeg, latDeg }]
  })
  return { vehicles: [...indexes.keys()], fixes, startMs, durationMs: rows.at(-1)!.atMs - startMs }
}
