/**
 * What a signed-in idle session costs, and what happens when all of them come back at once.
 *
 * Processes besides Postgres: the engine with its defaults, the crowd (`reconnect-crowd.ts`), and this one, which also
 * plays the bystanders: crews that go on working through the storm. At the end every command that a bystander had an
 * answer to, and the number of its fixes, are looked up in Postgres.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { Bystanders } from './bystanders.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { unitIdOf } from './fleet.ts'
import { LoadChild } from './load-child.ts'
import type { FromCrowd, ToCrowd } from './reconnect-crowd.ts'
import { importUnits, prepareRegion } from './region.ts'
import { readStored } from './stored.ts'

const CROWD = fileURLToPath(new URL('./reconnect-crowd.ts', import.meta.url))
const SETTLE_WITHIN_MS = 10_000
/** How long the engine is left alone before its memory is read. */
const CALM_MS = 2_000

const options = {
  // Each session takes a socket in the engine and one in the crowd, of 20,000 files that a process may have open.
  sessions: { kind: 'number', what: 'idle drivers, one socket each', initial: 15_000, quick: 500, min: 1, max: 19_000 },
  bystanders: {
    kind: 'number',
    what: 'crews that send a fix and a command each second',
    initial: 200,
    quick: 20,
    min: 1,
    max: 500,
  },
  spread: { kind: 'number', what: 'seconds within which all come back', initial: 10, quick: 2, min: 0, max: 600 },
  seconds: { kind: 'number', what: 'seconds measured before the storm', initial: 10, quick: 3, min: 1, max: 3_600 },
  'connects-per-s': { kind: 'number', what: 'new connections a second at first', initial: 1_000, min: 1, max: 100_000 },
  seed: { kind: 'number', what: 'the same seed storms in the same order', initial: 1, min: 0, max: 4_294_967_295 },
} as const

export const reconnectBench = defineBench({
  name: 'reconnect',
  summary: 'memory of an idle session, and a storm in which every session comes back at once',
  options,
  run,
})

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { sessions, bystanders, spread, seconds, seed } = values
  const databaseUrl = await startDatabase()
  const tokens = await prepareRegion(databaseUrl, sessions + bystanders)
  const importer = await EngineChild.start(databaseUrl)
  await importUnits(databaseUrl, sessions + bystanders)
  await importer.kill()
  // Another process: what the import left free in the first one would hide what the sessions take.
  const engine = await EngineChild.start(databaseUrl)
  const working = new Bystanders()
  await working.start(
    engine.port,
    Array.from({ length: bystanders }, (_, index) => unitIdOf(sessions + index)),
    tokens.slice(sessions),
  )

  const before = await memory(engine)
  const crowd = new LoadChild<ToCrowd, FromCrowd>(CROWD)
  const cpuBeforeSignIn = await cpuS(engine)
  crowd.send({
    type: 'connect',
    setup: {
      port: engine.port,
      firstDriver: 0,
      tokens: tokens.slice(0, sessions),
      connectsPerS: values['connects-per-s'],
      seed,
    },
  })
  const { open } = await crowd.heard('connected')
  const signInCpuS = (await cpuS(engine)) - cpuBeforeSignIn
  const after = await memory(engine)

  // What had to wait for the collection of garbage just now is none of the calm.
  await sleep(CALM_MS)
  working.take()
  const calmCpu = await cpuS(engine)
  const calmAtMs = performance.now()
  await sleep(seconds * 1_000)
  const calm = working.take()
  const calmCpuShare = ((await cpuS(engine)) - calmCpu) / ((performance.now() - calmAtMs) / 1_000)

  const ticketStorm = await storm(engine, crowd, working, spread, true, calmCpuShare)
  const tokenStorm = await storm(engine, crowd, working, spread, false, calmCpuShare)
  const afterStorms = await memory(engine)

  working.stop()
  for (
    const giveUpAtMs = performance.now() + SETTLE_WITHIN_MS;
    working.unanswered + working.fixesNotDurable > 0 && performance.now() < giveUpAtMs;
    await sleep(50)
  );
  await engine.kill()
  await crowd.end()
  const stored = await readStored(databaseUrl)
  const commandsLost = working.unanswered + working.acknowledged.filter(id => !stored.commandIds.has(id)).length
  const fixesLost = working.fixesNotDurable + Math.max(0, working.fixesSent - stored.fixes)

  const { report, during, cpuUs } = ticketStorm
  return {
    valid: open === sessions,
    settings: { sessions, bystanders, spreadS: spread, seconds, seed, connectsPerS: values['connects-per-s'] },
    figures: {
      sessions,
      reconnectP50Ms: report.reconnectP50Ms,
      reconnectP99Ms: report.reconnectP99Ms,
      reconnectMaxMs: report.reconnectMaxMs,
      reconnectAttempts: report.attempts,
      stormTookMs: Math.round(report.tookMs),
      sessionsLost: report.lost + tokenStorm.report.lost,
      commandsLost,
      fixesLost,
      bytesPerSession: Math.round((after.rss - before.rss) / sessions),
      liveBytesPerSession: Math.round((after.live - before.live) / sessions),
      bytesPerSessionAfterStorms: Math.round((afterStorms.rss - before.rss) / sessions),
      handshakeCpuUs: cpuUs / sessions,
      tokenHandshakeCpuUs: tokenStorm.cpuUs / sessions,
      signInCpuUs: (signInCpuS * 1e6) / sessions,
      tokenReconnectP99Ms: tokenStorm.report.reconnectP99Ms,
      calmCommandP99Ms: calm.commandP99Ms,
      stormCommandP50Ms: during.commandP50Ms,
      stormCommandP99Ms: during.commandP99Ms,
      calmMarkP99Ms: calm.markP99Ms,
      stormMarkP99Ms: during.markP99Ms,
      bystanderCommands: working.acknowledged.length,
      bystanderFixes: working.fixesSent,
      engineRssBytes: afterStorms.rss,
    },
    complaints: [
      ...complaintsOf('with tickets', report),
      ...complaintsOf('with tokens', tokenStorm.report),
      ...(commandsLost > 0 ? [`${commandsLost} commands of bystanders were lost or never answered.`] : []),
      ...(fixesLost > 0 ? [`${fixesLost} fixes of bystanders were lost or never called durable.`] : []),
      ...(working.socketsLost > 0 ? [`${working.socketsLost} bystanders were cut off.`] : []),
      ...Object.entries(working.refusals).map(([code, count]) => `Bystanders were answered ${code} ${count} times.`),
    ],
  }
}

/** One storm. Output: how it went, what the bystanders felt meanwhile, and the CPU that it took beyond the calm. */
async function storm(
  engine: EngineChild,
  crowd: LoadChild<ToCrowd, FromCrowd>,
  working: Bystanders,
  spreadS: number,
  withTickets: boolean,
  calmCpuShare: number,
) {
  working.take()
  const cpuBefore = await cpuS(engine)
  const beganMs = performance.now()
  crowd.send({ type: 'storm', spreadMs: spreadS * 1_000, withTickets })
  const { report } = await crowd.heard('stormed')
  const tookS = (performance.now() - beganMs) / 1_000
  const cpuUs = ((await cpuS(engine)) - cpuBefore - calmCpuShare * tookS) * 1e6
  return { report, during: working.take(), cpuUs }
}

function complaintsOf(how: string, report: { lost: number; failures: Readonly<Record<string, number>> }): string[] {
  return [
    ...(report.lost > 0 ? [`${report.lost} sessions did not come back ${how}.`] : []),
    ...Object.entries(report.failures).map(([why, count]) => `Coming back ${how} failed ${count} times: ${why}.`),
  ]
}

async function memory(engine: EngineChild): Promise<{ rss: number; live: number }> {
  await sleep(CALM_MS)
  const live = await engine.inspector.liveBytes()
  return { rss: sample(await engine.metrics(), 'process_resident_memory_bytes'), live }
}

async function cpuS(engine: EngineChild): Promise<number> {
  return sample(await engine.metrics(), 'process_cpu_seconds_total')
}
