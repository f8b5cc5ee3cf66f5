/** What `npm run replay` and `npm run demo` take. */
import { InvalidArgumentError, Option } from 'commander'
import type { CheckedCommand } from '../../src/cli/checked-command.ts'
import { REGION_ID } from '../../src/domain/ids.ts'
import { DISPATCH_MODES, type DispatchMode } from '../../src/domain/vocabulary.ts'
import { numberOfText } from '../../src/protocol/number-text.ts'
import { fileName, jsonOption, option, toolCommand, wholeNumber } from '../shared/command-line.ts'

export const MADE_UP_UNITS = 60

const KILL_AFTER = `wall seconds after the start at which the engine is killed while it holds what is not durable; the first
kill loses it for good, the next leaves its last statements to go through, in turn`

const positive = (text: string): number => positiveOf(text, false)
const positiveWhole = (text: string): number => positiveOf(text, true)

function positiveOf(text: string, isWhole: boolean): number {
  const value = numberOfText(text)
  if (value !== null && value > 0 && (!isWhole || Number.isInteger(value))) return value
  throw new InvalidArgumentError(`It takes a ${isWhole ? 'whole ' : ''}number above 0.`)
}

const seedIn = wholeNumber(0, 999_999_999_999_999)

const matching =
  (pattern: RegExp, problem: string) =>
  (text: string): string => {
    if (pattern.test(text)) return text
    throw new InvalidArgumentError(problem)
  }

/** Those of both commands. */
interface Common {
  readonly units?: number
  readonly speed?: number
  readonly mode: DispatchMode
  readonly seed: number
  readonly url?: string
  readonly json?: string
  readonly keep?: true
}

export interface ReplayGiven extends Common {
  readonly fixes?: string
  readonly calls?: string
  readonly madeUp?: true
  readonly callsFrom?: string
  readonly timeZone: string
  readonly killAfter?: readonly number[]
  readonly region?: string
  readonly drive?: true
  readonly roads?: readonly string[]
  readonly hospitals?: string
}

export interface DemoGiven extends Common {
  readonly calls: number
  readonly minutes: number
}

function commonOptions(command: CheckedCommand, speed: string, units: string): void {
  command
    .addOption(option('--speed <n>', speed, positive))
    .addOption(option('--units <n>', units, positiveWhole))
    .addOption(
      new Option('--mode <mode>', 'offered: crews may decline; ordered: they are bound by the order')
        .choices(DISPATCH_MODES)
        .default('offered'),
    )
    .addOption(jsonOption())
    .option('--keep', "leave our own database and the engine's log behind")
}

function driveOptions(command: CheckedCommand): void {
  command
    .option('--drive', 'vehicles with a trip drive on roads to the scene and to the hospital (see below)')
    .addOption(
      new Option(
        '--roads <file...>',
        `the roads to drive on, which the region is given too: an OpenStreetMap file, or nodes.csv, arcs.csv and maybe
segments.csv (default: with --made-up a made-up city, else those that the region of --url and --region has)`,
      ).conflicts('madeUp'),
    )
    .addOption(
      option(
        '--hospitals <file>',
        'CSV (or .gz): lon,lat and maybe ed, of which only rows with 1 count; where patients are brought with --drive',
        fileName,
      ).conflicts('madeUp'),
    )
}

const RULES = `
Rules for imperfect records. Only ambulance rows count (MEDIC, PRIVATE); a call's first one is its trip; als 1 needs als,
else bls; priority E is 1, 3 is 2, 2 is 3, anything else 4. A crew accepts after the smaller of 10 s and half the time from
dispatch to response. A missing time is a step that did not happen: no button, the next interval runs from the last step
there is; a missing end comes 10 minutes after it. A negative interval is 0. A call recorded as Cancelled is cancelled by
the dispatcher when its unit was free again. Vehicles go by the trace also while they work, unless --drive is given; when a
vehicle's trace is over it holds its last place and reports it every minute of region time.

With --drive a vehicle stands where it is when its crew accepts, drives to the scene and later to the hospital that it
reaches first by the times of the roads' arcs, by hour and, to a scene, with siren for priorities 1 and 2, and is there when it has driven there, whatever the record says; a drive whose
start was not recorded begins with the step before. It reports every 5 seconds of region time while it drives, every minute
while it stands. After the trip it drives back to where its trace is by then, three times at most if that moves on. A place on no road is driven to in a straight
line at 10 m/s. The region goes by the same roads, so below the table stands how true its predicted arrivals were.`

export function replayOptions(): CheckedCommand {
  const command = toolCommand(
    'npm run replay --',
    `Plays recorded vehicles and calls through a real engine, by one connection a vehicle, and then compares what the clients
were told with what the database holds. Exit code 0 when nothing was lost or doubled and every trip ended, else 1.`,
  )
  command
    .usage('(--fixes FILE --calls FILE | --made-up) [options]')
    .addOption(
      new Option(
        '--made-up',
        `an hour of made-up vehicles (${MADE_UP_UNITS}, or --units) and calls by seed, in place of recorded ones`,
      ).conflicts(['fixes', 'calls']),
    )
    .addOption(
      option(
        '--fixes <file>',
        'CSV (or .gz): unix_s,cab_id,lon,lat; each vehicle becomes a unit, every third one bls, the rest als',
        fileName,
      ),
    )
    .addOption(
      option('--calls <file>', 'CSV (or .gz): one row a unit sent; see the columns in tools/replay/calls.ts', fileName),
    )
    .addOption(
      option(
        '--calls-from <day>',
        "local day whose calls are used, YYYY-MM-DD, at the trace's local hours (default: the file's first)",
        matching(/^\d{4}-\d\d-\d\d$/, 'It takes a day: YYYY-MM-DD.'),
      ),
    )
    .option('--time-zone <zone>', 'whose clock the local hours and days go by', 'America/Los_Angeles')
    .addOption(
      new Option('--kill-after <s...>', KILL_AFTER)
        .conflicts('url')
        .argParser((text: string, before: number[] = []) => [...before, ...text.split(',').map(positive)]),
    )
    .addOption(
      option(
        '--seed <n>',
        `which crews decline (5 % of offers), stay silent (3 %), lose their connection in a trip (2 %), and send a command
twice (5 % of commands)`,
        seedIn,
      ).default(1),
    )
    .option(
      '--url <url>',
      `an engine that runs already, with DATABASE_URL or GOLDENHOUR_DATA_DIR set as it has them; a region is added there, and
stays (default: an engine of our own on a database of our own)`,
    )
    .addOption(
      option(
        '--region <name>',
        'the region to add, or one that is there and has no units (default: replay, with --url replay and a number)',
        matching(REGION_ID, 'It takes 1 to 16 characters of a-z 0-9.'),
      ),
    )
    .addHelpText('after', RULES)
  driveOptions(command)
  commonOptions(
    command,
    'region time runs N times as fast (default 60; with --url: as the engine has it)',
    'only the N vehicles that report first (default: all)',
  )
  return command
}

export function demoOptions(): CheckedCommand {
  const command = toolCommand(
    'npm run demo --',
    'Made-up vehicles and calls at random places of a small city, through a real engine: see it decide.',
  )
  command
    .addOption(option('--calls <n>', 'calls', positiveWhole).default(24))
    .addOption(
      option('--minutes <n>', 'for how long vehicles drive and calls come, in region time', positive).default(20),
    )
    .addOption(option('--seed <n>', 'another city', seedIn).default(1))
    .option(
      '--url <url>',
      `an engine that runs already, such as ws://localhost:9001, at the speed that it has, with DATABASE_URL or
GOLDENHOUR_DATA_DIR set as it has them; a region is added there, and its units are taken away at the end`,
    )
  commonOptions(command, 'region time runs N times as fast (default 20)', 'vehicles (default 24)')
  return command
}
