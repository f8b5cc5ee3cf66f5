/**
 * One round: everything well, then one fault, then everything has to be well again by itself, and is looked at.
 *
 * Every wait has a limit. What did not come about within it is a finding, and then the tool mends the world itself, so
 * that the next round begins like any other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Checker, ClientAccount } from './checker/checker.ts'
import { judgePlaces, judgeTrips } from './checker/engine-view.ts'
import type { Find, Finding } from './checker/findings.ts'
import { judgeTruth } from './checker/truth.ts'
import { type Fault, type FaultReport, oneOf, over } from './faults/fault.ts'
import type { RoundMeasures } from './figures.ts'
import type { Load } from './load/load.ts'
import { happens, within } from './wait.ts'
import { REGION } from './world/fleet.ts'
import type { World } from './world/world.ts'

/** A change of mode is an orderly stop and a start, which is worth a try too, now and then. */
const KEEP_MODE = 0.85
const WARM_MS = 1_500
const READY_LIMIT_MS = 60_000
const SERVES_LIMIT_MS = 30_000
const BACK_LIMIT_MS = 60_000
const AFTER_MS = 1_500
const QUIET_LIMIT_MS = 20_000
const DURABLE_LIMIT_MS = 15_000
const OFFER_LIMIT_MS = 12_000

export interface RoundWorld {
  readonly world: World
  readonly load: Load
  readonly checker: Checker
  readonly random: () => number
  readonly tell: (what: string) => void
}

/** Output: what was measured; what is wrong goes into `findings`. Errors: WaitedTooLong when the world cannot be mended. */
export async function playRound(at: RoundWorld, fault: Fault, findings: Finding[]): Promise<RoundMeasures> {
  const { world, load, random, tell } = at
  const beganAtMs = performance.now()
  const find: Find = (kind, about, text) => findings.push({ kind, about, text })
  const name = `round with ${fault.name}`

  tell('settling')
  const mode = fault.modes.includes(world.mode) && random() < KEEP_MODE ? world.mode : oneOf(random, fault.modes)
  await world.settle(mode)
  load.gate.open()
  if (!(await happens(() => load.allOpen, BACK_LIMIT_MS)))
    find('client-not-back', name, `before the fault: ${load.notOpen}`)
  await sleep(WARM_MS)

  tell('the fault')
  load.mayDrop = false
  load.http.takeSilent()
  const report = await carriedOut(fault, at, name, find)
  tell(`waiting for readiness after ${report.variant}`)
  const after = await comesBack(at, report, `${name} (${report.variant})`, find)
  load.mayDrop = true
  tell('load after the fault')
  await sleep(AFTER_MS)
  judgeTruth(world.readiness.samples, report.down, name, find)
  const takeoverMs =
    report.takeoverFromMs === null || after.readyMs === null
      ? null
      : load.log.longestSilenceMs(report.takeoverFromMs, performance.now())

  tell('coming to rest')
  await rest(at, after.isWell, name, find)
  tell('looking')
  await look(at, after.isWell, name, find)
  await report.restore?.()
  load.gate.open()
  const { readyMs, servesMs, backMs } = after
  return {
    fault: fault.name,
    variant: report.variant,
    readyMs,
    servesMs,
    backMs,
    takeoverMs,
    silent: load.http.takeSilent(),
    findings: findings.length,
    tookMs: performance.now() - beganAtMs,
  }
}

/** The fault's report; what it could not do is a finding, and everything is taken for over then. */
async function carriedOut(
  fault: Fault,
  { world, load, random, tell }: RoundWorld,
  name: string,
  find: Find,
): Promise<FaultReport> {
  try {
    return await fault.run({ world, load, random })
  } catch (error) {
    find('fault-failed', name, (error as Error).message)
    tell('mending what the fault left behind')
    world.proxy.delayAnswers(null)
    await mend(world)
    return over('failed')
  }
}

interface Comeback {
  readonly readyMs: number | null
  readonly servesMs: number | null
  readonly backMs: number | null
  /** It came back by itself; otherwise it was brought back. */
  readonly isWell: boolean
}

/** Waits until it is ready, serves, and everybody is connected; mends what does not come about. */
async function comesBack(
  { world, load, tell }: RoundWorld,
  { overAtMs, byEngine }: FaultReport,
  name: string,
  find: Find,
): Promise<Comeback> {
  const engine = byEngine ?? world.engine.name
  const isReady = await happens(() => world.readiness.wasReadySince(overAtMs, engine), READY_LIMIT_MS)
  const seenReadyAtMs = performance.now()
  if (!isReady) find('not-ready', name, `no engine is ready ${READY_LIMIT_MS} ms after the fault was over`)

  const serves = isReady && (await happens(() => load.log.answeredSince(overAtMs) !== null, SERVES_LIMIT_MS))
  const servesAtMs = load.log.answeredSince(overAtMs)
  if (isReady && !serves) {
    find('not-serving', name, `/readyz says ready, and no command is answered for ${SERVES_LIMIT_MS} ms`)
  }
  if (!isReady || !serves) {
    tell('mending what did not come back')
    await mend(world)
  }
  const isBack = await happens(() => load.allOpen, BACK_LIMIT_MS)
  const backAtMs = performance.now()
  // The last time before it served: it may have said ready for a moment longer than it was.
  const readyAtMs =
    serves && servesAtMs !== null
      ? (world.readiness.becameReady(overAtMs, Math.max(servesAtMs, seenReadyAtMs), engine) ?? servesAtMs)
      : null
  if (!isBack) find('client-not-back', name, `no connection after ${BACK_LIMIT_MS} ms: ${load.notOpen}`)
  for (const text of load.log.ended.splice(0)) find('client-ended', text.split(':')[0]!, text)
  load.replaceEnded()
  return {
    readyMs: readyAtMs === null ? null : readyAtMs - overAtMs,
    servesMs: servesAtMs === null || !serves ? null : servesAtMs - overAtMs,
    backMs: serves && isBack && readyAtMs !== null ? Math.max(0, backAtMs - Math.max(readyAtMs, overAtMs)) : null,
    isWell: serves && isBack,
  }
}

/** Everything anew: for what should have come back by itself and did not. */
async function mend(world: World): Promise<void> {
  await world.stopEngines()
  await world.postgres.stop('immediate')
  if (world.mode === 'served') await world.postgres.start()
  await world.startEngine()
}

/** Nothing new is begun, and what is under way comes to its end. */
async function rest({ load }: RoundWorld, isWell: boolean, name: string, find: Find): Promise<void> {
  const probe = isWell ? await callIsOffered(load, name, find) : null
  load.gate.close()
  if (!(await happens(() => load.log.waiting === 0, QUIET_LIMIT_MS))) {
    find('never-quiet', name, `${load.log.waiting} commands are not answered ${QUIET_LIMIT_MS} ms after the last one`)
  }
  try {
    await within('The durable marks of all fixes', load.allDurable(), DURABLE_LIMIT_MS)
  } catch (error) {
    find('never-quiet', name, (error as Error).message)
  }
  await probe
}

/** With crews that are free, a call that is entered now is offered to one of them. */
async function callIsOffered(load: Load, name: string, find: Find): Promise<void> {
  const offers = () => load.crews.reduce((sum, crew) => sum + crew.offersHeard, 0)
  const before = offers()
  let why = 'it was refused, or its desk ended.'
  const tripId = await within('A call after the fault', load.desk.enterCall(), OFFER_LIMIT_MS).catch((error: Error) => {
    why = `${error.message} Its desk is ${load.desk.client.connectionState}.`
    return null
  })
  if (tripId === null) return find('call-not-offered', name, `a call could not be entered: ${why}`)
  // Other calls wait as well, and theirs may go first: any offer shows that units are seen.
  if (await happens(() => offers() > before, OFFER_LIMIT_MS)) return
  find('call-not-offered', name, `no crew of ${load.crews.length} was offered anything for ${OFFER_LIMIT_MS} ms`)
}

/** What both sides say of the round, put side by side. */
async function look({ world, load, checker }: RoundWorld, isWell: boolean, name: string, find: Find): Promise<void> {
  const add = (found: readonly Finding[]) => {
    for (const { kind, about, text } of found) find(kind, about, text)
  }
  try {
    const client = await world.postgres.connect(30_000)
    try {
      add(await checker.look(client, accountOf(load)))
      if (!isWell) return
      const get = (path: string) => load.http.get(path)
      await judgePlaces(
        get,
        REGION,
        load.crews.map(({ unitId }) => unitId),
        find,
      )
      const openTrips = async () => {
        add(await checker.look(client, accountOf(load)))
        return checker.trips.open
      }
      await judgeTrips(get, openTrips, find)
    } finally {
      await client.end().catch(() => undefined)
    }
  } catch (error) {
    find('check-failed', name, (error as Error).message)
  }
}

/** The marks are read first: what they promise must be in what is read next. */
function accountOf(load: Load): ClientAccount {
  const units = load.fixAccounts.map(({ log, durable }) => {
    const { unitId, baseLonE7, baseLatE7, open } = log
    return {
      unitId,
      baseLonE7,
      baseLatE7,
      // Asked when a stored fix is looked at: crews go on reporting while the database is read.
      get sentCount() {
        return log.sentCount
      },
      open,
      durable: durable(),
    }
  })
  const { answered, unanswered } = load.log.takeCommands()
  return { commands: answered, unanswered, heard: load.log.takeHeard(), units }
}
