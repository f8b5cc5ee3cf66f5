/** The process: signals in, exit code out. */
import type { Config } from './config/index.ts'
import { startEngine } from './engine.ts'
import { createLogger } from './telemetry/log.ts'

/**
 * Runs the engine until SIGTERM or SIGINT, then drains and exits with 0; a start under way comes to its end first, so
 * that nothing it began stays behind. A second signal, or a stop longer than its limit, exits with 1. The engine's own
 * failure (its region was taken, its database is gone for good) exits with 1 too.
 */
export async function serve(config: Config): Promise<void> {
  const log = createLogger({ level: config.logLevel })
  let stopping = false
  const stopAsked = new AbortController()
  const unlessAborted = (error: unknown) => {
    if (stopAsked.signal.aborted && (error as Error).name === 'AbortError') return null
    throw error
  }

  const stop = async (exitCode: number) => {
    if (stopping) {
      log.warn('stopped before the drain was over')
      process.exit(1)
    }
    stopping = true
    log.info('draining')
    stopAsked.abort()
    const limit = setTimeout(() => {
      log.error({ limitMs: config.drainLimitMs }, 'the drain took longer than its limit')
      process.exit(1)
    }, config.drainLimitMs)
    try {
      // A start that waits for another engine, or for its database, is given up.
      await (await starting.catch(unlessAborted))?.stop()
    } catch (error) {
      log.error({ err: error }, 'the drain failed')
      process.exit(1)
    }
    clearTimeout(limit)
    log.info('stopped')
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => void stop(0))
  process.on('SIGINT', () => void stop(0))
  const onFatal = (reason: string) => {
    log.fatal({ reason }, 'the engine cannot go on')
    void stop(1)
  }
  const starting = startEngine(config, log, onFatal, stopAsked.signal)
  const engine = await starting.catch(unlessAborted)
  if (engine === null) return
  log.info({ port: engine.port, regions: engine.regionIds() }, 'ready')
  if (engine.regionIds().length === 0) {
    log.info(
      'there is no region yet: npx goldenhour region add NAME, then npx goldenhour import units FILE --region NAME',
    )
  }
}
