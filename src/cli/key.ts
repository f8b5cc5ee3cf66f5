/** `goldenhour key`: what signs tokens and tickets; a running engine heeds a change within a second. */
import type { Command } from 'commander'
import {
  listSigningKeys,
  loadOrCreateSigningKey,
  retireSigningKey,
  rotateSigningKey,
  rotateTicketSecret,
} from '../access/tables/key-table.ts'
import type { Database } from '../store/postgres/database.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

export function defineKey(key: Command): void {
  key
    .command('list')
    .description('list the keys, the newest first: id, when it was made, and what it does, separated by tabs')
    .action(async () => {
      const keys = await withDatabase(async database => {
        await loadOrCreateSigningKey(database)
        return listSigningKeys(database)
      })
      const signing = keys.find(({ retiredAt }) => retiredAt === null)
      for (const each of keys) {
        const does = each === signing ? 'signs' : each.retiredAt === null ? 'verifies' : 'retired'
        console.log([each.kid, each.createdAt.toISOString(), does].join('\t'))
      }
    })

  key
    .command('rotate')
    .description('make a new key, which signs from now on; tokens of the older ones stay good until they are retired')
    .option('--tickets', 'make a new secret for resume tickets instead; those of the one before stay good')
    .action(async ({ tickets }: { readonly tickets?: boolean }) => {
      if (tickets === true) {
        await withAudit('ticket-secret-rotated', async database => String((await rotateTicketSecret(database)).id))
        console.log('Made a new secret for resume tickets.')
      } else {
        const kid = await withAudit('key-rotated', async database => (await rotateSigningKey(database)).kid)
        console.log(`Made the key ${kid}, which signs from now on.`)
      }
    })

  key
    .command('retire')
    .description('refuse all tokens of a key from now on')
    .argument('<kid>', 'the id of the key, as "key list" shows it')
    .action(async (kid: string) => {
      await withAudit('key-retired', async database => {
        const outcome = await retireSigningKey(database, kid)
        if (outcome === 'signs') throw new Error('This key signs new tokens; make another one first (key rotate).')
        if (outcome === 'unknown') throw new Error(`Key ${kid} is not in use; list the keys with goldenhour key list.`)
        return kid
      })
      console.log(`Retired the key ${kid}.`)
    })
}

/** Changes something, and tells the audit of it; output: what was changed. */
function withAudit(action: string, change: (transaction: Database) => Promise<string>): Promise<string> {
  return withDatabase(database =>
    database.transaction().execute(async transaction => {
      const subject = await change(transaction)
      await auditedByCommandLine(database)(transaction, { action, region: null, subject, details: {} })
      return subject
    }),
  )
}
