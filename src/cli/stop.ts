/** `goldenhour stop`: ends the engine of this machine in order, and a Postgres that one before it left behind. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Config, readConfig } from '../config/index.ts'
import { isRunning, runOf } from '../process/process-run.ts'
import { stopLeftPostgres } from '../store/embedded/database-server.ts'
import { enginesHere } from './engine-here.ts'

const LOOK_EVERY_MS = 50
/** Beyond the limit of its drain, after which an engine ends by itself. */
const GRACE_MS = 5_000

export function defineStop(stop: Command): void {
  stop.action(async () => {
    const config = readConfig()
    const engines = await enginesHere(config)
    for (const { pid, port } of engines) {
      if (pid === null)
        throw new Error(`The engine on port ${port} is another user's; only that user or root can stop it.`)
      await stopProcess(pid, config)
      console.log(`Stopped the engine on port ${port} (process ${pid}).`)
    }
    const hasEnded = config.databaseUrl === null ? await stopLeftPostgres(config.dataDir) : null
    if (hasEnded === true) console.log(`Stopped the Postgres that had been left running in ${config.dataDir}.`)
    if (hasEnded === false) console.log(`The Postgres in ${config.dataDir} runs on: another program uses it.`)
    if (engines.length === 0 && hasEnded === null) console.log('Nothing of ours runs here.')
  })
}

/** Errors: Error when it may not be told, or has not ended in time. */
async function stopProcess(pid: number, { drainLimitMs }: Config): Promise<void> {
  const untilMs = performance.now() + drainLimitMs + GRACE_MS
  const run = runOf(pid)
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return
    throw new Error(`Process ${pid} cannot be told to stop (${(error as Error).message}).`, { cause: error })
  }
  for (; performance.now() < untilMs; await sleep(LOOK_EVERY_MS)) if (!isRunning(run)) return
  throw new Error(`Process ${pid} has been told to stop and still runs; its log says what it waits for.`)
}
