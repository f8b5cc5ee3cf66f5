/**
 * Postgres is gone for minutes while crews drive and dispatchers go on: how soon everybody is told so, whether memory stays bounded,
 * how soon all of it is stored once Postgres is back, and whether anything that was answered is missing then.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { verifyRegion } from '../src/actors/verify-region.ts'
import { MomentReader } from '../src/store/log/moment-reader.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { type Samples, sample } from '../tools/shared/prometheus.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { atEnd } from './clean-up.ts'
import { CutOff } from './cut-off.ts'
import { DrivenFleet } from './driven-fleet.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import type { FromJournalLoad, JournalReport, ToJournalLoad } from './journal-load.ts'
import { liftedRates } from './lifted-rates.ts'
import { LoadChild } from './load-child.ts'
import { importUnits, prepareRegion, REGION, tokensOf } from './region.ts'
import { readStored } from './stored.ts'

const LOAD = fileURLToPath(new URL('./journal-load.ts', import.meta.url))
const DISPATCHERS = 16
/** No rate of a client is to be the limit. */
const RATES = liftedRates('command')
const BESIDE_S = 10
const LOOK_EVERY_MS = 200
/** The breaker opens after a second. */
const NOTICED_MS = 1_500

const options = {
  units: { kind: 'number', what: 'units that drive', initial: 2_000, quick: 200, min: 1, max: 100_000 },
  cadence: { kind: 'number', what: 'seconds between two fixes of a unit', initial: 2, min: 1, max: 60 },
  rate: { kind: 'number', what: 'commands a second', initial: 500, quick: 100, min: 1, max: 100_000 },
  seconds: { kind: 'number', what: 'how long Postgres is gone', initial: 600, quick: 10, min: 2, max: 86_400 },
} as const

export const outageBench = defineBench({
  name: 'outage',
  summary: 'Postgres gone for minutes under load: refusals, memory, and how soon all of it is stored again',
  options,
  run,
})

const rssMb = (metrics: Samples): number => sample(metrics, 'process_resident_memory_bytes') / 1e6
const fixesWaiting = (metrics: Samples): number => sample(metrics, `goldenhour_fixes_not_durable{region="${REGION}"}`)

async function run({ units, cadence, rate, seconds }: ValuesOf<typeof options>): Promise<Outcome> {
  const databaseUrl = await startDatabase()
  await prepareRegion(databaseUrl, 0)
  const names = Array.from({ length: DISPATCHERS }, (_, i) => `desk-${i}`)
  const tokens = await tokensOf(databaseUrl, 'dispatcher', names)
  const [feedToken] = await tokensOf(databaseUrl, 'feed', ['feed'])
  const way = await CutOff.before(databaseUrl)
  const engine = await EngineChild.start(way.url, { settings: RATES })
  await importUnits(databaseUrl, units)
  const fleet = new DrivenFleet({ port: engine.port, units, cadenceS: cadence, random: seeded(1) })
  atEnd(() => fleet.close())
  await fleet.start(feedToken!, tokens)
  const load = new LoadChild<ToJournalLoad, FromJournalLoad>(LOAD)
  load.send({ type: 'sign-in', port: engine.port, region: REGION, tokens, units })
  await load.heard('ready')
  const paced = async (forSeconds: number): Promise<JournalReport> => {
    load.send({ type: 'pace', perS: rate, seconds: forSeconds })
    return (await load.heard('ran')).report
  }

  const before = await paced(BESIDE_S)
  const rssBefore = rssMb(await engine.metrics())
  console.error(`answered within ${before.p99Ms.toFixed(0)} ms at p99; Postgres is gone now, for ${seconds} s`)
  way.cut()
  const noticing = paced(NOTICED_MS / 1_000)
  const first = await noticing
  const during = await whileGone(engine, paced(seconds - NOTICED_MS / 1_000))
  way.open()
  const openedMs = performance.now()
  const afterwards = paced(BESIDE_S)
  const waitingMax = during.waitingMax
  let caughtUpMs = 0
  for (; ; await sleep(LOOK_EVERY_MS)) {
    if (fixesWaiting(await engine.metrics()) > (2 * units) / cadence) continue
    caughtUpMs = performance.now() - openedMs
    break
  }
  const after = await afterwards
  const metrics = await engine.metrics()
  fleet.close()
  await load.end()
  await engine.kill()

  const answered = [before, first, during.report, after].reduce((sum, report) => sum + report.commands, 0)
  const { commandIds } = await readStored(databaseUrl)
  const complaints: string[] = await wrongWith(databaseUrl)
  const commandsLost = Math.max(0, answered - commandIds.size)
  if (commandsLost > 0) complaints.push(`${commandsLost} commands were answered and are not stored.`)
  const { withoutRetry } = during.report
  if (withoutRetry > 0) complaints.push(`${withoutRetry} refusals did not say when to come again.`)
  return {
    valid: during.report.refusedCount > 0,
    settings: { units, cadence, rate, seconds },
    figures: {
      ackP99MsBefore: before.p99Ms,
      refusedFirstP99Ms: first.refusedP99Ms,
      refusedP50Ms: during.report.refusedP50Ms,
      refusedP99Ms: during.report.refusedP99Ms,
      refused: during.report.refusedCount,
      fixesWaitingMax: waitingMax,
      rssMbBefore: rssBefore,
      rssMbMax: during.rssMax,
      rssMbAfter: rssMb(metrics),
      caughtUpMs,
      ackP99MsAfter: after.p99Ms,
      commandsLost,
    },
    complaints,
  }
}

/** Looks at the engine until the load has been put on. */
async function whileGone(
  engine: EngineChild,
  loading: Promise<JournalReport>,
): Promise<{ readonly report: JournalReport; readonly rssMax: number; readonly waitingMax: number }> {
  let report: JournalReport | null = null
  void loading.then(
    done => {
      report = done
    },
    () => undefined,
  )
  let [rssMax, waitingMax] = [0, 0]
  for (let looks = 0; report === null; looks++, await sleep(LOOK_EVERY_MS)) {
    const metrics = await engine.metrics()
    rssMax = Math.max(rssMax, rssMb(metrics))
    waitingMax = Math.max(waitingMax, fixesWaiting(metrics))
    if (looks % 150 === 0) console.error(`${rssMb(metrics).toFixed(0)} MB, ${fixesWaiting(metrics)} fixes wait`)
  }
  return { report: await loading, rssMax, waitingMax }
}

async function wrongWith(databaseUrl: string): Promise<string[]> {
  const reader = await MomentReader.open(databaseUrl)
  try {
    const { findings } = await verifyRegion(reader, REGION)
    return findings.slice(0, 3).map(({ rule, text }) => `${rule}: ${text}`)
  } finally {
    await reader.end()
  }
}
