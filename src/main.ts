/** The process: what asks it to stop, and its exit code. */

import { isatty } from 'node:tty'
import { addressOf } from './config/address.ts'
import type { Config } from './config/index.ts'
import { type Engine, startEngine } from './engine.ts'
import { isByHand, onStopAsked } from './process/stop-asked.ts'
import { createLogger } from './telemetry/log.ts'
import { LAST_CHANCE_MS, standardSink } from './telemetry/log-sink.ts'

interface ServeOptions {
  /** A program started this one, and holds the other end of standard input for as long as it lives. */
  readonly untilStdinEnds: boolean
  readonly startedByNpm: boolean
}

/** Two signals that come closer together are one Ctrl-C, which reaches us from the terminal and from npm. */
const IMPATIENT_AFTER_MS = 500
const STDOUT = 1

/**
 * Runs the engine until it is asked to stop (`onStopAsked`), then drains and exits with 0; a start under way comes to its
 * end first, so that nothing it began stays behind. SIGTERM or SIGINT during the drain, or a stop longer than its limit,
 * exits with 1. The engine's own failure (its region was taken, its database is gone for good) exits with 1 too.
 */
export async function serve(config: Config, options: ServeOptions): Promise<void> {
  const isForPeople = config.logFormat === 'text' || (config.logFormat === 'auto' && isatty(STDOUT))
  const log = createLogger({ level: config.logLevel, isForPeople })
  let stoppingSinceMs: number | null = null
  const stopAsked = new AbortController()
  const unlessAborted = (error: unknown) => {
    if (stopAsked.signal.aborted && (error as Error).name === 'AbortError') return null
    throw error
  }

  const exit = async (exitCode: number) => {
    await standardSink().settled(LAST_CHANCE_MS)
    process.exit(exitCode)
  }
  const stop = async (exitCode: number, reason: string) => {
    stoppingSinceMs = performance.now()
    log.info({ reason }, 'draining')
    stopAsked.abort()
    const limit = setTimeout(() => {
      log.error({ limitMs: config.drainLimitMs }, 'the drain took longer than its limit')
      void exit(1)
    }, config.drainLimitMs)
    try {
      // A start that waits for another engine, or for its database, is given up.
      await (await starting.catch(unlessAborted))?.stop()
    } catch (error) {
      log.error({ err: error }, 'the drain failed')
      return exit(1)
    }
    clearTimeout(limit)
    log.info('stopped')
    await exit(exitCode)
  }
  const listenNoMore = onStopAsked(
    reason => {
      if (stoppingSinceMs === null) return void stop(0, reason)
      // A window that closes may say so several times; only a signal by hand means that somebody will not wait.
      if (!isByHand(reason) || performance.now() - stoppingSinceMs < IMPATIENT_AFTER_MS) return
      log.warn('stopped before the drain was over')
      void exit(1)
    },
    { ...options, hangupIsNoStop: config.tls !== null },
  )
  const onFatal = (reason: string) => {
    log.fatal({ reason }, 'the engine cannot go on')
    if (stoppingSinceMs === null) void stop(1, 'failure')
  }
  const starting = startEngine(config, log, onFatal, stopAsked.signal)
  // Standard input that is listened to would keep a process that could not start.
  starting.catch(() => {
    if (stoppingSinceMs === null) listenNoMore()
  })
  const engine = await starting.catch(unlessAborted)
  if (engine === null) return
  log.info({ port: engine.port, regions: engine.regionIds() }, 'ready')
  if (isForPeople) standardSink().write(welcomeOf(config, engine))
  else if (engine.regionIds().length === 0) {
    log.info(
      'there is no region yet: npx goldenhour region add NAME, then npx goldenhour import units FILE --region NAME',
    )
  }
}

/** What somebody at a terminal wants to know next. */
function welcomeOf(config: Config, engine: Engine): string {
  const regions = engine.regionIds()
  return [
    '',
    `  Goldenhour is ready at ${addressOf(config, engine.port)}`,
    `  data     ${config.databaseUrl === null ? config.dataDir : 'in the database of DATABASE_URL'}`,
    regions.length === 0
      ? '  regions  none yet: sign in there as admin to make one (or npx goldenhour region add NAME);\n           or see one made up, in another terminal: npx goldenhour demo'
      : `  regions  ${shortList(regions)}`,
    '  stop     Ctrl-C here, or npx goldenhour stop',
    '',
    '',
  ].join('\n')
}

/** Names of a few, and how many more there are. */
const SHOWN_MAX = 8
const shortList = (names: readonly string[]): string =>
  names.slice(0, SHOWN_MAX).join(', ') + (names.length > SHOWN_MAX ? ` and ${names.length - SHOWN_MAX} more` : '')
