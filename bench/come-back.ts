/**
 * kill -9 of the engine with a crowd of clients: how soon all are back once the next engine is ready, how evenly they
 * come, and what dispatchers feel of it.
 *
 * Processes besides Postgres: the engines, those of the crowd (`come-back-crowd.ts`), and this one, which also plays the desks.
 * The clients are those of the library with its own rule for coming back. The next engine is started right after the
 * kill, on the same port and database, or stands by before.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { sample } from '../tools/shared/prometheus.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import type { Returned } from './come-back-crowd.ts'
import { Crowds } from './come-back-crowds.ts'
import { type ReturnFigures, returnFigures } from './come-back-figures.ts'
import { type DeskDelays, Desks } from './desks.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { coresMs, machineMs } from './machine.ts'
import { importUnits, prepareRegion, tokensOf } from './region.ts'
import { readStored } from './stored.ts'

/** A standby has nothing more to do than to ask for the leases by then. */
const STANDBY_SETTLES_MS = 5_000
/** A ready engine that most clients have to ask twice is under a storm. */
const REACHED_PER_CLIENT_MAX = 1.5
/** A crowd that was later than this itself was not that of so many devices, each with a processor of its own. */
const CROWD_LAG_MAX_MS = 1_000

const options = {
  // Each takes a socket in the engine and one in the crowd, of 20,000 files that a process may have open.
  clients: { kind: 'number', what: 'crews on duty', initial: 15_000, quick: 500, min: 1, max: 19_000 },
  processes: { kind: 'number', what: 'processes that play the crews', initial: 3, min: 1, max: 16 },
  'fix-every': { kind: 'number', what: 'seconds between fixes of a crew; 0 for none', initial: 15, min: 0, max: 3_600 },
  desks: { kind: 'number', what: 'dispatchers, connected anew right at the readiness', initial: 5, min: 1, max: 50 },
  'calls-per-s': { kind: 'number', what: 'calls that they enter and cancel', initial: 20, min: 1, max: 200 },
  seconds: { kind: 'number', what: 'seconds of work before the kill', initial: 20, quick: 5, min: 1, max: 3_600 },
  standby: { kind: 'flag', what: 'the next engine stands by already, on the same port' },
  addresses: { kind: 'number', what: 'addresses that clients come from', initial: 16, min: 1, max: 250 },
  'connects-per-s': { kind: 'number', what: 'new connections a second at first', initial: 1_000, min: 1, max: 100_000 },
  seed: { kind: 'number', what: 'the same seed draws the same pauses', initial: 1, min: 0, max: 4_294_967_295 },
  'cpu-profile': {
    kind: 'text',
    what: 'profile the next engine from its readiness on, and write the .cpuprofile there',
  },
} as const

export const comeBackBench = defineBench({
  name: 'come-back',
  summary: 'kill -9 with a crowd of clients: when all are back after the readiness of the next engine, and how evenly',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { clients, processes, desks, seconds, standby, addresses, seed } = values
  const databaseUrl = await startDatabase()
  const tokens = await prepareRegion(databaseUrl, clients)
  const deskTokens = await tokensOf(
    databaseUrl,
    'dispatcher',
    Array.from({ length: desks }, (_, index) => `desk-${index}`),
  )
  const first = await EngineChild.start(databaseUrl)
  const { port } = first
  await importUnits(databaseUrl, clients)
  const crowd = new Crowds(processes)
  await crowd.connect({
    port,
    tokens,
    // 127.0.0.1 is left to the desks and to whoever asks for metrics.
    localAddresses: Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 2}`),
    connectsPerS: values['connects-per-s'],
    fixEveryS: values['fix-every'],
    seed,
  })

  const atWork = (random: () => number) => new Desks(port, deskTokens, values['calls-per-s'], random)
  const calmDesks = atWork(seeded(seed + 1))
  await calmDesks.start()
  await sleep(seconds * 1_000)
  const calm = await calmDesks.stop()

  const waiting = standby ? await EngineChild.launch(databaseUrl, { port }) : null
  if (standby) await sleep(STANDBY_SETTLES_MS)
  await crowd.watch()
  const killedAtMs = machineMs()
  await first.kill()
  const next = await (waiting === null ? EngineChild.start(databaseUrl, { port }) : waiting.ready())
  const returning = crowd.untilBack()
  if (values['cpu-profile'] !== null) await next.inspector.startProfile()
  const before = await read(next)
  const busyDesks = atWork(seeded(seed + 2))
  await busyDesks.start()
  const report = await returning
  const after = await read(next)
  if (values['cpu-profile'] !== null) {
    writeFileSync(values['cpu-profile'], JSON.stringify(await next.inspector.stopProfile()))
  }
  const busy = await busyDesks.stop()

  const { fixesReported, fixesNotDurable } = await crowd.settle()
  await next.kill()
  await crowd.end()
  const stored = await readStored(databaseUrl)
  const fixesLost = fixesNotDurable + Math.max(0, fixesReported - stored.fixes)

  const figures = returnFigures({ ...report, killedAtMs, readyAtMs: next.readyAtMs })
  return {
    valid: report.loopLagMaxMs <= CROWD_LAG_MAX_MS,
    settings: {
      clients,
      processes,
      fixEveryS: values['fix-every'],
      desks,
      callsPerS: values['calls-per-s'],
      seconds,
      standby,
      addresses,
      connectsPerS: values['connects-per-s'],
      seed,
    },
    figures: {
      ...(standby ? {} : { readyMs: Math.round(next.tookMs) }),
      ...figures,
      engineCpuShare: (after.cpuS - before.cpuS) / ((after.atMs - before.atMs) / 1_000),
      crowdCpuShare: report.cpuShare,
      crowdLoopLagMaxMs: report.loopLagMaxMs,
      allCoresBusyShare: (after.cores.busy - before.cores.busy) / (after.cores.all - before.cores.all),
      loopLagP99Ms: after.loopLagP99Ms,
      loopLagMaxMs: after.loopLagMaxMs,
      calmCommandP99Ms: calm.p99Ms,
      returnCommandP50Ms: busy.p50Ms,
      returnCommandP99Ms: busy.p99Ms,
      returnCommandMaxMs: busy.maxMs,
      returnCommands: busy.commands,
      fixesReported,
      fixesLost,
    },
    complaints: [
      ...(report.loopLagMaxMs > CROWD_LAG_MAX_MS
        ? [
            `A process of the crowd was late by ${Math.round(report.loopLagMaxMs)} ms; at most ${CROWD_LAG_MAX_MS} count.`,
          ]
        : []),
      ...complaintsOf(clients, figures),
      ...(fixesLost > 0 ? [`${fixesLost} fixes were lost or never called durable.`] : []),
      ...deskComplaints('before the kill', calm),
      ...deskComplaints('during the return', busy),
      ...(figures.lost > 0 ? faultsOf(report) : []),
    ],
  }
}

/** What the project promises of a return, as far as it was missed. */
function complaintsOf(clients: number, { lost, backLastMs, reachedPerClient }: ReturnFigures): string[] {
  const goalS = clients <= 50 ? 5 : 15
  return [
    ...(lost > 0 ? [`${lost} clients were not back a minute after the readiness.`] : []),
    ...(backLastMs > goalS * 1_000
      ? [`The last was back ${Math.round(backLastMs)} ms after the readiness; ${goalS} s are the goal.`]
      : []),
    ...(reachedPerClient > REACHED_PER_CLIENT_MAX
      ? [
          `Each client came ${reachedPerClient.toFixed(1)} times to a ready engine; ${REACHED_PER_CLIENT_MAX} are no storm.`,
        ]
      : []),
  ]
}

const deskComplaints = (when: string, { failures }: DeskDelays): string[] =>
  Object.entries(failures).map(([why, count]) => `${count} commands of desks failed ${when}: ${why}`)

const faultsOf = ({ faults }: Returned): string[] =>
  Object.entries(faults).map(([what, count]) => `Clients noticed ${count} times: ${what}`)

/** The lag of the event loop is that since the reading before. */
async function read(engine: EngineChild) {
  const samples = await engine.metrics()
  const lagMs = (quantile: string) =>
    sample(samples, `goldenhour_event_loop_lag_seconds{quantile="${quantile}"}`) * 1_000
  return {
    atMs: machineMs(),
    cpuS: sample(samples, 'process_cpu_seconds_total'),
    cores: coresMs(),
    loopLagP99Ms: lagMs('0.99'),
    loopLagMaxMs: lagMs('1'),
  }
}
