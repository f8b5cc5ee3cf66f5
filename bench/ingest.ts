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
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { Desks } from './desks.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { beginPauses, endPauses, MinuteWatch } from './engine-watch.ts'
import { liveBytesOfNobody, writeFleet } from './ingest-fleet.ts'
import type { FromGenerator, GeneratorReport, ToGenerator } from './ingest-generator.ts'
import { growthTable } from './ingest-growth.ts'
import { networkNamed } from './ingest-network.ts'
import type { PhoneCounts } from './ingest-phone.ts'
import { liftedRates } from './lifted-rates.ts'
import { LoadChild } from './load-child.ts'
import { rawEchoCpuUs } from './raw-echo.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'
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
/** Each takes a file in the engine and one in the generator, of 20,000 that a process may have open. */
const SOCKETS_MAX = 15_000
const ECHO_SECONDS_MAX = 20
const DRIVERS_PER_FEED = 100_000
const DISPATCHERS = 4
const READY_WITHIN_MS = 300_000
/** The rate by which a fleet is attached is that of a start, not of the load. */
const START_RATES = liftedRates('control')

const options = {
  drivers: { kind: 'number', what: 'drivers, all on duty', initial: 1_000, quick: 200, min: 1, max: 1_000_000 },
  sockets: {
    kind: 'number',
    what: `drivers with a socket of their own; as many as there are, up to ${SOCKETS_MAX}`,
    initial: null,
    min: 0,
    max: SOCKETS_MAX,
  },
  feeds: {
    kind: 'number',
    what: 'feed connections that carry the others; one for each 100,000',
    initial: null,
    min: 1,
    max: 64,
  },
  calls: { kind: 'number', what: 'calls that dispatchers enter a second, meanwhile', initial: 1, min: 0, max: 50 },
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
  network: { kind: 'text', as: 'good|mobile|terrible', what: 'the network of the drivers with a socket of their own' },
  churn: {
    kind: 'number',
    what: 'share of those drivers a minute who leave and come back, some on a new phone, some signing off and on',
    initial: 0,
    min: 0,
    max: 10,
    fraction: true,
  },
  soak: {
    kind: 'number',
    what: 'minutes that are measured, each told with its memory',
    initial: null,
    min: 1,
    max: 1_440,
  },
  growth: {
    kind: 'numbers',
    what: 'one run after another with so many drivers, and a table of them',
    initial: [],
    min: 1,
    max: 1_000_000,
  },
  seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: 4_294_967_295 },
  transport: { kind: 'text', what: 'native or portable; the native one where it loads' },
  'cpu-profile': { kind: 'text', what: 'profile the engine while it is measured, and write the .cpuprofile there' },
} as const

export const ingestBench = defineBench({
  name: 'ingest',
  summary: 'position fixes over sockets and feeds: rate, CPU, memory, time until durable, and losses',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  return values.growth.length === 0 ? runOnce(values) : growthTable(values.growth, commonOf(values))
}

async function runOnce(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { drivers, cadence, seed, churn } = values
  const seconds = values.soak === null ? values.seconds : values.soak * 60
  const trouble = values.network === null && churn === 0 ? null : { network: networkNamed(values.network), churn }
  const warmup = values.warmup ?? Math.max(5, Math.ceil(cadence))
  if ((drivers * seconds) / cadence < MEASURED_FIXES_MIN) {
    throw new UsageError(`Fewer than ${MEASURED_FIXES_MIN} fixes would be measured; take more drivers or seconds.`)
  }
  const planned = Math.round((drivers * (warmup + seconds)) / cadence)
  if (planned > FIXES_MAX) throw new UsageError(`${planned} fixes are more than one run keeps (${FIXES_MAX}).`)

  const databaseUrl = await startDatabase()
  const sockets = Math.min(values.sockets ?? SOCKETS_MAX, drivers)
  const feeds = sockets === drivers ? 0 : (values.feeds ?? Math.ceil((drivers - sockets) / DRIVERS_PER_FEED))
  const names = (of: string, count: number) => Array.from({ length: count }, (_, n) => `${of}-${n}`)
  const tokens = await prepareRegion(databaseUrl, sockets)
  const deskTokens = await tokensOf(databaseUrl, 'dispatcher', names('desk', DISPATCHERS))
  const settings: Record<string, string> = {
    ...(values.transport !== null && { GOLDENHOUR_TRANSPORT: values.transport }),
    ...(feeds > 0 && START_RATES),
  }
  // Before the engine knows a unit: a driver's memory is all that it costs, connected or not.
  const fleet = feeds === 0 ? null : await liveBytesOfNobody(databaseUrl, settings)
  if (fleet !== null) await writeFleet(databaseUrl, drivers)
  const engine = await EngineChild.start(databaseUrl, { settings, readyWithinMs: READY_WITHIN_MS })
  const liveBytesBefore = fleet ?? (await engine.inspector.liveBytes())
  if (fleet === null) await importUnits(databaseUrl, drivers)

  const generator = new LoadChild<ToGenerator, FromGenerator>(GENERATOR)
  generator.send({
    type: 'connect',
    setup: {
      port: engine.port,
      region: REGION,
      drivers,
      tokens,
      feedTokens: await tokensOf(databaseUrl, 'feed', names('feed', feeds)),
      seed,
      cadenceMs: cadence * 1_000,
      warmupMs: warmup * 1_000,
      measuredMs: seconds * 1_000,
      askEvery: ASK_EVERY,
      trouble,
    },
  })
  await generator.heard('connected')
  const desks = values.calls === 0 ? null : new Desks(engine.port, deskTokens, values.calls, seeded(seed + 2))
  await desks?.start()
  generator.send({ type: 'run' })
  await generator.heard('window-opened')
  if (values['cpu-profile'] !== null) await engine.inspector.startProfile()
  await beginPauses(engine)
  const opened = await read(engine)
  const minutes = values.soak === null ? null : new MinuteWatch(engine)
  await generator.heard('window-closed')
  const closed = await read(engine)
  minutes?.stop()
  const pauses = await endPauses(engine)
  if (values['cpu-profile'] !== null) {
    writeFileSync(values['cpu-profile'], JSON.stringify(await engine.inspector.stopProfile()))
  }
  const calls = (await desks?.stop()) ?? null
  const { report } = await generator.heard('settled')
  const liveBytes = (await engine.inspector.liveBytes()) - liveBytesBefore
  await engine.kill()
  await generator.end()
  const { verdict, durability } = await judge(databaseUrl, report.fixes)
  const rawEchoCpuUsPerFrame =
    feeds > 0 || trouble !== null
      ? null
      : await rawEchoCpuUs(sockets, {
          framesPerS: sockets / cadence,
          bytes: Math.round(report.measuredBytes / report.measuredFrames),
          seconds: Math.min(seconds, ECHO_SECONDS_MAX),
        })

  const cpuS = grown(opened.samples, closed.samples, 'process_cpu_seconds_total')
  const handled = sum(closed.samples, 'goldenhour_fixes_total') - sum(opened.samples, 'goldenhour_fixes_total')
  const cpuUsPerFix = (cpuS * 1e6) / handled
  const spread = (name: string, share: number) => quantile(growth(opened.samples, closed.samples, name), share)
  const lags = growth(opened.samples, closed.samples, 'goldenhour_durable_lag_seconds')
  const lagMs = (share: string) =>
    sample(closed.samples, `goldenhour_event_loop_lag_seconds{quantile="${share}"}`) * 1_000
  const classed = (name: string) => grown(opened.samples, closed.samples, `goldenhour_fixes_total{class="${name}"}`)
  const notTheLoad = scheduleComplaints(report)
  return {
    valid: notTheLoad.length === 0,
    settings: {
      ...{ drivers, feeds, cadenceS: cadence, seconds, warmupS: warmup, seed },
      ...{ network: values.network, churn: churn === 0 ? null : churn, ...durability },
    },
    figures: {
      drivers,
      sockets: sockets + feeds - report.socketsLost,
      fixesPerFrame: report.measuredFixes / report.measuredFrames,
      fixesPerS: report.measuredFixes / seconds,
      bytesPerFrame: report.measuredBytes / report.measuredFrames,
      engineCpuShare: cpuS / ((closed.atMs - opened.atMs) / 1_000),
      cpuUsPerFix,
      ...(rawEchoCpuUsPerFrame !== null && { rawEchoCpuUsPerFrame, rawEchoRatio: rawEchoCpuUsPerFrame / cpuUsPerFix }),
      bytesPerDriver: Math.round(liveBytes / drivers),
      rssMb: sample(closed.samples, 'process_resident_memory_bytes') / 1e6,
      ...minutes?.figures,
      durableLagP50Ms: quantile(lags, 0.5) * 1_000,
      durableLagP99Ms: quantile(lags, 0.99) * 1_000,
      markP50Ms: report.markP50Ms,
      markP99Ms: report.markP99Ms,
      marks: report.marks,
      ...loopFigures([...(minutes?.lags ?? []), { p50Ms: lagMs('0.5'), p99Ms: lagMs('0.99'), maxMs: lagMs('1') }]),
      ...pauses,
      ...(calls !== null && {
        calls: calls.commands,
        callToOfferP50Ms: calls.p50Ms,
        callToOfferP99Ms: calls.p99Ms,
        nearestP99Us: spread('goldenhour_nearest_seconds', 0.99) * 1e6,
      }),
      ...verdict,
      ...(report.phones !== null && {
        ...{ lateFixes: classed('late'), repeatedFixes: classed('duplicate') },
        ...phoneFigures(report.phones),
      }),
      refusals: Object.values(report.refusals).reduce((total, count) => total + count, 0),
      generatorCpuShare: report.cpuShare,
      scheduleLagP99Ms: report.scheduleLagP99Ms,
      scheduleLagMaxMs: report.scheduleLagMaxMs,
      missedFixes: report.missed,
    },
    complaints: [
      ...notTheLoad,
      ...engineComplaints(report, verdict),
      ...Object.entries(calls?.failures ?? {}).map(([why, count]) => `${count} calls were answered: ${why}`),
    ],
  }
}

/** Of several looks the worst: each tells of the time since the one before. */
function loopFigures(lags: readonly { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }[]) {
  const worst = (name: 'p50Ms' | 'p99Ms' | 'maxMs') => Math.max(...lags.map(lag => lag[name]))
  return { loopLagP50Ms: worst('p50Ms'), loopLagP99Ms: worst('p99Ms'), loopLagMaxMs: worst('maxMs') }
}

function phoneFigures({ happened, ...counts }: PhoneCounts): Record<string, number> {
  const { cut, dark, closed, 'signed-off': signedOff, 'new-phone': newPhones } = happened
  return { ...counts, cuts: cut, blackouts: dark, appsClosed: closed, signedOff, newPhones }
}

/** The options that each run of a table has, as they were given. */
function commonOf(values: ValuesOf<typeof options>): string[] {
  const { growth: _, drivers: __, ...others } = values
  return Object.entries(others).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, String(value)]))
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
