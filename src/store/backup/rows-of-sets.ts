/** What a set of a backup says of rows that change although their table only grows: erased records, and archived segments. */
import path from 'node:path'
import { type BackupSet, damagedSet } from './backup-set.ts'
import { readRowFile } from './row-file.ts'

/** As a row of `log.erasures` has it: the records that were written anew, and what they came to. */
export interface ErasureRow {
  readonly region: string
  readonly call_id: string
  readonly positions: readonly (number | string)[]
  readonly seal: string
}

/** As a row of `location.archives` has it: the segments that are in a file. */
export interface ArchiveRow {
  readonly region: string
  readonly from_no: number
  readonly to_no: number
}

export const erasuresIn = (set: BackupSet): Promise<readonly ErasureRow[]> => rowsOf<ErasureRow>(set, 'log.erasures')
export const archivesIn = (set: BackupSet): Promise<readonly ArchiveRow[]> =>
  rowsOf<ArchiveRow>(set, 'location.archives')

/** The last track of each region that has any: later sets have those behind it. */
export async function lastTracksIn(set: BackupSet): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>()
  for (const { region, last_track_no } of await rowsOf<{ region: string; last_track_no: number }>(
    set,
    'location.packs',
  ))
    last.set(region, Math.max(last_track_no, last.get(region) ?? 0))
  return last
}

/** None where the set is of before there was the table. Errors: BackupRefused `backup-damaged`. */
async function rowsOf<Row>(set: BackupSet, name: string): Promise<readonly Row[]> {
  const table = set.manifest.tables.find(each => each.name === name)
  if (table === undefined) return []
  const rows: Row[] = []
  try {
    for await (const lines of readRowFile(path.join(set.dir, table.file)))
      for (const line of lines) rows.push(JSON.parse(line) as Row)
  } catch (error) {
    throw damagedSet(set.name, `${table.file} cannot be read`, error)
  }
  return rows
}
