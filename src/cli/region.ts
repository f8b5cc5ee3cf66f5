/** `goldenhour region`: adds and lists the regions of this deployment. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import { DISPATCH_MODES, type DispatchMode } from '../domain/vocabulary.ts'
import { REGION_FIELDS } from '../protocol/reference.ts'
import { problemOf, ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

export function defineRegion(region: Command): void {
  region
    .command('add')
    .description('add a region')
    .argument(
      '<region>',
      '1 to 16 characters of a-z 0-9; every id of the region begins with it',
      fit(REGION_FIELDS.region),
    )
    .option('--name <name>', 'what people call it (default: the region itself)', fit(REGION_FIELDS.name))
    .option('--time-zone <zone>', 'IANA time zone, such as Europe/Berlin', fit(REGION_FIELDS.timeZone), 'UTC')
    .addOption(
      new Option('--mode <mode>', 'ordered: a crew is bound by the order; offered: it may accept or decline')
        .choices(DISPATCH_MODES)
        .default('ordered'),
    )
    .action(async (id: string, options: { name?: string; timeZone: string; mode: DispatchMode }) => {
      const { name = id, timeZone, mode: dispatchMode } = options
      await withDatabase(database =>
        new ReferenceStore(database).addRegion(
          { region: id, name, timeZone, dispatchMode },
          auditedByCommandLine(database),
        ),
      )
      console.log(`Added the region ${id}.`)
    })

  region
    .command('list')
    .description('list the regions: id, dispatch mode, time zone and name, separated by tabs')
    .action(async () => {
      const regions = await withDatabase(database => new ReferenceStore(database).listRegions())
      for (const { region, dispatchMode, timeZone, name } of regions) {
        console.log([region, dispatchMode, timeZone, name].join('\t'))
      }
    })
}

/** Reads what must have the shape of a field, and says how it must be where it has not. */
function fit(shape: z.ZodType<string>) {
  return (text: string): string => {
    const problem = problemOf(shape, text)
    if (problem !== null) throw new InvalidArgumentError(`It ${problem}.`)
    return text
  }
}
