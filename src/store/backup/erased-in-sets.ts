/** Whose personal data was erased, by what a set of a backup has. */
import path from 'node:path'
import { type BackupSet, damagedSet } from './backup-set.ts'
import { readRowFile } from './row-file.ts'
import type { ErasureRow } from './stored-moment.ts'

/** None where the set is of before erasures. Errors: BackupRefused `backup-damaged`. */
export async function erasuresIn(set: BackupSet): Promise<readonly ErasureRow[]> {
  const table = set.manifest.tables.find(({ name }) => name === 'log.erasures')
  if (table === undefined) return []
  const erasures: ErasureRow[] = []
  try {
    for await (const lines of readRowFile(path.join(set.dir, table.file)))
      for (const line of lines) erasures.push(JSON.parse(line) as ErasureRow)
  } catch (error) {
    throw damagedSet(set.name, `${table.file} cannot be read`, error)
  }
  return erasures
}
