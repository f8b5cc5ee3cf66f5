/**
 * How soon an engine that was killed is there again, by the size of its fleet and by the length of its log; how long a commit takes
 * behind a long log; how long the start holds the loop, and what memory it takes.
 *
 * The past is written through the journal (`history.ts`), with the snapshots that an engine writes while it works. The engine is
 * started on it, killed with SIGKILL as soon as it is ready, and started again, some times in a row.
 */
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { verifyRegion } from '../src/actors/verify-region.ts'
import { MomentReader } from '../src/store/log/moment-reader.ts'
import { openDatabase } from '../src/store/postgres/database.ts'
import { ReferenceStore } from '../src/store/reference/reference-store.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'
import { commitTimes } from './commit-times.ts'
import { databaseBeside, dropDatabase, followed, settle } from './databases.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { type History, unitReference, writeHistory } from './history.ts'
import { prepareRegion, REGION } from './region.ts'

const YEARS_MS = 10 * 365 * 24 * 3_600_000
/** Of a record with its part of the indexes, of closed calls and of what Postgres keeps of its own log meanwhile. */
const BYTES_PER_RECORD = 900
const BYTES_BESIDE = 3e9
const READY_WITHIN_MS = 600_000
/** What is written is verified as `goldenhour verify` does it where that takes seconds. */
const VERIFIED_UP_TO = 50_000
const LAG = 'goldenhour_event_loop_lag_seconds{quantile="1"}'

const options = {
  drivers: {
    kind: 'number',
    what: 'the largest fleet; a tenth and a hundredth of it before',
    initial: 100_000,
    quick: 2_000,
    min: 100,
    max: 1e6,
  },
  open: {
    kind: 'number',
    what: 'open trips; what is beyond the fleet waits for a unit',
    initial: 10_000,
    quick: 200,
    min: 0,
    max: 1e6,
  },
  records: {
    kind: 'number',
    what: 'the longest log; a tenth of it before',
    initial: 10_000_000,
    quick: 20_000,
    min: 0,
    max: 1e8,
  },
  units: { kind: 'number', what: 'units behind the long logs', initial: 2_000, quick: 200, min: 10, max: 1e6 },
  starts: {
    kind: 'number',
    what: 'restarts of each; the figure is the median',
    initial: 3,
    quick: 1,
    min: 1,
    max: 100,
  },
  commits: { kind: 'number', what: 'commits on each database', initial: 3_000, quick: 200, min: 1, max: 1e6 },
} as const

export const recoveryBench = defineBench({
  name: 'recovery',
  summary: 'time to ready after SIGKILL by fleet and by length of the log, and commits behind a long log',
  options,
  run,
})

interface Found {
  readonly figures: Record<string, number>
  readonly complaints: string[]
  lagMaxMs: number
  rssMaxBytes: number
}

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { drivers, open, records, units, starts, commits } = values
  await roomFor(1.1 * records + 10 * drivers)
  const found: Found = { figures: {}, complaints: [], lagMaxMs: 0, rssMaxBytes: 0 }
  const serverUrl = await startDatabase()
  for (const size of [drivers / 100, drivers / 10, drivers].map(Math.round)) {
    const databaseUrl = await withPast(serverUrl, `fleet${size}`, { units: size, openTrips: open }, found)
    await restarts(databaseUrl, short(size), starts, found)
    await dropDatabase(serverUrl, `fleet${size}`)
  }
  if (records > 0) {
    const openTrips = Math.min(open, units / 2)
    const long = async (size: number) => {
      const history = { units, openTrips, long: { records: size, spanMs: YEARS_MS } }
      const databaseUrl = await withPast(serverUrl, `log${size}`, history, found)
      await restarts(databaseUrl, `Log${short(size)}`, starts, found)
      return databaseUrl
    }
    const tenth = Math.round(records / 10)
    await long(tenth)
    await dropDatabase(serverUrl, `log${tenth}`)
    const longUrl = await long(records)
    const emptyUrl = await withPast(serverUrl, 'empty', null, found)
    tell(`${commits} commits on each database, in turn`)
    const [empty, behind] = await commitTimes([emptyUrl, longUrl], commits)
    for (const [share, name] of [
      [0.5, 'P50'],
      [0.99, 'P99'],
    ] as const) {
      found.figures[`commit${name}MsEmpty`] = percentile(empty!, share)
      found.figures[`commit${name}MsLog${short(records)}`] = percentile(behind!, share)
    }
  }
  found.figures.maxLoopHoldMs = found.lagMaxMs
  found.figures.rssMb = found.rssMaxBytes / 1e6
  return {
    valid: true,
    settings: { drivers, open, records, units, starts, commits },
    figures: found.figures,
    complaints: found.complaints,
  }
}

/** Errors: UsageError. */
async function roomFor(records: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir())
  const needed = records * BYTES_PER_RECORD + BYTES_BESIDE
  if (bavail * bsize >= needed) return
  const [has, needs] = [bavail * bsize, needed].map(bytes => `${(bytes / 1e9).toFixed(1)} GB`)
  throw new UsageError(
    `This takes ${needs} in ${tmpdir()}, which has ${has} left. Give fewer --records, or another TMPDIR.`,
  )
}

/** Output: the URL of a database with that past; null: with an empty log. */
async function withPast(serverUrl: string, name: string, history: History | null, found: Found): Promise<string> {
  const databaseUrl = await databaseBeside(serverUrl, name)
  await prepareRegion(databaseUrl, 0)
  if (history === null) return databaseUrl
  const startedMs = performance.now()
  const database = openDatabase(databaseUrl)
  const references = Array.from({ length: history.units }, (_, index) => unitReference(index))
  await new ReferenceStore(database).importUnits(REGION, references).finally(() => database.destroy())
  const onProgress = (written: number) => tell(`${name}: ${written} records written, ${seconds(startedMs)} s`)
  const written = await writeHistory(databaseUrl, { ...history, withSnapshots: true, onProgress })
  if (written <= VERIFIED_UP_TO) found.complaints.push(...(await wrongWith(databaseUrl)))
  await followed(databaseUrl, REGION)
  await settle(databaseUrl)
  tell(`${name}: ${written} records and a set of snapshots, ${seconds(startedMs)} s`)
  return databaseUrl
}

/** What `goldenhour verify` finds, the first of it. */
async function wrongWith(databaseUrl: string): Promise<readonly string[]> {
  const reader = await MomentReader.open(databaseUrl)
  try {
    const { findings } = await verifyRegion(reader, REGION)
    return findings
      .slice(0, 1)
      .map(({ rule, text }) => `The log that was made up is not one of an engine's, ${rule}: ${text}.`)
  } finally {
    await reader.end()
  }
}

/** An engine that is killed once it is ready, again and again. */
async function restarts(databaseUrl: string, name: string, starts: number, found: Found): Promise<void> {
  const readyMs: number[] = []
  const cpuMs: number[] = []
  const start = async () => {
    const engine = await EngineChild.start(databaseUrl, { readyWithinMs: READY_WITHIN_MS })
    const metrics = await engine.metrics()
    cpuMs.push(sample(metrics, 'process_cpu_seconds_total') * 1_000)
    found.lagMaxMs = Math.max(found.lagMaxMs, sample(metrics, LAG) * 1_000)
    found.rssMaxBytes = Math.max(found.rssMaxBytes, engine.peakRssBytes())
    await engine.kill()
    return engine.tookMs
  }
  // Nobody had the region before it, so no lease has to run out.
  found.figures[`freeReadyMs${name}`] = await start()
  for (let done = 0; done < starts; done++) readyMs.push(await start())
  found.figures[`readyMs${name}`] = median(readyMs)
  found.figures[`readyCpuMs${name}`] = median(cpuMs)
  tell(`${name}: ready after ${readyMs.map(Math.round).join(', ')} ms`)
}

const median = (values: readonly number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  )

const tell = (text: string): void => console.error(text)
const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1_000).toFixed(0)
/** As the figures' names have it: 1k, 10M. */
const short = (count: number): string =>
  count % 1e6 === 0 ? `${count / 1e6}M` : count % 1e3 === 0 ? `${count / 1e3}k` : String(count)
