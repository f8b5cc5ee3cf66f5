/**
 * How many fixes the engine takes, at what CPU, memory and delay until they are durable, and whether it loses any.
 *
 * Three processes besides Postgres: the engine with its defaults, the generator (`ingest-generator.ts`), and this one,
 * which reads the engine's metrics at both ends of the measured time. At the end the engine is killed, and every fix
 * that it had called durable is looked up in Postgres by this process, which trusts neither of the others' counts.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeSegment } from '../src/store/location/segment-codec.ts'
import { openClient } from '../src/store/postgres/database.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { growth, quantile, type Samples, sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import type { FromGenerator, GeneratorReport, ToGenerator } from './ingest-generator.ts'
import { LoadChild } from './load-child.ts'
import { importUnits, prepareRegion, REGION } from './region.ts'
import { type SentFixes, StoreCheck, type Verdict } from './sent-fixes.ts'

const GENERATOR = fileURLToPath(new URL('./ingest-generator.ts', import.meta.url))
/** One driver of a hundred asks for its mark after every fix. */
const ASK_EVERY = 100
/** A generator later than this was not the load that the settings name. */
const SCHEDULE_LAG_P99_MAX_MS = 50
const FIXES_MAX = 50_000_000
/** Fewer in the measured time give no figures. */
const MEASURED_FIXES_MIN = 10
const SEGMENTS_AT_ONCE = 100

const options = {
  // Each driver takes a socket in the engine and one in the generator, of 20,000 files that a process may have open.
  drivers: { kind: 'number', what: 'drivers, one socket each', initial: 1_000, quick: 200, min: 1, max: 15_000 },
  cadence: {
    kind: 'number',
    what: 'seconds between fixes',
    initial: 15,
    quick: 1,
    min: 0.05,
    max: 3_600,
    fraction: true,
  },
  seconds: { kind: 'number', what: 'seconds that are measured', initial: 60, quick: 5, min: 1, max: 86_400 },
  warmup: {
    kind: 'number',
    what: 'seconds before; one cadence, at least 5',
    initial: null,
    quick: 2,
    min: 0,
    max: 3_600,
  },
  seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: 4_294_967_295 },
  transport: { kind: 'text', what: 'native or portable; the native one where it loads' },
  'cpu-profile': { kind: 'text', what: 'profile the engine while it is measured, and write the .cpuprofile there' },
} as const

export const ingestBench = defineBench({
  name: 'ingest',
  summary: 'position fixes over one socket a driver: rate, CPU, memory, time until durable, and losses',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { drivers, cadence, seconds, seed } = values
  const warmup = values.warmup ?? Math.max(5, Math.ceil(cadence))
  if ((drivers * seconds) / cadence < MEASURED_FIXES_MIN) {
    throw new UsageError(`Fewer than ${MEASURED_FIXES_MIN} fixes would be measured; take more drivers or seconds.`)
  }
  const planned = Math.round((drivers * (warmup + seconds)) / cadence)
  if (planned > FIXES_MAX) throw new UsageError(`${planned} fixes are more than one run keeps (${FIXES_MAX}).`)

  const databaseUrl = await startDatabase()
  const tokens = await prepareRegion(databaseUrl, drivers)
  const settings: Record<string, string> = values.transport === null ? {} : { GOLDENHOUR_TRANSPORT: values.transport }
  const engine = await EngineChild.start(databaseUrl, { settings })
  // Before the engine knows a unit: a driver's memory is all that it costs, connected or not.
  const liveBytesBefore = await engine.inspector.liveBytes()
  await importUnits(databaseUrl, drivers)

  const generator = new LoadChild<ToGenerator, FromGenerator>(GENERATOR)
  generator.send({
    type: 'connect',
    setup: {
      port: engine.port,
      region: REGION,
      tokens,
      seed,
      cadenceMs: cadence * 1_000,
      warmupMs: warmup * 1_000,
      measuredMs: seconds * 1_000,
      askEvery: ASK_EVERY,
    },
  })
  await generator.heard('connected')
  generator.send({ type: 'run' })
  await generator.heard('window-opened')
  if (values['cpu-profile'] !== null) await engine.inspector.startProfile()
  const opened = await read(engine)
  await generator.heard('window-closed')
  const closed = await read(engine)
  if (values['cpu-profile'] !== null) {
    writeFileSync(values['cpu-profile'], JSON.stringify(await engine.inspector.stopProfile()))
  }
  const { report } = await generator.heard('settled')
  const liveBytes = (await engine.inspector.liveBytes()) - liveBytesBefore
  await engine.kill()
  await generator.end()
  const { verdict, durability } = await judge(databaseUrl, report.fixes)

  const cpuS = grown(opened.samples, closed.samples, 'process_cpu_seconds_total')
  const handled = sum(closed.samples, 'goldenhour_fixes_total') - sum(opened.samples, 'goldenhour_fixes_total')
  const lags = growth(opened.samples, closed.samples, 'goldenhour_durable_lag_seconds')
  const notTheLoad = scheduleComplaints(report)
  return {
    valid: notTheLoad.length === 0,
    settings: { drivers, cadenceS: cadence, seconds, warmupS: warmup, seed, ...durability },
    figures: {
      drivers,
      sockets: drivers - report.socketsLost,
      fixesPerFrame: report.measuredFixes / report.measuredFrames,
      fixesPerS: report.measuredFixes / seconds,
      bytesPerFrame: report.measuredBytes / report.measuredFrames,
      engineCpuShare: cpuS / ((closed.atMs - opened.atMs) / 1_000),
      cpuUsPerFix: (cpuS * 1e6) / handled,
      bytesPerDriver: Math.round(liveBytes / drivers),
      engineRssBytes: sample(closed.samples, 'process_resident_memory_bytes'),
      durableLagP50Ms: quantile(lags, 0.5) * 1_000,
      durableLagP99Ms: quantile(lags, 0.99) * 1_000,
      markP50Ms: report.markP50Ms,
      markP99Ms: report.markP99Ms,
      marks: report.marks,
      ...verdict,
      refusals: Object.values(report.refusals).reduce((total, count) => total + count, 0),
      generatorCpuShare: report.cpuShare,
      scheduleLagP99Ms: report.scheduleLagP99Ms,
      scheduleLagMaxMs: report.scheduleLagMaxMs,
      missedFixes: report.missed,
    },
    complaints: [...notTheLoad, ...engineComplaints(report, verdict)],
  }
}

interface Judgement {
  readonly verdict: Verdict
  /** The server's settings that decide what its word is worth. */
  readonly durability: { readonly fsync: string; readonly synchronousCommit: string }
}

/** Reads all segments of the region from Postgres and compares. */
async function judge(databaseUrl: string, sent: SentFixes): Promise<Judgement> {
  const check = new StoreCheck(sent)
  const reader = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
  try {
    const page = `SELECT segment_no, bytes FROM location.segments
      WHERE region = $1 AND segment_no > $2 ORDER BY segment_no LIMIT ${SEGMENTS_AT_ONCE}`
    for (let after = 0; ; ) {
      const { rows } = await reader.query<{ segment_no: number; bytes: Buffer }>(page, [REGION, after])
      if (rows.length === 0) break
      for (const { segment_no, bytes } of rows) {
        for (const row of decodeSegment(bytes)) check.see(row)
        after = segment_no
      }
    }
    const asked = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS "synchronousCommit"`
    const { rows } = await reader.query<Judgement['durability']>(asked)
    return { verdict: check.verdict(), durability: rows[0]! }
  } finally {
    await reader.end()
  }
}

async function read(engine: EngineChild): Promise<{ samples: Samples; atMs: number }> {
  const samples = await engine.metrics()
  return { samples, atMs: performance.now() }
}

const grown = (before: Samples, after: Samples, series: string): number =>
  sample(after, series) - sample(before, series)

/** A metric over all its labels. */
function sum(samples: Samples, name: string): number {
  let total = 0
  for (const [series, value] of samples) if (series.startsWith(`${name}{`)) total += value
  return total
}

function scheduleComplaints({ scheduleLagP99Ms, missed, socketsLost }: GeneratorReport): string[] {
  const late = scheduleLagP99Ms > SCHEDULE_LAG_P99_MAX_MS
  return [
    ...(late
      ? [`The generator was ${scheduleLagP99Ms} ms late at p99; at most ${SCHEDULE_LAG_P99_MAX_MS} count.`]
      : []),
    ...(missed > 0 ? [`${missed} fixes were due on sockets that were gone.`] : []),
    ...(socketsLost > 0 ? [`${socketsLost} sockets were closed before the end.`] : []),
  ]
}

function engineComplaints({ refusals }: GeneratorReport, { lost, unconfirmed, excess }: Verdict): string[] {
  return [
    ...Object.entries(refusals).map(([code, count]) => `The engine answered ${code} ${count} times.`),
    ...(lost > 0 ? [`${lost} fixes that were called durable are not in Postgres as they were sent.`] : []),
    ...(unconfirmed > 0 ? [`${unconfirmed} fixes were never called durable.`] : []),
    ...(excess > 0 ? [`${excess} rows in Postgres are no fix that was sent, or a second copy of one.`] : []),
  ]
}
