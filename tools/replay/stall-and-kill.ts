/**
 * A death that must hurt: the engine is killed while it holds fixes and records that are in memory only.
 *
 * Both lanes wait for a lock on the owner row that we hold, so nothing becomes durable while everything else goes on.
 * When the engine, by its own metrics, and the clients, by their unanswered commands, agree that something is at stake,
 * the process is killed. Its statements still wait in Postgres: either they are ended too, and what was in memory is
 * gone, or they go through after the death of who sent them, and nobody was told. Both must come out right.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient } from '../../src/store/postgres/database.ts'
import { type Samples, scrape } from '../shared/prometheus.ts'
import type { EngineChild } from './engine-child.ts'
import { ofRegion } from './metrics.ts'

interface AtStake {
  /** Records decided, and those of them that were stored. */
  readonly logHead: number
  readonly logDurable: number
  readonly fixesNotDurable: number
  readonly commandsUnanswered: number
}

export interface KillReport {
  readonly atStake: AtStake
  /** Everything that the kill is for was really at stake. */
  readonly hurt: boolean
  /** Statements of the engine that were ended in Postgres; 0 where they were left to go through. */
  readonly statementsEnded: number
  /** Where the log ended once nothing of the dead engine was left to write. */
  readonly logEndAfter: number
}

interface KillOptions {
  readonly engine: EngineChild
  readonly databaseUrl: string
  readonly region: string
  /** End the statements that wait, so that what was in memory is lost. */
  readonly endStatements: boolean
  readonly commandsUnanswered: () => number
  /** Makes a client send a command, for when none comes by itself. */
  readonly provoke: () => void
  /** The last metrics of the process that is about to die. */
  readonly onLastMetrics: (samples: Samples) => void
}

const STAKE_LIMIT_MS = 20_000
/** For so long the lanes are held at least, so that more than one command meets them; then one is made, if none came. */
const GATHER_MS = 2_000
const POLL_MS = 50

/** Kills the engine and leaves it dead. Errors: those of pg and fetch. */
export async function stallAndKill(options: KillOptions): Promise<KillReport> {
  const { engine, databaseUrl, region, endStatements } = options
  const locker = await openClient(databaseUrl, { applicationName: 'goldenhour replay' })
  const looker = await openClient(databaseUrl, { applicationName: 'goldenhour replay' })
  try {
    // This session means to sit in its transaction.
    await locker.query('SET idle_in_transaction_session_timeout = 0')
    await locker.query('BEGIN')
    await locker.query('SELECT 1 FROM log.region_owner WHERE region = $1 FOR UPDATE', [region])
    const { atStake, hurt } = await waitForStake(options)
    await engine.kill()
    let statementsEnded = 0
    if (endStatements) {
      // Under the lock still, so none of them can have gone through meanwhile.
      const { rows } = await looker.query<{ ended: number }>(END_STATEMENTS)
      statementsEnded = rows[0]!.ended
      await untilNoneWrites(looker)
    }
    await locker.query('ROLLBACK')
    await untilNoneWrites(looker)
    const { rows } = await looker.query<{ log_end: number }>('SELECT log.log_end($1) AS log_end', [region])
    return { atStake, hurt, statementsEnded, logEndAfter: rows[0]!.log_end }
  } finally {
    await Promise.all([locker.end(), looker.end()])
  }
}

async function waitForStake(options: KillOptions): Promise<{ atStake: AtStake; hurt: boolean }> {
  const { engine, region, commandsUnanswered, provoke, onLastMetrics } = options
  const startedMs = performance.now()
  let provoked = false
  for (;;) {
    const samples = await scrape(engine.httpUrl)
    const atStake = {
      logHead: ofRegion(samples, 'goldenhour_log_head_position', region),
      logDurable: ofRegion(samples, 'goldenhour_log_durable_position', region),
      fixesNotDurable: ofRegion(samples, 'goldenhour_fixes_not_durable', region),
      commandsUnanswered: commandsUnanswered(),
    }
    const hurt = atStake.logHead > atStake.logDurable && atStake.fixesNotDurable > 0 && atStake.commandsUnanswered > 0
    const waitedMs = performance.now() - startedMs
    if ((hurt && waitedMs >= GATHER_MS) || waitedMs > STAKE_LIMIT_MS) {
      onLastMetrics(samples)
      return { atStake, hurt }
    }
    if (!provoked && waitedMs >= GATHER_MS) {
      provoked = true
      provoke()
    }
    await sleep(POLL_MS)
  }
}

const WRITING = `datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
  AND (query LIKE '%log.append_records(%' OR query LIKE '%location.append_segment(%')`
const END_STATEMENTS = `SELECT count(pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity WHERE ${WRITING}`
const WRITERS = `SELECT count(*)::int AS writers FROM pg_stat_activity WHERE ${WRITING}`

/** What a dead client's session was told to do, it does; and one that was told to end still runs for a moment. */
async function untilNoneWrites(looker: Awaited<ReturnType<typeof openClient>>): Promise<void> {
  for (;;) {
    const { rows } = await looker.query<{ writers: number }>(WRITERS)
    if (rows[0]!.writers === 0) return
    await sleep(10)
  }
}
