/** `goldenhour report response`: how often help was there in time, by the rules of a contract. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PRIORITIES } from '../domain/vocabulary.ts'
import {
  CANCELLED_CALLS,
  RESPONSE_COUNTS,
  RESPONSE_ROUNDINGS,
  RESPONSE_STARTS,
  type ResponseContract,
} from '../protocol/statistics-view.ts'
import type { Database } from '../store/postgres/database.ts'
import { getRegion } from '../store/reference/regions.ts'
import { localMoment, type ResponseFigures, responseFigures } from '../store/views/response-report.ts'
import { withDatabase } from './with-database.ts'

const HELP = `
One sample a call: from the start of its clock until the first unit that counts is at the scene, of any of its trips. So a call keeps
its clock when its unit is diverted, and of several units the first counts. A call that was cancelled before is judged by the time until
then. Calls that are open, or whose times nobody knows, are no samples and are counted. Moments are as they were said, or corrected
since. A fractile is the smallest time that at least its share of the samples does not exceed. The same is answered in SQL by
views.response_fractiles, and sample by sample by views.response_samples (docs/sql.md).

8:59 minutes for 90 % of priorities 1 and 2, by the month, is
  goldenhour report response --region metro --limit 8m --rounding down --priority 1,2 --from 2026-03-01 --to 2026-04-01`

interface ResponseQuestion extends Pick<ResponseContract, 'start' | 'rounding' | 'counts' | 'cancelled'> {
  readonly region: string
  readonly limit: number
  readonly percent?: number
  readonly from: string
  readonly to: string
  readonly staging?: true
  readonly priority?: readonly number[]
  readonly zone?: NonNullable<ResponseContract['zone']>
  readonly json?: true
}

export function defineResponseReport(report: Command): void {
  const oneOf = (flag: string, text: string, words: readonly string[]) =>
    new Option(flag, text).choices(words).default(words[0])
  report
    .command('response')
    .description('tell how often help was there within a limit, and the times that shares of the calls do not exceed')
    .requiredOption('--region <region>', 'the region')
    .requiredOption('--limit <time>', 'the limit: 8m, 8:59 or 539s', parseDuration)
    .requiredOption(
      '--from <moment>',
      "calls from then on: 2026-03-01 or 2026-03-01T08:00, in the region's time zone",
      parseMoment,
    )
    .requiredOption('--to <moment>', 'calls before then', parseMoment)
    .option('--percent <share>', 'how many of a hundred have to be within the limit (default: 90)', parsePercent)
    .option('--priority <priorities>', 'calls of some priorities, such as 1,2', parsePriorities)
    .option('--zone <corners>', 'calls within a polygon: "174.7,-36.9 174.8,-36.9 174.8,-36.8", in degrees', parseZone)
    .addOption(oneOf('--start <event>', 'when the clock starts', RESPONSE_STARTS))
    .addOption(oneOf('--rounding <how>', 'to whole minutes, before the limit is held against it', RESPONSE_ROUNDINGS))
    .addOption(
      oneOf('--counts <unit>', 'which unit stops the clock; level: of the care that was needed', RESPONSE_COUNTS),
    )
    .addOption(oneOf('--cancelled <how>', 'calls that were cancelled before anybody arrived', CANCELLED_CALLS))
    .option('--staging', 'a unit at its staging point has arrived')
    .option('--json', 'one JSON object, times in milliseconds')
    .addHelpText('after', HELP)
    .action(reportResponse)
}

async function reportResponse({ region, from, to, json, ...options }: ResponseQuestion): Promise<void> {
  const { limit: limitMs, percent = 90, priority: priorities = null, zone = null, staging } = options
  const { start, rounding, counts, cancelled } = options
  const contract = {
    ...{
      limitMs,
      share: percent / 100,
      start,
      rounding,
      counts,
      staged: staging === true,
      cancelled,
      priorities,
      zone,
    },
  }
  const figures = await withDatabase(database => figuresIn(database, region, { from, to }, contract))
  if (json) console.log(JSON.stringify({ region, from, to, ...contract, figures }))
  else for (const line of linesOf(figures, percent)) console.log(line)
}

async function figuresIn(
  database: Database,
  region: string,
  { from, to }: { readonly from: string; readonly to: string },
  contract: ResponseContract,
): Promise<ResponseFigures[]> {
  const found = await getRegion(database, region)
  if (found === undefined) {
    throw new Error(`There is no region ${region}; "goldenhour region list" shows those there are.`)
  }
  const [fromMs, toMs] = [
    await localMoment(database, from, found.timeZone),
    await localMoment(database, to, found.timeZone),
  ]
  if (fromMs >= toMs) throw new Error('--to is not later than --from; write the moment at which the window ends.')
  return responseFigures(database, region, { fromMs, toMs }, contract)
}

function* linesOf(figures: readonly ResponseFigures[], percent: number): Iterable<string> {
  const head = ['priority', 'calls', 'samples', 'within', 'share', 'met', `p${percent}`, 'p50', 'p90', 'longest']
  yield [...head, 'cancelled', 'open', 'unknown'].join('\t')
  for (const { priority, calls, samples, within, share, isMet, fractileMs, p50Ms, p90Ms, maxMs, ...rest } of figures) {
    const part = share === null ? '-' : `${(100 * share).toFixed(1)} %`
    const times = [fractileMs, p50Ms, p90Ms, maxMs].map(ms => (ms === null ? '-' : clock(ms)))
    const met = isMet === null ? '-' : isMet ? 'yes' : 'no'
    yield [
      priority ?? 'all',
      calls,
      samples,
      within,
      part,
      met,
      ...times,
      rest.cancelled,
      rest.open,
      rest.unknown,
    ].join('\t')
  }
}

/** Minutes and seconds, the part of a second left away. */
const clock = (ms: number): string =>
  `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1_000) % 60).padStart(2, '0')}`

function parseDuration(value: string): number {
  const [, minutes, seconds = '0'] = /^(\d{1,3})(?:m|:([0-5]\d))$/.exec(value) ?? []
  if (minutes !== undefined) return (Number(minutes) * 60 + Number(seconds)) * 1_000
  const [, only] = /^(\d{1,5})s$/.exec(value) ?? []
  if (only !== undefined) return Number(only) * 1_000
  throw new InvalidArgumentError('Write 8m, 8:59 or 539s.')
}

function parseMoment(value: string): string {
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(value) && !Number.isNaN(Date.parse(value))
  if (isMoment) return value
  throw new InvalidArgumentError("Write a day such as 2026-03-01, or 2026-03-01T08:00, in the region's time zone.")
}

function parsePercent(value: string): number {
  const percent = Number(value)
  if (/^\d{1,3}(\.\d{1,3})?$/.test(value) && percent > 0 && percent <= 100) return percent
  throw new InvalidArgumentError('Write a number above 0, 100 at most.')
}

function parsePriorities(value: string): readonly number[] {
  const given = value.split(',').map(Number)
  if (given.every(each => (PRIORITIES as readonly number[]).includes(each))) return given
  throw new InvalidArgumentError(`Write some of ${PRIORITIES.join(',')}, separated by commas.`)
}

function parseZone(value: string): readonly (readonly [number, number])[] {
  const corners = value
    .trim()
    .split(/\s+/)
    .map(corner => corner.split(',').map(Number))
  const isPlace = ([lon = Number.NaN, lat = Number.NaN, ...more]: number[]) =>
    Math.abs(lon) <= 180 && Math.abs(lat) <= 90 && more.length === 0
  if (corners.length >= 3 && corners.length <= 1_000 && corners.every(isPlace)) return corners as [number, number][]
  throw new InvalidArgumentError(
    'Write three corners or more, each as longitude,latitude in degrees, separated by spaces.',
  )
}
