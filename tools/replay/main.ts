/** `npm run replay` and `npm run demo`: a city's day through a real engine, and a verdict on what became of it. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { guestAddress, guestsOf } from '../../src/cli/demo-guest.ts'
import { readConfig } from '../../src/config/index.ts'
import { Commentary } from '../../src/demo/commentary.ts'
import { DemoCity } from '../../src/demo/demo-city.ts'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import { onStopAsked } from '../../src/process/stop-asked.ts'
import { EXIT_WRONG_USAGE, exitCodeOf, HelpAsked, readCommandLine, UsageError } from '../shared/command-line.ts'
import { plainUnit, withDatabaseAt } from '../shared/reference.ts'
import { type ReplayCall, readCalls, selectCalls } from './calls.ts'
import { makeCalls, makeTrace, whatToLookAt } from './demo.ts'
import { type Driving, drivingBy, drivingIn, streetsOf } from './driving.ts'
import { USUAL_HABITS } from './habits.ts'
import { InvalidInput } from './input.ts'
import { LocalTime } from './local-time.ts'
import { type DemoGiven, demoOptions, MADE_UP_UNITS, type ReplayGiven, replayOptions } from './options.ts'
import { type Fleet, ownPlace, type Place, placeAt, visitedPlace } from './place.ts'
import { type ReplayReport, reportOf, tableOf } from './report.ts'
import { Interrupted, type RunHooks, type RunSettings, run } from './run.ts'
import { readStored } from './stored.ts'
import { readTrace, type Trace } from './trace.ts'

const EXIT = { done: 0, notValid: 1, interrupted: 130 } as const

/** As many as leave a queue only now and then. */
const MADE_UP_UNITS_A_CALL = 2

const tell = (line: string): void => console.log(line)

async function replayCommand(args: string[]): Promise<number> {
  const command = replayOptions()
  readCommandLine(command, args)
  const values = command.opts<ReplayGiven>()
  const { fixes, calls, madeUp: isMadeUp, url, mode, seed } = values
  if (isMadeUp !== true && (fixes === undefined || calls === undefined)) {
    throw new UsageError('Name the data: --fixes FILE --calls FILE, or let it be made up: --made-up.')
  }
  const killAfterS = [...(values.killAfter ?? [])].sort((a, b) => a - b)
  const speed = values.speed ?? (url === undefined ? 60 : null)
  const unitsMax = values.units ?? null
  const day = values.callsFrom ?? null
  const region = values.region ?? (url === undefined ? 'replay' : newRegion('replay'))
  const { timeZone } = values
  requireDrive(values)
  const data = isMadeUp
    ? madeUpHour(seed, unitsMax ?? MADE_UP_UNITS, values.drive === true ? new DemoCity() : null)
    : await recordedDay({ fixes: fixes!, calls: calls!, unitsMax, day, timeZone })
  const driving = values.drive === true ? (data.driving ?? (await drivingOf(values))) : null
  const { trace } = data
  const minutes = (trace.durationMs / 60_000).toFixed(0)
  tell(`${trace.fixes.length} fixes of ${trace.vehicles.length} vehicles over ${minutes} minutes; ${data.callsInWords}`)
  const fleet: Fleet = { region, mode, timeZone, units: unitsOf(trace.vehicles) }
  const settings: Planned = {
    trace,
    calls: data.calls,
    fleet,
    habits: { seed, ...USUAL_HABITS },
    speed,
    killAfterS,
  }
  const openPlace = () =>
    url === undefined
      ? ownPlace({ clockRate: speed!, databaseUrl: null, keep: values.keep === true, fleet, tell })
      : placeAt(url, readConfig(), fleet)
  return runAndJudge(settings, openPlace, { ...data.described, drive: driving !== null }, values.json, {
    driving,
    hooksAt: () => ({}),
  })
}

/** Errors: UsageError for an option of `--drive` without it, or without what it needs. */
function requireDrive({ drive, roads, hospitals, madeUp, url, region }: ReplayGiven): void {
  if (drive !== true) {
    if (roads === undefined && hospitals === undefined) return
    throw new UsageError('--roads and --hospitals are for vehicles that drive: add --drive.')
  }
  if (madeUp === true) return
  if (hospitals === undefined)
    throw new UsageError('--drive needs to know where patients are brought: --hospitals FILE.')
  if (roads === undefined && (url === undefined || region === undefined)) {
    throw new UsageError('--drive needs roads: --roads FILE…, or --url and --region of a region that has some.')
  }
}

const drivingOf = ({ roads, hospitals }: ReplayGiven): Promise<Driving> =>
  drivingBy({ roads: roads ?? null, hospitals: hospitals! })

interface ReplayData {
  readonly trace: Trace
  readonly calls: readonly ReplayCall[]
  readonly callsInWords: string
  /** For the report. */
  readonly described: Readonly<Record<string, unknown>>
  /** The roads that it was made up on; left out for none. */
  readonly driving?: Driving
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
function madeUpHour(seed: number, units: number, roads: DemoCity | null): ReplayData {
  const hour = { seed, units, calls: Math.ceil(units / MADE_UP_UNITS_A_CALL), durationMs: 3_600_000 }
  const city = roads === null ? hour : { ...hour, somewhere: (random: () => number) => roads.somewhere(random) }
  const calls = makeCalls(city)
  return {
    trace: makeTrace(city),
    calls,
    callsInWords: `${calls.length} calls, all made up`,
    described: { madeUp: true },
    ...(roads !== null && { driving: drivingIn(roads) }),
  }
}

async function demoCommand(args: string[]): Promise<number> {
  const command = demoOptions()
  readCommandLine(command, args)
  const values = command.opts<DemoGiven>()
  const { seed, url, calls } = values
  const city = { seed, units: values.units ?? 24, calls, durationMs: values.minutes * 60_000 }
  const speed = values.speed ?? (url === undefined ? 20 : null)
  const trace = makeTrace(city)
  const fleet: Fleet = {
    region: url === undefined ? 'demo' : newRegion('demo'),
    mode: values.mode,
    timeZone: 'Pacific/Auckland',
    units: unitsOf(trace.vehicles),
  }
  const settings: Planned = {
    trace,
    calls: makeCalls(city),
    fleet,
    habits: { seed, ...USUAL_HABITS },
    speed,
    killAfterS: [],
  }
  const openPlace = () =>
    url === undefined
      ? ownPlace({ clockRate: speed!, databaseUrl: null, keep: values.keep === true, fleet, tell })
      : visitedPlace(url, readConfig(), fleet)
  const hooksAt = (place: Place): Hooks => {
    const commentary = new Commentary(tell)
    return {
      onStart: ({ baseMs, deskToken }) => {
        commentary.baseMs = baseMs
        const httpUrl = place.url.replace('ws', 'http').replace(/\/$/, '')
        tell(whatToLookAt(httpUrl, fleet.region, deskToken))
        if (url === undefined) void tellGuest(place.databaseUrl, `${httpUrl}/`, fleet.region)
      },
      onRecord: record => commentary.record(record),
    }
  }
  return runAndJudge(settings, openPlace, { demo: true }, values.json, { driving: null, hooksAt })
}

/** The engine is this demo's own, and so is its database: its guest ends with both. */
async function tellGuest(databaseUrl: string, address: string, region: string): Promise<void> {
  const guest = await withDatabaseAt(databaseUrl, async database => {
    const opened = await guestsOf(database).open(region)
    return opened.ok ? guestAddress(database, address, { region }) : null
  }).catch(() => null)
  if (guest !== null)
    tell(`See it in a browser: this address lets one guest in, once, within ten minutes:\n\n  ${guest}\n`)
}

type Hooks = Omit<RunHooks, 'tell' | 'signal'>
type Planned = Omit<RunSettings, 'streets'>

async function runAndJudge(
  planned: Planned,
  openPlace: () => Promise<Place>,
  described: Readonly<Record<string, unknown>>,
  jsonFile: string | undefined,
  { driving, hooksAt }: { readonly driving: Driving | null; readonly hooksAt: (place: Place) => Hooks },
): Promise<number> {
  const { fleet, habits, killAfterS } = planned
  const stop = new AbortController()
  onStopAsked(() => {
    if (!stop.signal.aborted) tell('Stopping; what this began is ended in order.')
    stop.abort()
  })
  tell('Starting.')
  const place = await openPlace()
  let report: ReplayReport
  try {
    const streets = driving === null ? null : await streetsOf(place.databaseUrl, fleet, driving, tell)
    const result = await run({ ...planned, streets }, place, { ...hooksAt(place), tell, signal: stop.signal })
    const stored = await readStored(place.databaseUrl, fleet.region)
    const { seed } = habits
    const { mode, units } = fleet
    report = reportOf(result, stored, fleet.timeZone, { ...described, units: units.length, mode, seed, killAfterS })
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
  return vehicles.map((unitId, index) => plainUnit({ unitId, levelOfCare: index % 3 === 2 ? 'bls' : 'als' }))
}

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  replay: replayCommand,
  demo: demoCommand,
}

async function main([name, ...args]: string[]): Promise<number> {
  const command = COMMANDS[name ?? '']
  if (command === undefined) throw new UsageError(`The first word is ${Object.keys(COMMANDS).join(' or ')}.`)
  return await command(args)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = endOf(error)
}

/** Tells what went wrong; answers the exit code. */
function endOf(error: unknown): number {
  if (error instanceof Interrupted) return EXIT.interrupted
  if (error instanceof UsageError || error instanceof HelpAsked) return exitCodeOf(error)
  const isExpected = error instanceof InvalidInput
  // The console bears a terminal that has gone.
  console.error(`error: ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}`)
  return isExpected ? EXIT_WRONG_USAGE : EXIT.notValid
}
