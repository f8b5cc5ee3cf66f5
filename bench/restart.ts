/**
 * How long an engine with a large past takes to be ready, and to stop, and what memory that needs.
 *
 * The past is written into the log of a Postgres of its own. Then the engine starts and is stopped in order, again and
 * again; the first start has no snapshots and reads the whole log. `--busy` sets processes beside it that never rest.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { openDatabase } from '../src/store/postgres/database.ts'
import { ReferenceStore } from '../src/store/reference/reference-store.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { defineBench, type Outcome } from './bench.ts'
import { atEnd } from './clean-up.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { unitReference, writeHistory } from './history.ts'
import { prepareRegion, REGION } from './region.ts'

const options = {
  units: { kind: 'number', what: 'units, signed on, two fixes each', initial: 100_000, quick: 2_000, min: 1, max: 1e6 },
  open: { kind: 'number', what: 'trips that units are on', initial: 10_000, quick: 200, min: 0, max: 1e6 },
  ended: {
    kind: 'number',
    what: 'calls entered and cancelled',
    initial: 0,
    quick: 1_000,
    min: 0,
    max: 1e6,
  },
  starts: { kind: 'number', what: 'starts; the first one without snapshots', initial: 3, quick: 2, min: 1, max: 100 },
  busy: { kind: 'number', what: 'processes beside it that never rest', initial: 0, min: 0, max: 64 },
  'drain-limit-ms': { kind: 'number', what: 'the longest that a stop may take', initial: 10_000, min: 1, max: 600_000 },
} as const

export const restartBench = defineBench({
  name: 'restart',
  summary: 'time to ready, time to stop and memory of an engine with a large past',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { units, open, ended, starts, busy } = values
  const drainLimitMs = values['drain-limit-ms']
  const databaseUrl = await startDatabase()
  await prepareRegion(databaseUrl, 0)
  const database = openDatabase(databaseUrl)
  const references = Array.from({ length: units }, (_, index) => unitReference(index))
  await new ReferenceStore(database).importUnits(REGION, references).finally(() => database.destroy())
  const records = await writeHistory(databaseUrl, { units, openTrips: Math.min(open, units), endedTrips: ended })

  const burners = Array.from({ length: busy }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
  for (const burner of burners) atEnd(() => end(burner))

  const figures: Record<string, number> = { records }
  const complaints: string[] = []
  for (let start = 1; start <= starts; start++) {
    const settings = { GOLDENHOUR_DRAIN_LIMIT_MS: String(drainLimitMs) }
    const engine = await EngineChild.start(databaseUrl, { settings, readyWithinMs: 600_000 }).catch(error => {
      complaints.push(`Start ${start} failed: ${error.message}`)
      return null
    })
    if (engine === null) break
    figures[`ready${start}Ms`] = Math.round(engine.tookMs)
    figures[`peakRss${start}Bytes`] = engine.peakRssBytes()
    figures[`live${start}Bytes`] = await engine.inspector.liveBytes()
    const { tookMs, exitCode } = await engine.stop()
    figures[`stop${start}Ms`] = Math.round(tookMs)
    if (exitCode !== 0)
      complaints.push(`Stop ${start} ended with exit code ${exitCode} after ${Math.round(tookMs)} ms.`)
  }
  return {
    valid: true,
    settings: { units, open, ended, starts, busy, drainLimitMs },
    figures,
    complaints,
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL')
}
