/** `goldenhour report`: what the log says of how well the service does. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Priority } from '../domain/vocabulary.ts'
import { PRIORITIES } from '../domain/vocabulary.ts'
import { Arrivals } from '../reports/arrivals.ts'
import { etaLines } from '../reports/eta-lines.ts'
import { etaReport, USUAL_INTERVAL, USUAL_SIREN } from '../reports/eta-report.ts'
import type { Interval } from '../reports/eta-truth.ts'
import { logSince } from '../store/log/log-since.ts'
import { getRegion } from '../store/reference/regions.ts'
import { defineResponseReport } from './report-response.ts'
import { daysBack, parseSince } from './since.ts'
import { withDatabase } from './with-database.ts'

const DAYS = 90
const HELP = `
A unit that was sent is compared once it has arrived: what the decision predicted, and the moment at which its crew was at the
scene, as it was said, or corrected since. An error above 0 came later than was said. The columns are: group, arrivals, bias (mean
error), median error, and the size of the error that 50 % and 90 % do not exceed, all in seconds; the share whose real time lies
within the interval; and the median of real by predicted time. Units by the straight line are a group of their own. It holds about
0.3 kB for each trip in memory.`

interface EtaOptions {
  readonly region: string
  readonly since?: Date
  readonly interval?: Interval
  readonly siren?: readonly Priority[]
  readonly json?: true
}

export function defineReport(report: Command): void {
  report
    .command('eta')
    .description('tell how true the predicted arrivals were, by hour, priority and siren')
    .requiredOption('--region <region>', 'the region')
    .option(
      '--since <time>',
      'trips since then: 2026-01-31, 2026-01-31T08:00:00Z, or 12h, 7d back from now (default: 90d)',
      parseSince,
    )
    .option(
      '--interval <from-to>',
      'between which multiples of the predicted time the real one is said to lie (default: 0.75-1.5)',
      parseInterval,
    )
    .option(
      '--siren <priorities>',
      'the priorities that drive with siren, such as 1,2, or none (default: 1,2)',
      parsePriorities,
    )
    .option('--json', 'one JSON object, times in milliseconds')
    .addHelpText('after', HELP)
    .action(reportEta)
  defineResponseReport(report)
}

async function reportEta({
  region,
  since,
  interval = USUAL_INTERVAL,
  siren = USUAL_SIREN,
  json,
}: EtaOptions): Promise<void> {
  const sinceMs = (since ?? daysBack(DAYS)).getTime()
  const { report, damaged } = await withDatabase(async database => {
    const known = await getRegion(database, region)
    if (known === undefined)
      throw new Error(`There is no region ${region}; "goldenhour region list" names those that there are.`)
    const arrivals = new Arrivals()
    let bad = 0
    for await (const page of logSince(database, region, sinceMs)) {
      for (const event of page.events) arrivals.take(event)
      bad += page.damaged
    }
    return { report: etaReport(arrivals.all(), { timeZone: known.timeZone, interval, siren }), damaged: bad }
  })
  if (damaged > 0) process.stderr.write(`${damaged} records of the log are damaged, and left out.\n`)
  if (json) return console.log(JSON.stringify({ region, sinceMs, interval, ...report }))
  for (const line of etaLines(report)) console.log(line)
}

function parseInterval(value: string): Interval {
  const [, from, to] = /^(\d{1,2}(?:\.\d{1,3})?)-(\d{1,2}(?:\.\d{1,3})?)$/.exec(value) ?? []
  if (from !== undefined && Number(from) < Number(to)) return { from: Number(from), to: Number(to) }
  throw new InvalidArgumentError('Write two multiples of the predicted time, such as 0.75-1.5.')
}

function parsePriorities(value: string): readonly Priority[] {
  if (value === 'none') return []
  const given = value.split(',').map(Number)
  const isKnown = (each: number): each is Priority => (PRIORITIES as readonly number[]).includes(each)
  if (given.every(isKnown)) return given
  throw new InvalidArgumentError(`Write some of ${PRIORITIES.join(',')}, separated by commas, or none.`)
}
