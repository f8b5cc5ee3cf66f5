/** `goldenhour track`: where a unit has been, as a file for maps or spreadsheets; from the database alone, and audited. */
import { type Command, Option } from 'commander'
import { UNIT_ID } from '../domain/ids.ts'
import type { TimeSpan } from '../store/location/archives.ts'
import { readTrack, type TrackCursor, type TrackFix } from '../store/location/track.ts'
import type { DamagedSpan } from '../store/location/track-damage.ts'
import { TRACK_FORMS, type TrackForm, trackFile, type WholeTrack } from '../store/location/track-files.ts'
import type { Database } from '../store/postgres/database.ts'
import { getRegion } from '../store/reference/regions.ts'
import { auditedByCommandLine } from './audited.ts'
import { daysBack, parseSince } from './since.ts'
import { withDatabase } from './with-database.ts'

const PAGE_FIXES = 5_000
/** A week of a unit that reports each second; with all that is measured some 200 MB while they are gathered. */
const FIXES_MAX = 600_000
const HELP = `
GeoJSON has the way as a line and each fix as a point with what was measured, GPX a track with it as extensions, CSV a row a fix. Fixes
that are damaged, missing or in files of an archive are told on standard error, and the exit code is 1 then. ${FIXES_MAX} fixes at
most. The reading is in the audit as track-read.

  goldenhour track A-7 --region akl --from 2026-01-31T08:00:00Z --to 2026-01-31T20:00:00Z --as gpx > a-7.gpx`

interface TrackOptions {
  readonly region: string
  readonly from: Date
  readonly to?: Date
  readonly as: TrackForm
}

export function defineTrack(track: Command): void {
  track
    .argument('<unit>', 'the id of a unit, also of one that was retired')
    .requiredOption('--region <region>', 'its region')
    .requiredOption(
      '--from <time>',
      'fixes from then on: 2026-01-31, 2026-01-31T08:00:00Z, or 12h, 7d back from now',
      parseSince,
    )
    .option('--to <time>', 'fixes before then (default: now)', parseSince)
    .addOption(new Option('--as <form>', 'the form of the file').choices(Object.keys(TRACK_FORMS)).default('geojson'))
    .addHelpText('after', HELP)
    .action(async (unitId: string, { region, from, to = daysBack(0), as }: TrackOptions) => {
      if (!UNIT_ID.test(unitId))
        throw new Error(`${unitId} is no id of a unit: 1 to 32 characters of A-Z a-z 0-9 . _ -`)
      const [fromMs, toMs] = [from.getTime(), to.getTime()]
      if (fromMs >= toMs) throw new Error('--to is not later than --from; write the moment at which the track ends.')
      const whole = await withDatabase(database => gathered(database, { region, unitId, fromMs, toMs }))
      process.stdout.write(trackFile(as, whole))
      tellLacking(whole)
    })
}

type Span = Pick<WholeTrack, 'region' | 'unitId' | 'fromMs' | 'toMs'>

async function gathered(database: Database, span: Span): Promise<WholeTrack> {
  const { region, unitId, fromMs, toMs } = span
  if ((await getRegion(database, region)) === undefined)
    throw new Error(`There is no region ${region}; "goldenhour region list" shows those there are.`)
  const fixes: TrackFix[] = []
  const damaged: DamagedSpan[] = []
  const archived: TimeSpan[] = []
  let after: TrackCursor | null = null
  do {
    const page = await readTrack(database, { ...span, after, limit: PAGE_FIXES })
    fixes.push(...page.fixes)
    damaged.push(...page.damaged)
    archived.push(...page.archived)
    after = page.next
    if (fixes.length > FIXES_MAX)
      throw new Error(
        `There are more than ${FIXES_MAX} fixes up to ${new Date(fixes.at(-1)!.fixedAtMs).toISOString()}; ask for less time.`,
      )
  } while (after !== null)
  const details = { fromMs, toMs, count: fixes.length }
  await auditedByCommandLine(database)(database, { action: 'track-read', region, subject: unitId, details })
  return { ...span, fixes, damaged, archived, isCut: false }
}

function tellLacking({ fixes, damaged, archived }: WholeTrack): void {
  console.error(`${fixes.length} fixes.`)
  const spanOf = ({ fromMs, toMs }: TimeSpan) => `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`
  for (const span of damaged) console.error(`Stored fixes of ${spanOf(span)} cannot be read or are missing.`)
  for (const span of archived)
    console.error(
      `Stored fixes of ${spanOf(span)} are in files; "goldenhour archive list" shows them, "archive restore" puts them back.`,
    )
  if (damaged.length + archived.length > 0) process.exitCode = 1
}
