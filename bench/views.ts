/**
 * What it takes to show a moving fleet to many consoles: the time from a fix to the frame that shows it, bytes and CPU a
 * console, and memory while some consoles do not read.
 *
 * Three processes besides Postgres: the engine with its defaults, the world around it (`views-load.ts`), and this one,
 * which reads the engine's metrics. First the fleet alone is measured, then the same with the consoles: the difference
 * is what the consoles cost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../tools/shared/command-line.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { type Samples, sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { LoadChild } from './load-child.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'
import type { FromViews, ToViews, ViewsReport } from './views-load.ts'

const LOAD = fileURLToPath(new URL('./views-load.ts', import.meta.url))
/** A generator later than this was not the load that the settings name. */
const SCHEDULE_LAG_P99_MAX_MS = 50
const GOAL_P99_MS = 300
const SETTLE_S = 2
/** The consoles' first snapshots, and code that is still being compiled, are not measured. */
const WARMUP_S = 5

const options = {
  consoles: { kind: 'number', what: 'consoles, each looking at 20 tiles', initial: 50, quick: 10, min: 1, max: 2_000 },
  stalled: { kind: 'number', what: 'of them, those that stop reading', initial: 5, quick: 1, min: 0, max: 1_000 },
  units: { kind: 'number', what: 'moving units', initial: 10_000, quick: 500, min: 1, max: 15_000 },
  'cadence-s': { kind: 'number', what: 'seconds between fixes', initial: 15, min: 0.1, max: 3_600, fraction: true },
  seconds: { kind: 'number', what: 'seconds that are measured', initial: 60, quick: 5, min: 1, max: 86_400 },
  seed: { kind: 'number', what: 'the same seed drives the same fleet', initial: 1, min: 0, max: 4_294_967_295 },
} as const

export const viewsBench = defineBench({
  name: 'views',
  summary: 'a moving fleet on many consoles: fix to frame, bytes, CPU and memory, with consoles that do not read',
  options,
  run,
})

interface Reading {
  readonly samples: Samples
  readonly atMs: number
}

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { consoles, stalled, units, seconds, seed } = values
  const cadenceS = values['cadence-s']
  if (stalled >= consoles) throw new UsageError('--stalled must be less than --consoles: somebody has to look.')

  const databaseUrl = await startDatabase()
  const crews = await prepareRegion(databaseUrl, units)
  const [feed] = await tokensOf(databaseUrl, 'feed', ['feed-1'])
  const desks = await tokensOf(
    databaseUrl,
    'dispatcher',
    Array.from({ length: consoles }, (_, i) => `desk-${i}`),
  )
  const engine = await EngineChild.start(databaseUrl)
  await importUnits(databaseUrl, units)
  const load = new LoadChild<ToViews, FromViews>(LOAD)
  const cadenceMs = cadenceS * 1_000
  const tokens = { crews, feed: feed!, consoles: desks }
  load.send({ type: 'feed', setup: { port: engine.port, region: REGION, ...tokens, stalled, seed, cadenceMs } })
  await load.heard('feeding')

  await sleep(WARMUP_S * 1_000)
  const alone = [await read(engine), await after(engine, Math.max(5, seconds / 3))] as const
  load.send({ type: 'watch' })
  await load.heard('watching')
  await sleep(WARMUP_S * 1_000)
  const liveBytesBefore = await engine.inspector.liveBytes()
  // The collection stopped the engine: what it held up must not count as measured.
  await sleep(SETTLE_S * 1_000)
  load.send({ type: 'measure' })
  await load.heard('measuring')
  const watched = [await read(engine), await after(engine, seconds)] as const
  load.send({ type: 'report' })
  const { report } = await load.heard('report')
  const liveBytes = (await engine.inspector.liveBytes()) - liveBytesBefore
  const collected = await read(engine)
  await engine.kill()
  await load.end()

  const reading = consoles - stalled
  const invalid = loadComplaints(report)
  return {
    valid: invalid.length === 0,
    settings: { consoles, stalled, units, cadenceS, seconds, seed },
    figures: {
      consoles,
      units,
      stalledConsoles: stalled,
      fixesPerS: report.fixesSent / report.measuredS,
      fixToFrameP50Ms: report.fixToFrameP50Ms,
      fixToFrameP99Ms: report.fixToFrameP99Ms,
      fixToFrameMaxMs: report.fixToFrameMaxMs,
      unitsShown: report.shown,
      framesPerConsolePerS: report.frames / reading / report.measuredS,
      bytesPerConsolePerS: report.bytes / reading / report.measuredS,
      cpuMsPerConsolePerS: ((cpuShare(watched) - cpuShare(alone)) * 1_000) / consoles,
      engineCpuShareAlone: cpuShare(alone),
      engineCpuShare: cpuShare(watched),
      fanOutCpuShare: rate(watched, 'goldenhour_fan_out_seconds_total'),
      eventLoopLagP99Ms: sample(watched[1].samples, 'goldenhour_event_loop_lag_seconds{quantile="0.99"}') * 1_000,
      framesThinned: grown(watched, 'goldenhour_frames_thinned_total{type="tile-moves"}'),
      resyncs: grown(watched, 'goldenhour_resyncs_total{type="tile"}'),
      slowClientsCut: grown(watched, 'goldenhour_slow_clients_total'),
      gaps: report.gaps,
      readersResynced: report.resynced,
      rssGrowthBytes: grown([watched[0], collected], 'process_resident_memory_bytes'),
      liveGrowthBytes: liveBytes,
      engineRssBytes: sample(watched[1].samples, 'process_resident_memory_bytes'),
      generatorCpuShare: report.cpuShare,
      scheduleLagP99Ms: report.scheduleLagP99Ms,
      scheduleLagMaxMs: report.scheduleLagMaxMs,
    },
    complaints: [...invalid, ...engineComplaints(report)],
  }
}

async function read(engine: EngineChild): Promise<Reading> {
  const samples = await engine.metrics()
  return { samples, atMs: performance.now() }
}

async function after(engine: EngineChild, seconds: number): Promise<Reading> {
  await sleep(seconds * 1_000)
  return read(engine)
}

/** Growth of a counter or gauge; one whose labels have not been seen yet counts as 0. */
const grown = ([from, to]: readonly [Reading, Reading], series: string): number =>
  (to.samples.get(series) ?? 0) - (from.samples.get(series) ?? 0)

const rate = (window: readonly [Reading, Reading], series: string): number =>
  grown(window, series) / ((window[1].atMs - window[0].atMs) / 1_000)

const cpuShare = (window: readonly [Reading, Reading]): number => rate(window, 'process_cpu_seconds_total')

function loadComplaints({ scheduleLagP99Ms, shown }: ViewsReport): string[] {
  const late = scheduleLagP99Ms > SCHEDULE_LAG_P99_MAX_MS
  return [
    ...(late
      ? [`The generator was ${scheduleLagP99Ms} ms late at p99; at most ${SCHEDULE_LAG_P99_MAX_MS} count.`]
      : []),
    ...(shown === 0 ? ['No console was shown a moving unit.'] : []),
  ]
}

function engineComplaints({ fixToFrameP99Ms, gaps, consolesLost, refusals }: ViewsReport): string[] {
  return [
    ...(fixToFrameP99Ms > GOAL_P99_MS
      ? [`Fix to frame took ${fixToFrameP99Ms} ms at p99; ${GOAL_P99_MS} is the goal.`]
      : []),
    ...(gaps > 0 ? [`${gaps} frames did not follow the one before them at consoles that read.`] : []),
    ...(consolesLost > 0 ? [`${consolesLost} consoles that read were cut off.`] : []),
    ...Object.entries(refusals).map(([code, count]) => `${count} messages of the feed were refused with ${code}.`),
  ]
}
