/** `goldenhour views`: how far the views of the log have come, and making them anew. */
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import type { Database } from '../store/postgres/database.ts'
import { makeReader, migrate } from '../store/postgres/migrate.ts'
import { getRegion } from '../store/reference/regions.ts'
import { type RebuildProgress, rebuildViews } from '../store/views/rebuild-views.ts'
import { viewsProgress } from '../store/views/views-progress.ts'
import { withDatabase, withDatabaseServer } from './with-database.ts'

const REBUILD_HELP = `
The whole log of the region is read, and a second set of rows is made beside the one that is read, which takes its place when it
has come as far. Engines may run all the while. Stopped on the way, it changes nothing; begin it again. It needs room for the
rows twice. Run it when passed-over records were mended, or when a release says so.`

export function defineViews(views: Command): void {
  views
    .command('status')
    .description(
      'list how far the views of each region have come: region, position, end of the log, and what was passed over, separated by tabs',
    )
    .action(async () => {
      const regions = await withDatabase(viewsProgress)
      for (const { region, position, end, passedOver } of regions)
        console.log([region, position, end, passedOver].join('\t'))
    })

  views
    .command('grant')
    .description('let a role of Postgres read the views, and nothing else of ours; run it as the owner of the schema')
    .argument('<role>', 'a role that there is; docs/sql.md says how to make one')
    .action(async (role: string) => {
      await withDatabaseServer(async ({ migrateAt }) => {
        await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
        await makeReader(migrateAt.url, role)
      })
      console.log(`The role ${role} can read the views, and nothing else of Goldenhour.`)
    })

  views
    .command('rebuild')
    .description('make the views of a region anew from its log, while engines run')
    .requiredOption('--region <region>', 'the region')
    .addHelpText('after', REBUILD_HELP)
    .action(async ({ region }: { region: string }) => {
      const { position, passedOver } = await withDatabase(database => rebuilt(database, region))
      console.log(`The views of region ${region} are made anew up to position ${position}.`)
      if (passedOver > 0) console.log(`Passed over: ${passedOver}; read them in views.passed_over.`)
    })
}

/** Errors: those of `rebuildViews`; Error for a region that there is not. */
async function rebuilt(database: Database, region: string) {
  if ((await getRegion(database, region)) === undefined) {
    throw new Error(`There is no region ${region}; "goldenhour region list" shows those there are.`)
  }
  let saidMs = systemClock.monotonicMs()
  const onProgress = ({ position, end }: RebuildProgress) => {
    const nowMs = systemClock.monotonicMs()
    if (nowMs < saidMs + 1_000 && position < end) return
    saidMs = nowMs
    process.stderr.write(`${position} of ${end} records (${Math.floor((100 * position) / Math.max(1, end))} %)\n`)
  }
  return rebuildViews({ database, scheduler: systemClock, onProgress }, region)
}
