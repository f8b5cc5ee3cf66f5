/** `goldenhour pack`: packs stored positions that are old into a track for each unit. */
import type { Command } from 'commander'
import { readConfig } from '../config/index.ts'
import { regionNowMs } from '../store/age/archive-segments.ts'
import { packSegments } from '../store/age/pack-segments.ts'
import type { Pack } from '../store/location/packs.ts'
import { asOwner, parseHours } from './named-call.ts'

interface PackOptions {
  readonly region?: string
  readonly olderThan?: number
}

const HOUR_MS = 3_600_000
const HELP = `
The fixes of a unit from thousands of segments become one row, so its day is read from some dozens of rows, and takes less of the disk.
No fix, flag or number is lost, and a track reads as before. What an engine starts from stays. Engines may run; run it from a timer.`

export function definePack(pack: Command): void {
  pack
    .option('--region <region>', 'this region alone')
    .option('--older-than <hours>', 'in the place of retention.packHours', parseHours)
    .addHelpText('after', HELP)
    .action(async ({ region: only, olderThan }: PackOptions) => {
      const hours = olderThan ?? readConfig().retention.packHours
      if (hours === 0) throw new Error('Nothing is to be packed: set retention.packHours, or give --older-than.')
      await asOwner(async ({ database }) => {
        const now = await regionNowMs(database)
        const regions = [...now.keys()].filter(region => only === undefined || region === only)
        if (regions.length === 0) throw new Error('The database has no log of that region.')
        for (const region of regions)
          for await (const made of packSegments(database, region, now.get(region)! - hours * HOUR_MS))
            console.log(lineOf(made))
      })
    })
}

/** Region, segments from and to, when the fixes were measured, fixes, tracks. */
const lineOf = ({ region, fromNo, toNo, firstFixedAtMs, lastFixedAtMs, fixes, firstTrackNo, lastTrackNo }: Pack) =>
  [
    ...[region, fromNo, toNo, new Date(firstFixedAtMs).toISOString(), new Date(lastFixedAtMs).toISOString()],
    ...[fixes, lastTrackNo - firstTrackNo + 1],
  ].join('\t')
