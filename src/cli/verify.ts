/** `goldenhour verify`: proves what the database has, while engines run or while none does. */
import type { Command } from 'commander'
import { VERIFIED, type Verified, verifyRegion } from '../actors/verify-region.ts'
import { MomentReader } from '../store/log/moment-reader.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { withDatabaseServer } from './with-database.ts'

const HELP = `
What is looked at:
${Object.entries(VERIFIED)
  .map(([rule, text]) => `  ${rule.padEnd(26)}${text}`)
  .join('\n')}

Each finding is a line: region, rule, and what is wrong, separated by tabs. The exit code is 1 where there are any. All of it is
read as of one moment, so engines may run. The log is folded from its beginning, which takes the time and the memory of a start
without snapshots; until it ends Postgres keeps the rows that are replaced meanwhile. docs/durability.md says what to do.`

export function defineVerify(verify: Command): void {
  verify
    .option('--region <region>', 'this region alone')
    .addHelpText('after', HELP)
    .action(async ({ region: only }: { region?: string }) => {
      await withDatabaseServer(async ({ url, migrateAt }, unlessInterrupted) => {
        await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
        const reader = await MomentReader.open(url)
        try {
          const regions = await reader.regions()
          if (only !== undefined && !regions.includes(only))
            throw new Error(`The database has no log of region ${only}.`)
          for (const region of only === undefined ? regions : [only])
            tell(region, await unlessInterrupted(verifyRegion(reader, region)))
        } finally {
          await reader.end()
        }
      })
    })
}

function tell(region: string, { records, segments, archived, trips, erased, findings, count }: Verified): void {
  for (const { rule, text } of findings) console.log([region, rule, text].join('\t'))
  const more = count > findings.length ? `, of which ${findings.length} are told` : ''
  const found = count === 0 ? 'nothing is wrong' : `${count} findings${more}`
  const anew = erased.calls === 0 ? '' : ` (${erased.records} written anew when ${erased.calls} calls were erased)`
  const inFiles = archived === 0 ? '' : ` (${archived} in files)`
  console.error(
    `Region ${region}: ${records} records${anew}, ${segments} segments of fixes${inFiles}, ${trips} trips: ${found}.`,
  )
  if (count > 0) process.exitCode = 1
}
