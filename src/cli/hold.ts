/** `goldenhour hold`: keeps calls as they are until they are released, and lists them. */
import type { Command } from 'commander'
import { type Hold, listHolds, placeHold, releaseHold } from '../store/age/holds.ts'
import { asOwner, callNamed, namesCall, reasoned } from './named-call.ts'
import { withDatabase } from './with-database.ts'

interface HoldOptions {
  readonly region?: string
  readonly reason: string
}

const HELP = `
While a call is held it is not erased, and nothing that the database has from its time on is let go for its age. A call may be held while it is open.`

export function defineHold(hold: Command): void {
  hold.addHelpText('after', HELP)

  reasoned(namesCall(hold.command('place').description('keep a call as it is'))).action(
    async (name: string, { region, reason }: HoldOptions) => {
      await asOwner(async ({ database, audited }) => {
        const call = await callNamed(database, name, region)
        await placeHold(database, call, reason, audited)
        console.log(`Call ${call.callId} is held.`)
      })
    },
  )

  reasoned(namesCall(hold.command('release').description('let a call go its way again'))).action(
    async (name: string, { region, reason }: HoldOptions) => {
      await asOwner(async ({ database, audited }) => {
        const call = await callNamed(database, name, region)
        await releaseHold(database, call, reason, audited)
        console.log(`Call ${call.callId} is not held any more.`)
      })
    },
  )

  hold
    .command('list')
    .description('list calls that are held: region, call, since, reason')
    .option('--all', 'those that were released, too, with when and why')
    .option('--json', 'one JSON object a line')
    .action(async ({ all, json }: { all?: true; json?: true }) => {
      const holds = await withDatabase(database => listHolds(database, all === true))
      for (const each of holds) console.log(json ? JSON.stringify(each) : lineOf(each))
    })
}

const lineOf = ({ region, callId, placedAt, reason, releasedAt, releaseReason }: Hold): string =>
  [
    ...[region, callId, placedAt.toISOString(), reason],
    ...(releasedAt === null ? [] : [releasedAt.toISOString(), releaseReason!]),
  ].join('\t')
