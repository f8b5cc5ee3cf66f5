/** `goldenhour migrate`: brings the database to this version's schema. */
import type { Command } from 'commander'
import { migrate } from '../store/postgres/migrate.ts'
import { withDatabaseServer } from './with-database.ts'

export function defineMigrate(command: Command): void {
  command
    .option('--grant-to <role>', "give a role of Postgres an engine's rights and no others; later versions do so anew")
    .action(async ({ grantTo }: { grantTo?: string }) => {
      const applied = await withDatabaseServer(({ migrateAt }) =>
        migrate(migrateAt.url, { grantTo: grantTo ?? migrateAt.grantTo }),
      )
      console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`)
      if (grantTo !== undefined) console.log(`The role ${grantTo} has the rights of an engine.`)
    })
}
