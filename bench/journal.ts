/**
 * How many durable commands a second an engine carries out, and how long their answers take, by how many are in flight; beside the
 * same rows written straight through pg in the same run.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { openClient } from '../src/store/postgres/database.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { type Samples, sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'
import { DISPATCHERS, startJournalDesks } from './journal-desks.ts'
import type { JournalReport } from './journal-load.ts'
import { REGION } from './region.ts'

const IN_FLIGHT = [1, 16, 128, 512] as const
const MOST = IN_FLIGHT.at(-1)!
const VIEWS_EVERY_MS = 50

const options = {
  units: { kind: 'number', what: 'units of the region', initial: 2_000, quick: 200, min: 1, max: 100_000 },
  seconds: { kind: 'number', what: 'seconds at each number in flight', initial: 10, quick: 2, min: 1, max: 3_600 },
  profile: { kind: 'text', as: 'file', what: 'write a CPU profile of the engine with the most in flight there' },
} as const

export const journalBench = defineBench({
  name: 'journal',
  summary: 'durable commands a second, beside the same rows written straight through pg',
  options,
  run,
})

interface Stage {
  readonly report: JournalReport
  readonly cpuUs: number
}

async function run({ units, seconds, profile }: ValuesOf<typeof options>): Promise<Outcome> {
  const { databaseUrl, engine, load } = await startJournalDesks(units)
  const client = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })

  const figures: Record<string, number> = {}
  const refusals: Record<string, number> = {}
  let lags: readonly number[] = []
  const stage = async (inFlight: number): Promise<Stage> => {
    load.send({ type: 'run', inFlight, seconds })
    await load.heard('ready')
    const before = await engine.metrics()
    const { report } = await load.heard('ran')
    const after = await engine.metrics()
    const cpuUs = (cpuSecondsOf(after) - cpuSecondsOf(before)) * 1e6
    for (const [code, count] of Object.entries(report.refusals)) refusals[code] = (refusals[code] ?? 0) + count
    figures[`commandsPerS${inFlight}`] = report.commands / seconds
    figures[`ackP50Ms${inFlight}`] = report.p50Ms
    figures[`ackP99Ms${inFlight}`] = report.p99Ms
    figures[`loopHoldMaxMs${inFlight}`] = sample(after, 'goldenhour_event_loop_lag_seconds{quantile="1"}') * 1_000
    return { report, cpuUs }
  }
  for (const inFlight of IN_FLIGHT) {
    const isMost = inFlight === MOST
    if (isMost && profile !== null) await engine.inspector.startProfile()
    const watch = isMost ? watchViews(databaseUrl) : null
    const { report, cpuUs } = await stage(inFlight)
    if (watch !== null) lags = await watch.end()
    if (isMost && profile !== null) writeFileSync(profile, JSON.stringify(await engine.inspector.stopProfile()))
    if (isMost) figures.cpuUsPerCommand = cpuUs / Math.max(1, report.commands)
    figures[`rawPerS${inFlight}`] = await rawRowsPerS(client, inFlight, seconds)
  }
  figures[`rawRatio${MOST}`] = figures[`commandsPerS${MOST}`]! / figures[`rawPerS${MOST}`]!
  figures.viewsLagP50Ms = percentile(lags, 0.5)
  figures.viewsLagP99Ms = percentile(lags, 0.99)
  figures.engineRssBytes = sample(await engine.metrics(), 'process_resident_memory_bytes')
  figures.engineLiveBytes = await engine.inspector.liveBytes()
  await load.end()
  await client.end()
  await engine.kill()
  const refused = Object.entries(refusals).map(([code, count]) => `${count} commands were refused: ${code}.`)
  return { valid: true, settings: { units, seconds, dispatchers: DISPATCHERS }, figures, complaints: refused }
}

const cpuSecondsOf = (metrics: Samples): number => sample(metrics, 'process_cpu_seconds_total')

/**
 * Records and outcomes as the engine writes them, so many in a statement, one statement after another: what the database and its
 * client allow, with nothing decided.
 */
async function rawRowsPerS(client: pg.Client, inFlight: number, seconds: number): Promise<number> {
  const { rows } = await client.query<{
    events: string
    result: string
  }>(`SELECT r.events::text AS events, c.result::text AS result
    FROM log.commands c JOIN log.records r ON r.region = c.region AND r.position = c.position LIMIT 1`)
  const { events, result } = rows[0]!
  const all = <T>(value: (i: number) => T): T[] => Array.from({ length: inFlight }, (_, i) => value(i))
  const [eventsOfAll, resultsOfAll] = [all(() => events), all(() => result)]
  const text = `WITH r AS (INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, events, checksum)
      SELECT 'raw', n, n, 1, 'desk', 'c-' || n, e::jsonb, log.record_checksum('raw', n, n, 1, 'desk', 'c-' || n, NULL, e::jsonb::text)
      FROM unnest($1::bigint[], $2::text[]) AS u (n, e))
    INSERT INTO log.commands (region, principal, command_id, body_hash, position, recorded_at_ms, result, checksum)
      SELECT 'raw', 'desk', 'c-' || n, sha256('x'), n, n, e::jsonb,
        log.command_checksum('raw', 'desk', 'c-' || n, sha256('x'), n, n, e::jsonb::text)
      FROM unnest($1::bigint[], $3::text[]) AS u (n, e)`
  const { rows: ends } = await client.query<{ end: number }>(`SELECT log.log_end('raw') AS "end"`)
  let position = ends[0]!.end
  const startedMs = performance.now()
  const from = position
  while (performance.now() - startedMs < seconds * 1_000) {
    const positions = all(i => position + i + 1)
    await client.query({ name: 'raw', text, values: [positions, eventsOfAll, resultsOfAll] })
    position += inFlight
  }
  return ((position - from) / (performance.now() - startedMs)) * 1_000
}

/** How long ago the log had come to where the views are, looked at again and again until it is ended. */
function watchViews(databaseUrl: string): { readonly end: () => Promise<readonly number[]> } {
  let isOver = false
  const lags: number[] = []
  const looking = (async () => {
    const client = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
    const ends: { readonly atMs: number; readonly end: number }[] = []
    while (!isOver) {
      const { rows } = await client.query<{ end: number; position: number }>(
        `SELECT log.log_end($1) AS "end", coalesce((SELECT position FROM views.cursors WHERE region = $1), 0) AS position`,
        [REGION],
      )
      const [{ end, position }] = rows as [{ end: number; position: number }]
      const atMs = performance.now()
      ends.push({ atMs, end })
      // The first look at which the log had more than the views have now.
      const first = ends.find(look => look.end > position)
      if (first !== undefined) lags.push(atMs - first.atMs)
      while (ends.length > 1 && ends[1]!.end <= position) ends.shift()
      await sleep(VIEWS_EVERY_MS)
    }
    await client.end()
  })()
  return {
    end: async () => {
      isOver = true
      await looking
      return lags.sort((a, b) => a - b)
    },
  }
}
