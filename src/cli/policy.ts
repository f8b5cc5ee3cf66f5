/** `goldenhour policy`: shows and sets the numbers and modes by which a region is dispatched. */
import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

const HELP = `
The file is JSON with the fields that "policy show" prints. What it leaves out has its default, not what stood before: write
what is shown into a file, change that, and set it. A region that is running goes by it from its next decision on; an offer
that is open keeps its deadline. Nothing is changed if a number is out of its range, unknown, or at odds with another.
PROTOCOL.md tells what each number is for, and from where to where it may go.`

interface SetOptions {
  readonly note?: string
  readonly ifVersion?: number
}

export function definePolicy(policy: Command): void {
  policy
    .command('show')
    .description('print the policy of a region as JSON, and on standard error which version it is')
    .argument('<region>', 'the region')
    .argument('[version]', 'an earlier version instead of the one that stands', versionNumber)
    .action(async (region: string, version: number | null = null) => {
      const shown = await withDatabase(database => new ReferenceStore(database).policy(region, version))
      process.stderr.write(`Version ${describe(shown)}.\n`)
      console.log(JSON.stringify(shown.policy, null, 2))
    })

  policy
    .command('versions')
    .description('list the versions of a region’s policy, newest first: version, when, who and note, separated by tabs')
    .argument('<region>', 'the region')
    .action(async (region: string) => {
      await withDatabase(async database => {
        for await (const each of new ReferenceStore(database).policyVersions(region)) {
          const { version, changedAtMs, changedBy, note } = each
          console.log([version, new Date(changedAtMs).toISOString(), changedBy, note ?? ''].join('\t'))
        }
      })
    })

  policy
    .command('set')
    .description('set the policy of a region from a JSON file')
    .argument('<region>', 'the region')
    .argument('<file>', 'a JSON object; {} stands for the defaults')
    .option('--note <text>', 'why, for who reads the versions')
    .option('--if-version <version>', 'only while this version stands, as show has told it', versionNumber)
    .addHelpText('after', HELP)
    .action(async (region: string, file: string, { note, ifVersion }: SetOptions) => {
      const given = readJson(file, await readFile(file, 'utf8'))
      const { now, changes } = await withDatabase(database =>
        new ReferenceStore(database).setPolicy(
          region,
          given,
          note ?? null,
          auditedByCommandLine(database),
          ifVersion ?? null,
        ),
      )
      if (changes.length === 0) return console.log(`Nothing changed: it stands as version ${now.version}.`)
      for (const [name, was, is] of changes) console.log(`${name}: ${was} -> ${is}`)
      console.log(`Set the policy of ${region}, version ${now.version}.`)
    })
}

function readJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`)
  }
}

function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

function describe(shown: Awaited<ReturnType<ReferenceStore['policy']>>): string {
  const { version, changedAtMs, changedBy, note } = shown
  return `${version}, by ${changedBy} at ${new Date(changedAtMs).toISOString()}${note === null ? '' : `: ${note}`}`
}
