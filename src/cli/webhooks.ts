/** `goldenhour webhooks`: how far each is, and letting one go that is stopped, or from another position. */
import { type Command, InvalidArgumentError } from 'commander'
import { readConfig } from '../config/index.ts'
import { stopWebhooks } from '../store/backup/restored-webhooks.ts'
import { logEnd } from '../store/log/log-pages.ts'
import type { Database } from '../store/postgres/database.ts'
import { letWebhookGo, webhookCursors } from '../store/webhooks/webhook-cursors.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

const GO_HELP = `
A webhook stops when its receiver answers 410, and after a restore. It goes on where it stands, or with what came behind --after: 0 for all
that the log has, "end" for nothing of the past. What the receiver has already comes again under the same ids. Without --region it goes in
every region in which it has begun. A running engine heeds it within a second or two.`

interface GoOptions {
  readonly region?: string
  readonly after?: number | 'end'
}

export function defineWebhooks(webhooks: Command): void {
  webhooks
    .command('list')
    .description(
      'list how far the receiver of each webhook has the log: webhook, region, position, end of the log, and why it is stopped, separated by tabs',
    )
    .action(async () => {
      const known = new Set(readConfig().webhooks.map(({ name }) => name))
      await withDatabase(async database => {
        for (const { hook, region, position, stopped } of await webhookCursors(database, null)) {
          const state = stopped ?? (known.has(hook) ? '' : 'it is in no configuration here')
          console.log([hook, region, position, await logEnd(database, region), state].join('\t'))
        }
      })
    })

  webhooks
    .command('go')
    .description('let a webhook go that is stopped, or have it told again from a position')
    .argument('<name>', 'the webhook')
    .option('--region <region>', 'in this region alone')
    .option('--after <position>', 'what the receiver is taken to have, or "end"', parseAfter)
    .addHelpText('after', GO_HELP)
    .action(async (name: string, options: GoOptions) => {
      if (!readConfig().webhooks.some(hook => hook.name === name))
        throw new Error(`The configuration has no webhook ${name}; "goldenhour webhooks list" lists those there were.`)
      await withDatabase(database => letGo(database, name, options))
    })

  webhooks
    .command('restored')
    .description('stop all webhooks, as "goldenhour restore" does: for a database that was brought back by other means')
    .action(async () => {
      await withDatabase(stopWebhooks)
      console.log('All webhooks are stopped; "goldenhour webhooks go" lets one go.')
    })
}

async function letGo(database: Database, hook: string, { region: only, after }: GoOptions): Promise<void> {
  const begun = (await webhookCursors(database, hook)).map(({ region }) => region)
  const regions = only === undefined ? begun : [only]
  if (regions.length === 0) throw new Error(`The webhook ${hook} has begun in no region; name one with --region.`)
  for (const region of regions) {
    const end = await logEnd(database, region)
    if (end === 0) throw new Error(`The log of region ${region} has no record; "goldenhour region list" lists regions.`)
    if (typeof after === 'number' && after > end)
      throw new Error(`The log of region ${region} ends at ${end}; nothing is behind ${after}.`)
    const going = { region, hook, after: after === 'end' ? end : (after ?? null) }
    const position = await letWebhookGo(database, going, auditedByCommandLine(database))
    console.log(`The webhook ${hook} goes on in region ${region} behind position ${position}.`)
  }
}

function parseAfter(text: string): number | 'end' {
  if (text === 'end') return text
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a position, or "end".')
  return Number(text)
}
