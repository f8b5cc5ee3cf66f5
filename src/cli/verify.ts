/** `goldenhour verify`: proves what the database has, while engines run or while none does. */
import type { Command } from 'commander'
import { VERIFIED } from '../actors/verify-region.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { tellVerified } from './tell-verified.ts'
import { withDatabaseServer } from './with-database.ts'

const HELP = `
What is looked at:
${Object.entries(VERIFIED)
  .map(([rule, text]) => `  ${rule.padEnd(26)}${text}`)
  .join('\n')}

Each finding is a line: region, rule, and what is wrong, separated by tabs. The exit code is 1 where there are any. All of it is
read as of one moment, so engines may run. The log is folded from its beginning, which takes the time and the memory of a start
without snapshots; until it ends Postgres keeps the rows that are replaced meanwhile. docs/durability.md says what to do.
"State" is a hash of what the log makes: two databases of the same log have the same.`

export function defineVerify(verify: Command): void {
  verify
    .option('--region <region>', 'this region alone')
    .addHelpText('after', HELP)
    .action(async ({ region }: { region?: string }) => {
      await withDatabaseServer(async ({ url, migrateAt }, unlessInterrupted) => {
        await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
        await tellVerified(url, region, unlessInterrupted)
      })
    })
}
