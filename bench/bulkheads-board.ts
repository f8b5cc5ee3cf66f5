/**
 * An engine at size: how long five boards at once hold its loop, and whether it stops in its time with everything stored.
 *
 * The past is written into a directory, and the engine runs on it as its users run it, with the embedded Postgres. One feed moves all
 * units. Then consoles connect at the same moment and ask for the whole board, round after round. At last comes SIGTERM.
 */

import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { verifyRegion } from '../src/actors/verify-region.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts'
import { MomentReader } from '../src/store/log/moment-reader.ts'
import { migrate } from '../src/store/postgres/migrate.ts'
import { withReference } from '../tools/shared/reference.ts'
import type { BoardSeen, FromDesks, ToDesks } from './bulkheads-desks.ts'
import { atEnd } from './clean-up.ts'
import { followed, settle } from './databases.ts'
import { databaseDir, EngineChild } from './engine-child.ts'
import { unitReference, writeHistory } from './history.ts'
import { HOLD_GOAL_MS, type Holds, watchHolds } from './hold-probe.ts'
import { liftedRates } from './lifted-rates.ts'
import { LoadChild } from './load-child.ts'
import { prepareRegion, REGION, tokensOf } from './region.ts'

const DESKS = fileURLToPath(new URL('./bulkheads-desks.ts', import.meta.url))
/** Units are attached as fast as the engine takes them. */
const RATES = liftedRates('control')
const READY_WITHIN_MS = 600_000
const SETTLE_MS = 10_000
const ALONE_MS = 10_000
const BETWEEN_ROUNDS_MS = 3_000

export interface AtSize {
  readonly units: number
  readonly openTrips: number
  readonly consoles: number
  readonly rounds: number
  readonly cadenceS: number
  readonly drainLimitMs: number
  /** Where a profile of the rounds goes; null: nowhere. */
  readonly profiles: string | null
}

interface Found {
  readonly figures: Record<string, number>
  readonly complaints: string[]
}

export async function boardAtSize(size: AtSize): Promise<Found> {
  const found: Found = { figures: {}, complaints: [] }
  const baseDir = await databaseDir()
  atEnd(() => onDatabase(baseDir, async () => undefined))
  const [feedToken, ...tokens] = await onDatabase(baseDir, url => withPast(url, size))
  const desks = new LoadChild<ToDesks, FromDesks>(DESKS)
  const start = () => {
    const settings = { ...RATES, GOLDENHOUR_DATA_DIR: baseDir, GOLDENHOUR_DRAIN_LIMIT_MS: String(size.drainLimitMs) }
    return EngineChild.start(null, { settings, readyWithinMs: READY_WITHIN_MS })
  }
  const engine = await start()
  const { port } = engine
  found.figures.firstReadyMs = engine.tookMs
  desks.send({ type: 'feed', port, token: feedToken!, units: size.units, cadenceS: size.cadenceS })
  await desks.heard('fed')
  await sleep(SETTLE_MS)
  const holds = await watchHolds(engine.inspector)
  await sleep(ALONE_MS)
  note(found.figures, 'alone', await holds())
  const askBoards = (some: readonly string[]) => boards(desks, port, some)
  if (size.profiles !== null) await engine.inspector.startProfile()
  await rounds(size, found, holds, () => askBoards(tokens))
  if (size.profiles !== null) {
    const profile = JSON.stringify(await engine.inspector.stopProfile())
    writeFileSync(path.join(size.profiles, 'boards.cpuprofile'), profile)
  }
  desks.send({ type: 'stop-feed' })
  await desks.heard('feed-stopped')
  const stop = await engine.stop()
  noteStop(found, 'drain', stop, baseDir, size.drainLimitMs)
  const verified = await onDatabase(baseDir, url => whatIsWrong(url))
  found.complaints.push(...verified)

  const next = await start()
  found.figures.nextReadyMs = next.tookMs
  const [seen] = await boards(desks, next.port, tokens.slice(0, 1))
  checkBoard(found, size, seen!)
  noteStop(found, 'nextDrain', await next.stop(), baseDir, size.drainLimitMs)
  await desks.end()
  return found
}

/** Each round is asked by all consoles at once; the figures are of the worst. */
async function rounds(
  size: AtSize,
  found: Found,
  holds: () => Promise<Holds>,
  ask: () => Promise<readonly BoardSeen[]>,
): Promise<void> {
  const all: Holds[] = []
  let lastMs = 0
  let bytes = 0
  for (let round = 0; round < size.rounds; round++) {
    await holds()
    const seen = await ask()
    const held = await holds()
    all.push(held)
    console.error(
      `bulkheads: round ${round + 1}: ${held.cpuMaxMs.toFixed(0)} ms, by the wall ${held.wallMaxMs.toFixed(0)}`,
    )
    for (const each of seen) {
      checkBoard(found, size, each)
      lastMs = Math.max(lastMs, each.tookMs)
      bytes = each.bytes
    }
    await sleep(BETWEEN_ROUNDS_MS)
  }
  const worst = (of: (held: Holds) => number) => Math.max(...all.map(of))
  const cpuMaxMs = worst(held => held.cpuMaxMs)
  const overGoal = all.flatMap(held => held.overGoal)
  note(found.figures, 'boards', {
    wallMaxMs: worst(held => held.wallMaxMs),
    cpuMaxMs,
    ownMaxMs: worst(held => held.ownMaxMs),
    gcMaxMs: worst(held => held.gcMaxMs),
    overGoal,
  })
  if (size.profiles !== null) {
    writeFileSync(path.join(size.profiles, 'boards.holds.json'), JSON.stringify(overGoal))
  }
  found.figures.boardLastMs = lastMs
  found.figures.boardBytes = bytes
  if (cpuMaxMs > HOLD_GOAL_MS) {
    found.complaints.push(
      `${size.consoles} boards at once held the loop for ${cpuMaxMs.toFixed(0)} ms of processor time.`,
    )
  }
}

/** Puts what was found of the loop among the figures, under names that begin so. */
export function note(figures: Record<string, number>, who: string, held: Holds): void {
  figures[`${who}HoldWallMaxMs`] = held.wallMaxMs
  figures[`${who}HoldCpuMaxMs`] = held.cpuMaxMs
  figures[`${who}HoldOwnMaxMs`] = held.ownMaxMs
  figures[`${who}GcMaxMs`] = held.gcMaxMs
  figures[`${who}HoldsOverGoal`] = held.overGoal.length
}

async function boards(
  desks: LoadChild<ToDesks, FromDesks>,
  port: number,
  tokens: readonly string[],
): Promise<readonly BoardSeen[]> {
  desks.send({ type: 'boards', port, tokens })
  return (await desks.heard('boards')).seen
}

function checkBoard({ complaints }: Found, { units, openTrips }: AtSize, seen: BoardSeen): void {
  if (seen.units !== units) complaints.push(`A board has ${seen.units} of ${units} units.`)
  if (seen.trips !== openTrips) complaints.push(`A board has ${seen.trips} of ${openTrips} trips.`)
}

function noteStop(
  { figures, complaints }: Found,
  name: string,
  { tookMs, exitCode }: { readonly tookMs: number; readonly exitCode: number | null },
  baseDir: string,
  limitMs: number,
): void {
  figures[`${name}Ms`] = tookMs
  if (exitCode !== 0) complaints.push(`A stop ended with exit code ${exitCode} after ${Math.round(tookMs)} ms.`)
  if (tookMs > limitMs) complaints.push(`A stop took ${Math.round(tookMs)} ms; its limit is ${limitMs}.`)
  if (existsSync(path.join(baseDir, 'data', 'postmaster.pid')))
    complaints.push('The embedded Postgres was left running.')
}

/** Output: a token for the feed, then one a console. */
async function withPast(databaseUrl: string, { units, openTrips, consoles }: AtSize): Promise<string[]> {
  await migrate(databaseUrl)
  await prepareRegion(databaseUrl, 0)
  const references = Array.from({ length: units }, (_, index) => unitReference(index))
  await withReference(databaseUrl, reference => reference.importUnits(REGION, references))
  await writeHistory(databaseUrl, { units, openTrips, withSnapshots: true })
  await followed(databaseUrl, REGION)
  await settle(databaseUrl)
  const names = Array.from({ length: consoles }, (_, i) => `desk-${i}`)
  const [feed, desks] = await Promise.all([
    tokensOf(databaseUrl, 'feed', ['feed']),
    tokensOf(databaseUrl, 'dispatcher', names),
  ])
  return [...feed, ...desks]
}

async function whatIsWrong(databaseUrl: string): Promise<string[]> {
  const reader = await MomentReader.open(databaseUrl)
  try {
    const { findings } = await verifyRegion(reader, REGION)
    return findings.slice(0, 3).map(({ rule, text }) => `${rule}: ${text}`)
  } finally {
    await reader.end()
  }
}

/** Starts the Postgres of the directory, or joins it, for this. */
async function onDatabase<Result>(baseDir: string, work: (url: string) => Promise<Result>): Promise<Result> {
  const postgres = await startEmbeddedPostgres({ baseDir, log: () => undefined })
  try {
    return await work(postgres.url)
  } finally {
    await postgres.stop({ evenIfUsed: true })
  }
}
