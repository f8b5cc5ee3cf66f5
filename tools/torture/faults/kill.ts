/** Sudden deaths: of the engine, of its Postgres, of both; a supervisor starts the engine again. */
import { happens } from '../wait.ts'
import { MODES } from '../world/world.ts'
import { between, type Fault, over } from './fault.ts'

const RESTART_LIMIT_MS = 5_000

export const killEngine: Fault = {
  name: 'kill-engine',
  summary: 'SIGKILL of the engine; it is started again',
  modes: MODES,
  async run({ world, random }) {
    const { engine } = world
    // One or two in a row: the second finds an engine that is still recovering.
    const kills = random() < 0.3 ? 2 : 1
    for (let kill = 0; kill < kills; kill++) {
      const { startedAtMs } = engine
      await engine.kill()
      await happens(() => engine.startedAtMs > startedAtMs, RESTART_LIMIT_MS)
      if (kill + 1 < kills) await new Promise(resolve => setTimeout(resolve, between(random, 500, 4_000)))
    }
    return over(kills === 1 ? 'once' : 'twice', { overAtMs: engine.startedAtMs, byEngine: engine.name })
  },
}

export const killPostgres: Fault = {
  name: 'kill-postgres',
  summary: 'SIGKILL of the postmaster of the embedded Postgres, which the engine is to start again',
  modes: ['embedded'],
  async run({ world }) {
    const fromMs = performance.now()
    if (!world.postgres.killPostmaster()) throw new Error('No Postgres runs to be killed.')
    const report = over('postmaster')
    // Until it runs again nothing can be durable; when nobody starts it, the round ends without it.
    await happens(() => world.postgres.answers(), 20_000)
    return { ...report, down: { fromMs, toMs: performance.now() } }
  },
}

export const killBoth: Fault = {
  name: 'kill-both',
  summary: 'SIGKILL of the engine and of its embedded Postgres at the same moment',
  modes: ['embedded'],
  async run({ world }) {
    const { engine } = world
    const { startedAtMs } = engine
    world.postgres.killPostmaster()
    await engine.kill()
    await happens(() => engine.startedAtMs > startedAtMs, RESTART_LIMIT_MS)
    return over('both', { overAtMs: engine.startedAtMs, byEngine: engine.name })
  },
}
