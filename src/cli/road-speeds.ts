/** `goldenhour roads speeds`: the versions of learned speeds of a region, and which of them it goes by. */
import { type Command, InvalidArgumentError } from 'commander'
import { storedModel } from '../roads/times/stored-model.ts'
import type { LearnedVersion } from '../store/roads/speed-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { speedsIn } from './learn-roads.ts'
import { withDatabase } from './with-database.ts'

interface Noted {
  readonly region: string
  readonly note?: string
}

export function defineSpeeds(roads: Command): void {
  const speeds = roads.command('speeds').description('list, show and use learned speeds of a region’s roads')

  speeds
    .command('list')
    .description(
      'list the versions, newest first: version, when, who, drives, p50 of the error before and after in seconds, whether it is in use, and note, separated by tabs',
    )
    .requiredOption('--region <region>', 'the region')
    .action(async ({ region }: Noted) => {
      await withDatabase(async database => {
        const store = speedsIn(database)
        const inUse = await store.use(region)
        for (const each of await store.versions(region)) console.log(rowOf(each, inUse?.version ?? null).join('\t'))
        if (inUse === null) return
        const { version, changedBy, changedAtMs, note } = inUse
        const what = version === null ? 'the usual times' : `version ${version}`
        const why = note === null ? '' : `: ${note}`
        process.stderr.write(`In use: ${what}, by ${changedBy} at ${new Date(changedAtMs).toISOString()}${why}.\n`)
      })
    })

  speeds
    .command('show')
    .description('print a version as JSON: its model, and from what it was learned')
    .argument('<version>', 'its number', versionNumber)
    .requiredOption('--region <region>', 'the region')
    .action(async (version: number, { region }: Noted) => {
      const { model, facts } = await withDatabase(database => speedsIn(database).version(region, version))
      console.log(JSON.stringify({ model, facts }, null, 2))
    })

  speeds
    .command('use')
    .description('have a region go by a version')
    .argument('<version>', 'its number', versionNumber)
    .requiredOption('--region <region>', 'the region')
    .option('--note <text>', 'why, for who reads it later')
    .action((version: number, options: Noted) => put(version, options))

  speeds
    .command('off')
    .description('have a region go by the usual times again')
    .requiredOption('--region <region>', 'the region')
    .option('--note <text>', 'why, for who reads it later')
    .action((options: Noted) => put(null, options))
}

async function put(version: number | null, { region, note }: Noted): Promise<void> {
  const what = version === null ? 'the usual times' : `version ${version} of its learned speeds`
  const isNew = await withDatabase(async database => {
    const store = speedsIn(database)
    if (version !== null) {
      const { model } = await store.version(region, version)
      try {
        storedModel(model)
      } catch (cause) {
        throw new Error(`Version ${version} is damaged: ${(cause as Error).message}`, { cause })
      }
    }
    return store.put(region, version, note ?? null, auditedByCommandLine(database))
  })
  console.log(isNew ? `${region} goes by ${what}.` : `Nothing changed: ${region} goes by ${what} already.`)
}

function rowOf(
  { version, changedAtMs, changedBy, facts, note }: LearnedVersion,
  inUse: number | null,
): (string | number)[] {
  const { learnedFrom, heldOut, before, after } = facts as {
    readonly learnedFrom: number
    readonly heldOut: number
    readonly before: { readonly p50Ms: number }
    readonly after: { readonly p50Ms: number }
  }
  const seconds = [before.p50Ms, after.p50Ms].map(ms => Math.round(ms / 1_000))
  const when = new Date(changedAtMs).toISOString()
  return [version, when, changedBy, learnedFrom + heldOut, ...seconds, version === inUse ? 'in use' : '', note ?? '']
}

function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}
