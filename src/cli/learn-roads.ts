/** `goldenhour roads learn`: works out from a region's log and fixes how long its roads really take, and stores it as a version. */
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import type { Policy } from '../domain/policy.ts'
import type { Priority } from '../domain/vocabulary.ts'
import { Arrivals, type SceneDrive } from '../reports/arrivals.ts'
import type { Truth } from '../reports/eta-truth.ts'
import {
  DRIVES_LEAST,
  type LearnedSpeeds,
  learnSpeeds,
  type RecordedDrive,
  type Unused,
} from '../reports/learned-speeds.ts'
import { storedModel } from '../roads/times/stored-model.ts'
import { type TravelModel, USUAL_TRAVEL_MODEL } from '../roads/times/travel-model.ts'
import { readTrack } from '../store/location/track.ts'
import { logSince } from '../store/log/log-since.ts'
import type { Database } from '../store/postgres/database.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import { getRegion } from '../store/reference/regions.ts'
import { SpeedStore } from '../store/roads/speed-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { daysBack, parseSince } from './since.ts'
import { roadsIn, standingGraph } from './store-network.ts'
import { withDatabase } from './with-database.ts'

const DAYS = 90
/** The newest; each has its fixes read, some milliseconds, and holds some kilobytes. */
const DRIVES_MAX = 5_000
/** Before the crew said that it drives: where it stood. */
const LEAD_MS = 90_000
const FIXES_MAX = 2_000
const TOLD_EVERY = 250
const HELP = `
A drive counts from the moment at which its crew was en route until it was at the scene, as it was said or corrected since, with the
fixes in between. From the first two thirds of the drives it learns how much slower or quicker than usual each class of road is, by
band of hours, with siren and without, as the policy has it by priority; what was little driven keeps the usual factor. The last third is held out: what is printed is
how true the drive times are there that the usual model (or the version in use) says and those that were learned. Columns: model,
drives, bias (mean error), and the size of the error that 50 % and 90 % do not exceed, in seconds. Nothing is stored with fewer than
${DRIVES_LEAST} drives, or where the 50 % error is not
smaller by a twentieth, or the 90 % error is larger. What is stored is in use only after "roads speeds use".`

interface LearnOptions {
  readonly region: string
  readonly since?: Date
  readonly note?: string
  readonly dryRun?: true
}

export function defineLearn(roads: Command): void {
  roads
    .command('learn')
    .description('work out from a region’s trips how long its roads really take, and store that as a version')
    .requiredOption('--region <region>', 'the region')
    .option('--since <time>', `trips since then, as "report eta" takes it (default: ${DAYS}d)`, parseSince)
    .option('--note <text>', 'why, for who reads the versions')
    .option('--dry-run', 'only tell what would be learned')
    .addHelpText('after', HELP)
    .action(learn)
}

async function learn({ region, since, note, dryRun }: LearnOptions): Promise<void> {
  const sinceMs = (since ?? daysBack(DAYS)).getTime()
  await withDatabase(async database => {
    const known = await getRegion(database, region)
    if (known === undefined)
      throw new Error(`There is no region ${region}; "goldenhour region list" names those that there are.`)
    const graph = await standingGraph(database, region)
    if (graph === null)
      throw new Error(`Region ${region} has no roads; import some: goldenhour roads import --region ${region} FILE.`)
    const [roads] = await roadsIn(database).versions(region)
    const store = speedsIn(database)
    const { policy } = await new ReferenceStore(database).policy(region)
    const usual = usualBy(policy)
    const standing = (await store.inUse()).get(region)
    const { timeZone } = known
    const drives = await drivesOf(database, region, sinceMs)
    const before = standing === undefined ? usual : storedModel(standing.model)
    const learned = learnSpeeds(graph, drives, { timeZone, usual, before })
    for (const line of linesOf(learned, standing?.version ?? null)) console.log(line)
    if (learned.model === null) throw new Error(whyNot(learned, region))
    if (dryRun === true) return console.log('Nothing is stored: it was a dry run.')
    const { learnedFrom, heldOut, leftOut, before: was, after: is } = learned
    const { sirenPercent, sirenTimePercent } = policy
    const facts = {
      sinceMs,
      sirenPercent,
      sirenTimePercent,
      roadsVersion: roads!.version,
      learnedFrom,
      heldOut,
      leftOut,
      before: was,
      after: is,
    }
    const version = await store.add(
      region,
      { model: learned.model, facts },
      note ?? null,
      auditedByCommandLine(database),
    )
    console.log(
      `Stored as version ${version} of the speeds of ${region}. Nobody goes by it yet: goldenhour roads speeds use ${version} --region ${region}.`,
    )
  })
}

export const speedsIn = (database: Database): SpeedStore => new SpeedStore(database, () => systemClock.wallMs())

/** Who drives with a siren, and what it saves, is the policy's. */
function usualBy({ sirenPercent, sirenTimePercent }: Policy): TravelModel {
  const share = (priority: Priority) => sirenPercent[priority] / 100
  const sirenShare = { 1: share(1), 2: share(2), 3: share(3), 4: share(4), 5: share(5) }
  return { ...USUAL_TRAVEL_MODEL, sirenFactor: 100 / sirenTimePercent, sirenShare }
}

/** The newest, with their fixes. */
async function drivesOf(database: Database, region: string, sinceMs: number): Promise<RecordedDrive[]> {
  const arrivals = new Arrivals()
  let damaged = 0
  for await (const page of logSince(database, region, sinceMs)) {
    for (const event of page.events) arrivals.take(event)
    damaged += page.damaged
  }
  if (damaged > 0) progress(`${damaged} records of the log are damaged, and left out.`)
  const said = [...arrivals.drives()].sort((a, b) => a.enRouteAtMs - b.enRouteAtMs).slice(-DRIVES_MAX)
  const drives: RecordedDrive[] = []
  for (const drive of said) {
    drives.push({ ...drive, track: await trackOf(database, region, drive) })
    if (drives.length % TOLD_EVERY === 0) progress(`Read the fixes of ${drives.length} of ${said.length} drives …`)
  }
  return drives
}

async function trackOf(database: Database, region: string, { unitId, enRouteAtMs, onSceneAtMs }: SceneDrive) {
  // One that is said to have ended before it began is left out by its duration.
  if (onSceneAtMs <= enRouteAtMs) return []
  const range = { fromMs: enRouteAtMs - LEAD_MS, toMs: onSceneAtMs + 1 }
  const { fixes } = await readTrack(database, { region, unitId, ...range, after: null, limit: FIXES_MAX })
  return fixes.map(({ lonDeg, latDeg, fixedAtMs }) => ({ lonDeg, latDeg, fixedAtMs }))
}

const IN_WORDS: Readonly<Record<Unused, string>> = {
  'odd-duration': 'took less than a minute or more than an hour, or ended before they began',
  'few-positions': 'have too few positions in between',
  'away-from-the-scene': 'ended more than 500 m from the scene',
  'off-road': 'began or ended where no road is',
}

function* linesOf(
  { learnedFrom, heldOut, leftOut, before, after }: LearnedSpeeds,
  inUse: number | null,
): Iterable<string> {
  yield `${learnedFrom} drives to learn from, ${heldOut} held out.`
  for (const [reason, count] of Object.entries(leftOut)) {
    if (count > 0) yield `Left out: ${count} drives that ${IN_WORDS[reason as Unused]}.`
  }
  if (before === null || after === null) return
  yield ['model', 'drives', 'bias s', 'p50 s', 'p90 s'].join('\t')
  yield rowOf(inUse === null ? 'usual' : `version ${inUse}`, before)
  yield rowOf('learned', after)
}

const rowOf = (name: string, { arrivals, biasMs, p50Ms, p90Ms }: Truth): string =>
  [name, arrivals, ...[biasMs, p50Ms, p90Ms].map(ms => Math.round(ms / 1_000))].join('\t')

function whyNot({ refused, learnedFrom, heldOut }: LearnedSpeeds, region: string): string {
  if (refused === 'no-truer') return 'Nothing is stored: the learned times are no truer than those of before.'
  return `Region ${region} has ${learnedFrom + heldOut} drives that say something, and ${DRIVES_LEAST} are needed: try again when there are more, or with an earlier --since.`
}

/** Standard output belongs to the answer. */
const progress = (line: string): void => void process.stderr.write(`${line}\n`)
