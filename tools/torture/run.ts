/** All rounds of a run, over one world, one load and one database; and what they come to. */

import { seeded } from '../shared/random.ts'
import { Checker } from './checker/checker.ts'
import type { Finding } from './checker/findings.ts'
import type { Fault } from './faults/fault.ts'
import { FAULTS } from './faults/index.ts'
import { figuresOf, type RoundMeasures } from './figures.ts'
import { Load } from './load/load.ts'
import type { Options } from './options.ts'
import { playRound } from './round.ts'
import { type Fleet, REGION } from './world/fleet.ts'
import { World } from './world/world.ts'

const CREWS = 12
const FEEDS = 2
const UNITS_OF_A_FEED = 8
const TOLD_OF_A_KIND = 4

interface RunHooks {
  /** The directory of the run, open to the user that Postgres runs as. */
  readonly dir: string
  readonly undo: (step: () => Promise<unknown>) => void
  /** Where in the round it is, for a terminal. */
  readonly progress: (line: string) => void
  /** What stays to be read: each round, and each finding. */
  readonly tell: (line: string) => void
  readonly isStopped: () => boolean
}

export interface RunResult {
  readonly settings: Readonly<Record<string, unknown>>
  readonly figures: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/** Errors: Error when the world cannot be made, or cannot be mended after a round. */
export async function runTorture({ rounds, faults, seed }: Options, hooks: RunHooks): Promise<RunResult> {
  const { dir, undo, tell, progress } = hooks
  const random = seeded(seed)
  const able = await ableFaults(faults, dir, tell)
  const fleet = makeFleet()
  progress('making a database and starting an engine')
  const { world, tokens } = await World.make(dir, fleet, undo)
  await world.settle('served')
  const failures: Error[] = []
  const load = new Load({
    url: world.url,
    httpUrl: world.httpUrl,
    fleet,
    tokens,
    random: seeded(seed + 1),
    onFailure: error => failures.push(error),
  })
  undo(async () => load.close())
  await load.begin()
  const checker = new Checker(REGION)
  const measures: RoundMeasures[] = []
  const findings: Finding[] = []
  const skipped: string[] = []
  const order = inTurn(
    able.map(({ fault }) => fault),
    random,
  )

  for (let round = 1; round <= rounds && !hooks.isStopped(); round++) {
    const fault = order()
    const why = able.find(each => each.fault === fault)!.cannot
    if (why !== null) {
      skipped.push(fault.name)
      tell(`${round}/${rounds} ${fault.name}: skipped, ${why}`)
      continue
    }
    const at = {
      world,
      load,
      checker,
      random,
      tell: (what: string) => progress(`${round}/${rounds} ${fault.name}: ${what}`),
    }
    const found: Finding[] = []
    const measured = await playRound(at, fault, found).catch((error: Error) => {
      found.push({ kind: 'world-not-mended', about: fault.name, text: error.message })
      return null
    })
    if (hooks.isStopped()) break
    if (failures.length > 0) throw failures[0]
    if (measured !== null) measures.push(measured)
    tell(`${round}/${rounds} ${measured === null ? fault.name : described(measured, world.mode)}`)
    tellFindings(found, tell)
    findings.push(...found)
    // Nothing that follows would say anything; what was counted so far is told.
    if (measured === null) break
  }
  if (!hooks.isStopped()) {
    const found = await lookBack(world, checker).catch((error: Error): Finding[] => [
      { kind: 'check-failed', about: 'the end', text: error.message },
    ])
    tellFindings(found, tell)
    findings.push(...found)
  }
  const counts = {
    acknowledged: load.log.acknowledged,
    durableFixes: checker.fixesStored,
    misdatedFixes: checker.fixesMisdated,
    skipped,
  }
  return {
    settings: {
      rounds,
      faults: faults.join(','),
      seed,
      crews: CREWS,
      feeds: FEEDS,
      unitsOfAFeed: UNITS_OF_A_FEED,
      skipped: [...new Set(skipped)].join(',') || null,
    },
    figures: figuresOf(measures, counts, findings),
    findings,
  }
}

async function lookBack(world: World, checker: Checker): Promise<Finding[]> {
  await world.postgres.start()
  const client = await world.postgres.connect(120_000)
  try {
    return await checker.lookBack(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Some of each kind; all of them are in `findings.json`. */
function tellFindings(findings: readonly Finding[], tell: (line: string) => void): void {
  for (const kind of new Set(findings.map(finding => finding.kind))) {
    const all = findings.filter(finding => finding.kind === kind)
    for (const { about, text } of all.slice(0, TOLD_OF_A_KIND)) tell(`  ! ${kind}: ${about}: ${text}`)
    if (all.length > TOLD_OF_A_KIND) tell(`  ! ${kind}: and ${all.length - TOLD_OF_A_KIND} more`)
  }
}

function makeFleet(): Fleet {
  const names = (letter: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`)
  return {
    crews: names('C', CREWS),
    feeds: Array.from({ length: FEEDS }, (_, index) => names(`F${index + 1}-`, UNITS_OF_A_FEED)),
  }
}

async function ableFaults(
  names: readonly string[],
  dir: string,
  tell: (line: string) => void,
): Promise<{ fault: Fault; cannot: string | null }[]> {
  const able: { fault: Fault; cannot: string | null }[] = []
  for (const fault of FAULTS.filter(({ name }) => names.includes(name))) {
    const cannot = (await fault.cannot?.(dir)) ?? null
    if (cannot !== null) tell(`${fault.name} is skipped here: ${cannot}.`)
    able.push({ fault, cannot })
  }
  return able
}

/** Each fault once in a shuffled order, then all of them again in another. */
function inTurn(faults: readonly Fault[], random: () => number): () => Fault {
  let left: Fault[] = []
  return () => {
    if (left.length === 0) left = [...faults]
    return left.splice(Math.floor(random() * left.length), 1)[0]!
  }
}

function described({ fault, variant, ...of }: RoundMeasures, mode: string): string {
  const ms = (name: string, value: number | null) => (value === null ? '' : `, ${name} ${Math.round(value)} ms`)
  const times = [
    ms('ready', of.readyMs),
    ms('serves', of.servesMs),
    ms('back', of.backMs),
    ms('gap', of.takeoverMs),
  ].join('')
  const verdict = of.findings === 0 ? 'well' : `${of.findings} findings`
  return `${fault} (${variant}, ${mode}): ${verdict}${times}; ${(of.tookMs / 1_000).toFixed(0)} s`
}
