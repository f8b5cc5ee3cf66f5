/** `goldenhour migrate`: brings the database to this version's schema. */
import type { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { withDatabaseServer } from './with-database.ts'

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version; safe to repeat')
    .action(async () => {
      const applied = await withDatabaseServer(url => migrate(url))
      console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`)
    })
}
