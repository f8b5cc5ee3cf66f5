/** `goldenhour backup`: the whole database as of one moment, in files, while engines go on. */
import path from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import type { BackupManifest } from '../store/backup/backup-set.ts'
import { type TakenBackup, takeBackup } from '../store/backup/take-backup.ts'
import { openDatabase } from '../store/postgres/database.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { auditedByCommandLine } from './audited.ts'
import { packageVersion } from './package-version.ts'
import { RowProgressLines, sizeOf } from './row-progress.ts'
import { withDatabaseServer } from './with-database.ts'

const HELP = `
The first set in a directory is full; those that follow have what was added to logs, fixes and audit since the one before, and all of
the other tables. "restore" brings back any moment up to the last set. Engines may run: nothing of theirs waits for a backup, but
migrations do, and until it ends Postgres keeps the rows that are replaced meanwhile.

Who reads a backup knows every caller and can sign in as anybody. Its files are private to their user; keep them so, and a copy on
another machine. The audit has a note before anything is read. "sha256sum -c SHA256SUMS" in a set proves its files. docs/backup.md
says more.`

export function defineBackup(backup: Command): void {
  backup
    .argument('<directory>', 'where the sets are, each a directory: 0001, 0002, …; made if missing')
    .option('--full', 'a full set, also where an increment would do')
    .addHelpText('after', HELP)
    .action(async (directory: string, { full: isFull = false }: { full?: boolean }) => {
      const dir = path.resolve(directory)
      const taken = await withDatabaseServer(async ({ url, migrateAt }, unlessInterrupted) => {
        await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
        await noteBackup(url, { full: isFull })
        const end = new AbortController()
        const { onRows } = new RowProgressLines()
        const settings = { url, dir, isFull, goldenhour: packageVersion(), wallMs: systemClock.wallMs, onRows }
        const taking = takeBackup({ ...settings, signal: end.signal })
        try {
          return await unlessInterrupted(taking)
        } catch (error) {
          // What is half made goes first.
          end.abort()
          await taking.catch(() => undefined)
          throw error
        }
      })
      console.log(linesOf(taken).join('\n'))
    })
}

/** Errors: those of pg. */
async function noteBackup(url: string, details: Readonly<Record<string, unknown>>): Promise<void> {
  const database = openDatabase(url)
  try {
    const entry = { action: 'backup-begun', region: null, subject: null, details }
    await database.transaction().execute(transaction => auditedByCommandLine(database)(transaction, entry))
  } finally {
    await database.destroy()
  }
}

function linesOf({ dir, manifest, whyFull }: TakenBackup): string[] {
  const { kind, after, tables, regions, audit } = manifest
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0)
  const what = kind === 'full' ? 'a full set' : `what came after set ${after!.set}`
  return [
    `${dir}: ${what}${whyFull === null ? '' : `, since ${whyFull}`}. ${rowsIn(manifest, 'log.records')} records, ${rowsIn(manifest, 'location.segments')} segments of fixes, ${sizeOf(bytes)}.`,
    ...regions.map(({ region, position }) => `Region ${region} up to position ${position}.`),
    `The audit up to ${audit.seq}:${audit.hash}`,
  ]
}

const rowsIn = ({ tables }: BackupManifest, name: string): number => tables.find(table => table.name === name)!.rows
