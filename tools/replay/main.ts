/** `npm run replay` and `npm run demo`: a city's day through a real engine, and a verdict on what became of it. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from '../../src/config/index.ts'
import { Commentary } from '../../src/demo/commentary.ts'
import type { UnitReference } from '../../src/domain/events.ts'
import { REGION_ID } from '../../src/domain/ids.ts'
import { DISPATCH_MODES, type DispatchMode } from '../../src/domain/vocabulary.ts'
import { onStopAsked } from '../../src/process/stop-asked.ts'
import { numberOfText } from '../../src/protocol/number-text.ts'
import { type ReplayCall, readCalls, selectCalls } from './calls.ts'
import { makeCalls, makeTrace, whatToLookAt } from './demo.ts'
import { USUAL_HABITS } from './habits.ts'
import { InvalidInput } from './input.ts'
import { LocalTime } from './local-time.ts'
import { type Fleet, ownPlace, type Place, placeAt, visitedPlace } from './place.ts'
import { type ReplayReport, reportOf, tableOf } from './report.ts'
import { Interrupted, type RunHooks, type RunSettings, run } from './run.ts'
import { readStored } from './stored.ts'
import { readTrace, type Trace } from './trace.ts'

const EXIT = { done: 0, notValid: 1, wrongUsage: 2, interrupted: 130 } as const

const MADE_UP_UNITS = 60
/** As many as leave a queue only now and then. */
const MADE_UP_UNITS_A_CALL = 2

const COMMON_OPTIONS = {
  speed: { type: 'string' },
  units: { type: 'string' },
  mode: { type: 'string', default: 'offered' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const REPLAY_HELP = `npm run replay -- (--fixes FILE --calls FILE | --made-up) [options]

Plays recorded vehicles and calls through a real engine, by one connection a vehicle, and then compares what the clients
were told with what the database holds. Exit code 0 when nothing was lost or doubled and every trip ended, else 1.

  --made-up           an hour of made-up vehicles (60, or --units) and calls by seed, in place of recorded ones
  --fixes FILE        CSV (or .gz): unix_s,cab_id,lon,lat; each vehicle becomes a unit, every third one bls, the rest als
  --calls FILE        CSV (or .gz): one row a unit sent; see the columns in tools/replay/calls.ts
  --calls-from DAY    local day whose calls are used, YYYY-MM-DD, at the trace's local hours (default: the file's first)
  --time-zone ZONE    whose clock the local hours and days go by (default: America/Los_Angeles)
  --speed N           region time runs N times as fast (default 60; with --url: as the engine has it)
  --units N           only the N vehicles that report first (default: all)
  --mode MODE         offered: crews may decline; ordered: they are bound by the order (default: offered)
  --kill-after S …    wall seconds after the start at which the engine is killed while it holds what is not durable;
                      the first kill loses it for good, the next leaves its last statements to go through, in turn
  --seed N            which crews decline (5 % of offers), stay silent (3 %), lose their connection in a trip (2 %),
                      and send a command twice (5 % of commands); default 1
  --url URL           an engine that runs already, with DATABASE_URL or GOLDENHOUR_DATA_DIR set as it has them;
                      a region is added there, and stays. Default: an engine of our own on a database of our own
  --region NAME       the region to add (default: replay, with --url replay and a number)
  --json FILE         write settings and figures there
  --keep              leave our own database and the engine's log behind

Rules for imperfect records. Only ambulance rows count (MEDIC, PRIVATE); a call's first one is its trip; als 1 needs als,
else bls; priority E is 1, 3 is 2, 2 is 3, anything else 4. A crew accepts after the smaller of 10 s and half the time from
dispatch to response. A missing time is a step that did not happen: no button, the next interval runs from the last step
there is; a missing end comes 10 minutes after it. A negative interval is 0. A call recorded as Cancelled is cancelled by
the dispatcher when its unit was free again. Vehicles go by the trace also while they work; when a vehicle's trace is over
it holds its last place and reports it every minute of region time.`

const DEMO_HELP = `npm run demo -- [options]

Made-up vehicles and calls at random places of a small city, through a real engine: see it decide.

  --units N     vehicles (default 24)
  --calls N     calls (default 24)
  --minutes N   for how long vehicles drive and calls come, in region time (default 20)
  --speed N     region time runs N times as fast (default 20)
  --mode MODE   offered or ordered (default offered)
  --seed N      another city (default 1)
  --url URL     an engine that runs already, such as ws://localhost:9001, at the speed that it has, with DATABASE_URL or
                GOLDENHOUR_DATA_DIR set as it has them; a region is added there, and its units are taken away at the end
  --json FILE   write settings and figures there
  --keep        leave the database and the engine's log behind`

/** The command line cannot be understood; the message says which part. */
class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}

const tell = (line: string): void => console.log(line)

async function replayCommand(args: string[]): Promise<number> {
  const { values, tokens } = parse({
    args,
    allowPositionals: true,
    tokens: true,
    options: {
      ...COMMON_OPTIONS,
      fixes: { type: 'string' },
      calls: { type: 'string' },
      'made-up': { type: 'boolean', default: false },
      'calls-from': { type: 'string' },
      'time-zone': { type: 'string', default: 'America/Los_Angeles' },
      'kill-after': { type: 'string', multiple: true },
      url: { type: 'string' },
      region: { type: 'string' },
    },
  })
  if (values.help) {
    tell(REPLAY_HELP)
    return EXIT.done
  }
  const { fixes, calls, 'made-up': isMadeUp } = values
  if (isMadeUp && (fixes !== undefined || calls !== undefined)) {
    throw new WrongUsage('--made-up takes the place of --fixes and --calls')
  }
  if (!isMadeUp && (fixes === undefined || calls === undefined)) {
    throw new WrongUsage('Name the data: --fixes FILE --calls FILE, or let it be made up: --made-up')
  }
  const killAfterS = killTimes(tokens)
  const { url } = values
  if (url !== undefined && killAfterS.length > 0) {
    throw new WrongUsage('--kill-after kills an engine of our own only; leave out --url')
  }
  const speed = values.speed === undefined ? (url === undefined ? 60 : null) : positive('--speed', values.speed)
  const mode = modeOf(values.mode)
  const unitsMax = values.units === undefined ? null : positive('--units', values.units, true)
  const day = values['calls-from'] ?? null
  if (day !== null && !/^\d{4}-\d\d-\d\d$/.test(day)) throw new WrongUsage('--calls-from takes a day: YYYY-MM-DD')
  const region = values.region ?? (url === undefined ? 'replay' : newRegion('replay'))
  if (!REGION_ID.test(region)) throw new WrongUsage('--region takes 1 to 16 characters of a-z 0-9')

  const timeZone = values['time-zone']
  const data = isMadeUp
    ? madeUpHour(seedOf(values.seed), unitsMax ?? MADE_UP_UNITS)
    : await recordedDay({ fixes: fixes!, calls: calls!, unitsMax, day, timeZone })
  const { trace } = data
  const minutes = (trace.durationMs / 60_000).toFixed(0)
  tell(`${trace.fixes.length} fixes of ${trace.vehicles.length} vehicles over ${minutes} minutes; ${data.callsInWords}`)
  const fleet: Fleet = { region, mode, timeZone, units: unitsOf(trace.vehicles) }
  const settings: RunSettings = {
    trace,
    calls: data.calls,
    fleet,
    habits: { seed: seedOf(values.seed), ...USUAL_HABITS },
    speed,
    killAfterS,
  }
  const openPlace = () =>
    url === undefined
      ? ownPlace({ clockRate: speed!, databaseUrl: null, keep: values.keep, fleet, tell })
      : placeAt(url, readConfig(), fleet)
  return runAndJudge(settings, openPlace, data.described, values.json, () => ({}))
}

interface ReplayData {
  readonly trace: Trace
  readonly calls: readonly ReplayCall[]
  readonly callsInWords: string
  /** For the report. */
  readonly described: Readonly<Record<string, unknown>>
}

/** Errors: InvalidInput. */
async function recordedDay(files: {
  readonly fixes: string
  readonly calls: string
  readonly unitsMax: number | null
  readonly day: string | null
  readonly timeZone: string
}): Promise<ReplayData> {
  const trace = await readTrace(files.fixes, files.unitsMax)
  const selected = selectCalls(await readCalls(files.calls), trace, files.day, new LocalTime(files.timeZone))
  const { missingTimes, negativeIntervals, unknownPriorities } = selected.counts
  const imperfect = `${missingTimes} missing times, ${negativeIntervals} negative intervals, ${unknownPriorities} unknown priorities`
  return {
    trace,
    calls: selected.calls,
    callsInWords: `${selected.calls.length} calls of ${selected.day} (${imperfect})`,
    described: {
      fixes: path.basename(files.fixes),
      calls: path.basename(files.calls),
      callsFrom: selected.day,
      ...selected.counts,
    },
  }
}

/** What anybody can repeat who has no recorded data. */
function madeUpHour(seed: number, units: number): ReplayData {
  const city = { seed, units, calls: Math.ceil(units / MADE_UP_UNITS_A_CALL), durationMs: 3_600_000 }
  const calls = makeCalls(city)
  return {
    trace: makeTrace(city),
    calls,
    callsInWords: `${calls.length} calls, all made up`,
    described: { madeUp: true },
  }
}

async function demoCommand(args: string[]): Promise<number> {
  const { values } = parse({
    args,
    options: { ...COMMON_OPTIONS, calls: { type: 'string' }, minutes: { type: 'string' }, url: { type: 'string' } },
  })
  if (values.help) {
    tell(DEMO_HELP)
    return EXIT.done
  }
  const seed = seedOf(values.seed)
  const city = {
    seed,
    units: positive('--units', values.units ?? '24', true),
    calls: positive('--calls', values.calls ?? '24', true),
    durationMs: positive('--minutes', values.minutes ?? '20') * 60_000,
  }
  const { url } = values
  const speed = url === undefined || values.speed !== undefined ? positive('--speed', values.speed ?? '20') : null
  const trace = makeTrace(city)
  const fleet: Fleet = {
    region: url === undefined ? 'demo' : newRegion('demo'),
    mode: modeOf(values.mode),
    timeZone: 'Pacific/Auckland',
    units: unitsOf(trace.vehicles),
  }
  const settings: RunSettings = {
    trace,
    calls: makeCalls(city),
    fleet,
    habits: { seed, ...USUAL_HABITS },
    speed,
    killAfterS: [],
  }
  const openPlace = () =>
    url === undefined
      ? ownPlace({ clockRate: speed!, databaseUrl: null, keep: values.keep, fleet, tell })
      : visitedPlace(url, readConfig(), fleet)
  return runAndJudge(settings, openPlace, { demo: true }, values.json, place => {
    const commentary = new Commentary(tell)
    return {
      onStart: ({ baseMs, deskToken }) => {
        commentary.baseMs = baseMs
        tell(whatToLookAt(place.url.replace('ws', 'http').replace(/\/$/, ''), fleet.region, deskToken))
      },
      onRecord: record => commentary.record(record),
    }
  })
}

async function runAndJudge(
  settings: RunSettings,
  openPlace: () => Promise<Place>,
  described: Readonly<Record<string, unknown>>,
  jsonFile: string | undefined,
  hooksAt: (place: Place) => Omit<RunHooks, 'tell' | 'signal'>,
): Promise<number> {
  const { fleet, habits, killAfterS } = settings
  const stop = new AbortController()
  onStopAsked(() => {
    if (!stop.signal.aborted) tell('Stopping; what this began is ended in order.')
    stop.abort()
  })
  tell('Starting.')
  const place = await openPlace()
  let report: ReplayReport
  try {
    const result = await run(settings, place, { ...hooksAt(place), tell, signal: stop.signal })
    const stored = await readStored(place.databaseUrl, fleet.region)
    const { seed } = habits
    const { mode, units } = fleet
    report = reportOf(result, stored, { ...described, units: units.length, mode, seed, killAfterS })
  } finally {
    await place.close()
  }
  tell(`\n${tableOf(report)}`)
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(report, null, 2)}\n`)
  return report.valid ? EXIT.done : EXIT.notValid
}

/** A name that no run before has taken. */
const newRegion = (what: string): string => `${what}${Math.floor(Date.now() / 1_000)}`

/** Every third vehicle gives basic life support, the others advanced. */
function unitsOf(vehicles: readonly string[]): UnitReference[] {
  return vehicles.map((unitId, index) => ({
    unitId,
    callSign: unitId,
    levelOfCare: index % 3 === 2 ? 'bls' : 'als',
    capabilities: [],
    homeStation: null,
  }))
}

/** `--kill-after 20 40`, `--kill-after 20,40` and the option given twice all mean the same. */
function killTimes(
  tokens: readonly { readonly kind: string; readonly name?: string; readonly value?: string | boolean | undefined }[],
): number[] {
  const times: number[] = []
  let follows = false
  for (const { kind, name, value } of tokens) {
    if (kind === 'option') follows = name === 'kill-after'
    else if (!follows) throw new WrongUsage(`${String(value)} belongs to no option`)
    if (follows)
      times.push(
        ...String(value)
          .split(',')
          .map(text => positive('--kill-after', text)),
      )
  }
  return times.sort((a, b) => a - b)
}

function positive(option: string, text: string, whole = false): number {
  const value = numberOfText(text)
  if (value !== null && value > 0 && (!whole || Number.isInteger(value))) return value
  throw new WrongUsage(`${option} takes a ${whole ? 'whole ' : ''}number above 0, not ${JSON.stringify(text)}`)
}

function seedOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new WrongUsage(`--seed takes a whole number, not ${JSON.stringify(text)}`)
}

function modeOf(text: string): DispatchMode {
  const mode = DISPATCH_MODES.find(known => known === text)
  if (mode === undefined)
    throw new WrongUsage(`--mode takes ${DISPATCH_MODES.join(' or ')}, not ${JSON.stringify(text)}`)
  return mode
}

const parse: typeof parseArgs = config => {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new WrongUsage((error as Error).message)
  }
}

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  replay: replayCommand,
  demo: demoCommand,
}

async function main([name, ...args]: string[]): Promise<number> {
  const command = COMMANDS[name ?? '']
  if (command === undefined) throw new WrongUsage(`The first word is ${Object.keys(COMMANDS).join(' or ')}`)
  try {
    return await command(args)
  } catch (error) {
    if (error instanceof WrongUsage) throw new WrongUsage(`${error.message} (npm run ${name} -- --help)`)
    throw error
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof Interrupted) process.exitCode = EXIT.interrupted
  else {
    const expected = error instanceof WrongUsage || error instanceof InvalidInput
    // The console bears a terminal that has gone.
    console.error(`error: ${expected ? error.message : error instanceof Error ? error.stack : String(error)}`)
    process.exitCode = expected ? EXIT.wrongUsage : EXIT.notValid
  }
}
