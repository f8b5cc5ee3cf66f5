/** `goldenhour archive`: moves stored positions that are old into files, tells which, and puts them back. */
import path from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../config/index.ts'
import { sha256OfFile } from '../store/age/archive-file.ts'
import { archiveSegments, regionNowMs, restoreSegments } from '../store/age/archive-segments.ts'
import { listArchives, type SegmentArchive } from '../store/location/archives.ts'
import { asOwner, parseDays } from './named-call.ts'
import { withDatabase } from './with-database.ts'

interface RunOptions {
  readonly region?: string
  readonly olderThan?: number
  readonly to?: string
}

const DAY_MS = 86_400_000
const HELP = `
Segments of fixes are nearly all of a database's bytes. One leaves when all of its fixes are older than that; what an engine starts from stays,
and so does the time of calls that are held. Each file is written, read back and on the disk before its segments go, and the audit has its
SHA-256. Engines may run. A track of that time then says that its fixes are archived.`

export function defineArchive(archive: Command): void {
  archive
    .command('run')
    .description('move positions that are older than retention.segmentsDays into files in retention.archiveDir')
    .option('--region <region>', 'this region alone')
    .option('--older-than <days>', 'in the place of the setting', parseDays)
    .option('--to <directory>', 'in the place of the setting')
    .addHelpText('after', HELP)
    .action(async ({ region: only, olderThan, to }: RunOptions) => {
      const { retention } = readConfig()
      const days = olderThan ?? retention.segmentsDays
      const directory = to ?? retention.archiveDir
      if (days === 0) throw new Error('Nothing is to leave: set retention.segmentsDays, or give --older-than.')
      if (directory === null) throw new Error('There is no place for files: set retention.archiveDir, or give --to.')
      await asOwner(async ({ database, audited }) => {
        const now = await regionNowMs(database)
        const regions = [...now.keys()].filter(region => only === undefined || region === only)
        if (regions.length === 0) throw new Error('The database has no log of that region.')
        for (const region of regions) {
          const ports = { database, audited, directory: path.resolve(directory) }
          for await (const made of archiveSegments(ports, region, now.get(region)! - days * DAY_MS))
            console.log(lineOf(made))
        }
      })
    })

  archive
    .command('list')
    .description('list the files: region, file, from, to (UTC), fixes, bytes, SHA-256')
    .option(
      '--check <directory>',
      'compare each file in it with its SHA-256; exit with 1 where one is not there, or another',
    )
    .action(async ({ check }: { check?: string }) => {
      for (const each of await withDatabase(database => listArchives(database, null))) {
        if (check === undefined) console.log(lineOf(each))
        else await checked(path.resolve(check), each)
      }
    })

  archive
    .command('restore')
    .description('put the segments of files back into the database')
    .argument('<file...>', 'files as they were made')
    .action(async (files: readonly string[]) => {
      await asOwner(async own => {
        for (const file of files) console.log(`${lineOf(await restoreSegments(own, file))}\tin the database again`)
      })
    })
}

const lineOf = ({ region, file, firstFixedAtMs, lastFixedAtMs, fixes, fileBytes, sha256 }: SegmentArchive): string =>
  [
    ...[region, file, new Date(firstFixedAtMs).toISOString(), new Date(lastFixedAtMs).toISOString()],
    ...[fixes, fileBytes, sha256],
  ].join('\t')

async function checked(directory: string, archive: SegmentArchive): Promise<void> {
  const found = await sha256OfFile(path.join(directory, archive.file)).catch(() => null)
  if (found === archive.sha256) return console.log(`${archive.file}\tas it was made`)
  console.log(`${archive.file}\t${found === null ? 'cannot be read' : 'another than was made'}`)
  process.exitCode = 1
}
